// Package commands consumes payment commands from JetStream, executes them and replies to their senders.
package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

const (
	durable = "payments"
	// ackWait is how long the broker waits for a sign of progress before it redelivers a command to another process. It is short,
	// so that commands of a disconnected node continue within seconds.
	ackWait = 4 * time.Second
	// maxRecording limits the commands being recorded at the same time. The database pool is the effective limit.
	maxRecording = 256
	// maxPending limits the unacknowledged commands: those being recorded and those waiting for a bank.
	maxPending = 8 * maxRecording
	// maxBankCalls limits the commands waiting for a bank per mode. Both modes together may take half of maxPending.
	maxBankCalls = maxPending / 4
	// maxAttempts is how often a command is tried whose values the database rejects. Transient errors are retried without limit.
	maxAttempts = 5
	// askLimit is the deadline of one request to the broker; heartbeat is the interval at which the broker proves that it still
	// serves us.
	askLimit  = 5 * time.Second
	heartbeat = time.Second
)

// Handler executes commands. Each has a natural key (the proposed reference, or the payment's state), so a redelivered command
// has no second effect.
type Handler struct {
	store     *store.Store
	engine    *engine.Engine
	accounts  Accounts
	merchants Merchants
	banks     Banks
	links     Links
	bus       *bus.Bus
	ready     *readyBroadcast
	now       func() time.Time
	log       *slog.Logger

	slots         chan struct{}
	providerSlots map[bool]chan struct{} // by livemode: an unavailable bank in one mode must not block the other
	hints         keyedMutex
	// bankSlots limits the hints and cancellations that wait for a bank, by livemode. It is lower than maxPending, so a bank that
	// hangs never blocks new commands.
	bankSlots map[bool]chan struct{}
	running   sync.WaitGroup
}

// Rooms are what commands ask beside the store and the engine.
type Rooms struct {
	Accounts  Accounts
	Merchants Merchants
	Banks     Banks
	Links     Links
}

// New returns a handler.
func New(s *store.Store, e *engine.Engine, r Rooms, b *bus.Bus, now func() time.Time, log *slog.Logger) *Handler {
	inFlight := e.Config().InFlight
	return &Handler{
		store: s, engine: e, accounts: r.Accounts, merchants: r.Merchants, banks: r.Banks, links: r.Links, bus: b, ready: newReady(b, now, log), now: now, log: log,
		slots:         make(chan struct{}, maxRecording),
		providerSlots: map[bool]chan struct{}{true: make(chan struct{}, inFlight), false: make(chan struct{}, inFlight)},
		hints:         keyedMutex{locks: make(map[string]*keyLock)},
		bankSlots:     map[bool]chan struct{}{true: make(chan struct{}, maxBankCalls), false: make(chan struct{}, maxBankCalls)},
	}
}

// Run consumes commands until ctx ends, then completes those in progress.
func (h *Handler) Run(ctx context.Context) error {
	defer h.running.Wait()
	unsubscribe, err := h.ready.subscribe()
	if err != nil {
		return err
	}
	defer unsubscribe()
	consumerLost := make(chan struct{}, 1)
	defer h.bus.Expect(bus.Commands, durable, func() {
		select {
		case consumerLost <- struct{}{}:
		default:
		}
	})()
	for ctx.Err() == nil {
		cc, err := h.consume(ctx)
		if err != nil {
			h.log.WarnContext(ctx, "cannot consume commands, retrying", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(250 * time.Millisecond):
			}
			continue
		}
		h.untilLost(ctx, cc, consumerLost)
		cc.Stop()
		<-cc.Closed()
	}
	return nil
}

// untilLost returns when ctx ends, the subscription closes or the broker has lost the consumer.
func (h *Handler) untilLost(ctx context.Context, cc jetstream.ConsumeContext, consumerLost <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-cc.Closed():
			h.log.WarnContext(ctx, "command subscription closed, resubscribing")
			return
		case <-consumerLost:
			ask, cancel := context.WithTimeout(ctx, askLimit)
			_, err := h.bus.JS.Consumer(ask, bus.Commands, durable)
			cancel()
			if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
				h.log.WarnContext(ctx, "broker lost the command consumer, recreating it")
				return
			}
		}
	}
}

