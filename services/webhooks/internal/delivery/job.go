package delivery

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// lease is how long a process has a delivery for itself, when one attempt may take timeout: long enough for the wait
// before the attempt and the writing after it. When the process dies, another takes over after that.
func lease(timeout time.Duration) time.Duration { return 6 * timeout }

// Job is a delivery that this process has the lease of.
type Job struct {
	ID, EndpointID, EventID, EventType, Reference string

	Body []byte
	// Attempts made before.
	Attempts   int
	CreatedAt  time.Time
	LeaseUntil time.Time
}

const jobColumns = `d.id::text, d.endpoint_id::text, d.event_id::text, d.event_type, d.reference, d.body, d.attempt_count, d.created_at, d.claimable_at`

func scanJob(row pgx.CollectableRow) (Job, error) {
	var j Job
	err := row.Scan(&j.ID, &j.EndpointID, &j.EventID, &j.EventType, &j.Reference, &j.Body, &j.Attempts, &j.CreatedAt, &j.LeaseUntil)
	return j, err
}

// lane is all that one endpoint hears of one payment: it is heard in order.
type lane struct{ endpoint, reference string }
