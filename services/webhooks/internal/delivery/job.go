package delivery

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// lease is how long a process has a delivery for itself, when one attempt may take timeout: long enough for the wait
// before the attempt and the writing after it. It is worth nothing once the process is not seen any more (vigil).
func lease(timeout time.Duration) time.Duration { return 6 * timeout }

// Job is a delivery that this process has the lease of.
type Job struct {
	ID, EndpointID, EventID, EventType, Reference string

	Body []byte
	// Attempts made before, and those of them that belong to rounds before a resend.
	Attempts, Before int

	CreatedAt  time.Time
	LeaseUntil time.Time
	// Lessee is the name under which this process has the lease.
	Lessee string
	// Probe may be sent although its breaker is open.
	Probe bool
}

func (j Job) kind() kind { return kind{j.EndpointID, j.EventType} }

// tried reports whether an attempt of this round was made: what was not is sent at once, whatever the endpoint's health.
func (j Job) tried() bool { return j.Attempts > j.Before }

const jobColumns = `d.id::text, d.endpoint_id::text, d.event_id::text, d.event_type, d.reference, d.body,
	d.attempt_count, d.attempts_before, d.created_at, d.claimable_at, coalesce(d.lease_owner::text, '')`

// targets are where jobColumns are read to.
func (j *Job) targets(more ...any) []any {
	return append([]any{
		&j.ID, &j.EndpointID, &j.EventID, &j.EventType, &j.Reference, &j.Body, &j.Attempts, &j.Before, &j.CreatedAt, &j.LeaseUntil,
		&j.Lessee,
	}, more...)
}

func scanJob(row pgx.CollectableRow) (Job, error) {
	var j Job
	err := row.Scan(j.targets(&j.Probe)...)
	return j, err
}

// lane is all that one endpoint hears of one payment: it is heard in order.
type lane struct{ Endpoint, Reference string }
