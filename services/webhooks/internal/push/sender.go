package push

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// workers limits the messages in progress, perMerchant those of one merchant: servers that never answer must not delay other
	// merchants.
	workers     = 16
	perMerchant = 4
	// attemptTime is the deadline of an attempt, recordTime that of recording its result. A lease is only slightly longer than
	// both: a message is sent as soon as it is claimed, and messages of a process that died should not wait.
	attemptTime = 10 * time.Second
	recordTime  = 5 * time.Second
	leaseTime   = attemptTime + recordTime + time.Second
	// pollEvery is how long due messages may go unnoticed.
	pollEvery = time.Second
)

// backoff is the delay after each failed attempt.
var backoff = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// sender sends the stored messages.
type sender struct {
	db      *pgxpool.Pool
	vault   *secret.Vault
	courier courier
	now     func() time.Time
	log     *slog.Logger
	loop    *due.Loop[message]

	mu   sync.Mutex
	busy map[string]int // messages in progress by merchant
}

// newSender returns a sender with the dependencies of s.
func newSender(s *sender) *sender {
	s.busy = make(map[string]int)
	s.loop = due.New(due.Config[message]{
		What: "push messages", Every: pollEvery, AtOnce: workers, Within: attemptTime + recordTime, Grace: attemptTime + recordTime, Log: s.log,
		Claim: s.claim, Do: s.attempt,
	})
	return s
}

// run sends until ctx ends, and then completes the messages in progress.
func (s *sender) run(ctx context.Context) error {
	var sweeping sync.WaitGroup
	defer sweeping.Wait()
	sweeping.Go(func() { due.Every(ctx, pollEvery, "delete expired push messages", s.log, s.sweep) })
	return s.loop.Run(ctx)
}

func (s *sender) sweep(ctx context.Context) error {
	n, err := sweep(ctx, s.db, s.now())
	pushes.WithLabelValues("expired").Add(float64(n))
	return err
}

// claim claims as many messages as there is room for, and at most its share for each merchant.
func (s *sender) claim(ctx context.Context, room int) ([]message, error) {
	s.mu.Lock()
	busy := maps.Clone(s.busy)
	s.mu.Unlock()
	now := s.now()
	claimed, err := claim(ctx, s.db, room, perMerchant, busy, now, now.Add(leaseTime))
	for _, m := range claimed {
		s.count(m.Merchant, 1)
	}
	return claimed, err
}

func (s *sender) count(merchant string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[merchant] += n; s.busy[merchant] == 0 {
		delete(s.busy, merchant)
	}
}

// attempt sends one message and records the result. If that fails, the lease ends and the message is sent again, which replaces
// the notification.
func (s *sender) attempt(ctx context.Context, m message) {
	defer s.loop.Nudge() // the merchant has room for another message
	defer s.count(m.Merchant, -1)
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
		err = deleteSubscription(ctx, s.db, m.subscription.ID)
	case "retry":
		err = postpone(ctx, s.db, m, v.retryAt)
	default:
		s.log.InfoContext(ctx, "push message dropped", "subscription", m.subscription.ID, "outcome", v.outcome, "result", r.outcome, "status", r.status)
		err = finish(ctx, s.db, m, time.Time{})
	}
	if err != nil {
		s.log.WarnContext(ctx, "result of a push message not recorded, it will be sent again", "error", err)
		return
	}
	pushes.WithLabelValues(v.outcome).Inc()
}

func (s *sender) deliver(ctx context.Context, m message) reply {
	t, err := m.open(s.vault)
	if err != nil {
		s.log.ErrorContext(ctx, "push message postponed, subscription not decrypted", "error", err)
		return reply{outcome: egress.Connection}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	return s.courier.send(ctx, t, m.Payload, m.ExpiresAt.Sub(s.now()))
}

// verdict is what happens to a message after an attempt.
type verdict struct {
	outcome string
	retryAt time.Time // only with "retry"
}

// judge decides the verdict: temporary failures are retried while the message is useful, all others are not.
func judge(m message, r reply, now time.Time) verdict {
	switch {
	case r.outcome == outcomeSent:
		return verdict{outcome: "delivered"}
	case r.outcome == outcomeGone:
		return verdict{outcome: "gone"}
	case r.outcome == egress.RefusedAddress, r.status != 0 && r.status != http.StatusTooManyRequests && r.status < 500:
		return verdict{outcome: "refused"}
	case m.Attempts > len(backoff):
		return verdict{outcome: "exhausted"}
	}
	retryAt := now.Add(max(backoff[m.Attempts-1], r.retryAfter))
	if !retryAt.Before(m.ExpiresAt) {
		return verdict{outcome: "exhausted"}
	}
	return verdict{outcome: "retry", retryAt: retryAt}
}
