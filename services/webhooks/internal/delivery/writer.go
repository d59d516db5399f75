package delivery

import (
	"context"
	"net/http"
	"time"
)

const (
	// writeBatch is the maximum number of results per transaction.
	writeBatch = 256
	// writeWait is the deadline of one transaction.
	writeWait = 10 * time.Second
)

// write records results until the channel is closed. It takes the available results without waiting for more: a single result is
// written at once, a burst in large transactions.
func (e *Engine) write() {
	for first := range e.results {
		batch := []result{first}
		for len(batch) < writeBatch {
			select {
			case r, ok := <-e.results:
				if ok {
					batch = append(batch, r)
					continue
				}
			default:
			}
			break
		}
		e.store(batch)
	}
}

// store writes a batch and retries while the database is unavailable. It gives up when the leases end, because others then
// attempt these deliveries again.
func (e *Engine) store(batch []result) {
	batch, back := e.splitResults(batch)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		done, err := e.recordResults(batch, back)
		if err == nil {
			e.settle(batch, done)
			return
		}
		if e.overdue(batch, back) || e.sending.Err() != nil {
			e.log.Error("results of attempts lost, the deliveries will be repeated", "attempts", len(batch), "error", err)
			return
		}
		e.log.Warn("results of attempts not written, retrying", "error", err)
		select {
		case <-time.After(wait):
		case <-e.sending.Done():
		}
	}
}

// splitResults separates attempts from leases that are released without an attempt.
func (e *Engine) splitResults(all []result) (made []result, back []Job) {
	for _, r := range all {
		if r.status == "" {
			back = append(back, r.job)
		} else {
			made = append(made, r)
		}
	}
	return made, back
}

// overdue reports whether others may have taken over in the meantime.
func (e *Engine) overdue(made []result, back []Job) bool {
	first := time.Time{}
	if len(made) > 0 {
		first = made[0].job.LeaseUntil
	} else if len(back) > 0 {
		first = back[0].LeaseUntil
	}
	return e.now().After(first)
}

func (e *Engine) recordResults(made []result, back []Job) (done recorded, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeWait)
	defer cancel()
	if len(back) > 0 {
		if err := release(ctx, e.db, back); err != nil {
			return recorded{}, err
		}
	}
	if len(made) == 0 {
		return recorded{}, nil
	}
	now := e.now()
	return record(ctx, e.db, e.cfg.Breaker, made, e.health.isUnhealthy, e.holder(now), now)
}

// settle counts the results and queues the deliveries that they made due.
func (e *Engine) settle(batch []result, done recorded) {
	hungry := e.updateHealth(batch, done)
	for _, j := range done.next {
		e.pool.Add(e.queueName(j), j)
	}
	for _, r := range batch {
		if r.status != Pending {
			finished.WithLabelValues(r.status).Inc()
		}
		if r.job.Attempts == 0 {
			firstAttempt.Observe(max(r.started.Sub(r.job.CreatedAt).Seconds(), 0))
		}
		label := r.answer.Error
		if label == "" {
			label = "success"
			accepted.Observe(r.ended().Sub(r.job.CreatedAt).Seconds())
		}
		attempts.WithLabelValues(label).Observe(r.duration.Seconds())
		if r.answer.Status == http.StatusGone && r.job.EventType != TestEvent {
			e.queueHealthTask(healthTask{endpoint: r.job.EndpointID, reason: "gone"})
		}
		hungry = hungry || r.status == Pending && r.retryAt.Sub(r.ended()) < time.Second || e.pool.Hungry(e.queueName(r.job))
	}
	if hungry {
		e.Wake()
	}
}

// updateHealth updates the health of the endpoints. It reports whether deliveries that were held back may be sent again, so that
// there may be much to claim.
func (e *Engine) updateHealth(batch []result, done recorded) (well bool) {
	now := e.now()
	before := make(map[kind]bool)
	for _, r := range batch {
		before[r.job.kind()] = e.health.breakerOpen(r.job.kind()) || e.health.paused(r.job.EndpointID, now)
	}
	e.health.update(done.asked, done.conditions)
	for _, r := range batch {
		well = well || r.answer.Error == "" && (before[r.job.kind()] || r.job.EventType == TestEvent)
	}
	for _, c := range done.conditions {
		if c.Event == "" && now.Sub(c.failingSince) >= e.cfg.DisableAfter {
			e.queueHealthTask(healthTask{endpoint: c.Endpoint, reason: "failing", failingSince: c.failingSince})
		}
		if c.tripped && e.health.warnDue(c.Endpoint, now) {
			e.queueHealthTask(healthTask{endpoint: c.Endpoint, warn: true})
		}
	}
	return well
}
