package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
)

// Statuses of a delivery.
const (
	Waiting   = "waiting"
	Pending   = "pending"
	Delivered = "delivered"
	Exhausted = "exhausted"
	Missed    = "missed"
	Cancelled = "cancelled"
)

// result is the result of one attempt.
type result struct {
	job      Job
	started  time.Time
	duration time.Duration
	answer   egress.Answer
	// status is the new status of the delivery; retryAt is set for Pending. Empty: no attempt was made and the lease is released.
	status  string
	retryAt time.Time
	// pauseUntil is until when the endpoint asked for a pause; zero if it did not.
	pauseUntil time.Time
}

func (r result) ended() time.Time { return r.started.Add(r.duration) }

// recordSQL records attempts if this process still holds the lease. A delivery that was taken over and finished (even by this
// process, if results could not be written for longer than a lease) or cancelled is not changed.
const recordSQL = `with r as (
	select * from unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::bigint[], $5::int[], $6::bytea[], $7::text[], $8::text[], $9::timestamptz[],
		$10::timestamptz[], $12::text[], $11::uuid[])
	as r (id, number, started_at, duration_micros, response_status, response_body, error, status, next_attempt_at, finished_at, response_headers, lessee)
), ended as (
	update deliveries d set status = r.status, attempt_count = r.number, next_attempt_at = r.next_attempt_at,
		claimable_at = r.next_attempt_at, lease_owner = null, finished_at = r.finished_at
	from r where d.id = r.id and d.status || '' = 'pending' and d.lease_owner = r.lessee and d.attempt_count = r.number - 1
	returning d.id, d.endpoint_id
)
insert into attempts (delivery_id, endpoint_id, number, started_at, duration_micros, response_status, response_headers, response_body, error)
select r.id, ended.endpoint_id, r.number, r.started_at, r.duration_micros, r.response_status, r.response_headers, r.response_body, r.error
from r join ended using (id)
on conflict (delivery_id, number) do nothing`

// recorded is the outcome of writing results.
type recorded struct {
	// next are deliveries that are due now, leased to the holder.
	next []Job
	// asked are the endpoints whose conditions were read: those in the results that are, or recently were, unhealthy.
	asked      []string
	conditions []condition
}

// record writes results and the health of their endpoints, and promotes the next delivery of each payment, in one transaction and
// one round trip.
func record(
	ctx context.Context, db pg.DB, br Breaker, results []result, ill func(endpointID string) bool, h holder, now time.Time,
) (done recorded, err error) {
	var (
		b          = &pgx.Batch{} // one implicit transaction
		references = make([]string, len(results))
		lanes      = make([]lane, len(results))
	)
	for i, r := range results {
		references[i] = r.job.Reference
		lanes[i] = lane{r.job.EndpointID, r.job.Reference}
	}
	queueLocks(b, references)
	b.Queue(recordSQL, resultArrays(results)...)
	queuePromote(b, lanes, now, h, &done.next)
	done.asked = queueHealth(b, br, results, ill, now, &done.conditions)
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return recorded{}, fmt.Errorf("record attempts: %w", err)
	}
	return done, nil
}

func resultArrays(results []result) []any {
	n := len(results)
	ids, errors, statuses := make([]string, n), make([]string, n), make([]string, n)
	numbers, codes, durations := make([]int32, n), make([]int32, n), make([]int64, n)
	started, next, finished := make([]time.Time, n), make([]time.Time, n), make([]*time.Time, n)
	bodies, headers, lessees := make([][]byte, n), make([]string, n), make([]string, n)
	for i, r := range results {
		ids[i], errors[i], statuses[i] = r.job.ID, r.answer.Error, r.status
		numbers[i], codes[i], durations[i] = int32(r.job.Attempts+1), int32(r.answer.Status), r.duration.Microseconds()
		started[i], next[i], bodies[i] = r.started, r.ended(), r.answer.Body
		headers[i], lessees[i] = r.answer.Headers, r.job.Lessee
		if bodies[i] == nil {
			bodies[i] = []byte{}
		}
		if r.status == Pending {
			next[i] = r.retryAt
		} else {
			ended := r.ended()
			finished[i] = &ended
		}
	}
	return []any{ids, numbers, started, durations, codes, bodies, errors, statuses, next, finished, lessees, headers}
}
