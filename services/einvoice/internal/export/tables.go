package export

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sheet"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// heading writes the first row.
func heading(w sheet.Writer, names ...string) error {
	cells := make([]sheet.Cell, len(names))
	for i, n := range names {
		cells[i] = sheet.Text(n)
	}
	return w.Row(cells...)
}

// dayOf is the day in France of an instant; empty for none.
func (e *Exports) dayOf(t *timestamppb.Timestamp) sheet.Cell {
	if t == nil {
		return sheet.Day(time.Time{})
	}
	return sheet.Day(t.AsTime().In(e.Zone))
}

// bookedOn is a day that the payments service keeps as midnight UTC.
func bookedOn(t *timestamppb.Timestamp) sheet.Cell {
	if t == nil {
		return sheet.Day(time.Time{})
	}
	return sheet.Day(t.AsTime())
}

func instantOf(t *timestamppb.Timestamp) sheet.Cell {
	return sheet.Text(t.AsTime().Format("2006-01-02T15:04:05.000Z"))
}

func cents(c int64) sheet.Cell { return sheet.Amount(money.Cents(c)) }

func civil(day string) sheet.Cell { return sheet.Day(invoice.Date(day).Time()) }

// payments writes the payments that were created in the period.
func (e *Exports) payments(ctx context.Context, x Export, w sheet.Writer, t *tally) error {
	sum(&t.totals.Total, &t.totals.Refunded)
	from, to := e.period(x)
	err := heading(w, "created_on", "created_at", "reference", "status", "amount", "currency", "amount_refunded", "description", "merchant_reference", "completed_on",
		"settled_on", "status_detail", "failure_code", "payment_link_id", "subscription_id", "metadata")
	if err != nil {
		return err
	}
	for r, err := range rows(e.journal(ctx, x, paymentsv1.JournalBasis_JOURNAL_BASIS_PAYMENTS_CREATED, from, to)) {
		if err != nil {
			return err
		}
		err := w.Row(e.dayOf(r.GetAt()), instantOf(r.GetAt()), sheet.Text(r.GetReference()), sheet.Text(r.GetStatus()), cents(r.GetAmountCents()),
			sheet.Text(r.GetCurrency()), cents(r.GetAmountRefundedCents()), sheet.Text(r.GetDescription()), sheet.Text(r.GetMerchantReference()),
			e.dayOf(r.GetCompletedAt()), bookedOn(r.GetSettledAt()), sheet.Text(r.GetStatusDetail()), sheet.Text(r.GetFailureCode()),
			sheet.Text(r.GetPaymentLinkId()), sheet.Text(r.GetSubscriptionId()), sheet.Text(string(r.GetMetadataJson())))
		if err != nil {
			return err
		}
		*t.rows++
		*t.totals.Total += money.Cents(r.GetAmountCents())
		*t.totals.Refunded += money.Cents(r.GetAmountRefundedCents())
	}
	return nil
}

// refunds writes the refunds that were created in the period.
func (e *Exports) refunds(ctx context.Context, x Export, w sheet.Writer, t *tally) error {
	sum(&t.totals.Total, &t.totals.Refunded)
	from, to := e.period(x)
	err := heading(w, "created_on", "created_at", "reference", "payment_reference", "status", "amount", "currency", "description", "completed_on", "settled_on",
		"status_detail", "failure_code")
	if err != nil {
		return err
	}
	for r, err := range rows(e.journal(ctx, x, paymentsv1.JournalBasis_JOURNAL_BASIS_REFUNDS_CREATED, from, to)) {
		if err != nil {
			return err
		}
		err := w.Row(e.dayOf(r.GetAt()), instantOf(r.GetAt()), sheet.Text(r.GetReference()), sheet.Text(r.GetOriginalReference()), sheet.Text(r.GetStatus()),
			cents(r.GetAmountCents()), sheet.Text(r.GetCurrency()), sheet.Text(r.GetDescription()), e.dayOf(r.GetCompletedAt()), bookedOn(r.GetSettledAt()),
			sheet.Text(r.GetStatusDetail()), sheet.Text(r.GetFailureCode()))
		if err != nil {
			return err
		}
		*t.rows++
		*t.totals.Total += money.Cents(r.GetAmountCents())
		if r.GetCompletedAt() != nil {
			*t.totals.Refunded += money.Cents(r.GetAmountCents())
		}
	}
	return nil
}

// typeName is what a document is in the tables.
func (d document) typeName() string {
	if d.withdrawn {
		return "withdrawal"
	}
	return map[invoice.TypeCode]string{
		invoice.TypeInvoice: "invoice", invoice.TypeCreditNote: "credit_note", invoice.TypeCorrected: "corrected_invoice",
		invoice.TypeDeposit: "deposit", invoice.TypeDepositCredit: "deposit_credit_note", invoice.TypeRebate: "rebate",
	}[d.kind]
}

