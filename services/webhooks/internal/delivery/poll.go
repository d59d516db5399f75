package delivery

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/due"
)

const (
	// claimWait bounds one look for due deliveries.
	claimWait = 10 * time.Second
	// heldShare is how many deliveries of an open breaker that were never tried are claimed for a queue that memory does
	// not know.
	heldShare = 8
)

// poll claims what is due: retries, what had no room in memory, and what a process that died left behind.
func (e *Engine) poll(ctx context.Context) error {
	const longest = time.Second
	for ctx.Err() == nil {
		wait := longest
		_, next, err := e.claimDue(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			e.log.Warn("due deliveries not read, trying again", "error", err)
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

// ClaimNow does one round of looking for due deliveries and returns how many it found.
func (e *Engine) ClaimNow(ctx context.Context) (int, error) {
	n, _, err := e.claimDue(ctx)
	return n, err
}

func (e *Engine) claimDue(ctx context.Context) (int, *time.Time, error) {
	// Not broken off when the service stops: it could be committed all the same, and nobody would know what it leased.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimWait)
	defer cancel()
	s := shares{unknown: e.pool.Unknown(), held: heldShare}
	s.all, s.names, s.shares = e.pool.Shares()
	s.asked = e.health.known()
	found, err := claim(ctx, e.db, e.cfg.Breaker, s, e.holder(e.now()), e.now())
	if err != nil {
		return 0, nil, err
	}
	e.health.learn(s.asked, found.conditions)
	got := make(map[string]int)
	for _, j := range found.jobs {
		queue := e.queue(j)
		got[queue]++
		e.pool.Add(queue, j)
	}
	e.noteRest(s, got)
	return len(found.jobs), found.next, nil
}

// noteRest tells the pool which queues may have more in the database than was claimed: those that got all they had
// room for.
func (e *Engine) noteRest(s shares, got map[string]int) {
	full, total := make(map[string]bool), 0
	for i, name := range s.names {
		full[name] = got[name] >= s.shares[i]
	}
	for name, n := range got {
		total += n
		if _, known := full[name]; !known {
			full[name] = n >= s.unknown || isHeld(name) && n >= s.held
		}
	}
	for name, more := range full {
		e.pool.Rest(name, more || total >= s.all)
	}
}

// observe keeps the gauges of the backlog.
func (e *Engine) observe(ctx context.Context) error {
	due.Every(ctx, 15*time.Second, "measuring the backlog", e.log, e.measure)
	return nil
}

func (e *Engine) measure(ctx context.Context) error {
	var (
		open   int64
		oldest *time.Time
	)
	err := e.db.QueryRow(ctx, `select count(*), min(next_attempt_at) filter (where status = 'pending')
		from deliveries where status in ('waiting', 'pending')`).Scan(&open, &oldest)
	if err != nil {
		return fmt.Errorf("measure backlog: %w", err)
	}
	age := time.Duration(0)
	if oldest != nil {
		age = max(e.now().Sub(*oldest), 0)
	}
	var tripped int64
	if err := e.db.QueryRow(ctx, `select count(distinct endpoint_id) from breakers where tripped`).Scan(&tripped); err != nil {
		return fmt.Errorf("count open breakers: %w", err)
	}
	breakersOpen.Set(float64(tripped))
	backlog.Set(float64(open))
	oldestDue.Set(age.Seconds())
	return nil
}
