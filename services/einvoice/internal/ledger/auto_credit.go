package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/giveback"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/sale"
)

// An invoice that follows its payment is never worth more than what is left of the order that was paid, nor than what was kept of the money. Whatever
// happens makes it due to be compared with both, and the difference is credited. Because the sums are compared and not the events, an event that comes
// twice, late or in another order credits nothing twice, and neither does what the merchant credits by hand.

const (
	autoCreditEvery  = 15 * time.Second
	autoCreditAtOnce = 4
	autoCreditWithin = 45 * time.Second
	autoCreditLease  = time.Minute
	autoCreditGrace  = 5 * time.Second
	// longestCreditPause is the longest pause after attempts that failed.
	longestCreditPause = time.Hour
	// refundPatience is how long a refund waits for what its order says of it, such as its rates. Both are announced within seconds.
	refundPatience = time.Minute
)

// tie is an invoice that follows its payment.
type tie struct {
	who     Who
	invoice uuid.UUID
	payment string
	// paid is what was paid with the payment in all; 0: what the payment says.
	paid money.Cents
}

// autoCredits returns the loop over invoices to compare.
func (l *Ledger) autoCredits() *due.Loop[tie] {
	return due.New(due.Config[tie]{
		What: "invoices to credit", Every: autoCreditEvery, AtOnce: autoCreditAtOnce, Within: autoCreditWithin, Grace: autoCreditGrace, Log: l.Log,
		Claim: l.claimTies,
		Do: func(ctx context.Context, t tie) {
			if err := l.compare(ctx, t); err != nil {
				l.Log.WarnContext(ctx, "credit what was cancelled or given back", "invoice", t.invoice, "error", err)
			}
		},
	})
}

// RunAutoCredits credits what was cancelled or given back of invoices that follow their payment, until ctx ends. Any number of replicas may run.
func (l *Ledger) RunAutoCredits(ctx context.Context) error { return l.credits.Run(ctx) }

// NudgeAutoCredits says that something may have been given back.
func (l *Ledger) NudgeAutoCredits() { l.credits.Nudge() }

// compare credits what an invoice is worth more than what is left. The locks of its payments keep new facts away meanwhile.
func (l *Ledger) compare(ctx context.Context, t tie) error {
	err := l.inTurn(ctx, t.who, func(tx pgx.Tx) error {
		r, err := lockWithPayments(ctx, tx, t.who, t.invoice.String())
		if err != nil {
			return err
		}
		e, err := enrol.Read(ctx, tx, t.who.MerchantID, t.who.Livemode)
		if err != nil {
			return err
		}
		before := r.Credited
		if err := l.creditCancelled(ctx, tx, e, &r, t); err != nil {
			return err
		}
		again, err := l.creditGivenBack(ctx, tx, e, &r, t)
		if err != nil {
			return err
		}
		if r.Credited != before {
			if err := l.restateSales(ctx, tx, e, r.ID); err != nil {
				return err
			}
		}
		return endComparison(ctx, tx, t.invoice, again)
	})
	if err != nil {
		return fmt.Errorf("compare invoice %s with its payment: %w", t.invoice, err)
	}
	l.engine.Wake(t.who.Livemode)
	return nil
}

// creditCancelled credits what cancellations took out of the order that the payment has paid, each with a credit note of its own.
func (l *Ledger) creditCancelled(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, t tie) error {
	list, err := sale.CancelledOf(ctx, tx, e, t.payment)
	if err != nil {
		return err
	}
	for _, c := range list {
		worth, err := worthOf(ctx, tx, r)
		if err != nil {
			return err
		}
		amount, first := excess(worth, partsOf(c.Left))
		note, err := l.creditAt(ctx, tx, e, r, amount, first, fmt.Sprintf("Annulation sur la commande %d", c.Order))
		if err != nil || note == nil || c.Refund == "" {
			if err != nil {
				return err
			}
			continue
		}
		if err := giveback.Known(ctx, tx, giveback.Refund{
			CreditNote: note.ID, MerchantID: r.MerchantID, Livemode: r.Livemode, Payment: t.payment, Reference: c.Refund, Amount: note.Total,
		}, l.instant()); err != nil {
			return err
		}
	}
	return nil
}

// creditGivenBack credits what was given back of the payment beyond that. It returns when to compare again; nil: when something happens.
func (l *Ledger) creditGivenBack(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, t tie) (*time.Time, error) {
	list, err := sale.GivenBackOf(ctx, tx, e, t.payment)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	paid := t.paid
	if paid == 0 {
		if paid, err = sale.PaidWith(ctx, tx, e, t.payment); err != nil || paid == 0 {
			return nil, err
		}
	}
	list, again := l.explained(list)
	for _, g := range list {
		paid -= g.Amount
	}
	over := r.Total - r.Credited - max(0, paid)
	if over <= 0 {
		return again, nil
	}
	_, err = l.creditAt(ctx, tx, e, r, over, ratesOf(list), "Remboursement "+list[len(list)-1].Reference)
	return again, err
}

// explained leaves out refunds of which the order may still say what they give back, and returns when that is not waited for any more.
func (l *Ledger) explained(all []sale.GivenBack) (list []sale.GivenBack, again *time.Time) {
	now := l.instant()
	for _, g := range all {
		if until := g.At.Add(refundPatience); len(g.Parts) == 0 && now.Before(until) {
			if again == nil || until.Before(*again) {
				again = &until
			}
			continue
		}
		list = append(list, g)
	}
	return list, again
}

// ratesOf returns what refunds give back at each nature and rate, the latest first, as far as somebody said.
func ratesOf(list []sale.GivenBack) (parts []invoice.Part) {
	for i := range list {
		parts = append(parts, partsOf(list[len(list)-1-i].Parts)...)
	}
	return parts
}

func partsOf(list []sale.Part) []invoice.Part {
	parts := make([]invoice.Part, len(list))
	for i, p := range list {
		parts[i] = invoice.Part(p)
	}
	return parts
}

// worthOf returns what an invoice is worth at each nature and rate, after its credit notes.
func worthOf(ctx context.Context, tx pgx.Tx, r *Record) ([]invoice.Part, error) {
	if r.Credited == r.Total || r.Status == StatusCancelled {
		return nil, nil
	}
	reduced, err := credited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	parts, err := invoice.Split(r.Document, r.Total, nil)
	for i := range parts {
		parts[i].Amount -= at(reduced, parts[i])
	}
	return parts, err
}

// excess returns by how much an invoice is worth more than what is left, in all and where.
func excess(worth, left []invoice.Part) (money.Cents, []invoice.Part) {
	over := total(worth) - total(left)
	if over <= 0 {
		return 0, nil
	}
	var more []invoice.Part
	for _, p := range worth {
		if p.Amount -= at(left, p); p.Amount > 0 {
			more = append(more, p)
		}
	}
	return over, more
}

func total(parts []invoice.Part) (sum money.Cents) {
	for _, p := range parts {
		sum += p.Amount
	}
	return sum
}

// creditAt issues a credit note of amount; nil if there is nothing to credit.
func (l *Ledger) creditAt(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, r *Record, amount money.Cents, first []invoice.Part, reason string) (*Record, error) {
	if amount <= 0 || r.Credited == r.Total || r.Status == StatusCancelled {
		return nil, nil
	}
	return l.credit(ctx, tx, e, r, CreditNote{Amount: &amount, first: first, Reason: reason})
}
