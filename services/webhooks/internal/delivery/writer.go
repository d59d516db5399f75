package delivery

import (
	"context"
	"net/http"
	"time"
)

const (
	// writeBatch bounds the results of one transaction.
	writeBatch = 256
	// writeWait bounds one transaction.
	writeWait = 10 * time.Second
)

// write records results until the channel is closed. It takes what is there without waiting for more: a lone result is
// written at once, a flood in large transactions.
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

// store writes a batch, again while the database is away. It gives up when the leases end, since others then attempt
// these deliveries once more.
func (e *Engine) store(batch []result) {
	batch, back := e.part(batch)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		done, err := e.try(batch, back)
		if err == nil {
			e.settle(batch, done)
			return
		}
		if e.overdue(batch, back) || e.sending.Err() != nil {
			e.log.Error("results of attempts are lost, the deliveries will be repeated", "attempts", len(batch), "error", err)
			return
		}
		e.log.Warn("results of attempts not written, trying again", "error", err)
		select {
		case <-time.After(wait):
		case <-e.sending.Done():
		}
	}
}

// part separates the attempts from the leases that are given back without one.
func (e *Engine) part(all []result) (made []result, back []Job) {
	for _, r := range all {
		if r.status == "" {
			back = append(back, r.job)
		} else {
			made = append(made, r)
		}
	}
	return made, back
}

// overdue reports whether others may have taken over meanwhile.
func (e *Engine) overdue(made []result, back []Job) bool {
	first := time.Time{}
	if len(made) > 0 {
		first = made[0].job.LeaseUntil
	} else if len(back) > 0 {
		first = back[0].LeaseUntil
	}
	return e.now().After(first)
}

func (e *Engine) try(made []result, back []Job) (done recorded, err error) {
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
	return record(ctx, e.db, e.cfg.Breaker, made, e.health.knows, e.holder(now), now)
}

// settle counts the results and hands over what they let go.
func (e *Engine) settle(batch []result, done recorded) {
	hungry := e.learn(batch, done)
	for _, j := range done.next {
		e.pool.Add(e.queue(j), j)
	}
	for _, r := range batch {
		if r.status != Pending {
			finished.WithLabelValues(r.status).Inc()
		}
		word := r.answer.Error
		if word == "" {
			word = "success"
			accepted.Observe(r.ended().Sub(r.job.CreatedAt).Seconds())
		}
		attempts.WithLabelValues(word).Observe(r.duration.Seconds())
		if r.answer.Status == http.StatusGone && r.job.EventType != TestEvent {
			e.bury(dead{endpoint: r.job.EndpointID, reason: "gone"})
		}
		hungry = hungry || r.status == Pending && r.retryAt.Sub(r.ended()) < time.Second || e.pool.Hungry(e.queue(r.job))
	}
	if hungry {
		e.Wake()
	}
}

// learn takes note of how the endpoints are. It reports whether something that was held back may go again, so that there
// may be much to claim.
func (e *Engine) learn(batch []result, done recorded) (well bool) {
	now := e.now()
	before := make(map[kind]bool)
	for _, r := range batch {
		before[r.job.kind()] = e.health.held(r.job.kind()) || e.health.asked(r.job.EndpointID, now)
	}
	e.health.learn(done.asked, done.conditions)
	for _, r := range batch {
		well = well || r.answer.Error == "" && (before[r.job.kind()] || r.job.EventType == TestEvent)
	}
	for _, c := range done.conditions {
		if c.Event == "" && now.Sub(c.failingSince) >= e.cfg.DisableAfter {
			e.bury(dead{endpoint: c.Endpoint, reason: "failing", failingSince: c.failingSince})
		}
		if c.tripped && e.health.tell(c.Endpoint, now) {
			e.bury(dead{endpoint: c.Endpoint, warn: true})
		}
	}
	return well
}