// consume takes every command, including unknown ones: the stream is a work queue, in which they would stay unnoticed.
func (h *Handler) consume(ctx context.Context) (jetstream.ConsumeContext, error) {
	ask, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	cons, err := h.bus.EnsureConsumer(ask, bus.Commands, jetstream.ConsumerConfig{
		Durable: durable, FilterSubject: "eupay.cmd.>", AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: ackWait, MaxAckPending: maxPending, MaxDeliver: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("ensure the commands consumer: %w", err)
	}
	cc, err := cons.Consume(func(m jetstream.Msg) {
		select {
		case h.slots <- struct{}{}:
		case <-ctx.Done():
			h.logIf(m.Nak(), "nak command")
			return
		}
		h.running.Go(func() { h.handle(ctx, m) })
	}, jetstream.PullMaxMessages(2*maxRecording), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return nil, fmt.Errorf("consume commands: %w", err)
	}
	return cc, nil
}

// request is a command in progress.
type request struct {
	msg   jetstream.Msg
	meta  store.Meta
	reply string
	// free releases the recording slot. It may be called more than once.
	free func()
}

func (h *Handler) handle(ctx context.Context, m jetstream.Msg) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.engine.WorkTimeout())
	defer cancel()
	r := &request{msg: m, reply: replyTo(m), free: sync.OnceFunc(func() { <-h.slots })}
	r.meta = store.Meta{RequestID: m.Headers().Get(events.HeaderRequestID)}
	defer r.free()
	defer h.keepAlive(m)()
	name := nameOf(m.Subject())
	ctx, span := trace.Continue(ctx, m.Headers().Get(events.HeaderTraceparent), trace.Consumer, "process "+name,
		append(trace.Message(bus.Commands, "process", m.Headers().Get(events.HeaderID)), trace.Group(durable), trace.RequestID(r.meta.RequestID))...)
	if h.expired(m) {
		handled.WithLabelValues(name, "expired").Inc()
		span.Set(trace.Outcome("expired"))
		span.End(nil)
		h.ack(m) // the sender has answered that nothing happened, and may have retried
		return
	}
	err := h.dispatch(ctx, r)
	defer span.End(err)
	var e *errs.Error
	switch {
	case err == nil:
		handled.WithLabelValues(name, "done").Inc()
		h.took(name, m)
	case errors.As(err, &e):
		handled.WithLabelValues(name, "refused").Inc()
		h.ack(m)
		h.replyRefused(r, e)
	case errors.Is(err, merchant.ErrNotSynced): // retried until the command expires
		handled.WithLabelValues(name, "behind").Inc()
		h.logIf(m.NakWithDelay(min(syncWait*time.Duration(attempts(m)), maxSyncWait)), "nak command")
	case errors.Is(err, errUnreadable), pg.IsData(err) && attempts(m) >= maxAttempts:
		handled.WithLabelValues(unreadable, "parked").Inc()
		h.park(ctx, m, err)
	default:
		handled.WithLabelValues(name, "again").Inc()
		h.log.WarnContext(ctx, "command failed, retrying", "subject", m.Subject(), "error", err)
		h.logIf(m.NakWithDelay(500*time.Millisecond), "nak command")
	}
}

// about names the payment in the command's span, and links to the trace that recorded it if that is another.
func about(ctx context.Context, p payment.Payment) {
	span := trace.Current(ctx)
	span.Set(trace.Reference(p.Reference), trace.Merchant(p.MerchantID), trace.Livemode(p.Livemode))
	span.Link(p.Trace)
}

// keepAlive reports progress to the broker until stop is called, so that the command is not redelivered.
func (h *Handler) keepAlive(m jetstream.Msg) (stop func()) {
	done := make(chan struct{})
	h.running.Go(func() {
		tick := time.NewTicker(ackWait / 4)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				h.logIf(m.InProgress(), "extend ack wait")
			}
		}
	})
	return func() { close(done) }
}

// attempts returns how often the command has been delivered.
func attempts(m jetstream.Msg) uint64 {
	meta, err := m.Metadata()
	if err != nil {
		return 1
	}
	return meta.NumDelivered
}

