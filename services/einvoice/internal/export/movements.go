package export

import (
	"context"
	"iter"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// The kinds of rows of the journal that are no payments.
const (
	refundKind     = "refund"
	occurrenceKind = "occurrence"
)

// movement is money that came with a payment or a standing order, or went with a refund, on a day in France. A standing order whose proof was taken
// back is one below zero.
type movement struct {
	*paymentsv1.JournalRow
	day string
	// allotted is what its payment (of a refund: the one that it gives back) was set against, up to that day.
	allotted []receipt
}

// movements are those of the period, by day.
func (e *Exports) movements(ctx context.Context, x Export) iter.Seq2[movement, error] {
	return merge(func(m movement) string { return m.day },
		e.moved(ctx, x, paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED), e.moved(ctx, x, paymentsv1.JournalBasis_JOURNAL_BASIS_OCCURRENCES))
}

func (e *Exports) moved(ctx context.Context, x Export, basis paymentsv1.JournalBasis) iter.Seq2[movement, error] {
	from, to := e.period(x)
	parts := e.journal(ctx, x, basis, from, to)
	return func(yield func(movement, error) bool) {
		for part, err := range parts {
			var all []movement
			if err == nil {
				all, err = e.explained(ctx, x, part)
			}
			if err != nil {
				yield(movement{}, err)
				return
			}
			for _, m := range all {
				if !yield(m, nil) {
					return
				}
			}
		}
	}
}

// explained finds the invoices of movements.
func (e *Exports) explained(ctx context.Context, x Export, part []*paymentsv1.JournalRow) ([]movement, error) {
	references := make([]string, len(part))
	for i, r := range part {
		references[i] = paymentOf(r)
	}
	by, err := e.ofPayments(ctx, x, references)
	if err != nil {
		return nil, err
	}
	all := make([]movement, len(part))
	for i, r := range part {
		m := movement{JournalRow: r, day: string(e.day(r.GetAt().AsTime()))}
		for _, a := range by[paymentOf(r)] {
			if a.day <= m.day {
				m.allotted = append(m.allotted, a)
			}
		}
		all[i] = m
	}
	return all, nil
}

// paymentOf is the payment of a payment or refund.
func paymentOf(r *paymentsv1.JournalRow) string {
	if r.GetKind() == refundKind {
		return r.GetOriginalReference()
	}
	return r.GetReference()
}

// amount is above zero for what came.
func (m movement) amount() money.Cents { return signed(m.JournalRow) }

func signed(r *paymentsv1.JournalRow) money.Cents {
	if r.GetKind() == refundKind {
		return -money.Cents(r.GetAmountCents())
	}
	return money.Cents(r.GetAmountCents())
}

// invoices are the numbers of the invoices that the payment was set against.
func (m movement) invoices() string {
	var numbers []string
	for _, a := range m.allotted {
		numbers = append(numbers, a.invoice)
	}
	return list(numbers...)
}

// what is the kind of a movement in the tables.
func (m movement) what() string {
	switch {
	case m.GetLate():
		return "late_receipt"
	case m.GetKind() == occurrenceKind && m.amount() < 0:
		return "occurrence_undone"
	default:
		return m.GetKind()
	}
}

// byBank is the evidence of a standing order whose money nobody has seen: the payer's bank says that it has executed all.
const byBank = "bank"

// seen reports whether the money was seen on the merchant's account, by us or by the merchant, before it was a movement.
func (m movement) seen() bool { return m.GetKind() == occurrenceKind && m.GetStatusDetail() != byBank }

// flow adds a movement to the sums.
func (t *tally) flow(c money.Cents) {
	if c < 0 {
		*t.totals.PaidOut -= c
	} else {
		*t.totals.Received += c
	}
	*t.rows++
}
