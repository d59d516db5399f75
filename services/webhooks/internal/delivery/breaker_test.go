package delivery

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

const ill = "00000000-0000-0000-0000-000000000001"

// broken is an endpoint whose attempts the test makes up.
type broken struct {
	t     *testing.T
	db    *pgxpool.Pool
	owner string
}

func newBroken(t *testing.T) *broken {
	t.Helper()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	return &broken{t: t, db: db, owner: uuid.NewString()}
}

// due records n deliveries of as many payments, which this process has the lease of until now.
func (b *broken) due(n int, now time.Time) (jobs []Job) {
	b.t.Helper()
	return b.dueOf("payment.completed", n, true, now)
}

func (b *broken) dueOf(eventType string, n int, reserved bool, now time.Time) (jobs []Job) {
	b.t.Helper()
	for range n {
		jobs = append(jobs, Job{
			ID: events.NewID(), EndpointID: ill, EventID: events.NewID(), EventType: eventType, Reference: "PAY-" + events.NewID(),
			Body: []byte("{}"), CreatedAt: now, LeaseUntil: now.Add(leaseTime), Lessee: b.owner,
		})
	}
	rows := make([]*row, n)
	for i, j := range jobs {
		rows[i] = &row{job: j, merchant: "m_1", sequence: 1, reserved: reserved, settle: func(bool) {}}
	}
	if _, err := insert(b.t.Context(), b.db, nil, rows, held(b.owner, now), now); err != nil {
		b.t.Fatal(err)
	}
	return jobs
}

// attempted records one batch of attempts that ended now; word is empty for a success.
func (b *broken) attempted(word string, now time.Time, jobs ...Job) {
	b.t.Helper()
	list := make([]result, len(jobs))
	for i, j := range jobs {
		list[i] = b.result(j, word, now)
	}
	b.record(now, list...)
}

func (b *broken) result(j Job, word string, now time.Time) result {
	r := result{job: j, started: now, status: Delivered, answer: egress.Answer{Status: 200}}
	if word != "" {
		r.status, r.retryAt, r.answer = Pending, now.Add(5*time.Second), egress.Answer{Status: 500, Error: word}
	}
	return r
}

func (b *broken) record(now time.Time, list ...result) {
	b.t.Helper()
	if _, err := record(b.t.Context(), b.db, calm, list, anyone, held(b.owner, now), now); err != nil {
		b.t.Fatal(err)
	}
}

// is compares the breaker of payment.completed: how often that failed, the openings, and how long retries are held back.
func (b *broken) is(want string, now time.Time) {
	b.t.Helper()
	var (
		failures, trips int
		tripped         bool
		until           *time.Time
	)
	got := "well"
	err := b.db.QueryRow(b.t.Context(), `select failures, tripped, trips, paused_until from breakers where endpoint_id = $1 and event_type = 'payment.completed'`, ill).
		Scan(&failures, &tripped, &trips, &until)
	switch {
	case err == nil:
		pause := time.Duration(0)
		if until != nil {
			pause = until.Sub(now)
		}
		got = fmt.Sprintf("%d failures, tripped %t, trips %d, %v", failures, tripped, trips, pause)
	case !errors.Is(err, pgx.ErrNoRows):
		b.t.Fatal(err)
	}
	if got != want {
		b.t.Errorf("health: %s, want %s", got, want)
	}
}

func (b *broken) claim(now time.Time) []Job {
	b.t.Helper()
	found, err := claim(b.t.Context(), b.db, calm, shares{all: 100, unknown: 100, held: 3}, held(b.owner, now), now)
	if err != nil {
		b.t.Fatal(err)
	}
	return found.jobs
}

func TestTheBreakerOpensWithTheTenthFailureInARow(t *testing.T) {
	t.Parallel()
	for name, batches := range map[string][]int{"one by one": {1, 1, 1, 1, 1, 1, 1, 1, 1}, "at once": {9}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBroken(t)
			for _, n := range batches {
				b.attempted("status", start, b.due(n, start)...)
			}
			b.is("9 failures, tripped false, trips 0, 0s", start)
			b.attempted("status", start, b.due(1, start)...)
			b.is("10 failures, tripped true, trips 1, 5s", start)
		})
	}
	t.Run("ten at once", func(t *testing.T) {
		t.Parallel()
		b := newBroken(t)
		b.attempted("status", start, b.due(10, start)...)
		b.is("10 failures, tripped true, trips 1, 5s", start)
	})
}

func TestASuccessAmongFailuresClosesTheBreaker(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	b.attempted("status", start, b.due(9, start)...)
	jobs := b.due(3, start)
	b.record(start, b.result(jobs[0], "status", start), b.result(jobs[1], "", start), b.result(jobs[2], "status", start))
	b.is("well", start)
	b.attempted("status", start, b.due(9, start)...)
	b.is("9 failures, tripped false, trips 0, 0s", start)
}

