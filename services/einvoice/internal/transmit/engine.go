package transmit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
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
	// Grace is how long attempts may go on after Run was told to end.
	Grace time.Duration
}

// Engine sends transmissions that are due. Any number of replicas may run one.
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
	wake     chan struct{}
	breaker  breaker
	// slots are taken by running attempts; running counts them.
	slots   chan struct{}
	running sync.WaitGroup
	// after is the merchant whose turn was last.
	after string
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
	if cfg.Grace == 0 {
		cfg.Grace = 10 * time.Second
	}
	e := &Engine{pool: pool, senders: senders, cfg: cfg, now: now, log: log, modes: map[bool]*mode{}}
	for _, livemode := range []bool{true, false} {
		e.modes[livemode] = &mode{livemode: livemode, wake: make(chan struct{}, 1), slots: make(chan struct{}, cfg.Workers)}
	}
	return e
}

// Wake makes the workers of a mode look at once.
func (e *Engine) Wake(livemode bool) {
	select {
	case e.modes[livemode].wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends; what was begun is finished, or broken off after Grace and sent again later. The modes have their
// own workers: they are two platforms. An engine runs once.
func (e *Engine) Run(ctx context.Context) error {
	var modes errgroup.Group
	for _, m := range e.modes {
		modes.Go(func() error { return e.work(ctx, m) })
	}
	return modes.Wait()
}

func (e *Engine) work(ctx context.Context, m *mode) error {
	tick := time.NewTicker(e.cfg.Every)
	defer tick.Stop()
	attempts, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	defer breakOff()
	for {
		select {
		case <-ctx.Done():
			late := time.AfterFunc(e.cfg.Grace, breakOff)
			defer late.Stop()
			m.running.Wait()
			return nil
		case <-tick.C:
		case <-m.wake:
		}
		if err := e.sendDue(ctx, attempts, m); err != nil && ctx.Err() == nil {
			e.log.Warn("look for due transmissions", "livemode", m.livemode, "error", err)
		}
	}
}

// sendDue starts what is due as long as there are slots: merchants take turns, one transmission each.
func (e *Engine) sendDue(ctx, attempts context.Context, m *mode) error {
	for ctx.Err() == nil {
		free := e.free(m)
		if free <= 0 {
			return nil
		}
		begun, from := time.Now(), m.after
		lease := uuid.New()
		due, err := e.claimDue(ctx, lease, m, free)
		if err != nil {
			return err
		}
		if len(due) == 0 && m.breaker.open() {
			m.breaker.untried()
		}
		if len(due) == 0 && from == "" {
			return nil
		}
		m.after = "" // the round is over
		if len(due) > 0 {
			m.after = due[len(due)-1].MerchantID
		}
		for _, t := range due {
			m.slots <- struct{}{}
			m.running.Go(func() {
				defer e.Wake(m.livemode) // there may be more
				defer func() { <-m.slots }()
				e.attempt(attempts, t, lease, begun)
			})
		}
	}
	return nil
}

// free is how many attempts may begin. A platform that does not answer gets one at a time.
func (e *Engine) free(m *mode) int {
	free := cap(m.slots) - len(m.slots)
	if !m.breaker.open() {
		return free
	}
	if len(m.slots) > 0 || !m.breaker.probe(e.now()) {
		return 0
	}
	return 1
}

// Do sends one at once, if it waits and nobody has it, and reports whether it was tried. A platform that has not answered for a
// while is not tried: the workers probe it.
func (e *Engine) Do(ctx context.Context, kind Kind, subject uuid.UUID, livemode bool) (bool, error) {
	if e.modes[livemode].breaker.open() {
		return false, nil
	}
	begun, lease := time.Now(), uuid.New()
	t, ok, err := e.claimOne(ctx, lease, kind, subject)
	if err != nil || !ok {
		return false, err
	}
	e.attempt(ctx, t, lease, begun)
	return true, nil
}

// recordWithin bounds the recording of an attempt.
const recordWithin = 10 * time.Second

// attempt sends within the lease, which counts from before the claim, and records what came of it, also when the caller has
// gone.
func (e *Engine) attempt(ctx context.Context, t Transmission, lease uuid.UUID, begun time.Time) {
	work, cancel := context.WithDeadline(ctx, begun.Add(e.cfg.Lease*9/10))
	err := e.send(work, t)
	cancel()
	o := e.judge(t, err)
	b := &e.modes[t.Livemode].breaker
	switch {
	case o.verdict == answered:
		b.answered()
	case o.verdict == untried, errors.Is(ctx.Err(), context.Canceled): // who gives up has no word on the platform
		b.untried()
	default:
		b.failed(e.now())
	}
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if err := e.finish(record, t, lease, o); err != nil {
		e.log.Warn("transmission", "kind", t.Kind, "subject", t.Subject, "error", err)
	}
}

// send calls the sender. One document that breaks it must not stop all others: a panic is trouble with that document.
func (e *Engine) send(ctx context.Context, t Transmission) (err error) {
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("sender panicked", "kind", t.Kind, "subject", t.Subject, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("sender panicked: %v", p)
		}
	}()
	if err := ctx.Err(); err != nil { // the claim took longer than the lease
		return fmt.Errorf("begin attempt: %w", err)
	}
	return e.senders[t.Kind].Send(ctx, t)
}
