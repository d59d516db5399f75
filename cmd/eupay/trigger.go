package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/cmd/internal/payer"
	"european-pay.eu/eupay/internal/money"
)

// ending is how a payment comes to an event.
type ending struct {
	event, how string
	status     string // of the payment then
	answer     string // of the payer at the bank
	account    string // that the payer picks; empty: the first
	person     string // what a person has to do at a page that cannot be played
	// early: the event happens before the payer has answered.
	early  bool
	refund *refunding
	// amount in euros that it takes; empty: any.
	amount string
}

// refunding is what becomes of a refund of the payment.
type refunding struct {
	status, answer, person string
	early                  bool
	// amount in euros; empty: all.
	amount string
}

var (
	paid  = ending{status: "completed", answer: payer.Authorise, person: "authorise the payment"}
	given = refunding{status: "completed", answer: payer.Authorise, person: "authorise the refund"}
)

var endings = []ending{
	{event: "payment.created", how: "a payment is made, and nobody pays it", early: true},
	{event: "payment.pending_sca", how: "a payment is made, and nobody pays it", early: true},
	{event: "payment.completed", how: "the payer authorises", status: paid.status, answer: paid.answer, person: paid.person},
	{event: "payment.failed", how: "the payer's account is empty", status: "failed", answer: payer.Authorise, account: "empty", person: "pay from an empty account"},
	{event: "payment.cancelled", how: "the payer refuses", status: "cancelled", answer: payer.Refuse, person: "refuse the payment"},
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
		amount: "9950.00", refund: &refunding{status: "failed", answer: payer.Authorise, person: "authorise the refund", amount: "9901.01"},
	},
	{
		event: "refund.cancelled", how: "you refuse the refund at your bank", status: paid.status, answer: paid.answer, person: paid.person,
		refund: &refunding{status: "cancelled", answer: payer.Refuse, person: "refuse the refund"},
	},
}

// untriggered are the other events, by the beginnings of their names, and why no test key brings them about.
var untriggered = []struct{ prefix, why string }{
	{"payment.stalled", "it takes a bank that says nothing for hours"},
	{"payment.amount_mismatch", "it takes a bank that executes another amount"},
	{"payment.late_receipt", "it takes a failed payment: POST /gateway/payments/{reference}/late-receipt books its money"},
	{"refund.stalled", "it takes a bank that says nothing for hours"},
	{"refund.amount_mismatch", "it takes a bank that executes another amount"},
	{"webhook_endpoint.failing", "it takes an endpoint that fails ten times: let one of yours answer 500"},
	{"webhook_endpoint.disabled", "it takes an endpoint that is gone: let one of yours answer 410"},
	{"webhook_endpoint.test", "POST /webhook-endpoints/{id}/test sends it"},
	{"order.", "guests place orders at a table, and the kitchen moves them on in the portal: no API key does either"},
	{"invoice.", "it takes an account that is enrolled for e-invoices: POST /einvoice/invoices makes one, mark-paid, cancel and credit-note move it on"},
}

// whyNot says why an event is not triggered; empty for what is no event.
func whyNot(event string) string {
	for _, u := range untriggered {
		if event == u.prefix || strings.HasSuffix(u.prefix, ".") && strings.HasPrefix(event, u.prefix) {
			return u.why
		}
	}
	return ""
}

type triggerCmd struct {
	Event     string        `arg:"" optional:"" help:"The event; --list shows which there are."`
	Amount    string        `default:"29.99" placeholder:"EUROS" help:"Amount in euros (29.99)."`
	Reference string        `placeholder:"TEXT" help:"Your own reference of the payment."`
	Timeout   time.Duration `default:"5m" help:"How long to wait for the payment's state (5m)."`
	List      bool          `help:"List the events."`
}

