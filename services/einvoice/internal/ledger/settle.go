package ledger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Settle applies completed EU Pay payments: each is stored for an invoice that may follow, and pays the invoice that refers to
// it, or to which it refers in its metadata as invoice_id or invoice_number. Other events are left out.
func (l *Ledger) Settle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	_, err := l.settle(ctx, tx, batch)
	return err
}

// settle also returns the references of the payments that were made for an invoice, whether it could be paid or not.
func (l *Ledger) settle(ctx context.Context, tx pgx.Tx, batch []consume.Event) (forInvoice map[string]bool, err error) {
	forInvoice = make(map[string]bool)
	payments := make([]*paymentsv1.Payment, 0, len(batch))
	for _, ev := range batch {
		if ev.Type != paymentCompleted {
			continue
		}
		var changed eventsv1.PaymentChanged
		if err := proto.Unmarshal(ev.Data, &changed); err != nil {
			return nil, consume.Poison(fmt.Errorf("event %s: %w", ev.ID, err))
		}
		if p := changed.GetPayment(); p.GetKind() == "payment" && p.GetCurrency() == "EUR" {
			payments = append(payments, p)
		}
	}
	// Lock in a fixed order, whatever the order of events: first the references, then the invoices, then the rest.
	slices.SortFunc(payments, func(a, b *paymentsv1.Payment) int { return cmp.Compare(a.GetReference(), b.GetReference()) })
	var matches []match
	for _, p := range payments {
		m, err := l.match(ctx, tx, p)
		if err != nil {
			return nil, fmt.Errorf("payment %s: %w", p.GetReference(), err)
		}
		if m.invoice != uuid.Nil {
			matches = append(matches, m)
			forInvoice[p.GetReference()] = true
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return bytes.Compare(a.invoice[:], b.invoice[:]) })
	for _, m := range matches {
		if _, err := lockID(ctx, tx, m.invoice); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return a.after(b) })
	for _, m := range matches {
		if err := l.settleInvoice(ctx, tx, m); err != nil {
			return nil, fmt.Errorf("payment %s: %w", m.payment.GetReference(), err)
		}
	}
	return forInvoice, nil
}

// match is a payment and the invoice that it pays; invoice is uuid.Nil if there is none.
type match struct {
	payment   *paymentsv1.Payment
	enrolment enrol.Enrolment
	invoice   uuid.UUID
	at        time.Time
}

// after sorts matches in the order in which report periods are locked, which payments of one merchant share: by merchant and day.
func (m match) after(o match) int {
	return cmp.Or(cmp.Compare(m.payment.GetMerchantId(), o.payment.GetMerchantId()), m.at.Compare(o.at))
}

// match stores a new payment and finds its invoice.
func (l *Ledger) match(ctx context.Context, tx pgx.Tx, p *paymentsv1.Payment) (match, error) {
	e, err := enrol.Read(ctx, tx, p.GetMerchantId(), p.GetLivemode())
	if errs.Is(err, errs.NotEnrolled) {
		return match{}, nil
	}
	if err != nil {
		return match{}, err
	}
	if err := lockReference(ctx, tx, p.GetReference()); err != nil {
		return match{}, err
	}
	m := match{payment: p, enrolment: e, at: l.instant()}
	if p.GetCompletedAt() != nil {
		m.at = p.GetCompletedAt().AsTime()
	}
	isNew, err := insertSettlement(ctx, tx, m)
	if err != nil || !isNew {
		return match{}, err
	}
	m.invoice, err = l.invoiceOf(ctx, tx, p)
	return m, err
}

// invoiceOf returns the invoice that a payment pays; uuid.Nil if there is none.
func (l *Ledger) invoiceOf(ctx context.Context, tx pgx.Tx, p *paymentsv1.Payment) (uuid.UUID, error) {
	who := Who{MerchantID: p.GetMerchantId(), Livemode: p.GetLivemode()}
	id, err := invoiceByPayment(ctx, tx, who, p.GetReference())
	if err != nil || id != uuid.Nil {
		return id, err
	}
	named := invoiceIn(p.GetMetadataJson())
	if named == "" {
		return uuid.Nil, nil
	}
	r, err := find(ctx, tx, who, named)
	if errs.Is(err, errs.NotFoundCode) {
		return uuid.Nil, nil // metadata comes from the merchant and may contain anything
	}
	return r.ID, err
}

// invoiceIn reads the invoice's id or number from a payment's metadata; empty if there is none.
func invoiceIn(metadata []byte) string {
	var named struct {
		ID     string `json:"invoice_id"`
		Number string `json:"invoice_number"`
	}
	if json.Unmarshal(metadata, &named) != nil {
		return ""
	}
	return cmp.Or(named.ID, named.Number)
}

// settleInvoice records the payment, up to what is owed. An excess, or a payment for an invoice that cannot be paid, must be
// refunded by the merchant: it remains a settlement without an invoice.
func (l *Ledger) settleInvoice(ctx context.Context, tx pgx.Tx, m match) error {
	r, err := lockID(ctx, tx, m.invoice) // again: another payment of the batch may have changed it
	if err != nil {
		return err
	}
	paid := money.Cents(m.payment.GetAmountCents())
	amount := min(paid, r.Owed())
	if !r.Type.IsInvoice() || amount <= 0 || r.Status != StatusDraft && r.Status != StatusPending {
		l.Log.WarnContext(ctx, "payment for an invoice that cannot be paid", "invoice", r.Number, "status", r.Status, "payment", m.payment.GetReference())
		return nil
	}
	if amount < paid {
		l.Log.WarnContext(ctx, "payment exceeds its invoice", "invoice", r.Number, "payment", m.payment.GetReference())
	}
	_, err = l.receive(ctx, tx, m.enrolment, &r, receipt{
		id: newID(), amount: amount, on: l.dayOf(m.at), method: invoice.MethodBank, reference: m.payment.GetReference(),
	})
	return err
}
