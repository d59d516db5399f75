package delivery

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

func TestTheLeasesOfADeadProcessEndWithIt(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	dead, living, heir := uuid.NewString(), uuid.NewString(), uuid.NewString()
	for _, id := range []string{dead, living, heir} {
		if err := registerWorker(t.Context(), db, id, start); err != nil {
			t.Fatal(err)
		}
	}
	first, others := leased(t, db, dead, 1), newBroken(t)
	others.db = db
	others.owner = living
	others.due(3, start)
	now := start.Add(deadAfter + time.Microsecond)
	if alive, err := recordHeartbeat(t.Context(), db, living, now); !alive || err != nil {
		t.Fatal(alive, err)
	}
	silent, err := silentWorkers(t.Context(), db, heir, now.Add(-deadAfter))
	if at, ok := silent[dead]; err != nil || len(silent) != 1 || !ok || !at.Equal(start) {
		t.Fatalf("taken for dead: %v, %v", silent, err)
	}
	if n, err := takeOverLeases(t.Context(), db, silent); n != 1 || err != nil {
		t.Fatalf("%d leases ended, %v", n, err)
	}
	found, err := claim(t.Context(), db, calm, shares{all: 10, unknown: 10}, held(heir, now), now)
	if err != nil || len(found.jobs) != 1 || found.jobs[0].ID != first.ID || found.jobs[0].Lessee != heir {
		t.Fatalf("claimed %+v, %v", found.jobs, err)
	}
	// The dead process was only disconnected. Its late results are ignored, and it learns that it was removed.
	if _, err := record(t.Context(), db, calm, []result{outcome(first, Delivered, now)}, anyone, held(dead, now), now); err != nil {
		t.Fatal(err)
	}
	if status, attempts, _ := state(t, db, first); status != Pending || attempts != 0 {
		t.Errorf("the process that was cut off recorded %s, %d", status, attempts)
	}
	if alive, err := recordHeartbeat(t.Context(), db, dead, now); alive || err != nil {
		t.Errorf("it is taken for alive: %t, %v", alive, err)
	}
}

func TestAProcessWithANewHeartbeatKeepsItsLeases(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	id := uuid.NewString()
	if err := registerWorker(t.Context(), db, id, start); err != nil {
		t.Fatal(err)
	}
	leased(t, db, id, 1)
	if _, err := recordHeartbeat(t.Context(), db, id, start.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := takeOverLeases(t.Context(), db, map[string]time.Time{id: start}); n != 0 || err != nil {
		t.Errorf("%d leases ended, %v", n, err)
	}
}
