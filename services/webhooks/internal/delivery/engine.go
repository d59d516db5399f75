package delivery

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/consume"
	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/fair"
)

const (
	// maxHeld bounds the deliveries in memory; the rest waits in the database.
	maxHeld = 8192
	// merchants is how many of them it takes to use all workers.
	merchants = 4
	// shutdownGrace is how long attempts under way may last once the service stops.
	shutdownGrace = 10 * time.Second
	// slow is what no answer should take: an endpoint that is slower loses its share of the workers.
	slow = 2 * time.Second
)

// spare is what must be left of a lease when an attempt would have lasted to its limit.
func spare(timeout time.Duration) time.Duration { return timeout / 2 }

// Config of an engine.
type Config struct {
	Schedule Schedule
	// Timeout bounds one attempt.
	Timeout time.Duration
	// Workers bounds the attempts at one time, PerEndpoint those of one endpoint.
	Workers, PerEndpoint int
	// Jitter is by how much of itself a wait from the second attempt on may be longer.
	Jitter  float64
	Breaker Breaker
	// DisableAfter is for how long an endpoint may fail without a success before it is disabled.
	DisableAfter time.Duration
	// Retention is how long finished deliveries are kept.
	Retention time.Duration
	// InboxRetention is how long events are known: longer than they can be replayed, so that none looks new.
	InboxRetention time.Duration
}

// Engine attempts deliveries.
type Engine struct {
	cfg       Config
	db        *pgxpool.Pool
	directory *endpoint.Directory
	client    *egress.Client
	now       func() time.Time
	log       *slog.Logger
	vigil     *vigil

	pool    *fair.Pool[Job]
	intake  *intake
	results chan result
	poke    chan struct{}
	health  *health
	pacer   *pacer
	dying   chan dead
	// announced is called after a commit that put an event into the outbox.
	announced func()
	// sending ends when attempts under way have to be broken off.
	sending context.Context
	abort   context.CancelFunc
}

// holder is who takes leases, and until when.
type holder struct {
	owner string
	until time.Time
}

// nobody takes no lease.
var nobody holder

func (h holder) arguments() (owner, until any) {
	if h == nobody {
		return nil, nil
	}
	return h.owner, h.until
}

func (e *Engine) holder(now time.Time) holder {
	return holder{e.vigil.owner(), now.Add(lease(e.cfg.Timeout))}
}

// Deps are what an engine works with.
type Deps struct {
	DB        *pgxpool.Pool
	Directory *endpoint.Directory
	Client    *egress.Client
	Now       func() time.Time
	// Announced is called after each commit that put an event into the outbox.
	Announced func()
	Log       *slog.Logger
}

// NewEngine returns an engine. Run it once.
func NewEngine(cfg Config, d Deps) *Engine {
	e := &Engine{
		cfg: cfg, db: d.DB, directory: d.Directory, client: d.Client, now: d.Now, log: d.Log, announced: d.Announced, vigil: newVigil(),
		results: make(chan result, 1024), poke: make(chan struct{}, 1), health: newHealth(cfg.Breaker.Failures), pacer: newPacer(), dying: make(chan dead, 64),
	}
	e.sending, e.abort = context.WithCancel(context.Background())
	e.pool = fair.New(
		fair.Limits{Running: cfg.Workers, PerKey: cfg.PerEndpoint, PerGroup: max(cfg.Workers/merchants, cfg.PerEndpoint), Held: maxHeld},
		fair.Hooks{Gate: e.pace, Group: func(queue string) string { return d.Directory.Merchant(endpointOf(queue)) }}, e.attempt)
	e.intake = &intake{engine: e}
	return e
}

// Handle records the deliveries of a batch of events within the consumer's transaction.
func (e *Engine) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	return e.intake.handle(ctx, tx, batch)
}

// Committed must be called after each commit of what Handle did.
func (e *Engine) Committed() { e.intake.commit() }

// Wake makes the engine look for due deliveries now. It never blocks.
func (e *Engine) Wake() {
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

// Run attempts deliveries while consume, which feeds the intake, runs, until ctx ends. Then attempts under way are
// finished and recorded, and the leases of those not begun are given back.
func (e *Engine) Run(ctx context.Context, consume func(context.Context) error) error {
	written := make(chan struct{})
	go func() {
		defer close(written)
		e.write()
	}()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.watch(ctx) })
	group.Go(func() error { return consume(ctx) })
	group.Go(func() error { return e.poll(ctx) })
	group.Go(func() error { return e.observe(ctx) })
	group.Go(func() error { return e.undertake(ctx) })
	group.Go(func() error { return e.purge(ctx) })
	err := group.Wait()

	left := e.pool.Close()
	timer := time.AfterFunc(shutdownGrace, e.abort)
	e.pool.Wait()
	timer.Stop()
	e.abort()
	close(e.results)
	<-written
	left = append(left, e.pool.Close()...) // what became due with the last results
	e.client.Close()
	return errors.Join(err, e.giveBack(context.WithoutCancel(ctx), left))
}