// TestAHalfOpenBreakerSendsOneProbe: the others wait as long as that one may last, also where it never ends.
func TestAHalfOpenBreakerSendsOneProbe(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	b.attempted("status", start, b.due(12, start)...)
	now := start.Add(5 * time.Second)
	if got := b.claim(now.Add(-time.Microsecond)); len(got) != 0 {
		t.Fatalf("%d go while the breaker is open", len(got))
	}
	probe := b.claim(now)
	if len(probe) != 1 || !probe[0].Probe {
		t.Fatalf("half open: %d go, want one, as a probe", len(probe))
	}
	for _, at := range []time.Time{now, now.Add(leaseTime - time.Microsecond)} {
		if got := b.claim(at); len(got) != 0 {
			t.Fatalf("%d go beside the probe", len(got))
		}
	}
	now = now.Add(leaseTime) // who had the probe is dead
	probe = b.claim(now)
	if len(probe) != 1 || !probe[0].Probe {
		t.Fatalf("after the lease %d go, want another probe", len(probe))
	}
	b.attempted("", now, probe...)
	b.is("well", now)
	if got := b.claim(now); len(got) != 11 || got[0].Probe {
		t.Errorf("closed: %d go, want all others", len(got))
	}
}

// TestOnlyAFailedProbeLengthensThePause: attempts that were under way when the breaker opened end later.
func TestOnlyAFailedProbeLengthensThePause(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	late := b.due(3, start)
	b.attempted("status", start, b.due(10, start)...)
	b.attempted("timeout", start.Add(time.Second), late[:2]...)
	b.is("12 failures, tripped true, trips 1, 5s", start)
	now := start.Add(5 * time.Second)
	probe := b.claim(now)
	if len(probe) != 1 {
		t.Fatalf("%d go", len(probe))
	}
	b.attempted("timeout", now, late[2])
	b.is(fmt.Sprintf("13 failures, tripped true, trips 1, %v", leaseTime), now) // the probe is still under way
	if _, err := b.db.Exec(t.Context(), `update breakers set paused_until = $1`, now); err != nil {
		t.Fatal(err)
	}
	b.attempted("status", now, probe[0])
	b.is("14 failures, tripped true, trips 2, 10s", now)
}

// TestAFailedTestDoesNotChangeTheHealth: its merchant may be trying.
func TestAFailedTestDoesNotChangeTheHealth(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	jobs := b.due(12, start)
	for i := range jobs {
		jobs[i].EventType = TestEvent
	}
	b.attempted("status", start, jobs...)
	b.is("well", start)
}

// TestAFailingTypeHoldsBackOnlyItself: its retries wait for a probe; what was never tried, and other types, do not.
func TestAFailingTypeHoldsBackOnlyItself(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	b.attempted("status", start, b.dueOf("payment.failed", 12, true, start)...)
	b.is("well", start)
	now := start.Add(4 * time.Second)
	b.dueOf("payment.completed", 2, false, now)
	b.dueOf("payment.failed", 5, false, now)
	got := map[string]int{}
	for _, j := range b.claim(now) {
		got[j.EventType]++
		if j.Probe || j.Attempts != 0 {
			t.Errorf("%+v goes", j)
		}
	}
	// Of the type that fails only as many as its queue takes (3), so that a flood of it cannot fill memory.
	if got["payment.completed"] != 2 || got["payment.failed"] != 3 {
		t.Errorf("claimed %v, want 2 payment.completed and 3 payment.failed", got)
	}
	completed := b.dueOf("payment.completed", 1, true, now)
	b.attempted("", now, completed...)
	now = start.Add(5 * time.Second)
	probes, fresh := 0, 0
	for _, j := range b.claim(now) {
		if j.Probe {
			probes++
		} else if j.Attempts == 0 {
			fresh++
		}
	}
	if probes != 1 || fresh != 2 {
		t.Errorf("%d probes and %d that were never tried go after a success of another type, want 1 and 2", probes, fresh)
	}
}

// TestASuccessOfTheTypeReleasesItsRetries, and leaves the other types' breakers alone.
func TestASuccessOfTheTypeReleasesItsRetries(t *testing.T) {
	t.Parallel()
	b := newBroken(t)
	b.attempted("status", start, b.dueOf("payment.failed", 10, true, start)...)
	b.attempted("status", start, b.due(10, start)...)
	now := start.Add(5 * time.Second)
	fresh := b.due(1, now)
	b.attempted("", now, fresh...)
	b.is("well", now)
	got := map[string]int{}
	for _, j := range b.claim(now) {
		got[j.EventType]++
	}
	if got["payment.completed"] != 10 || got["payment.failed"] != 1 {
		t.Errorf("claimed %v, want all payment.completed and one payment.failed as a probe", got)
	}
}
