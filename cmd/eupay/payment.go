package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"european-pay.eu/eupay/cmd/internal/payer"
	eupay "european-pay.eu/eupay/sdk/go"
)

// ending describes how a payment reaches an event.
type ending struct {
	event, how string
	status     eupay.PaymentStatus // of the payment at that event
	answer     string              // of the payer at the bank
	account    string              // that the payer chooses; empty: the first
	person     string              // what the user must do at a page that cannot be automated
	// early: the event happens before the payer has answered.
	early bool
	// stays: the event does not change the status.
	stays bool
	// late: the money comes after the end, and the merchant records it.
	late   bool
	refund *refunding
	// amount that is required; 0: any.
	amount eupay.Amount
}

// refunding describes a refund of the payment.
type refunding struct {
	status         eupay.PaymentStatus
	answer, person string
	early, stays   bool
	// amount to refund; 0: all.
	amount eupay.Amount
}

var (
	paid  = ending{status: eupay.PaymentCompleted, answer: payer.Authorise, person: "authorise the payment"}
	given = refunding{status: eupay.PaymentCompleted, answer: payer.Authorise, person: "authorise the refund"}
)

var endings = []ending{
	{event: "payment.created", how: "a payment is made, and nobody pays it", early: true},
	{event: "payment.pending_sca", how: "a payment is made, and nobody pays it", early: true},
	{event: "payment.completed", how: "the payer authorises", status: paid.status, answer: paid.answer, person: paid.person},
	{
		event: "payment.failed", how: "the payer's account is empty", status: eupay.PaymentFailed, answer: payer.Authorise, account: "empty",
		person: "pay from an empty account",
	},
	{event: "payment.cancelled", how: "the payer refuses", status: eupay.PaymentCancelled, answer: payer.Refuse, person: "refuse the payment"},
	{
		event: "payment.amount_mismatch", how: "the bank executes a cent more than 9900.19", answer: paid.answer, person: paid.person,
		amount: 990019, stays: true,
	},
	{
		event: "payment.late_receipt", how: "the payer refuses, and you book the money all the same", status: eupay.PaymentCancelled, answer: payer.Refuse,
		person: "refuse the payment", late: true,
	},
	{event: "payment.refunded", how: "the payer authorises, then all is given back", status: paid.status, answer: paid.answer, person: paid.person, refund: &given},
	{
		event: "refund.created", how: "a refund is made, and you do not authorise it",
		status: paid.status, answer: paid.answer, person: paid.person, refund: &refunding{early: true},
	},
	{
		event: "refund.pending_sca", how: "a refund is made, and you do not authorise it",
		status: paid.status, answer: paid.answer, person: paid.person, refund: &refunding{early: true},
	},
	{event: "refund.completed", how: "the payer authorises, then all is given back", status: paid.status, answer: paid.answer, person: paid.person, refund: &given},
	{
		event: "refund.failed", how: "the bank rejects a refund of 9901.01 of a payment of 9950.00", status: paid.status, answer: paid.answer, person: paid.person,
		amount: 995000, refund: &refunding{status: eupay.PaymentFailed, answer: payer.Authorise, person: "authorise the refund", amount: 990101},
	},
	{
		event: "refund.cancelled", how: "you refuse the refund at your bank", status: paid.status, answer: paid.answer, person: paid.person,
		refund: &refunding{status: eupay.PaymentCancelled, answer: payer.Refuse, person: "refuse the refund"},
	},
	{
		event: "refund.amount_mismatch", how: "the bank executes a cent more than a refund of 9900.19 of a payment of 9950.00", status: paid.status,
		answer: paid.answer, person: paid.person, amount: 995000,
		refund: &refunding{answer: payer.Authorise, person: "authorise the refund", amount: 990019, stays: true},
	},
}

func paymentWays() []way {
	list := make([]way, len(endings))
	for i, e := range endings {
		list[i] = way{e.event, e.how, func(ctx context.Context, p *play) (subject, error) {
			done, err := p.end(ctx, e)
			return aboutPayment(done), err
		}}
	}
	return list
}

func aboutPayment(p *eupay.Payment) subject {
	if p == nil {
		return subject{}
	}
	return subject{p.Reference, p.Amount, string(p.Status)}
}

