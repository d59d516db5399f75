// Package command sends durable commands over JetStream and receives their replies over plain NATS.
package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/trace"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// Subjects of the commands that the payments service executes.
const (
	CreatePayment = "eupay.cmd.payments.create"
	RefundPayment = "eupay.cmd.payments.refund"
	CancelPayment = "eupay.cmd.payments.cancel"
	ScanPay       = "eupay.cmd.payments.scan"
	// ConfirmReceived reports, for a merchant, that money arrived outside the provider.
	ConfirmReceived = "eupay.cmd.payments.confirm_received"
	// ConfirmNotReceived reports, for a merchant, that money did not arrive although the bank accepted the payment.
	ConfirmNotReceived = "eupay.cmd.payments.confirm_not_received"
	// BookLateReceipt reports, for a merchant, that money arrived after its payment had ended unpaid.
	BookLateReceipt = "eupay.cmd.payments.late_receipt"
	ProviderUpdate  = "eupay.cmd.payments.provider_update"
	// CreateOrder, CancelOrder and RefundOrder are the only commands that the order service may send: its permissions at the broker
	// ensure it.
	CreateOrder = "eupay.cmd.payments.order.create"
	CancelOrder = "eupay.cmd.payments.order.cancel"
	RefundOrder = "eupay.cmd.payments.order.refund"
)

// Client sends commands. One subscription receives the replies to all calls of this process.
type Client struct {
	bus     *bus.Bus
	service string
	prefix  string
	sub     *nats.Subscription

	mu    sync.Mutex
	calls map[string]*Call
}

// NewClient subscribes to its own reply inbox below that of its service. Close ends the subscription.
func NewClient(b *bus.Bus, service string) (*Client, error) {
	c := &Client{bus: b, service: service, prefix: "eupay.reply." + service + "." + uuid.NewString() + ".", calls: make(map[string]*Call)}
	sub, err := b.NC.Subscribe(c.prefix+"*", c.route)
	if err != nil {
		return nil, fmt.Errorf("subscribe to command replies: %w", err)
	}
	// The default limits of a subscription would drop replies under load.
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, fmt.Errorf("lift the limits of command replies: %w", err)
	}
	c.sub = sub
	return c, nil
}

// Close stops receiving replies.
func (c *Client) Close() {
	// An error means that the connection, and with it the subscription, is closed.
	if err := c.sub.Unsubscribe(); err != nil {
		return
	}
}

// Meta is passed with a command through all services.
type Meta struct {
	// Expires is when the sender stops waiting. An expired command is not executed. Zero: never.
	Expires   time.Time
	RequestID string
}

// Call is a command in progress. Close it when no more replies are wanted.
type Call struct {
	client  *Client
	token   string
	replies chan *paymentsv1.CommandReply
	ack     jetstream.PubAckFuture
}

// Send publishes the command within the trace of ctx and returns a Call for its replies. It does not wait for the broker.
func (c *Client) Send(ctx context.Context, subject string, payload proto.Message, meta Meta) (*Call, error) {
	data, err := proto.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encode command %s: %w", subject, err)
	}
	id := events.NewID()
	call := &Call{client: c, token: id, replies: make(chan *paymentsv1.CommandReply, 4)}
	c.mu.Lock()
	c.calls[id] = call
	c.mu.Unlock()
	ctx, span := sending(ctx, subject, id)
	call.ack, err = c.bus.JS.PublishMsgAsync(c.message(ctx, subject, id, c.prefix+id, data, meta))
	span.End(err)
	if err != nil {
		call.Close()
		return nil, unavailable(err)
	}
	return call, nil
}

func sending(ctx context.Context, subject, id string) (context.Context, trace.Span) {
	return trace.Start(ctx, trace.Producer, "send "+Name(subject), trace.Message(bus.Commands, "send", id)...)
}

// Name returns what a command is called in traces and metrics: its subject without what all have in common.
func Name(subject string) string { return strings.TrimPrefix(subject, "eupay.cmd.payments.") }

// Post publishes a command without replies and returns once the broker has stored it.
func (c *Client) Post(ctx context.Context, subject string, payload proto.Message, meta Meta) error {
	data, err := proto.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode command %s: %w", subject, err)
	}
	id := events.NewID()
	ctx, span := sending(ctx, subject, id)
	_, err = c.bus.JS.PublishMsg(ctx, c.message(ctx, subject, id, "", data, meta))
	span.End(err)
	if err != nil {
		c.bus.Look()
		return unavailable(err)
	}
	return nil
}

func (c *Client) message(ctx context.Context, subject, id, reply string, data []byte, meta Meta) *nats.Msg {
	e := events.Event{ID: id, Type: subject, Source: c.service, Time: time.Now(), Trace: trace.Parent(ctx), RequestID: meta.RequestID, Data: data}
	m := e.Message(subject)
	if reply != "" {
		m.Header.Set(events.HeaderReply, reply)
	}
	if !meta.Expires.IsZero() {
		m.Header.Set(events.HeaderExpires, meta.Expires.UTC().Format(time.RFC3339Nano))
	}
	return m
}

// Next returns the next reply. If ctx ends first it returns ctx's error; if the broker did not store the command it returns
// SERVICE_UNAVAILABLE.
func (call *Call) Next(ctx context.Context) (*paymentsv1.CommandReply, error) {
	select {
	case r := <-call.replies:
		return r, nil
	case err := <-call.ack.Err():
		call.client.bus.Look()
		return nil, unavailable(err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close ends the call. Later replies are dropped.
func (call *Call) Close() {
	call.client.mu.Lock()
	delete(call.client.calls, call.token)
	call.client.mu.Unlock()
}

func (c *Client) route(m *nats.Msg) {
	token := m.Subject[len(c.prefix):]
	c.mu.Lock()
	call := c.calls[token]
	c.mu.Unlock()
	if call == nil {
		return
	}
	reply := &paymentsv1.CommandReply{}
	if err := proto.Unmarshal(m.Data, reply); err != nil {
		return // not one of our replies; the caller's deadline ends the wait
	}
	select {
	case call.replies <- reply:
	default: // more replies than a command has: nobody reads them
	}
}

func unavailable(cause error) error {
	e := errs.New(errs.Unavailable, "The request could not be processed right now. "+
		"Repeat it in a moment, with the same reference or Idempotency-Key, so that it is executed only once.")
	e.RetryAfter = 2 * time.Second
	return errors.Join(e, fmt.Errorf("publish command: %w", cause))
}
