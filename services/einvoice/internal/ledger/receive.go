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

// receipt is money that came in for an invoice.
type receipt struct {
	id     uuid.UUID
	amount money.Cents
	on     invoice.Date
	method invoice.Method
	// reference of the EU Pay payment; empty when the merchant said so.
	reference string
}

// Due names a report in which something appears, and when it has to be sent.
type Due struct {
	// Kind is "sales", "payments" or "collection".
	Kind   string
	Period ereport.Period
}

// Payment is what the merchant says was paid.
type Payment struct {
	Method invoice.Method
	// On is the day; empty means today.
	On invoice.Date
	// Amount; nil means all that is owed.
	Amount *money.Cents
}

// Paid is the answer to MarkPaid.
type Paid struct {
	Record
	Replayed bool
	Reports  []Due
}

// MarkPaid records a payment that the merchant says it got.
func (l *Ledger) MarkPaid(ctx context.Context, who Who, idOrNumber string, p Payment, idem Idempotency) (Paid, error) {
	var out Paid
	err := l.begin(ctx, func(tx pgx.Tx) error {
		e, err := enrol.Read(ctx, tx, who.MerchantID, who.Livemode)
		if err != nil {
			return err
		}
		if out.Record, err = lock(ctx, tx, who, idOrNumber); err != nil {
			return err
		}
		id := newID()
		holder, err := claim(ctx, tx, who, idem, id, l.instant())
		if out.Replayed = holder != id; err != nil || out.Replayed {
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

// checkPayment turns what the merchant says into a receipt, or says what is wrong.
func (l *Ledger) checkPayment(r *Record, p Payment) (receipt, error) {
	switch {
	case r.Type != invoice.TypeInvoice:
		return receipt{}, errs.New(errs.InvalidState, "%s is a credit note: only invoices are paid.", r.Number)
	case r.Status == StatusPaid || r.Status == StatusRefunded:
		return receipt{}, errs.New(errs.InvalidState, "Invoice %s is paid already.", r.Number)
	case r.Status != StatusDraft && r.Status != StatusPending:
		return receipt{}, errs.New(errs.InvalidState, "Invoice %s is %s: it cannot be paid.", r.Number, r.Status)
	}
	out := receipt{amount: r.Owed(), on: l.today(), method: p.Method}
	if p.Amount != nil {
		out.amount = *p.Amount
	}
	if p.On != "" {
		out.on = p.On
	}
	if out.amount <= 0 || out.amount > r.Owed() {
		return receipt{}, errs.Invalid(errs.Field{Field: "amount", Message: fmt.Sprintf("amount must be from 0.01 to what is still owed, %s.", r.Owed())})
	}
	if out.on > l.today() {
		return receipt{}, errs.Invalid(errs.Field{Field: "payment_date", Message: "payment_date must not be in the future."})
	}
	return out, nil
}

// receive records a receipt of a locked invoice with all that follows from it.
func (l *Ledger) receive(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, p receipt) ([]Due, error) {
	now, before := l.instant(), r.Status
	_, err := tx.Exec(ctx, `insert into invoice_payments (id, invoice_id, merchant_id, livemode, amount_cents, paid_on, method, payment_reference, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		p.id, r.ID, r.MerchantID, r.Livemode, int64(p.amount), string(p.on), string(p.method), p.reference, now)
	if err != nil {
		return nil, fmt.Errorf("record payment of %s: %w", r.Number, err)
	}
	parts, err := l.split(ctx, tx, r, p.amount)
	if err != nil {
		return nil, err
	}
	reportable, err := l.recordParts(ctx, tx, e, r, p.id, p.on, parts)
	if err != nil {
		return nil, err
	}
	dues, err := l.report(ctx, tx, e, r, p, reportable)
	if err != nil {
		return nil, err
	}
	r.Paid += p.amount
	c := change{what: "payment_received", detail: p.amount.String() + " " + string(p.method)}
	if r.Owed() == 0 {
		r.Status, c.what = StatusPaid, "paid"
	}
	c.payment = &einvoicev1.InvoicePayment{
		Id: p.id.String(), AmountCents: int64(p.amount), PaidOn: string(p.on), Method: string(p.method), PaymentReference: p.reference,
	}
	return dues, save(ctx, tx, r, before, now, c)
}

// split spreads an amount over what the invoice is for, so that all payments together are exactly the invoice.
func (l *Ledger) split(ctx context.Context, tx pgx.Tx, r *Record, amount money.Cents) ([]invoice.Part, error) {
	already, err := l.parts(ctx, tx, r.ID)
	if err != nil {
		return nil, err
	}
	return invoice.Split(r.Document, amount, already)
}

func (l *Ledger) parts(ctx context.Context, tx pgx.Tx, invoiceID uuid.UUID) ([]invoice.Part, error) {
	rows, err := tx.Query(ctx, `select nature, rate, sum(amount_cents)::bigint from receipt_parts where invoice_id = $1 group by nature, rate`, invoiceID)
	if err != nil {
		return nil, fmt.Errorf("read what was received: %w", err)
	}
	parts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p invoice.Part, err error) {
		err = row.Scan(&p.Nature, &p.Rate, &p.Amount)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was received: %w", err)
	}
	return parts, nil
}

// recordParts writes the parts of a receipt, or, below zero, of what was given back, and says whether any has to be reported.
func (l *Ledger) recordParts(
	ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, source uuid.UUID, on invoice.Date, parts []invoice.Part,
) (reportable bool, err error) {
	for _, p := range parts {
		// VAT on services is due with the payment, unless the merchant chose otherwise (article 290 A CGI).
		report := p.Nature == invoice.Services && !e.Settings.VATOnDebits
		reportable = reportable || report
		_, err := tx.Exec(ctx, `insert into receipt_parts (source, merchant_id, livemode, invoice_id, audience, received_on, nature, rate, amount_cents, reportable)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			source, r.MerchantID, r.Livemode, r.ID, string(r.Audience), string(on), string(p.Nature), int64(p.Rate), int64(p.Amount), report)
		if err != nil {
			return false, fmt.Errorf("record what was received: %w", err)
		}
	}
	return reportable, nil
}

// report makes the platform hear of a receipt: from a business as a collection of its own (212), from private customers in
// the sum of its period.
func (l *Ledger) report(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, p receipt, reportable bool) ([]Due, error) {
	now := l.instant()
	if r.Audience == invoice.B2B {
		if !reportable {
			return nil, nil
		}
		t := transmit.Transmission{ID: newID(), Kind: transmit.Collection, Subject: p.id, MerchantID: r.MerchantID, Livemode: r.Livemode}
		if err := transmit.Add(ctx, tx, t, now, 0); err != nil {
			return nil, fmt.Errorf("record the collection: %w", err)
		}
		return []Due{{Kind: "collection", Period: ereport.Period{Start: p.on, End: p.on, Due: p.on.Add(1)}}}, nil
	}
	sales := ereport.PeriodOf(ereport.Sales, e.Settings.Regime, r.Issued)
	dues := []Due{{Kind: string(ereport.Sales), Period: sales}}
	if reportable {
		period, err := ereport.Touch(ctx, tx, l.declarant(e), ereport.Payments, p.on, now)
		if err != nil {
			return nil, err
		}
		dues = append(dues, Due{Kind: string(ereport.Payments), Period: period})
	}
	return dues, nil
}

func (l *Ledger) declarant(e enrol.Enrolment) ereport.Declarant {
	return ereport.Declarant{MerchantID: e.MerchantID, Livemode: e.Livemode, Regime: e.Settings.Regime}
}

// recordSales writes what a document to a private customer sells, or takes back of original, and marks its period.
func (l *Ledger) recordSales(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, original *Record) error {
	if r.Audience != invoice.B2C {
		return nil
	}
	var corrected *invoice.Document
	if original != nil {
		corrected = &original.Document
	}
	sales, err := invoice.Sales(r.Document, corrected)
	if err != nil {
		return err
	}
	for _, s := range sales {
		_, err := tx.Exec(ctx, `insert into sale_parts (source, merchant_id, livemode, sold_on, category, rate, net_cents, tax_cents)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			r.ID, r.MerchantID, r.Livemode, string(r.Issued), s.Category, int64(s.Rate), int64(s.Net), int64(s.Tax))
		if err != nil {
			return fmt.Errorf("record the sale %s: %w", r.Number, err)
		}
	}
	_, err = ereport.Touch(ctx, tx, l.declarant(e), ereport.Sales, r.Issued, l.instant())
	return err
}

// unsell takes back the sale of a document that never came to be: its period is reported again without it.
func (l *Ledger) unsell(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record) error {
	if r.Audience != invoice.B2C {
		return nil
	}
	if _, err := tx.Exec(ctx, `delete from sale_parts where source = $1`, r.ID); err != nil {
		return fmt.Errorf("take back the sale %s: %w", r.Number, err)
	}
	_, err := ereport.Touch(ctx, tx, l.declarant(e), ereport.Sales, r.Issued, l.instant())
	return err
}
