package delivery

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/due"
)

const (
	// claimWait is the deadline of one claim.
	claimWait = 10 * time.Second
	// heldShare is how many first attempts of an open breaker are claimed for a queue that is not in memory.
	heldShare = 8
)

// poll claims due deliveries: retries, those that had no slot in memory, and those of processes that died.
func (e *Engine) poll(ctx context.Context) error {
	const longest = time.Second
	for ctx.Err() == nil {
		wait := longest
		_, next, err := e.claimDue(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			e.log.Warn("due deliveries not claimed, retrying", "error", err)
		case err == nil && next != nil:
			wait = max(min(next.Sub(e.now()), longest), time.Millisecond)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-e.poke:
		}
		timer.Stop()
	}
	return nil
}

// ClaimNow claims due deliveries once and returns how many it found.
func (e *Engine) ClaimNow(ctx context.Context) (int, error) {
	n, _, err := e.claimDue(ctx)
	return n, err
}

func (e *Engine) claimDue(ctx context.Context) (int, *time.Time, error) {
	// Not cancelled by a shutdown: the claim could be committed anyway, and nobody would know which deliveries it leased.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimWait)
	defer cancel()
	s := shares{unknown: e.pool.Unknown(), held: heldShare}
	s.all, s.names, s.shares = e.pool.Shares()
	s.asked = e.health.unhealthy()
	found, err := claim(ctx, e.db, e.cfg.Breaker, s, e.holder(e.now()), e.now())
	if err != nil {
		return 0, nil, err
	}
	e.health.update(s.asked, found.conditions)
	got := make(map[string]taken)
	for _, j := range found.jobs {
		queue := e.queueName(j)
		got[queue] = got[queue].and(j)
		e.pool.Add(queue, j)
	}
	e.noteRest(s, got, len(found.jobs))
	return len(found.jobs), found.next, nil
}

// taken is what a claim took for one queue, and how much it would have taken.
type taken struct{ jobs, share int }

func (t taken) and(j Job) taken {
	t.jobs++
	if !j.Probe { // of which there is never more than one
		t.share = max(t.share, j.Share)
	}
	return t
}

// full reports whether there may be more.
func (t taken) full() bool { return t.share > 0 && t.jobs >= t.share }

// noteRest tells the pool which queues may have more deliveries in the database: those that used their whole share.
func (e *Engine) noteRest(s shares, got map[string]taken, total int) {
	rest := make(map[string]bool)
	for i, name := range s.names {
		rest[name] = s.shares[i] <= 0
	}
	for name, t := range got {
		rest[name] = t.full()
	}
	for name, more := range rest {
		e.pool.Rest(name, more || total >= s.all)
	}
}

// observe updates the backlog gauges.
func (e *Engine) observe(ctx context.Context) error {
	due.Every(ctx, 15*time.Second, "measure the backlog", e.log, e.measure)
	return nil
}

func (e *Engine) measure(ctx context.Context) error {
	open, oldest, err := measureBacklog(ctx, e.db)
	if err != nil {
		return err
	}
	age := time.Duration(0)
	if oldest != nil {
		age = max(e.now().Sub(*oldest), 0)
	}
	tripped, err := countTrippedEndpoints(ctx, e.db)
	if err != nil {
		return err
	}
	breakersOpen.Set(float64(tripped))
	backlog.Set(float64(open))
	oldestDue.Set(age.Seconds())
	return nil
}
