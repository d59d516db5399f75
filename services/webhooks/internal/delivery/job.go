package delivery

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// lease is how long a process may hold a delivery, given the timeout of an attempt: long enough to wait for the attempt and to
// write its result. It ends early if the process sends no heartbeats (see liveness).
func lease(timeout time.Duration) time.Duration { return 6 * timeout }

// Job is a delivery that is leased to this process.
type Job struct {
	ID, EndpointID, EventID, EventType, Reference string

	Body []byte
	// Attempts made so far, and those of them that belong to rounds before a resend.
	Attempts, Before int

	CreatedAt  time.Time
	LeaseUntil time.Time
	// Lessee is the name under which this process holds the lease.
	Lessee string
	// Trace is the traceparent of what made the delivery; empty if it was a version that knows none.
	Trace string
	// Probe allows the delivery to be sent although its breaker is open.
	Probe bool
	// Share is how many deliveries of its queue the claim would have taken; 0 if it was not claimed.
	Share int
}

func (j Job) kind() kind { return kind{j.EndpointID, j.EventType} }

// tried reports whether this round has had an attempt. First attempts are sent at once, whatever the endpoint's health.
func (j Job) tried() bool { return j.Attempts > j.Before }

const jobColumns = `d.id::text, d.endpoint_id::text, d.event_id::text, d.event_type, d.reference, d.body,
	d.attempt_count, d.attempts_before, d.created_at, d.claimable_at, coalesce(d.lease_owner::text, ''), d.trace`

// targets are the scan targets for jobColumns.
func (j *Job) targets(more ...any) []any {
	return append([]any{
		&j.ID, &j.EndpointID, &j.EventID, &j.EventType, &j.Reference, &j.Body, &j.Attempts, &j.Before, &j.CreatedAt, &j.LeaseUntil,
		&j.Lessee, &j.Trace,
	}, more...)
}

func scanJob(row pgx.CollectableRow) (Job, error) {
	var j Job
	err := row.Scan(j.targets(&j.Probe, &j.Share)...)
	return j, err
}

// lane is everything that one endpoint receives about one payment; it is delivered in order.
type lane struct{ Endpoint, Reference string }