// end creates a payment and brings it to that end. It returns the payment's last known state, also with an error.
func (p *play) end(ctx context.Context, e ending) (*eupay.Payment, error) {
	made, err := p.client.Payments.Create(ctx, eupay.PaymentParams{
		Amount: cmp.Or(e.amount, p.amount), Description: "eupay trigger " + e.event, Reference: p.reference,
		// Nobody opens them: example.com is reserved for documentation.
		SuccessURL: "https://example.com/success", CancelURL: "https://example.com/cancel",
	})
	if err != nil {
		return nil, err
	}
	if made.Replayed {
		return made, fmt.Errorf("the reference %s is that of *eupay.Payment %s already: choose another", p.reference, made.Reference)
	}
	if e.early {
		return p.open(ctx, made)
	}
	now, err := p.pay(ctx, made, e)
	switch {
	case err == nil && e.late:
		return p.bookLate(ctx, now)
	case err == nil && e.refund != nil:
		return p.giveBack(ctx, now, e.event, *e.refund)
	default:
		return now, err
	}
}

// bookLate records money that came after the payment's end.
func (p *play) bookLate(ctx context.Context, of *eupay.Payment) (*eupay.Payment, error) {
	_, err := p.client.Payments.BookLateReceipt(ctx, of.Reference, eupay.LateReceiptParams{})
	return of, err
}

// open waits until there is a page for the payer.
func (p *play) open(ctx context.Context, made *eupay.Payment) (*eupay.Payment, error) {
	return p.wait(ctx, made, func(now *eupay.Payment) bool { return now.PaymentURL != "" || final(now) })
}

// pay lets the payment be paid, refused, or whatever the ending says, and waits for that status.
func (p *play) pay(ctx context.Context, made *eupay.Payment, e ending) (*eupay.Payment, error) {
	made, err := p.open(ctx, made)
	if err != nil {
		return made, err
	}
	if err := p.atBank(ctx, made, e); err != nil {
		return made, err
	}
	if e.stays {
		return made, p.happened(ctx, e.event, made.Reference)
	}
	now, err := p.wait(ctx, made, final)
	if err == nil && now.Status != e.status {
		err = fmt.Errorf("payment %s is %s instead of %s", now.Reference, now.Status, e.status)
	}
	return now, err
}

// giveBack creates a refund and brings it to its end. It returns the payment if that changes, else the refund.
func (p *play) giveBack(ctx context.Context, of *eupay.Payment, event string, r refunding) (*eupay.Payment, error) {
	refund, err := p.client.Refunds.Create(ctx, of.Reference, eupay.RefundParams{Amount: r.amount})
	if err != nil {
		return of, err
	}
	if r.early {
		return p.open(ctx, refund)
	}
	done, err := p.pay(ctx, refund, ending{event: event, status: r.status, answer: r.answer, person: r.person, stays: r.stays})
	if err != nil {
		return of, err
	}
	if r.status != eupay.PaymentCompleted {
		return done, nil
	}
	return p.wait(ctx, of, func(now *eupay.Payment) bool { return now.Status == eupay.PaymentRefunded })
}

// atBank acts as the payer, or asks the user to do so.
func (p *play) atBank(ctx context.Context, made *eupay.Payment, e ending) error {
	if final(made) || made.PaymentURL == "" {
		return nil
	}
	if !payer.Reaches(made.PaymentURL) {
		fmt.Fprintf(p.term.notes, "Open this page and %s:\n%s\n", e.person, made.PaymentURL)
		return nil
	}
	_, err := payer.Payer{Account: e.account}.Pay(ctx, made.PaymentURL, e.answer)
	if errors.Is(err, payer.ErrNotSandbox) {
		fmt.Fprintf(p.term.notes, "Open this page and %s:\n%s\n", e.person, made.PaymentURL)
		return nil
	}
	if errors.Is(err, payer.ErrStayed) { // of a refund: the answer was given
		return nil
	}
	return err
}

// wait polls the payment until it is as wanted.
func (p *play) wait(ctx context.Context, now *eupay.Payment, wanted func(*eupay.Payment) bool) (*eupay.Payment, error) {
	if wanted(now) {
		return now, nil
	}
	err := until(ctx, func() (bool, error) {
		seen, err := p.client.Payments.Get(ctx, now.Reference)
		if err != nil {
			return false, err
		}
		now = seen
		return wanted(now), nil
	})
	return now, err
}

func final(p *eupay.Payment) bool { return !strings.HasPrefix(string(p.Status), "pending") }