// add adds what a document changes to the sums.
func (t *tally) add(of []invoice.Revenue) (net, vat money.Cents) {
	for _, r := range of {
		net += r.Net
		vat += r.Tax
	}
	*t.totals.Net += net
	*t.totals.VAT += vat
	*t.totals.Total += net + vat
	return net, vat
}

// invoices writes the documents of the period, what takes something back below zero.
func (e *Exports) invoices(ctx context.Context, x Export, w sheet.Writer, t *tally) error {
	sum(&t.totals.Net, &t.totals.VAT, &t.totals.Total)
	err := heading(w, "date", "number", "type", "corrects", "status", "customer", "customer_siren", "audience", "net", "vat", "total", "due_on", "paid", "credited",
		"payment_reference", "reference", "reason")
	if err != nil {
		return err
	}
	for d, err := range e.documents(ctx, x) {
		if err != nil {
			return err
		}
		of, err := d.revenues()
		if err != nil {
			return err
		}
		net, vat := t.add(of)
		*t.rows++
		err = w.Row(civil(d.day), sheet.Text(d.number), sheet.Text(d.typeName()), sheet.Text(d.corrects), sheet.Text(d.status), sheet.Text(d.content.Buyer.Name),
			sheet.Text(d.content.Buyer.SIREN), sheet.Text(string(d.content.Audience)), sheet.Amount(net), sheet.Amount(vat), sheet.Amount(net+vat), civil(d.due),
			sheet.Amount(d.paid), sheet.Amount(d.credited), sheet.Text(d.payment), sheet.Text(d.reference), sheet.Text(d.reason))
		if err != nil {
			return err
		}
	}
	return nil
}

// sales writes what the documents of the period sell, by nature and rate of VAT.
func (e *Exports) sales(ctx context.Context, x Export, w sheet.Writer, t *tally) error {
	sum(&t.totals.Net, &t.totals.VAT, &t.totals.Total)
	err := heading(w, "date", "month", "number", "type", "audience", "nature", "vat_category", "vat_rate", "net", "vat", "total")
	if err != nil {
		return err
	}
	for d, err := range e.documents(ctx, x) {
		if err != nil {
			return err
		}
		of, err := d.revenues()
		if err != nil {
			return err
		}
		t.add(of)
		for _, r := range of {
			*t.rows++
			err := w.Row(civil(d.day), sheet.Text(d.day[:len("2006-01")]), sheet.Text(d.number), sheet.Text(d.typeName()), sheet.Text(string(d.content.Audience)),
				sheet.Text(string(r.Nature)), sheet.Text(string(r.Category)), sheet.Text(r.VATPerMill.String()), sheet.Amount(r.Net), sheet.Amount(r.Tax),
				sheet.Amount(r.Net+r.Tax))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// receiptLine is a row of the receipts.
type receiptLine struct {
	day, what, reference, of, invoices, method, text string
	amount                                           money.Cents
}

// receipts writes what was received and given back in the period, by day.
func (e *Exports) receipts(ctx context.Context, x Export, w sheet.Writer, t *tally) error {
	sum(&t.totals.Received, &t.totals.PaidOut)
	if err := heading(w, "date", "type", "reference", "payment_reference", "invoices", "method", "description", "received", "paid_out"); err != nil {
		return err
	}
	moved := mapped(e.movements(ctx, x), func(m movement) (receiptLine, bool, error) {
		l := receiptLine{
			day: m.day, what: m.what(), reference: m.GetReference(), of: m.GetOriginalReference(), invoices: m.invoices(), method: "eupay", text: m.GetDescription(),
			amount: m.amount(),
		}
		return l, true, nil
	})
	recorded := mapped(e.recorded(ctx, x), func(r receipt) (receiptLine, bool, error) {
		return receiptLine{day: r.day, what: "invoice_payment", reference: r.id.String(), invoices: r.invoice, method: r.method, amount: r.amount}, true, nil
	})
	for l, err := range merge(func(l receiptLine) string { return l.day }, moved, recorded) {
		if err != nil {
			return err
		}
		t.flow(l.amount)
		err := w.Row(civil(l.day), sheet.Text(l.what), sheet.Text(l.reference), sheet.Text(l.of), sheet.Text(l.invoices), sheet.Text(l.method), sheet.Text(l.text),
			sheet.Amount(max(0, l.amount)), sheet.Amount(max(0, -l.amount)))
		if err != nil {
			return err
		}
	}
	return nil
}