var errUnreadable = errors.New("command cannot be read")

func (h *Handler) dispatch(ctx context.Context, r *request) error {
	switch r.msg.Subject() {
	case command.CreatePayment:
		return decoded(ctx, r, &paymentsv1.CreatePayment{}, h.create)
	case command.RefundPayment:
		return decoded(ctx, r, &paymentsv1.RefundPayment{}, h.refund)
	case command.CancelPayment:
		return decoded(ctx, r, &paymentsv1.CancelPayment{}, h.cancel)
	case command.ScanPay:
		return decoded(ctx, r, &paymentsv1.ScanPay{}, h.scanPay)
	case command.ConfirmReceived:
		return decoded(ctx, r, &paymentsv1.ConfirmReceived{}, h.confirmReceived)
	case command.ConfirmNotReceived:
		return decoded(ctx, r, &paymentsv1.ConfirmNotReceived{}, h.confirmNotReceived)
	case command.BookLateReceipt:
		return decoded(ctx, r, &paymentsv1.BookLateReceipt{}, h.bookLateReceipt)
	case command.CreateOrder:
		return decoded(ctx, r, &paymentsv1.CreateOrderPayment{}, h.createOrder)
	case command.CancelOrder:
		return decoded(ctx, r, &paymentsv1.CancelOrderPayment{}, h.cancelOrder)
	case command.RefundOrder:
		return decoded(ctx, r, &paymentsv1.RefundOrderPayment{}, h.refundOrder)
	case command.ProviderUpdate:
		return decoded(ctx, r, &paymentsv1.ProviderUpdate{}, h.providerUpdate)
	default:
		return fmt.Errorf("%w: unknown subject %s", errUnreadable, r.msg.Subject())
	}
}

func decoded[M proto.Message](ctx context.Context, r *request, into M, do func(context.Context, *request, M) error) error {
	if err := proto.Unmarshal(r.msg.Data(), into); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return do(ctx, r, into)
}

func (h *Handler) expired(m jetstream.Msg) bool {
	text := m.Headers().Get(events.HeaderExpires)
	if text == "" {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return err != nil || h.now().After(at)
}

// replyTo returns the subject on which the sender waits. Only our own reply inboxes are accepted.
func replyTo(m jetstream.Msg) string {
	subject := m.Headers().Get(events.HeaderReply)
	if !strings.HasPrefix(subject, "eupay.reply.") {
		return ""
	}
	return subject
}

func (h *Handler) sendReply(subject string, reply *paymentsv1.CommandReply) {
	if subject == "" {
		return
	}
	data, err := proto.Marshal(reply)
	if err != nil {
		h.log.Error("encode reply", "error", err)
		return
	}
	h.logIf(h.bus.NC.Publish(subject, data), "reply")
}

func (h *Handler) replyRefused(r *request, e *errs.Error) {
	h.sendReply(r.reply, &paymentsv1.CommandReply{
		Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: string(e.Code), ErrorMessage: e.Message,
		RetryAfter: int32(min(e.RetryAfter/time.Second, 3600)),
	})
}

// park moves an unreadable command to the dead-letter stream and terminates it.
func (h *Handler) park(ctx context.Context, m jetstream.Msg, reason error) {
	if _, err := h.bus.JS.PublishMsg(ctx, consume.DeadLetter(durable, m, reason)); err != nil {
		h.log.ErrorContext(ctx, "command not parked, retrying", "error", err)
		h.logIf(m.NakWithDelay(time.Second), "nak command")
		return
	}
	h.log.ErrorContext(ctx, "command parked in the dead-letter stream", "subject", m.Subject(), "reason", reason)
	h.logIf(m.Term(), "terminate command")
}

func (h *Handler) ack(m jetstream.Msg) { h.logIf(m.Ack(), "ack command") }

// logIf logs an error of an ack or a reply. Losing one is harmless: the command is redelivered and finds its effect.
func (h *Handler) logIf(err error, what string) {
	if err != nil {
		h.log.Debug(what, "error", err)
	}
}

// Announce notifies the waiting senders on all replicas that a payment is ready.
func (h *Handler) Announce(p payment.Payment) { h.ready.announce(p) }
