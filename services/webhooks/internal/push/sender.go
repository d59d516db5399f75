package push

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// workers bounds the messages under way, perMerchant those of one merchant: one that named servers which never
	// answer holds nobody else up.
	workers     = 16
	perMerchant = 4
	// attemptTime bounds an attempt, recordTime the writing of the result. A lease lasts hardly longer than both: a message
	// is sent as soon as it is claimed, and what a process that died had in hand should not wait.
	attemptTime = 10 * time.Second
	recordTime  = 5 * time.Second
	leaseTime   = attemptTime + recordTime + time.Second
	// pollEvery is how long due messages may go unnoticed.
	pollEvery = time.Second
)

// backoff holds the wait after each failed attempt.
var backoff = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// sender sends the messages in the table.
type sender struct {
	db      *pgxpool.Pool
	vault   *secret.Vault
	courier courier
	now     func() time.Time
	log     *slog.Logger
	poke    chan struct{}

	sending sync.WaitGroup
	mu      sync.Mutex
	running int
	busy    map[string]int // messages under way by merchant
}

// wake makes the sender look for due messages now. It never blocks.
func (s *sender) wake() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// run sends until ctx ends, and then finishes what is under way.
func (s *sender) run(ctx context.Context) error {
	defer s.sending.Wait()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("due push messages not read, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-s.poke:
		case <-tick.C:
			s.sweep(ctx)
		}
	}
	return nil
}

func (s *sender) sweep(ctx context.Context) {
	n, err := sweep(ctx, s.db, s.now())
	if err != nil && ctx.Err() == nil {
		s.log.Warn("expired push messages not deleted, trying again", "error", err)
	}
	pushes.WithLabelValues("expired").Add(float64(n))
}

// round claims as many messages as there is room for and starts sending them.
func (s *sender) round(ctx context.Context) error {
	s.mu.Lock()
	room, busy := workers-s.running, maps.Clone(s.busy)
	s.mu.Unlock()
	if room == 0 {
		return nil // the end of an attempt wakes us
	}
	now := s.now()
	claimed, err := claim(ctx, s.db, room, perMerchant, busy, now, now.Add(leaseTime))
	if err != nil {
		return err
	}
	for _, m := range claimed {
		s.count(m.Merchant, 1)
		s.sending.Go(func() {
			defer s.wake()
			defer s.count(m.Merchant, -1)
			s.attempt(context.WithoutCancel(ctx), m)
		})
	}
	return nil
}

func (s *sender) count(merchant string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running += n
	if s.busy[merchant] += n; s.busy[merchant] == 0 {
		delete(s.busy, merchant)
	}
}

// attempt sends one message and records what came of it. If that cannot be recorded the lease ends and the message is
// sent again, which replaces the notification.
func (s *sender) attempt(ctx context.Context, m message) {
	r := s.deliver(ctx, m)
	now := s.now()
	v := judge(m, r, now)
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	var err error
	switch v.outcome {
	case "delivered":
		err = finish(ctx, s.db, m, now)
	case "gone":
		err = forget(ctx, s.db, m.subscription.ID)
	case "retry":
		err = putOff(ctx, s.db, m, v.again)
	default:
		s.log.Info("push message dropped", "subscription", m.subscription.ID, "outcome", v.outcome, "result", r.word, "status", r.status)
		err = finish(ctx, s.db, m, time.Time{})
	}
	if err != nil {
		s.log.Warn("outcome of a push message not recorded, it will be sent again", "error", err)
		return
	}
	pushes.WithLabelValues(v.outcome).Inc()
}

func (s *sender) deliver(ctx context.Context, m message) reply {
	t, err := m.open(s.vault)
	if err != nil {
		s.log.Error("push message put off, its subscription cannot be opened", "error", err)
		return reply{word: egress.Connection}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	return s.courier.send(ctx, t, m.Payload, m.ExpiresAt.Sub(s.now()))
}

// verdict is what becomes of a message after an attempt.
type verdict struct {
	outcome string
	again   time.Time // only with "retry"
}

// judge: what may go better next time is tried again while the message is worth it, anything else is not.
func judge(m message, r reply, now time.Time) verdict {
	switch {
	case r.word == wordSent:
		return verdict{outcome: "delivered"}
	case r.word == wordGone:
		return verdict{outcome: "gone"}
	case r.word == egress.RefusedAddress, r.status != 0 && r.status != http.StatusTooManyRequests && r.status < 500:
		return verdict{outcome: "refused"}
	case m.Attempts > len(backoff):
		return verdict{outcome: "exhausted"}
	}
	again := now.Add(max(backoff[m.Attempts-1], r.retryAfter))
	if !again.Before(m.ExpiresAt) {
		return verdict{outcome: "exhausted"}
	}
	return verdict{outcome: "retry", again: again}
}
