package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/ereport"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// receipt is money received for an invoice.
type receipt struct {
	id     uuid.UUID
	amount money.Cents
	on     invoice.Date
	method invoice.Method
	// reference of the EU Pay payment; empty if the merchant recorded it.
	reference string
}

// ReportDue is a report that will contain an amount, and its deadline.
type ReportDue struct {
	// Kind is "sales", "payments" or "collection".
	Kind   string
	Period ereport.Period
}

// Payment is a payment that the merchant records.
type Payment struct {
	Method invoice.Method
	// On is the day. Default: today.
	On invoice.Date
	// Amount. Default: all that is owed.
	Amount *money.Cents
}

// Paid is the result of MarkPaid.
type Paid struct {
	Record
	Replayed bool
	Reports  []ReportDue
}

// MarkPaid records a payment that the merchant has received.
func (l *Ledger) MarkPaid(ctx context.Context, who Who, idOrNumber string, p Payment, idem Idempotency) (Paid, error) {
	var out Paid
	err := l.inTurn(ctx, who, func(tx pgx.Tx) error {
		e, err := enrol.Read(ctx, tx, who.MerchantID, who.Livemode)
		if err != nil {
			return err
		}
		if out.Record, err = lock(ctx, tx, who, idOrNumber); err != nil {
			return err
		}
		id := newID()
		holder, err := takeClaims(ctx, tx, who, idem, id, l.instant())
		if err != nil {
			return err
		}
		if out.Replayed = holder != id; out.Replayed {
			out.Reports, err = l.reportsForPayment(ctx, tx, e, &out.Record, holder)
			return err
		}
		r, err := l.checkPayment(&out.Record, p)
		if err != nil {
			return err
		}
		r.id = id
		out.Reports, err = l.receive(ctx, tx, e, &out.Record, r)
		return err
	})
	if err != nil {
		return Paid{}, err
	}
	l.engine.Wake(who.Livemode)
	return out, nil
}

// checkPayment validates the merchant's data and returns a receipt.
func (l *Ledger) checkPayment(r *Record, p Payment) (receipt, error) {
	switch {
	case !r.Type.IsInvoice():
		return receipt{}, errs.New(errs.InvalidState, "%s is a credit note. Only invoices can be paid.", r.Number)
	case r.Status == StatusPaid || r.Status == StatusRefunded:
		return receipt{}, errs.New(errs.InvalidState, "Invoice %s is already paid.", r.Number)
	case r.Status != StatusDraft && r.Status != StatusPending:
		return receipt{}, errs.New(errs.InvalidState, "Invoice %s is %s and cannot be paid.", r.Number, r.Status)
	}
	out := receipt{amount: r.Owed(), on: l.today(), method: p.Method}
	if p.Amount != nil {
		out.amount = *p.Amount
	}
	if p.On != "" {
		out.on = p.On
	}
	if out.amount <= 0 || out.amount > r.Owed() {
		return receipt{}, errs.Invalid(errs.Field{Field: "amount", Message: fmt.Sprintf("amount must be from 0.01 to the amount still owed, %s.", r.Owed())})
	}
	if out.on > l.today() {
		return receipt{}, errs.Invalid(errs.Field{Field: "payment_date", Message: "payment_date must not be in the future."})
	}
	if out.on < r.Issued.Add(-invoice.MaxPaidDays) {
		return receipt{}, errs.Invalid(errs.Field{
			Field: "payment_date", Message: fmt.Sprintf("payment_date must be at most a year before %s, the day of the invoice.", r.Issued),
		})
	}
	return out, nil
}

// receive records a receipt for a locked invoice with everything that follows from it.
func (l *Ledger) receive(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, p receipt) ([]ReportDue, error) {
	now, before := l.instant(), r.Status
	if err := insertPayment(ctx, tx, r, p, now); err != nil {
		return nil, err
	}
	parts, err := split(ctx, tx, r, p.amount)
	if err != nil {
		return nil, err
	}
	reportable, err := recordParts(ctx, tx, r, p.id, p.on, parts)
	if err != nil {
		return nil, err
	}
	if reportable {
		if err := l.reportReceived(ctx, tx, e, r, p.id, p.on); err != nil {
			return nil, err
		}
	}
	r.Paid += p.amount
	c := change{what: "payment_received", detail: p.amount.String() + " " + string(p.method)}
	if r.Owed() == 0 {
		r.Status, c.what = StatusPaid, "paid"
	}
	c.payment = &einvoicev1.InvoicePayment{
		Id: p.id.String(), AmountCents: int64(p.amount), PaidOn: string(p.on), Method: string(p.method), PaymentReference: p.reference,
	}
	return reportsFor(e, r, p.on, reportable), save(ctx, tx, r, before, now, c)
}

// reportReceived reports a receipt, or the refund of a credit note, which is below zero: of a business as a collection of its own
// (212), of private customers in the sums of its period, and of businesses abroad in the list of its period. source is the payment or the
// credit note, whose parts were recorded.
func (l *Ledger) reportReceived(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, source uuid.UUID, on invoice.Date) error {
	now := l.instant()
	if r.Audience != invoice.B2B {
		_, err := ereport.MarkChanged(ctx, tx, l.declarant(e), ereport.Payments, on, now)
		return err
	}
	t := transmit.Transmission{ID: newID(), Kind: transmit.Collection, Subject: source, MerchantID: r.MerchantID, Livemode: r.Livemode}
	if err := transmit.Add(ctx, tx, t, now, 0); err != nil {
		return fmt.Errorf("record the collection: %w", err)
	}
	return nil
}

// reportsFor returns the reports in which a receipt appears.
func reportsFor(e enrol.Enrolment, r *Record, on invoice.Date, reportable bool) []ReportDue {
	if r.Audience == invoice.B2B {
		if !reportable {
			return nil
		}
		return []ReportDue{{Kind: string(transmit.Collection), Period: ereport.Period{Start: on, End: on, Due: on.Add(1)}}}
	}
	list := []ReportDue{{Kind: string(ereport.Sales), Period: ereport.PeriodOf(ereport.Sales, e.Settings.Regime, r.Issued)}}
	if reportable {
		list = append(list, ReportDue{Kind: string(ereport.Payments), Period: ereport.PeriodOf(ereport.Payments, e.Settings.Regime, on)})
	}
	return list
}

func (l *Ledger) declarant(e enrol.Enrolment) ereport.Declarant {
	return ereport.Declarant{MerchantID: e.MerchantID, Livemode: e.Livemode, Regime: e.Settings.Regime}
}
