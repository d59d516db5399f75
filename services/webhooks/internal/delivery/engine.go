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

	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/fair"
)

const (
	// maxHeld limits the deliveries in memory; the others wait in the database.
	maxHeld = 8192
	// merchants is the minimum number of merchants that can use all workers.
	merchants = 4
	// shutdownGrace is how long attempts in progress may continue after the service was told to stop.
	shutdownGrace = 10 * time.Second
	// fast is the response time below which a successful endpoint gets more workers; slow that above which a failing one loses them.
	fast = time.Second
	slow = 2 * time.Second
)

// leaseMargin is the time that must remain of a lease after an attempt that lasts until its timeout.
func leaseMargin(timeout time.Duration) time.Duration { return timeout / 2 }

// Config of an engine.
type Config struct {
	Schedule Schedule
	// Timeout is the deadline of one attempt.
	Timeout time.Duration
	// Workers limits the concurrent attempts, PerEndpoint those at one endpoint.
	Workers, PerEndpoint int
	// Jitter is the maximum fraction by which a wait is extended, from the second attempt on.
	Jitter  float64
	Breaker Breaker
	// DisableAfter is how long an endpoint may fail without a success before it is disabled.
	DisableAfter time.Duration
	// Retention is how long finished deliveries are kept.
	Retention time.Duration
}

// Engine attempts the deliveries.
type Engine struct {
	cfg       Config
	db        *pgxpool.Pool
	directory *endpoint.Directory
	client    *egress.Client
	now       func() time.Time
	log       *slog.Logger
	liveness  *liveness

	pool        *fair.Pool[Job]
	intake      *intake
	results     chan result
	poke        chan struct{}
	health      *health
	pacer       *pacer
	healthTasks chan healthTask
	// announced is called after each commit that recorded an event in the outbox.
	announced func()
	// sending is cancelled when attempts in progress must be aborted.
	sending context.Context
	abort   context.CancelFunc
}

// holder is the process that takes leases, and their end.
type holder struct {
	owner string
	until time.Time
}

// noLease leaves deliveries unclaimed.
var noLease holder

func (h holder) arguments() (owner, until any) {
	if h == noLease {
		return nil, nil
	}
	return h.owner, h.until
}

func (e *Engine) holder(now time.Time) holder {
	return holder{e.liveness.owner(), now.Add(lease(e.cfg.Timeout))}
}

// Deps are the dependencies of an engine.
type Deps struct {
	DB        *pgxpool.Pool
	Directory *endpoint.Directory
	Client    *egress.Client
	Now       func() time.Time
	// Announced is called after each commit that recorded an event in the outbox.
	Announced func()
	Log       *slog.Logger
	// Background is the context in which attempts are made. It never ends.
	Background context.Context
}

// NewEngine returns an engine. Call Run once.
func NewEngine(cfg Config, d Deps) *Engine {
	e := &Engine{
		cfg: cfg, db: d.DB, directory: d.Directory, client: d.Client, now: d.Now, log: d.Log, announced: d.Announced, liveness: newLiveness(),
		results: make(chan result, 1024), poke: make(chan struct{}, 1), health: newHealth(cfg.Breaker.Failures), pacer: newPacer(), healthTasks: make(chan healthTask, 64),
	}
	e.sending, e.abort = context.WithCancel(d.Background)
	e.pool = fair.New(
		fair.Limits{
			Running: cfg.Workers, PerKey: cfg.PerEndpoint, PerGroup: max(cfg.Workers/merchants, cfg.PerEndpoint), Held: maxHeld,
			Late: max(cfg.Workers*3/4, 1), Failing: max(cfg.Workers/8, 1),
		},
		fair.Hooks{Gate: e.pace, Group: func(queue string) string { return d.Directory.Merchant(endpointOf(queue)) }}, e.attempt)
	e.intake = &intake{engine: e}
	return e
}

// Handle records the deliveries for a batch of events within the consumer's transaction.
func (e *Engine) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	return e.intake.handle(ctx, tx, batch)
}

// Committed must be called after each commit of Handle.
func (e *Engine) Committed() { e.intake.commit() }

// Wake makes the engine claim due deliveries now. It never blocks.
func (e *Engine) Wake() {
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

// Run attempts deliveries until ctx ends, while consume, which feeds the intake, runs. Then attempts in progress are completed
// and recorded, and the leases of the others are released.
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
	group.Go(func() error { return e.runHealthTasks(ctx) })
	group.Go(func() error { return e.purge(ctx) })
	group.Go(func() error { return e.resendRest(ctx) })
	err := group.Wait()

	left := e.pool.Close()
	timer := time.AfterFunc(shutdownGrace, e.abort)
	e.pool.Wait()
	timer.Stop()
	e.abort()
	close(e.results)
	<-written
	left = append(left, e.pool.Close()...) // deliveries that became due with the last results
	e.client.Close()
	return errors.Join(err, e.releaseLeases(context.WithoutCancel(ctx), left))
}

// releaseLeases releases the leases of deliveries that were not attempted, and then unregisters this process.
func (e *Engine) releaseLeases(ctx context.Context, left []Job) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if len(left) > 0 {
		if err := release(ctx, e.db, left); err != nil {
			return err
		}
	}
	return unregisterWorker(ctx, e.db, e.liveness.owner())
}

