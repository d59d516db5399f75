package consume

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
)

// fleet is a consumer with any number of replicas, each with connections of its own.
type fleet struct {
	*fixture
	url string
	// before is called with each batch, before its effects.
	before func(ctx context.Context, tx pgx.Tx, batch []Event) error
	// next is the number of each merchant's next event.
	next map[string]int
}

func newFleet(t testing.TB) *fleet {
	t.Helper()
	url := pgtest.Database(t, "consumer", os.DirFS("testdata/migrations"))
	f := &fleet{
		url: url, next: make(map[string]int), before: func(context.Context, pgx.Tx, []Event) error { return nil },
		fixture: &fixture{t: t, bus: natstest.New(t), cfg: Config{Name: "tester", Subjects: []string{"eupay.evt.*.payment.>"}, AckWait: 30 * time.Second}},
	}
	f.pool = f.open()
	f.exec(`create table numbered (id bigint generated always as identity primary key, merchant text not null, number int not null)`)
	return f
}

func (f *fleet) open() *pgxpool.Pool {
	f.t.Helper()
	pool, err := pg.Open(context.Background(), pg.Settings{URL: f.url, Schema: "consumer"})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(pool.Close)
	return pool
}

// start runs a replica with a number of lanes.
func (f *fleet) start(lanes int) (stop func()) {
	f.t.Helper()
	cfg := f.cfg
	cfg.Lanes = lanes
	c := New(cfg, f.open(), f.bus, f.handleNumbered, nil, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
	})
	f.t.Cleanup(stop)
	return stop
}

func (f *fleet) handleNumbered(ctx context.Context, tx pgx.Tx, batch []Event) error {
	if err := f.before(ctx, tx, batch); err != nil {
		return err
	}
	var merchants, numbers []string
	for _, e := range batch {
		merchants, numbers = append(merchants, e.Merchant), append(numbers, string(e.Data))
	}
	_, err := tx.Exec(ctx, `insert into numbered (merchant, number) select * from unnest($1::text[], $2::int[])`, merchants, numbers)
	return err
}

// publishNext publishes the next event of each merchant.
func (f *fleet) publishNext(merchants ...string) {
	f.t.Helper()
	for _, m := range merchants {
		f.next[m]++
		e := event()
		e.Merchant, e.Data = m, []byte(strconv.Itoa(f.next[m]))
		if _, err := f.bus.JS.PublishMsgAsync(e.Message(e.Subject())); err != nil {
			f.t.Fatal(err)
		}
	}
}

// appliedOf waits until every event of these merchants took effect, and requires that each did once and in order.
func (f *fleet) appliedOf(merchants ...string) {
	f.t.Helper()
	<-f.bus.JS.PublishAsyncComplete()
	want := 0
	for _, m := range merchants {
		want += f.next[m]
	}
	eventually(f.t, fmt.Sprintf("%d effects", want), func() bool { return f.effectsOf(merchants) >= want })
	for _, m := range merchants {
		rows, err := f.pool.Query(context.Background(), `select number from numbered where merchant = $1 order by id`, m)
		if err != nil {
			f.t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[int])
		if err != nil {
			f.t.Fatal(err)
		}
		if len(got) != f.next[m] || !slices.IsSorted(got) || len(slices.Compact(got)) != f.next[m] {
			f.t.Errorf("%s: %v, want 1 to %d", m, got, f.next[m])
		}
	}
}

func (f *fleet) effectsOf(merchants []string) (n int) {
	f.t.Helper()
	if err := f.pool.QueryRow(context.Background(), `select count(*) from numbered where merchant = any($1)`, merchants).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// spread waits until as many replicas lead a lane each.
func (f *fleet) spread(replicas int) {
	f.t.Helper()
	eventually(f.t, "the lanes are spread", func() bool {
		var leaders, lanes int
		err := f.pool.QueryRow(context.Background(), `select count(distinct holder), count(*) from leadership where job like '%/%' and expires_at > now()`).Scan(&leaders, &lanes)
		return err == nil && leaders == replicas && lanes == replicas
	})
}

func merchants(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("m_%d", i))
	}
	return list
}

// inLane returns a merchant of each lane.
func inLane(lanes int) []string {
	list := make([]string, lanes)
	for _, m := range merchants(100) {
		list[events.LaneOf(m, lanes)] = m
	}
	return list
}

