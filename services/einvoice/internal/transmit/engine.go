package transmit

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// Config of an engine; zero values become the defaults.
type Config struct {
	// Workers is how many transmissions of one mode are sent at a time.
	Workers int
	// Lease is how long an attempt may take; it ends before.
	Lease time.Duration
	// Every is how often due transmissions are looked for, beside Wake.
	Every time.Duration
}

// Engine sends transmissions that are due. Any number of replicas may run one.
type Engine struct {
	pool     *pgxpool.Pool
	senders  map[Kind]Sender
	cfg      Config
	now      func() time.Time
	log      *slog.Logger
	wake     map[bool]chan struct{}
	breakers map[bool]*breaker
}

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
	return &Engine{
		pool: pool, senders: senders, cfg: cfg, now: now, log: log,
		wake:     map[bool]chan struct{}{true: make(chan struct{}, 1), false: make(chan struct{}, 1)},
		breakers: map[bool]*breaker{true: {}, false: {}},
	}
}

// Wake makes the workers of a mode look at once.
func (e *Engine) Wake(livemode bool) {
	select {
	case e.wake[livemode] <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends; what was begun is finished. The modes have their own workers: they are two platforms.
func (e *Engine) Run(ctx context.Context) error {
	var modes errgroup.Group
	for _, livemode := range []bool{true, false} {
		modes.Go(func() error { return e.work(ctx, livemode) })
	}
	return modes.Wait()
}

func (e *Engine) work(ctx context.Context, livemode bool) error {
	tick := time.NewTicker(e.cfg.Every)
	defer tick.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, e.cfg.Workers)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-e.wake[livemode]:
		}
		e.sendDue(ctx, livemode, slots, &running)
	}
}

// sendDue starts what is due as long as there are slots. A platform that does not answer gets one at a time.
func (e *Engine) sendDue(ctx context.Context, livemode bool, slots chan struct{}, running *sync.WaitGroup) {
	for ctx.Err() == nil {
		free := cap(slots) - len(slots)
		if e.breakers[livemode].open(e.now()) {
			free = min(free, 1-len(slots))
		}
		if free <= 0 {
			return
		}
		lease := uuid.New()
		due, err := e.claimDue(ctx, lease, livemode, free)
		if err != nil {
			if ctx.Err() == nil {
				e.log.Warn("look for due transmissions", "error", err)
			}
			return
		}
		for _, t := range due {
			slots <- struct{}{}
			running.Go(func() {
				defer func() {
					<-slots
					e.Wake(livemode) // there may be more
				}()
				e.attempt(context.WithoutCancel(ctx), t, lease)
			})
		}
		if len(due) < free {
			return
		}
	}
}

// Do sends one at once, if it waits and nobody has it, and reports whether it was tried. A platform that has not answered for a
// while is not tried: the workers probe it.
func (e *Engine) Do(ctx context.Context, kind Kind, subject uuid.UUID, livemode bool) (bool, error) {
	if e.breakers[livemode].open(e.now()) {
		return false, nil
	}
	lease := uuid.New()
	t, ok, err := e.claimOne(ctx, lease, kind, subject)
	if err != nil || !ok {
		return false, err
	}
	e.attempt(ctx, t, lease)
	return true, nil
}

// attempt sends within the lease and records what came of it, also when the caller has gone.
func (e *Engine) attempt(ctx context.Context, t Transmission, lease uuid.UUID) {
	work, cancel := context.WithTimeout(ctx, e.cfg.Lease*9/10)
	err := e.senders[t.Kind].Send(work, t)
	cancel()
	o := e.judge(t, err)
	if o.passing {
		e.breakers[t.Livemode].failed(e.now())
	} else {
		e.breakers[t.Livemode].worked()
	}
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := e.finish(record, t, lease, o); err != nil {
		e.log.Warn("transmission", "kind", t.Kind, "subject", t.Subject, "error", err)
	}
}

// outcome is what a row becomes.
type outcome struct {
	state          string
	dueAt, endedAt *time.Time
	attempts       int
	problem        string
	// passing: trouble with the platform or the way to it, not with what was sent.
	passing bool
}

func (e *Engine) judge(t Transmission, err error) outcome {
	now := e.now()
	var wait Wait
	switch {
	case err == nil:
		return outcome{state: "sent", endedAt: &now, attempts: t.Attempts}
	case errors.As(err, &wait):
		again := now.Add(wait.Again)
		return outcome{state: "waiting", dueAt: &again, attempts: t.Attempts - 1, problem: wait.Error()}
	case errors.Is(err, ErrStop):
		e.log.Warn("transmission given up", "kind", t.Kind, "subject", t.Subject, "merchant", t.MerchantID, "error", err)
		return outcome{state: "stopped", endedAt: &now, attempts: t.Attempts, problem: bounded(err)}
	default:
		again := now.Add(backoff(t.Attempts))
		e.log.Info("transmission postponed", "kind", t.Kind, "subject", t.Subject, "attempts", t.Attempts, "error", err)
		return outcome{state: "waiting", dueAt: &again, attempts: t.Attempts, problem: bounded(err), passing: true}
	}
}

func bounded(err error) string {
	text := []rune(err.Error())
	return string(text[:min(len(text), 500)])
}

// Distances between attempts: 2 s, 4 s, … up to 15 minutes, each with a random part so that a backlog does not come back at
// once. There is no last attempt: what has to leave by law is not given up because the platform is down.
const (
	firstBackoff = 2 * time.Second
	maxBackoff   = 15 * time.Minute
)

func backoff(attempts int) time.Duration {
	d := maxBackoff
	if attempts < 10 {
		d = min(maxBackoff, firstBackoff<<max(0, attempts-1))
	}
	return d*3/4 + rand.N(d/2) //nolint:gosec // jitter is no secret
}

// breaker keeps callers from waiting for a platform that does not answer.
type breaker struct {
	mu       sync.Mutex
	failures int
	until    time.Time
}

const (
	breakAfter = 5
	breakFor   = 15 * time.Second
)

func (b *breaker) open(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Before(b.until)
}

func (b *breaker) failed(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures++; b.failures >= breakAfter {
		b.until = now.Add(breakFor)
	}
}

func (b *breaker) worked() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.until = 0, time.Time{}
}