// giveBack ends the leases of what was not begun, and then this process's place among the living.
func (e *Engine) giveBack(ctx context.Context, left []Job) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if len(left) > 0 {
		if err := release(ctx, e.db, left); err != nil {
			return err
		}
	}
	return leave(ctx, e.db, e.vigil.owner())
}

// attempt sends one delivery and passes the result on to the writer.
func (e *Engine) attempt(queue string, j Job) fair.Verdict {
	started := e.now()
	if j.LeaseUntil.Sub(started) < e.cfg.Timeout+spare(e.cfg.Timeout) {
		return fair.Same // it lay here for too long: whoever claims it after the lease attempts it
	}
	if !e.vigil.holds(j.Lessee) || e.withheld(j, started) {
		e.results <- result{job: j}
		return fair.Same
	}
	if now := e.queue(j); now != queue && queue == j.EndpointID {
		e.pool.Add(now, j) // its breaker has opened: the other types do not wait behind it
		return fair.Same
	}
	target, ok, err := e.directory.Target(e.sending, j.EndpointID)
	if err != nil {
		e.log.Error("delivery put off, its endpoint cannot be read", "endpoint", j.EndpointID, "error", err)
		return fair.Same // likewise
	}
	if !ok {
		return fair.Same // deleted, and the delivery cancelled with it
	}
	if !target.Enabled && j.EventType != TestEvent {
		e.bury(dead{endpoint: j.EndpointID}) // who disabled it may have died before all was ended
		return fair.Same
	}
	req, err := request(j, target, started)
	if err != nil {
		e.log.Error("delivery put off, its request cannot be built", "endpoint", j.EndpointID, "error", err)
		return fair.Same
	}
	answer := e.client.Send(e.sending, req)
	if e.sending.Err() != nil && answer.Error != "" {
		return fair.Same // we broke it off ourselves; the lease ends and the attempt is made again
	}
	r := e.judge(j, started, answer)
	if !r.askedFor.IsZero() {
		e.health.ask(j.EndpointID, r.askedFor)
	}
	if j.EventType != TestEvent {
		e.health.count(j.kind(), answer.Error == "")
	}
	speed := verdict(r)
	if !e.shown(e.sending, j, target, answer) {
		r = r.hide()
	}
	e.results <- r
	return speed
}

// withheld reports whether the delivery must not be attempted now: the endpoint asked to be left in peace, or the breaker
// is open for what was tried before.
func (e *Engine) withheld(j Job, now time.Time) bool {
	if j.EventType == TestEvent {
		return false
	}
	return e.health.asked(j.EndpointID, now) || !j.Probe && j.tried() && e.health.held(j.kind())
}

// judge decides what a delivery is after an attempt.
func (e *Engine) judge(j Job, started time.Time, a egress.Answer) result {
	r := result{job: j, started: started, duration: e.now().Sub(started), answer: a, status: Delivered}
	if a.Error == "" {
		return r
	}
	round := j.Attempts - j.Before + 1
	wait, again := e.cfg.Schedule.next(round, e.cfg.Jitter)
	r.status, r.retryAt = Pending, r.ended().Add(wait)
	if !again || a.Status == http.StatusGone || j.EventType == TestEvent {
		r.status = Exhausted
	}
	if asked := outbound.RetryAfter(a.RetryAfter, r.ended(), longestAsked); asked > 0 {
		r.askedFor = r.ended().Add(asked)
		r.retryAt = later(r.retryAt, r.askedFor)
	}
	return r
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func verdict(r result) fair.Verdict {
	switch {
	case r.answer.Error == egress.Timeout, r.duration > slow, r.answer.Status == http.StatusTooManyRequests:
		return fair.Slow
	case r.answer.Error == "" && r.duration < time.Second:
		return fair.Fast
	default:
		return fair.Same
	}
}

// Held is the number of deliveries in memory, and of those being attempted.
func (e *Engine) Held() (held, running int) { return e.pool.Held() }

// Stopping reports whether no further attempt begins.
func (e *Engine) Stopping() bool { return e.pool.Closed() }