// TestTheNumberOfLanesChangesUnderLoad as in rollouts: replicas of the version before, which have one lane, and with other numbers run side
// by side. Each event takes effect once, and those of a merchant in their order.
func TestTheNumberOfLanesChangesUnderLoad(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.cfg.Batch = 5
	all := merchants(12)
	var stop func()
	for i, lanes := range []int{1, 2, 4, 2, 1} {
		stopNext := f.start(lanes)
		for range 10 {
			f.publishNext(all...)
		}
		if i > 0 {
			stop() // in the middle of its work
		}
		for range 10 {
			f.publishNext(all...)
		}
		stop = stopNext
		f.appliedOf(all...)
	}
}

// TestReplicasConsumeSideBySide: a lane that is stuck stops no other, and the replica that is left takes over.
func TestReplicasConsumeSideBySide(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	two := inLane(2)
	stuck, goOn := make(chan struct{}, 100), make(chan struct{})
	f.before = func(_ context.Context, _ pgx.Tx, batch []Event) error {
		if batch[0].Merchant == two[0] {
			stuck <- struct{}{}
			<-goOn
		}
		return nil
	}
	first, second := f.start(2), f.start(2)
	f.spread(2)
	f.publishNext(two[0])
	<-stuck
	for range 20 {
		f.publishNext(two[1])
	}
	f.appliedOf(two[1])
	if n := f.effectsOf(two[:1]); n != 0 {
		t.Fatalf("%d effects of a lane that is stuck", n)
	}
	close(goOn)
	f.appliedOf(two...)
	first()
	f.publishNext(two...)
	f.appliedOf(two...)
	second()
}

// TestALaneStoresWhatItPasses: should the stream lose its end, what takes the place of another lane's events may be this lane's.
func TestALaneStoresWhatItPasses(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	two := inLane(2)
	f.start(2)
	f.publishNext(two[0], two[0], two[0])
	f.appliedOf(two[0])
	for lane, name := range events.Durables("tester", 2) {
		eventually(t, "all acknowledged by "+name, func() bool {
			c, err := f.bus.JS.Consumer(t.Context(), bus.Events, name)
			return err == nil && c.CachedInfo().AckFloor.Stream == 3
		})
		var last int
		if err := f.pool.QueryRow(t.Context(), `select last_sequence from consumer_position where consumer = $1`, name).Scan(&last); err != nil || last != 3 {
			t.Errorf("lane %d is at %d, %v", lane, last, err)
		}
	}
}

// TestDurablesOfAnotherNumberOfLanesAreDeleted, and the time from which to go on is kept.
func TestDurablesOfAnotherNumberOfLanesAreDeleted(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.publishNext("m_1")
	for _, lanes := range []int{2, 4, 1} {
		stop := f.start(lanes)
		f.appliedOf("m_1")
		for _, name := range events.Durables("tester", lanes) {
			eventually(t, name, func() bool { _, err := f.bus.JS.Consumer(t.Context(), bus.Events, name); return err == nil })
		}
		var names []string
		s, err := f.bus.JS.Stream(t.Context(), bus.Events)
		if err != nil {
			t.Fatal(err)
		}
		list := s.ConsumerNames(t.Context())
		for name := range list.Name() {
			names = append(names, name)
		}
		slices.Sort(names)
		if err := list.Err(); err != nil || !slices.Equal(names, events.Durables("tester", lanes)) {
			t.Errorf("%d lanes: %v, %v", lanes, names, err)
		}
		stop()
	}
}

// TestTheTimeOfAllLanesIsThatOfTheSlowest, and unknown while that of one is.
func TestTheTimeOfAllLanesIsThatOfTheSlowest(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	c := New(Config{Name: "tester", Lanes: 2}, f.pool, f.bus, nil, nil, slog.New(slog.DiscardHandler))
	says := func() *time.Time {
		t.Helper()
		if err := c.noteAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		next := New(Config{Name: "tester", Lanes: 4}, f.pool, f.bus, nil, nil, slog.New(slog.DiscardHandler))
		floor, err := next.floor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return floor
	}
	f.exec(`insert into consumer_position (consumer, floor_at) values ('tester-2-1', $1), ('tester-2-2', null)`, at.Add(time.Minute))
	if floor := says(); floor != nil {
		t.Errorf("with one lane unknown the next number begins at %v", floor)
	}
	f.exec(`update consumer_position set floor_at = $1 where consumer = 'tester-2-2'`, at)
	if floor := says(); floor == nil || !floor.Equal(at) {
		t.Errorf("the next number begins at %v, want %v", floor, at)
	}
	f.exec(`update consumer_position set floor_at = $1 where consumer = 'tester-2-2'`, at.Add(-time.Hour))
	if floor := says(); floor == nil || !floor.Equal(at) {
		t.Errorf("what was settled is not settled any more: %v", floor)
	}
}
