package main

import (
	"context"
	"crypto/rand"
	"path"
	"time"

	"european-pay.eu/eupay/cmd/internal/payer"
	eupay "european-pay.eu/eupay/sdk/go"
)

var linkWays = []way{
	{"payment_link.paid", "a payer opens a link and authorises", func(ctx context.Context, p *play) (subject, error) {
		return p.link(ctx, "payment_link.paid", time.Time{}, (*play).payLink)
	}},
	{"payment_link.expired", "a link is made that ends in a moment", func(ctx context.Context, p *play) (subject, error) {
		return p.link(ctx, "payment_link.expired", time.Now().Add(linkLife), nil)
	}},
	{"payment_link.revoked", "a link is made, and you revoke it", func(ctx context.Context, p *play) (subject, error) {
		return p.link(ctx, "payment_link.revoked", time.Time{}, func(p *play, ctx context.Context, l *eupay.PaymentLink) error {
			_, err := p.client.PaymentLinks.Revoke(ctx, l.ID)
			return err
		})
	}},
}

// linkLife is how long a link lives that shall expire: longer than clocks differ.
const linkLife = 3 * time.Second

// link makes a payment link, does something with it and waits for the event.
func (p *play) link(ctx context.Context, event string, expires time.Time, then func(*play, context.Context, *eupay.PaymentLink) error) (subject, error) {
	made, err := p.client.PaymentLinks.Create(ctx, eupay.PaymentLinkParams{
		Amount: p.amount, Description: "eupay trigger " + event, Reference: p.reference, ExpiresAt: expires,
	})
	if err != nil {
		return subject{}, err
	}
	about := subject{made.ID, made.Amount, string(made.Status)}
	if then != nil {
		if err := then(p, ctx, made); err != nil {
			return about, err
		}
	}
	return about, p.happened(ctx, event, made.ID)
}

// payLink pays a link, as its payer.
func (p *play) payLink(ctx context.Context, l *eupay.PaymentLink) error {
	begun, err := p.client.Payers.PayLink(ctx, path.Base(l.URL), eupay.LinkPaymentParams{IdempotencyKey: rand.Text()})
	if err != nil {
		return err
	}
	made, err := p.open(ctx, &eupay.Payment{Reference: begun.Reference, PaymentURL: begun.PaymentURL, Status: begun.Status})
	if err != nil {
		return err
	}
	return p.atBank(ctx, made, ending{answer: payer.Authorise, person: "authorise the payment"})
}
