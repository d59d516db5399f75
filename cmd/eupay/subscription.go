package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
	_ "time/tzdata" // days are those of Paris

	"european-pay.eu/eupay/cmd/internal/payer"
	eupay "european-pay.eu/eupay/sdk/go"
)

var subscriptionWays = []way{
	subscribed("subscription.created", "a subscription is made, and nobody authorises it", subscriber{}),
	subscribed("subscription.pending_sca", "a subscription is made, and nobody authorises it", subscriber{}),
	subscribed("subscription.active", "a subscription is made, and the payer authorises it", subscriber{answer: payer.Authorise}),
	subscribed("subscription.failed", "a subscription is made, and the payer refuses it", subscriber{answer: payer.Refuse}),
	subscribed("subscription.untracked", "the payer authorises it at a bank that reports nothing", subscriber{answer: payer.Authorise, silent: true}),
	subscribed("subscription.stopped", "the payer authorises a subscription, and you cancel it", subscriber{answer: payer.Authorise, then: (*play).cancelSubscription}),
	subscribed("subscription.replaced", "the payer authorises a subscription, and then a dearer one",
		subscriber{answer: payer.Authorise, then: (*play).replaceSubscription}),
	subscribed("subscription.occurrence.due", "a link is sent for what is due tomorrow", subscriber{links: true}),
	subscribed("subscription.occurrence.paid", "a link is sent for what is due tomorrow, and the payer pays it", subscriber{links: true, then: (*play).payOccurrence}),
	subscribed("subscription.occurrence.missed", "a link is sent for what is due tomorrow, and you cancel the subscription",
		subscriber{links: true, then: (*play).cancelWhenDue}),
	subscribed("subscription.completed", "a link is sent for what is due once, and the payer pays it", subscriber{links: true, then: (*play).payOccurrence}),
}

// subscriber describes what becomes of a subscription.
type subscriber struct {
	// answer of the payer at the bank; empty: none.
	answer string
	// silent: at a bank that does not report what becomes of it.
	silent bool
	// links: collected by links, once.
	links bool
	then  func(*play, context.Context, *eupay.Subscription) error
}

func subscribed(event, how string, s subscriber) way {
	return way{event, how, func(ctx context.Context, p *play) (subject, error) { return p.subscribe(ctx, event, s) }}
}

// subscribe makes a subscription, does what leads to the event and waits for it.
func (p *play) subscribe(ctx context.Context, event string, s subscriber) (subject, error) {
	params := eupay.SubscriptionParams{
		Amount: p.amount, Frequency: eupay.Monthly, StartDate: tomorrow(), Description: "eupay trigger " + event, Reference: p.reference,
		// Nobody opens them: example.com is reserved for documentation.
		SuccessURL: "https://example.com/success", CancelURL: "https://example.com/cancel",
	}
	if s.links {
		params.Collect, params.Count = eupay.CollectLinks, 1
	}
	if s.silent {
		var err error
		if params.Bank, err = p.silentBank(ctx); err != nil {
			return subject{}, err
		}
	}
	made, err := p.client.Subscriptions.Create(ctx, params)
	if err != nil {
		return subject{}, err
	}
	about := subject{made.ID, made.Amount, string(made.Status)}
	if made.Replayed {
		return about, fmt.Errorf("the reference %s is that of subscription %s already: choose another", p.reference, made.ID)
	}
	if s.answer != "" {
		if err := p.authorises(ctx, made, s.answer); err != nil {
			return about, err
		}
	}
	if s.then != nil {
		if err := s.then(p, ctx, made); err != nil {
			return about, err
		}
	}
	return about, p.happened(ctx, event, made.ID)
}

// tomorrow in Paris is the first day on which a bank collects.
func tomorrow() string {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil { // impossible: the data is part of the program
		panic(err)
	}
	return time.Now().In(paris).AddDate(0, 0, 1).Format(time.DateOnly)
}

var errNoSilentBank = errors.New("no bank makes standing orders without reporting what becomes of them")

// silentBank returns a bank that does not report what becomes of a standing order.
func (p *play) silentBank(ctx context.Context) (string, error) {
	for bank, err := range p.client.Banks.All(ctx, eupay.BankListParams{ExecutionType: "periodic"}) {
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(bank.Transfers, func(t eupay.BankTransfer) bool {
			return t.ExecutionType == "periodic" && t.Settlement == eupay.Untracked
		}) {
			return bank.ID, nil
		}
	}
	return "", errNoSilentBank
}

// authorises answers at the bank as the payer of a subscription, and waits until the answer is known.
func (p *play) authorises(ctx context.Context, made *eupay.Subscription, answer string) error {
	var now *eupay.Subscription
	err := until(ctx, func() (bool, error) {
		var err error
		now, err = p.client.Subscriptions.Get(ctx, made.ID)
		return err == nil && now.AuthorisationURL != "", err
	})
	if err != nil {
		return err
	}
	page := &eupay.Payment{Reference: now.ID, PaymentURL: now.AuthorisationURL, Status: eupay.PaymentPendingSCA}
	if err := p.atBank(ctx, page, ending{answer: answer, person: answer + " the subscription"}); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		now, err := p.client.Subscriptions.Get(ctx, made.ID)
		return err == nil && now.Status != eupay.SubscriptionPending && now.Status != eupay.SubscriptionPendingSCA, err
	})
}

func (p *play) cancelSubscription(ctx context.Context, s *eupay.Subscription) error {
	_, err := p.client.Subscriptions.Cancel(ctx, s.ID, eupay.CancelSubscriptionParams{})
	return err
}

func (p *play) replaceSubscription(ctx context.Context, s *eupay.Subscription) error {
	dearer, err := p.client.Subscriptions.Replace(ctx, s.ID, eupay.SubscriptionParams{Amount: s.Amount + 100, StartDate: s.StartDate})
	if err != nil {
		return err
	}
	return p.authorises(ctx, dearer, payer.Authorise)
}

// due waits for the link of the first occurrence.
func (p *play) due(ctx context.Context, s *eupay.Subscription) (eupay.Occurrence, error) {
	var first eupay.Occurrence
	err := until(ctx, func() (bool, error) {
		page, err := p.client.Subscriptions.Occurrences(ctx, s.ID, eupay.OccurrenceListParams{})
		if err != nil || len(page.Data) == 0 {
			return false, err
		}
		first = page.Data[0]
		return first.PaymentLinkURL != "", nil
	})
	return first, err
}

func (p *play) payOccurrence(ctx context.Context, s *eupay.Subscription) error {
	first, err := p.due(ctx, s)
	if err != nil {
		return err
	}
	return p.payLink(ctx, &eupay.PaymentLink{ID: first.PaymentLinkID, URL: "/" + path.Base(first.PaymentLinkURL)})
}

func (p *play) cancelWhenDue(ctx context.Context, s *eupay.Subscription) error {
	if _, err := p.due(ctx, s); err != nil {
		return err
	}
	return p.cancelSubscription(ctx, s)
}
