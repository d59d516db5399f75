package transmit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// fill adds n transmissions of a merchant, all due.
func (f *fixture) fill(merchant string, n int, due time.Time) {
	f.t.Helper()
	f.exec(`insert into transmissions (id, kind, subject, merchant_id, livemode, due_at, created_at)
		select gen_random_uuid(), 'document', gen_random_uuid(), $1, true, $3, $3 from generate_series(1, $2)`, merchant, n, due)
}

func TestAThousandAreSentOnceByTwoEngines(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for m := range 7 {
		f.fill(fmt.Sprintf("m_%d", m), 100, f.clock.Now())
	}
	f.fill("m_many", 300, f.clock.Now())
	all := make(chan Transmission, 2000)
	f.sender.then(func(_ context.Context, t Transmission) error {
		all <- t
		return nil
	})
	first, second := run(t, f.Engine), run(t, f.engine(Config{}))
	seen := map[uuid.UUID]bool{}
	for range 1000 {
		one := <-all
		if seen[one.Subject] {
			t.Errorf("%s was sent twice", one.Subject)
		}
		seen[one.Subject] = true
	}
	first()
	second()
	var sent int
	err := f.pool.QueryRow(t.Context(), `select count(*) from transmissions where state = 'sent' and attempts = 1 and lease is null`).Scan(&sent)
	if err != nil || sent != 1000 || len(all) != 0 {
		t.Errorf("%d of 1000, %d too many, %v", sent, len(all), err)
	}
}

// One merchant's backlog costs another merchant one turn, not the backlog.
func TestABacklogOfOneMerchantDoesNotDelayAnother(t *testing.T) {
	t.Parallel()
	for _, newcomer := range []string{"m_a", "m_z"} { // before and after it in the order of turns
		f := setup(t)
		f.fill("m_backlog", 10_000, f.clock.Now().Add(-time.Hour))
		began, letGo := f.sender.holding()
		stop := run(t, f.Engine)
		for range f.cfg.Workers {
			<-began // every worker is busy with the backlog
		}
		subject := f.add(newcomer)
		turns := 0
		for found := false; !found; {
			letGo <- nil
			turns++
			found = (<-began).Subject == subject
		}
		if turns > 2 {
			t.Errorf("%s waited for %d others", newcomer, turns)
		}
		f.sender.fails(nil)
		f.exec(`delete from transmissions where state = 'waiting' and lease is null`)
		for range f.cfg.Workers {
			letGo <- nil
		}
		stop()
	}
}

func TestMerchantsTakeTurns(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for m := range 5 {
		f.fill(fmt.Sprintf("m_%d", m), 100*(m+1), f.clock.Now())
	}
	f.Engine = f.engine(Config{Workers: 1})
	for range 50 {
		due, err := f.claimDue(t.Context(), uuid.New(), f.modes[true], 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			f.modes[true].after = ""
			continue
		}
		f.modes[true].after = due[0].MerchantID
	}
	rows, err := f.pool.Query(t.Context(), `select count(*) from transmissions where lease is not null group by merchant_id`)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(counts) != 5 {
		t.Fatal(counts, err)
	}
	for _, n := range counts {
		if n < 8 || n > 9 { // every sixth claim only ends a round
			t.Errorf("turns: %v", counts)
		}
	}
}

// A hundred thousand rows (the plan is the same with half a million), most of them sent, a backlog, and a thousand merchants who wait for something.
func TestTheClaimUsesTheIndex(t *testing.T) {
	t.Parallel()
	f := setup(t)
	now := f.clock.Now()
	f.exec(`insert into transmissions (id, kind, subject, merchant_id, livemode, state, due_at, ended_at, created_at)
		select gen_random_uuid(), 'document', gen_random_uuid(), 'm_' || i / 5 % 1000, true, case when i % 5 = 0 then 'waiting' else 'sent' end,
			case when i % 5 = 0 then $1::timestamptz + interval '1 hour' end, case when i % 5 <> 0 then $1::timestamptz end, $1
		from generate_series(1, 90000) i`, now)
	f.fill("m_backlog", 10_000, now.Add(-time.Hour))
	for _, analysed := range []bool{false, true} {
		if analysed {
			f.exec(`analyze transmissions`)
		}
		for _, after := range []string{"", "m_500"} {
			f.explain(after)
		}
	}
}

func (f *fixture) explain(after string) {
	f.t.Helper()
	tx, err := f.pool.Begin(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	now := f.clock.Now()
	rows, err := tx.Query(context.Background(), `explain (analyze, buffers, timing off) `+claimDueSQL, now.Add(time.Minute), uuid.New(), true, now, after, 8)
	if err != nil {
		f.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	plan := strings.Join(lines, "\n")
	f.t.Log(plan)
	if strings.Contains(plan, "Seq Scan on transmissions") || strings.Contains(plan, "Sort Key: t.due_at") || !strings.Contains(plan, "transmissions_turns") {
		f.t.Errorf("the claim reads more than it takes, from %q:\n%s", after, plan)
	}
}
