package commands

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/bus"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// readyBroadcast tells all replicas over plain NATS that a payment has its URL, so that each can reply to its waiting senders.
// Delivery is best effort: a sender that gets no reply answers with the state it has.
type readyBroadcast struct {
	bus *bus.Bus
	now func() time.Time
	log *slog.Logger

	mu      sync.Mutex
	waiters map[string][]waiter
	swept   time.Time
}

type waiter struct {
	reply string
	match store.Match
	until time.Time
}

const (
	readySubject = "eupay.ready.payments."
	// waitLimit is longer than any sender waits.
	waitLimit = time.Minute
)

func newReady(b *bus.Bus, now func() time.Time, log *slog.Logger) *readyBroadcast {
	return &readyBroadcast{bus: b, now: now, log: log, waiters: make(map[string][]waiter)}
}

func (r *readyBroadcast) subscribe() (unsubscribe func(), err error) {
	sub, err := r.bus.NC.Subscribe(readySubject+"*", func(m *nats.Msg) {
		reference := strings.TrimPrefix(m.Subject, readySubject)
		if !r.isAwaited(reference) {
			return
		}
		p := &paymentsv1.Payment{}
		if err := proto.Unmarshal(m.Data, p); err == nil {
			r.deliver(reference, p)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("subscribe to ready payments: %w", err)
	}
	return func() {
		if err := sub.Unsubscribe(); err != nil {
			r.log.Debug("unsubscribe", "error", err)
		}
	}, nil
}

// announce publishes the payment to all replicas, including this one.
func (r *readyBroadcast) announce(p payment.Payment) {
	if !isReady(p) {
		return
	}
	data, err := proto.Marshal(p.Proto())
	if err == nil {
		err = r.bus.NC.Publish(readySubject+p.Reference, data)
	}
	if err != nil {
		r.log.Debug("announce ready payment", "error", err)
	}
}

func (r *readyBroadcast) wait(reference, reply string, match store.Match) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Sub(r.swept) > waitLimit {
		r.purgeExpired(now)
	}
	r.waiters[reference] = append(r.waiters[reference], waiter{reply: reply, match: match, until: now.Add(waitLimit)})
}

func (r *readyBroadcast) purgeExpired(now time.Time) {
	r.swept = now
	for reference, list := range r.waiters {
		if now.After(list[len(list)-1].until) {
			delete(r.waiters, reference)
		}
	}
}

func (r *readyBroadcast) isAwaited(reference string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiters[reference]) > 0
}

func (r *readyBroadcast) resolve(p payment.Payment) { r.deliver(p.Reference, p.Proto()) }

func (r *readyBroadcast) deliver(reference string, p *paymentsv1.Payment) {
	r.mu.Lock()
	list := r.waiters[reference]
	delete(r.waiters, reference)
	r.mu.Unlock()
	for _, w := range list {
		data, err := proto.Marshal(replyOf(paymentsv1.CommandReply_STAGE_READY, p, w.match))
		if err == nil {
			err = r.bus.NC.Publish(w.reply, data)
		}
		if err != nil {
			r.log.Debug("reply to waiting sender", "error", err)
		}
	}
}