// Run makes the payment and waits until it has the event's state.
func (t *triggerCmd) Run(ctx context.Context, connect connector, term terminal) error {
	if t.List {
		for _, e := range endings {
			fmt.Fprintf(term.out, "%-18s %s\n", e.event, e.how)
		}
		fmt.Fprintln(term.out, "\nNot with a test key:")
		for _, u := range untriggered {
			name := u.prefix
			if strings.HasSuffix(name, ".") {
				name += "*"
			}
			fmt.Fprintf(term.out, "%-26s %s\n", name, u.why)
		}
		return nil
	}
	i := slices.IndexFunc(endings, func(e ending) bool { return e.event == t.Event })
	if why := whyNot(t.Event); i < 0 && why != "" {
		return fmt.Errorf("%s cannot be triggered: %s", t.Event, why)
	}
	if i < 0 {
		return fmt.Errorf("%q is no event that can be triggered: eupay trigger --list shows which there are", t.Event)
	}
	if cents, err := money.Parse(t.Amount); err != nil || cents <= 0 {
		return fmt.Errorf("--amount must be euros with at most two decimals, such as 29.99, not %q", t.Amount)
	}
	c, err := connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	play := &play{client: c, term: term}
	done, err := play.act(ctx, endings[i], t.Amount, t.Reference)
	if errors.Is(err, context.DeadlineExceeded) && done.Reference != "" {
		return fmt.Errorf("payment %s is still %s after %s", done.Reference, done.Status, t.Timeout)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(term.out, "%s %s %s EUR\n", t.Event, done.Reference, done.Amount)
	return nil
}

type payment struct {
	Reference  string      `json:"reference"`
	Amount     json.Number `json:"amount"`
	Status     string      `json:"status"`
	PaymentURL string      `json:"payment_url"`
}

// play is one payment with everybody who takes part in it.
type play struct {
	client *client
	term   terminal
}

// act returns the payment as it was last seen, also with an error.
func (p *play) act(ctx context.Context, e ending, amount, reference string) (payment, error) {
	if e.amount != "" {
		amount = e.amount
	}
	body := map[string]any{
		"amount": json.Number(amount), "description": "eupay trigger " + e.event,
		// Nobody opens them: example.com is reserved for documentation.
		"success_url": "https://example.com/success", "cancel_url": "https://example.com/cancel",
	}
	if reference != "" {
		body["reference"] = reference
	}
	var made payment
	status, err := p.client.call(ctx, http.MethodPost, "/gateway/payments", body, &made)
	if err != nil {
		return payment{}, err
	}
	if status != http.StatusCreated {
		return made, fmt.Errorf("the reference %s is that of payment %s already: choose another", reference, made.Reference)
	}
	if e.early {
		return p.open(ctx, made)
	}
	now, err := p.pay(ctx, made, e)
	if err != nil || e.refund == nil {
		return now, err
	}
	return p.giveBack(ctx, now, *e.refund)
}

// open waits until there is a page to send the payer to.
func (p *play) open(ctx context.Context, made payment) (payment, error) {
	return p.wait(ctx, made, func(now payment) bool { return now.PaymentURL != "" || final(now) })
}

// pay has the payment paid, refused, or whatever the ending says, and waits until that is its state.
func (p *play) pay(ctx context.Context, made payment, e ending) (payment, error) {
	made, err := p.open(ctx, made)
	if err != nil {
		return made, err
	}
	if err := p.atBank(ctx, made, e); err != nil {
		return made, err
	}
	now, err := p.wait(ctx, made, final)
	if err == nil && now.Status != e.status {
		err = fmt.Errorf("payment %s is %s instead of %s", now.Reference, now.Status, e.status)
	}
	return now, err
}

// giveBack makes a refund and brings it to its end. What is returned is the payment where that changes, else the refund.
func (p *play) giveBack(ctx context.Context, of payment, r refunding) (payment, error) {
	var refund payment
	body := map[string]any{}
	if r.amount != "" {
		body["amount"] = json.Number(r.amount)
	}
	if _, err := p.client.call(ctx, http.MethodPost, "/gateway/payments/"+of.Reference+"/refund", body, &refund); err != nil {
		return of, err
	}
	if r.early {
		return p.open(ctx, refund)
	}
	done, err := p.pay(ctx, refund, ending{status: r.status, answer: r.answer, person: r.person})
	if err != nil {
		return of, err
	}
	if r.status != "completed" {
		return done, nil
	}
	return p.wait(ctx, of, func(now payment) bool { return now.Status == "refunded" })
}

// atBank plays the payer, or asks the person at the keyboard to be it.
func (p *play) atBank(ctx context.Context, made payment, e ending) error {
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

const (
	firstLook = 200 * time.Millisecond
	// slowLook keeps far below the API's limit of requests a minute.
	slowLook = 3 * time.Second
)

// wait looks at the payment until it is as wanted.
func (p *play) wait(ctx context.Context, now payment, wanted func(payment) bool) (payment, error) {
	for pause := firstLook; !wanted(now); pause = min(2*pause, slowLook) {
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(pause):
		}
		var seen payment
		if _, err := p.client.call(ctx, http.MethodGet, "/gateway/payments/"+now.Reference, nil, &seen); err != nil {
			return now, err
		}
		now = seen
	}
	return now, nil
}

func final(p payment) bool { return !strings.HasPrefix(p.Status, "pending") }
