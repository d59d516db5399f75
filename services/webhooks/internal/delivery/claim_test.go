package delivery

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// backlogs records so many due deliveries for each of so many endpoints; those of an endpoint with a lower number have been due for
// longer, all of them.
func backlogs(t *testing.T, db *pgxpool.Pool, endpoints, each int) {
	t.Helper()
	_, err := db.Exec(t.Context(), `insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body,
			status, created_at, next_attempt_at, claimable_at)
		select gen_random_uuid(), ('00000000-0000-0000-0000-' || lpad(e::text, 12, '0'))::uuid, 'm_' || e, false, gen_random_uuid(),
			'payment.' || n % 2, 'PAY-' || e || '-' || n, 1, '', 'pending', $1, $1, $1::timestamptz - interval '1 day' + e * interval '1 minute' + n * interval '1 second'
		from generate_series(0, $2 - 1) e, generate_series(0, $3 - 1) n`, start, endpoints, each)
	if err != nil {
		t.Fatal(err)
	}
}

// TestNobodyWaitsForTheBacklogOfAnother: after a restart the pool knows no endpoint, and a thousand of them have more than fits.
func TestNobodyWaitsForTheBacklogOfAnother(t *testing.T) {
	t.Parallel()
	const endpoints = 1000
	for _, slots := range []int{6144, endpoints, 100} {
		t.Run(fmt.Sprint(slots, " slots"), func(t *testing.T) {
			t.Parallel()
			db, _ := pgtest.New(t, "webhooks", migrations.Files)
			backlogs(t, db, endpoints, 20)
			owner, got := uuid.NewString(), map[string]int{}
			s := shares{all: slots, unknown: 64}
			for range (endpoints + slots - 1) / slots {
				found, err := claim(t.Context(), db, calm, s, held(owner, start), start)
				if err != nil || len(found.jobs) > slots || len(found.jobs) < min(slots, endpoints) {
					t.Fatalf("%d claimed for %d slots, %v", len(found.jobs), slots, err)
				}
				for _, j := range found.jobs {
					if got[j.EndpointID]++; got[j.EndpointID] == 1 { // the pool has it now, and has finished it when the next claim comes
						s.names, s.shares = append(s.names, j.EndpointID), append(s.shares, 64)
					}
					if j.Share < 1 || j.Share > max(slots/endpoints+1, 1) {
						t.Fatalf("the claim would have taken %d of one endpoint", j.Share)
					}
				}
			}
			if len(got) != endpoints {
				t.Errorf("%d of %d endpoints had their first delivery claimed", len(got), endpoints)
			}
		})
	}
}

// TestAloneAnEndpointIsClaimedWhole: only endpoints that have something due divide the room.
func TestAloneAnEndpointIsClaimedWhole(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	backlogs(t, db, 50, 20)
	if _, err := db.Exec(t.Context(), `update deliveries set claimable_at = $1 where merchant_id <> 'm_7'`, start.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	found, err := claim(t.Context(), db, calm, shares{all: 20, unknown: 64}, held(uuid.NewString(), start), start)
	if err != nil || len(found.jobs) != 20 || found.jobs[0].Share != 20 {
		t.Errorf("%d claimed of 20 that are due, %v", len(found.jobs), err)
	}
}

func TestWhatAClaimLeftIsNoted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		jobs []Job
		full bool
	}{
		"none":              {nil, false},
		"fewer":             {[]Job{{Share: 2}}, false},
		"its share":         {[]Job{{Share: 2}, {Share: 2}}, true},
		"a probe":           {[]Job{{Share: 1, Probe: true}}, false},
		"a probe and first": {[]Job{{Share: 1, Probe: true}, {Share: 1}}, true},
	} {
		var got taken
		for _, j := range c.jobs {
			got = got.and(j)
		}
		if got.full() != c.full {
			t.Errorf("%s: %v", name, got)
		}
	}
}