// attempt sends one delivery and passes the result to the writer.
func (e *Engine) attempt(queue string, j Job) fair.Verdict {
	started := e.now()
	if j.LeaseUntil.Sub(started) < e.cfg.Timeout+leaseMargin(e.cfg.Timeout) {
		return fair.Same // it waited here for too long: whoever claims it after the lease attempts it
	}
	if !e.liveness.holds(j.Lessee) || e.withheld(j, started) {
		e.results <- result{job: j}
		return fair.Same
	}
	if now := e.queueName(j); now != queue && queue == j.EndpointID {
		e.pool.Add(now, j) // its breaker has opened; other types must not wait behind it
		return fair.Same
	}
	target, ok, err := e.directory.Target(e.sending, j.EndpointID)
	if err != nil {
		e.log.Error("delivery postponed, endpoint not read", "endpoint", j.EndpointID, "error", err)
		return fair.Same // likewise
	}
	if !ok {
		return fair.Same // deleted, and the delivery cancelled with it
	}
	if !target.Enabled && j.EventType != TestEvent {
		e.queueHealthTask(healthTask{endpoint: j.EndpointID}) // the process that disabled it may have died before it ended all deliveries
		return fair.Same
	}
	req, err := request(j, target, started)
	if err != nil {
		e.log.Error("delivery postponed, request not built", "endpoint", j.EndpointID, "error", err)
		return fair.Same
	}
	answer := e.send(j, started, req)
	if e.sending.Err() != nil && answer.Error != "" {
		return fair.Same // aborted by our shutdown; the lease ends and the attempt is repeated
	}
	r := e.evaluate(j, started, answer)
	if !r.pauseUntil.IsZero() {
		e.health.pause(j.EndpointID, r.pauseUntil)
	}
	if j.EventType != TestEvent {
		e.health.countAttempt(j.kind(), answer.Error == "")
	}
	speed := verdict(r)
	if !e.resultVisible(e.sending, j, target, answer) {
		r = r.redacted()
	}
	e.results <- r
	return speed
}

// sameTrace is how long after the event its first attempt is still part of the event's trace.
const sameTrace = time.Minute

// send sends one attempt. The first is part of the event's trace, a later one has a trace of its own that is linked to it. The
// request has no trace headers: the merchant's server is another system.
func (e *Engine) send(j Job, now time.Time, req *http.Request) egress.Answer {
	const name = "deliver webhook"
	var (
		ctx  = e.sending
		span trace.Span
	)
	if j.Attempts == 0 && now.Sub(j.CreatedAt) < sameTrace {
		ctx, span = trace.Continue(ctx, j.Trace, trace.Client, name)
	} else {
		ctx, span = trace.Root(ctx, []string{j.Trace}, trace.Client, name)
	}
	span.Set(trace.Delivery(j.ID), trace.Endpoint(j.EndpointID), trace.Reference(j.Reference), trace.Attempt(j.Attempts+1),
		trace.Method(req.Method), trace.Host(req.URL.Hostname()))
	a := e.client.Send(ctx, req)
	if a.Status != 0 {
		span.Set(trace.Status(a.Status))
	}
	if a.Error != "" {
		span.Fail(a.Error)
	}
	span.End(nil)
	return a
}

// withheld reports whether the delivery must not be attempted now: the endpoint asked for a pause, or this is a retry and the
// breaker is open.
func (e *Engine) withheld(j Job, now time.Time) bool {
	if j.EventType == TestEvent {
		return false
	}
	return e.health.paused(j.EndpointID, now) || !j.Probe && j.tried() && e.health.breakerOpen(j.kind())
}

// evaluate determines the state of a delivery after an attempt.
func (e *Engine) evaluate(j Job, started time.Time, a egress.Answer) result {
	r := result{job: j, started: started, duration: e.now().Sub(started), answer: a, status: Delivered}
	if a.Error == "" {
		return r
	}
	round := j.Attempts - j.Before + 1
	wait, more := e.cfg.Schedule.next(round, e.cfg.Jitter)
	r.status, r.retryAt = Pending, r.ended().Add(wait)
	if !more || a.Status == http.StatusGone || j.EventType == TestEvent {
		r.status = Exhausted
	}
	if pause := outbound.RetryAfter(a.RetryAfter, r.ended(), maxRetryAfter); pause > 0 {
		r.pauseUntil = r.ended().Add(pause)
		r.retryAt = later(r.retryAt, r.pauseUntil)
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
	failed := r.answer.Error != ""
	switch {
	case !failed && r.duration < fast:
		return fair.Fast
	case !failed:
		return fair.Late
	case r.answer.Error == egress.Timeout, r.duration > slow, r.answer.Status == http.StatusTooManyRequests:
		return fair.Slow
	default:
		return fair.Same
	}
}

// Held returns the number of deliveries in memory and of attempts in progress.
func (e *Engine) Held() (held, running int) { return e.pool.Held() }

// Stopping reports whether new attempts have ceased.
func (e *Engine) Stopping() bool { return e.pool.Closed() }
