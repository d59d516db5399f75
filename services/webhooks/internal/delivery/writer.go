package delivery

import (
	"context"
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
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		next, err := e.try(batch)
		if err == nil {
			e.settle(batch, next)
			return
		}
		if e.now().After(batch[0].job.LeaseUntil) || e.sending.Err() != nil {
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

func (e *Engine) try(batch []result) ([]Job, error) {
	ctx, cancel := context.WithTimeout(context.Background(), writeWait)
	defer cancel()
	now := e.now()
	return record(ctx, e.db, batch, e.holder(now), now)
}

// settle counts the results and hands over what they let go.
func (e *Engine) settle(batch []result, next []Job) {
	for _, j := range next {
		e.pool.Add(j.EndpointID, j)
	}
	hungry := false
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
		hungry = hungry || r.status == Pending && r.retryAt.Sub(r.ended()) < time.Second || e.pool.Hungry(r.job.EndpointID)
	}
	if hungry {
		e.Wake()
	}
}
