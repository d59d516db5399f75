package transmit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/internal/run/measure"
)

// Config of an engine. Zero values are replaced by the defaults.
type Config struct {
	// Workers is how many transmissions of one mode are sent concurrently.
	Workers int
	// Lease is the lifetime of the lease of an attempt, which ends before it.
	Lease time.Duration
	// Every is how often due transmissions are looked for, in addition to Wake.
	Every time.Duration
	// Grace is how long attempts may continue after Run was told to end.
	Grace time.Duration
}

// Engine sends due transmissions. Any number of replicas may run one.
type Engine struct {
	pool    *pgxpool.Pool
	senders map[Kind]Sender
	cfg     Config
	now     func() time.Time
	log     *slog.Logger
	modes   map[bool]*mode
}

// mode is the work for one platform.
type mode struct {
	livemode bool
	breaker  *outbound.Breaker
	loop     *due.Loop[leased]
	// after is the merchant whose turn was last.
	after string
}

// leased is a transmission with the lease under which it is sent.
type leased struct {
	Transmission
	lease uuid.UUID
	// ticket of the breaker.
	ticket int
}

// A platform that does not answer is probed periodically, by one attempt at a time.
var breakerConfig = outbound.BreakerConfig{Provider: "seqino", TripAfter: breakAfter, First: probeEvery, Longest: probeEvery}

const (
	breakAfter = 5
	probeEvery = 5 * time.Second
)

// New returns an engine with a sender for each kind.
func New(pool *pgxpool.Pool, senders map[Kind]Sender, cfg Config, now func() time.Time, log *slog.Logger) *Engine {
	if cfg.Workers == 0 {
		cfg.Workers = 8
	}
	if cfg.Lease == 0 {
		cfg.Lease = 2 * time.Minute
	}
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Grace == 0 {
		cfg.Grace = 10 * time.Second
	}
	e := &Engine{pool: pool, senders: senders, cfg: cfg, now: now, log: log, modes: map[bool]*mode{}}
	for _, livemode := range []bool{true, false} {
		e.modes[livemode] = e.newMode(livemode)
	}
	return e
}

func (e *Engine) newMode(livemode bool) *mode {
	breaking := breakerConfig
	breaking.Mode = measure.Mode(livemode)
	m := &mode{livemode: livemode, breaker: outbound.NewBreaker(breaking, e.now, e.log.With("livemode", livemode))}
	m.loop = due.New(due.Config[leased]{
		What: "transmissions", Every: e.cfg.Every, AtOnce: e.cfg.Workers, Within: e.attemptTimeout(), Grace: e.cfg.Grace, Log: e.log,
		Watch: due.Watch{DB: e.pool, First: firstDue[livemode], Now: e.now},
		Claim: func(ctx context.Context, limit int) ([]leased, error) { return e.claim(ctx, m, limit) },
		Do: func(ctx context.Context, t leased) {
			defer m.loop.Nudge() // there may be more, or the platform has answered a probe
			e.attempt(ctx, t)
		},
	})
	return m
}

// attemptTimeout is how long an attempt may take, counted from before its claim.
func (e *Engine) attemptTimeout() time.Duration { return e.cfg.Lease * 9 / 10 }

// Wake makes the workers of a mode look for due transmissions now.
func (e *Engine) Wake(livemode bool) { e.modes[livemode].loop.Nudge() }

// Run sends until ctx ends. Attempts in progress are completed, or cancelled after Grace and repeated later. Each mode has its
// own workers, because they are different platforms. Call Run once.
func (e *Engine) Run(ctx context.Context) error {
	var modes errgroup.Group
	for _, m := range e.modes {
		modes.Go(func() error { return m.loop.Run(ctx) })
	}
	return modes.Wait()
}

// claim claims due transmissions while there are free workers: merchants take turns, one transmission each. A platform that does
// not answer gets one at a time.
func (e *Engine) claim(ctx context.Context, m *mode, limit int) (all []leased, err error) {
	probing := m.breaker.Open()
	ticket, wait := m.breaker.Enter()
	if wait > 0 {
		return nil, nil
	}
	if probing {
		limit = 1
	}
	for len(all) < limit {
		from, lease := m.after, uuid.New()
		var turn []Transmission
		if turn, err = e.claimDue(ctx, lease, m, limit-len(all)); err != nil {
			break
		}
		m.after = "" // the round is over
		if len(turn) > 0 {
			m.after = turn[len(turn)-1].MerchantID
		}
		for _, t := range turn {
			all = append(all, leased{t, lease, ticket})
		}
		if len(turn) == 0 && from == "" {
			break
		}
	}
	if len(all) == 0 {
		m.breaker.Leave(ticket, outbound.Unknown)
	}
	return all, err
}

// Do sends one transmission at once, if it is waiting and not leased, and reports whether it was tried. If the circuit is open,
// it is not tried: the workers probe the platform.
func (e *Engine) Do(ctx context.Context, kind Kind, subject uuid.UUID, livemode bool) (bool, error) {
	b := e.modes[livemode].breaker
	if b.Open() {
		return false, nil
	}
	ticket, wait := b.Enter()
	if wait > 0 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.attemptTimeout()) // from before the claim
	defer cancel()
	lease := uuid.New()
	t, ok, err := e.claimOne(ctx, lease, kind, subject)
	if err != nil || !ok {
		b.Leave(ticket, outbound.Unknown)
		return false, err
	}
	e.attempt(ctx, leased{t, lease, ticket})
	return true, nil
}

// awaitEvery is how often Await looks at an attempt in progress, which may be another process's.
const awaitEvery = 50 * time.Millisecond

// Await returns once no attempt to send a transmission is in progress, or with the error of ctx.
func (e *Engine) Await(ctx context.Context, kind Kind, subject uuid.UUID) error {
	look := time.NewTicker(awaitEvery)
	defer look.Stop()
	for {
		busy, err := e.leased(ctx, kind, subject)
		if err != nil || !busy {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// recordTimeout is the deadline for recording an attempt.
const recordTimeout = 10 * time.Second

// attempt sends within ctx, which ends before the lease, and records the result, even if the caller has gone.
func (e *Engine) attempt(ctx context.Context, t leased) {
	err := e.send(ctx, t.Transmission)
	o := e.outcomeOf(t.Transmission, err)
	attempted.WithLabelValues(measure.Mode(t.Livemode), string(t.Kind), o.name()).Inc()
	e.modes[t.Livemode].breaker.Leave(t.ticket, verdictOf(ctx, o))
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if err := e.finish(record, t.Transmission, t.lease, o); err != nil {
		e.log.WarnContext(ctx, "transmission", "kind", t.Kind, "subject", t.Subject, "error", err)
	}
}

// send calls the sender. A panic fails only this transmission, so that one document cannot stop all others.
func (e *Engine) send(ctx context.Context, t Transmission) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.log.ErrorContext(ctx, "sender panicked", "kind", t.Kind, "subject", t.Subject, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("sender panicked: %v", p)
		}
	}()
	if err := ctx.Err(); err != nil { // the claim took longer than the lease
		return fmt.Errorf("begin attempt: %w", err)
	}
	return e.senders[t.Kind].Send(ctx, t)
}

// verdictOf returns what an attempt means for the health of the platform. A caller that gives up says nothing about it, nor does
// a document that was not sent.
func verdictOf(ctx context.Context, o outcome) outbound.Verdict {
	switch {
	case o.verdict == answered:
		return outbound.Healthy
	case o.verdict == notTried, errors.Is(ctx.Err(), context.Canceled):
		return outbound.Unknown
	default:
		return outbound.Sick
	}
}
