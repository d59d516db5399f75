// Package push notifies merchants' browsers of payments, refused invoices and failing endpoints by Web Push (RFC 8030), with or without an open page: it stores the
// browsers' subscriptions, records a message for each event and subscription, and sends it encrypted (RFC 8291) and signed (RFC
// 8292).
package push

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// subjects of the events that are pushed to merchants' browsers.
var subjects = []string{
	"eupay.evt.*.payment.completed.>", "eupay.evt.*.payment.failed.>", "eupay.evt.*.payment.refunded.>", "eupay.evt.*.invoice.status_updated.>",
	"eupay.evt.*.webhook_endpoint.failing.>", "eupay.evt.*.webhook_endpoint.disabled.>", "eupay.evt.*.order.received.>",
}

// Deps are what New needs.
type Deps struct {
	Pool  *pgxpool.Pool
	Bus   *bus.Bus
	Vault *secret.Vault
	// Key nil disables push: nothing is consumed or sent, and nobody can subscribe.
	Key   *Key
	Guard *egress.Guard
	Rules endpoint.Rules
	// Now must have the microsecond precision of PostgreSQL.
	Now func() time.Time
	Log *slog.Logger
}

// Push consumes events and sends messages. Create it with New and call Run once.
type Push struct {
	// Server is its gRPC service.
	Server *Server

	on       bool
	client   *egress.Client
	sender   *sender
	consumer *consume.Consumer
	now      func() time.Time
}

// New returns the consumer, the sender and the gRPC service.
func New(d Deps) *Push {
	p := &Push{on: d.Key != nil, now: d.Now, client: egress.NewClient(d.Guard, attemptTime, nil)}
	c := courier{key: d.Key, client: p.client, now: d.Now}
	p.Server = &Server{db: d.Pool, vault: d.Vault, rules: d.Rules, courier: c, now: d.Now}
	p.sender = newSender(&sender{db: d.Pool, vault: d.Vault, courier: c, now: d.Now, log: d.Log})
	p.consumer = consume.New(
		consume.Config{Name: "push", Subjects: subjects},
		d.Pool, d.Bus, p.Handle, p.Wake, d.Log)
	return p
}

// Run works until ctx ends. Messages in progress are then completed, within 10 s and the time to record the result.
func (p *Push) Run(ctx context.Context) error {
	defer p.client.Close()
	if !p.on {
		<-ctx.Done() // test messages are refused too, so nothing uses the client
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.consumer.Run(ctx) })
	group.Go(func() error { return p.sender.run(ctx) })
	return group.Wait()
}

// Wake makes the sender claim due messages now.
func (p *Push) Wake() { p.sender.loop.Nudge() }

// Handle records the messages for a batch of events within the consumer's transaction.
func (p *Push) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	var notices []notice
	for _, e := range batch {
		// Replayed events are not pushed again: a redelivery of webhooks is no reason to notify of the same money twice.
		if e.Replayed && len(e.Header[consume.HeaderRedeliver]) > 0 {
			continue
		}
		said, err := read(e.Event, p.now())
		if err != nil {
			return consume.Poison(fmt.Errorf("read event: %w", err))
		}
		notices = append(notices, said...)
	}
	if len(notices) == 0 {
		return nil
	}
	return queue(ctx, tx, notices, p.now())
}
