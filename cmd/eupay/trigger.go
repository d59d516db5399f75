package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
	eupay "european-pay.eu/eupay/sdk/go"
)

// way describes how to cause an event: in words, and as steps.
type way struct {
	event, how string
	act        func(ctx context.Context, p *play) (subject, error)
}

// ways has every event that can be caused.
var ways = slices.Concat(paymentWays(), linkWays, subscriptionWays, orderWays, rewardWays, invoiceWays)

// untriggered has the other events, and why they cannot be triggered.
var untriggered = []struct{ event, why string }{
	{"payment.stalled", "it takes a bank that says nothing for hours"},
	{"refund.stalled", "it takes a bank that says nothing for hours"},
	{"subscription.expired", "it takes a payer who does nothing for a day"},
	{"subscription.occurrence.unknown", "it takes a standing order of which nothing is seen for five bank days"},
	{"payment.settled", "it takes a connected bank account that the money comes to: connect yours in the portal, and pay"},
	{"payment.unsettled", "it takes a connected bank account that the money does not come to for days"},
	{"receiving_account.consent_expiring", "it takes a consent that is nearly half a year old"},
	{"receiving_account.disconnected", "it takes a consent that has ended"},
	{"order.expired", "it takes an order that nobody pays for 35 minutes"},
	{"order.paid", "it takes an order that is paid at the counter, which you record in the portal"},
	{"order.lines_cancelled", "it takes an order, of which you cancel a piece in the portal"},
	{"order.refund_requested", "it takes a cancellation whose money you give back later, in the portal"},
	{"product.low_stock", "it takes a product with a threshold, low_stock_at, whose stock comes down to it"},
	{"product.sold_out", "it takes a product whose last piece is ordered, or recorded as gone: POST /stock/movements"},
	{"printer.offline", "it takes a printer that is silent for five minutes"},
	{"bill.opened", "it takes a guest who orders at a table of yours to pay later"},
	{"bill.share.paid", "it takes a guest who pays a part of a bill"},
	{"bill.paid", "it takes a bill: record its payment in the portal"},
	{"bill.closed", "it takes a bill: record its payment, or close it, in the portal"},
	{"reward.earned", "it takes a program of yours and a paid payment with reward_member in its metadata"},
	{"reward.taken_back", "it takes the refund of a payment that has earned points"},
	{"reward.expired", "it takes points that nobody used in the months that your program sets"},
	{"invoice.received", "it takes a supplier: POST /clients/{id}/deliver of the sandbox platform's management sends an invoice"},
	{"invoice.answered", "it takes an invoice of a supplier to answer"},
	{"webhook_endpoint.failing", "it takes an endpoint that fails ten times: let one of yours answer 500"},
	{"webhook_endpoint.disabled", "it takes an endpoint that is gone: let one of yours answer 410"},
	{"webhook_endpoint.test", "POST /webhook-endpoints/{id}/test sends it"},
}

// whyNot returns why an event cannot be triggered; empty for an unknown event.
func whyNot(event string) string {
	for _, u := range untriggered {
		if event == u.event {
			return u.why
		}
	}
	return ""
}

type triggerCmd struct {
	Event     string        `arg:"" optional:"" help:"The event; --list shows which there are."`
	Amount    string        `default:"29.99" placeholder:"EUROS" help:"Amount in euros (29.99)."`
	Reference string        `placeholder:"TEXT" help:"Your own reference of the payment or invoice."`
	Timeout   time.Duration `default:"5m" help:"How long to wait for the event (5m)."`
	List      bool          `help:"List the events."`
}

// Run causes the event and waits until it has happened.
func (t *triggerCmd) Run(ctx context.Context, connect connector, term terminal) error {
	if t.List {
		list(term)
		return nil
	}
	way, amount, err := t.way()
	if err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	about, err := way.act(ctx, &play{client: c, term: term, amount: amount, reference: t.Reference})
	if errors.Is(err, context.DeadlineExceeded) && about.reference != "" {
		return fmt.Errorf("no %s within %s: %s is still %s", way.event, t.Timeout, about.reference, about.status)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(term.out, "%s %s %s EUR\n", way.event, about.reference, money.Cents(about.amount).JSON())
	return nil
}

// way returns the way to the event, if the flags fit it, and the amount.
func (t *triggerCmd) way() (way, eupay.Amount, error) {
	i := slices.IndexFunc(ways, func(w way) bool { return w.event == t.Event })
	if why := whyNot(t.Event); why != "" {
		return way{}, 0, fmt.Errorf("%s cannot be triggered: %s", t.Event, why)
	}
	if i < 0 {
		return way{}, 0, fmt.Errorf("%q is no event that can be triggered: eupay trigger --list shows which there are", t.Event)
	}
	amount, err := eupay.ParseAmount(t.Amount)
	if err != nil || amount <= 0 {
		return way{}, 0, fmt.Errorf("--amount must be euros with at most two decimals, such as 29.99, not %q", t.Amount)
	}
	if t.Reference != "" && (strings.HasPrefix(t.Event, "order.") || strings.HasPrefix(t.Event, "till.")) {
		return way{}, 0, errors.New("--reference is of payments and invoices: an order has none of yours")
	}
	return ways[i], amount, nil
}

func list(term terminal) {
	for _, w := range ways {
		fmt.Fprintf(term.out, "%-31s %s\n", w.event, w.how)
	}
	fmt.Fprintln(term.out, "\nNot in a moment:")
	for _, u := range untriggered {
		fmt.Fprintf(term.out, "%-31s %s\n", u.event, u.why)
	}
}

// subject is what an event concerns: a payment, a refund, an order or an invoice.
type subject struct {
	reference string
	amount    eupay.Amount
	status    string
}

// play has the participants in what leads to an event.
type play struct {
	client *client
	term   terminal
	// amount and reference are those that the user chose.
	amount    eupay.Amount
	reference string
}

const (
	firstLook = 200 * time.Millisecond
	// slowLook stays far below the API's rate limit.
	slowLook = 3 * time.Second
)

// until polls until the condition is met.
func until(ctx context.Context, look func() (bool, error)) error {
	for pause := firstLook; ; pause = min(2*pause, slowLook) {
		if there, err := look(); there || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// happened waits until the event about the reference is in the merchant's list.
func (p *play) happened(ctx context.Context, event, reference string) error {
	params := eupay.EventListParams{EventType: event, Reference: reference}
	return until(ctx, func() (bool, error) {
		events, err := p.client.Events.List(ctx, params)
		return err == nil && len(events.Data) > 0, err
	})
}
