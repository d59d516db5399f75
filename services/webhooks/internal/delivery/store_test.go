package delivery

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

const leaseTime = time.Minute

var calm = Breaker{Failures: 10, Pause: 5 * time.Second, Longest: time.Minute, Trial: leaseTime}

// anyone may have been ill.
func anyone(string) bool { return true }

func held(owner string, now time.Time) holder { return holder{owner, now.Add(leaseTime)} }

var start = time.Date(2026, 6, 17, 12, 25, 30, 0, time.UTC)

// recorded stores a delivery that owner has the lease of.
func leased(t *testing.T, db *pgxpool.Pool, owner string, sequence int64) Job {
	t.Helper()
	j := Job{
		ID: events.NewID(), EndpointID: "00000000-0000-0000-0000-000000000001", EventID: events.NewID(), EventType: "payment.completed",
		Reference: "PAY-1", Body: []byte("{}"), CreatedAt: start, LeaseUntil: start.Add(leaseTime), Lessee: owner,
	}
	_, err := insert(t.Context(), db, nil, []*row{{job: j, merchant: "m_1", sequence: sequence, reserved: true, settle: func(bool) {}}}, held(owner, start), start)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func outcome(j Job, status string, at time.Time) result {
	return result{job: j, started: at, duration: time.Second, status: status, retryAt: at.Add(6 * time.Second), answer: egress.Answer{Status: 200}}
}

func state(t *testing.T, db *pgxpool.Pool, j Job) (status string, attempts, rows int) {
	t.Helper()
	err := db.QueryRow(t.Context(), `select status, attempt_count, (select count(*) from attempts where delivery_id = d.id) from deliveries d where id = $1`, j.ID).
		Scan(&status, &attempts, &rows)
	if err != nil {
		t.Fatal(err)
	}
	return status, attempts, rows
}

func TestOnlyTheHolderOfTheLeaseRecordsAResult(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	dead, heir := uuid.NewString(), uuid.NewString()
	j := leased(t, db, dead, 1)
	everything := shares{all: 10, unknown: 10}
	if found, err := claim(t.Context(), db, calm, everything, held(heir, start.Add(leaseTime-time.Microsecond)), start.Add(leaseTime-time.Microsecond)); err != nil || len(found.jobs) != 0 {
		t.Fatalf("%d claimed within the lease, %v", len(found.jobs), err)
	}
	now := start.Add(leaseTime)
	if found, err := claim(t.Context(), db, calm, everything, held(heir, now), now); err != nil || len(found.jobs) != 1 {
		t.Fatalf("%d claimed after the lease, %v", len(found.jobs), err)
	}
	if _, err := record(t.Context(), db, calm, []result{outcome(j, Delivered, now)}, anyone, held(dead, now), now); err != nil {
		t.Fatal(err)
	}
	if status, attempts, rows := state(t, db, j); status != Pending || attempts != 0 || rows != 0 {
		t.Errorf("the dead process recorded %s, %d, %d", status, attempts, rows)
	}
	// The heir took it twice, since it could not write for longer than a lease: both results are of the first attempt.
	j.Lessee = heir
	twice := []result{outcome(j, Pending, now), outcome(j, Pending, now)}
	for range 2 {
		if _, err := record(t.Context(), db, calm, twice, anyone, held(heir, now), now); err != nil {
			t.Fatal(err)
		}
	}
	if status, attempts, rows := state(t, db, j); status != Pending || attempts != 1 || rows != 1 {
		t.Errorf("the heir recorded %s, %d, %d", status, attempts, rows)
	}
}

func TestReleasedLeasesAreFreeAtOnce(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	owner, other := uuid.NewString(), uuid.NewString()
	j := leased(t, db, owner, 1)
	for _, by := range []string{other, owner} {
		j.Lessee = by
		if err := release(t.Context(), db, []Job{j}); err != nil {
			t.Fatal(err)
		}
		found, err := claim(t.Context(), db, calm, shares{all: 10, unknown: 10}, held(other, start), start)
		if err != nil || (len(found.jobs) == 1) != (by == owner) {
			t.Errorf("%d claimed after the release, %v", len(found.jobs), err)
		}
	}
}

func TestAClaimTakesFromEachEndpointItsShare(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	_, err := db.Exec(t.Context(), `insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body,
			status, created_at, next_attempt_at, claimable_at)
		select gen_random_uuid(), ('00000000-0000-0000-0000-00000000000' || n % 3)::uuid, 'm', false, gen_random_uuid(), 't', 'PAY-' || n, 1, '',
			'pending', $1, $1, $1::timestamptz + n % 5 * interval '1 minute' from generate_series(0, 299) n`, start)
	if err != nil {
		t.Fatal(err)
	}
	s := shares{all: 1000, unknown: 7, names: []string{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"}, shares: []int{0, 12}}
	found, err := claim(t.Context(), db, calm, s, held(uuid.NewString(), start), start)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, j := range found.jobs {
		got[j.EndpointID[35:]]++
	}
	if len(found.jobs) != 19 || got["0"] != 7 || got["1"] != 0 || got["2"] != 12 {
		t.Errorf("claimed %v", got)
	}
	if found.next == nil || !found.next.Equal(start.Add(time.Minute)) {
		t.Errorf("next due %v", found.next)
	}
	if found, err := claim(t.Context(), db, calm, shares{all: 5, unknown: 100}, held(uuid.NewString(), start), start); err != nil || len(found.jobs) != 5 {
		t.Errorf("%d claimed where 5 have room, %v", len(found.jobs), err)
	}
}
