package stack_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/internal/kit/pgtest"
)

// atRest is how many transactions per second the whole system may have while nobody uses it: half as many again as it has. Heartbeats and
// leases are promises; most of the rest is one question for each service per second.
const atRest = 45

// TestNothingBurnsAtRest: the system comes to rest after its start, and what polls does not keep the database busy.
func TestNothingBurnsAtRest(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	start(t, stack.Options{Dir: folder(t), DatabaseURL: url})
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	// By the database's clock. Its counters are complete after some seconds.
	look := func() (transactions int64, at time.Time) {
		err := db.QueryRow(t.Context(), `select xact_commit + xact_rollback, clock_timestamp() from pg_stat_database where datname = current_database()`).
			Scan(&transactions, &at)
		if err != nil {
			t.Fatal(err)
		}
		return transactions, at
	}
	var lowest float64
	for round := range 6 {
		before, since := look()
		if _, err := db.Exec(t.Context(), `select pg_sleep(10)`); err != nil {
			t.Fatal(err)
		}
		after, now := look()
		rate := float64(after-before) / now.Sub(since).Seconds()
		if rate <= atRest {
			return
		}
		if round == 0 || rate < lowest {
			lowest = rate
		}
	}
	t.Errorf("nobody uses the system, and the database has %.0f transactions per second", lowest)
}
