package outbox

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/leader"
)

// loseStream makes the broker lose all events, as with its disk.
func (f *fixture) loseStream() {
	f.t.Helper()
	lost, err := f.bus.JS.Stream(f.t.Context(), bus.Events)
	if err != nil {
		f.t.Fatal(err)
	}
	cfg := lost.CachedInfo().Config
	if err := f.bus.JS.DeleteStream(f.t.Context(), bus.Events); err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.bus.JS.CreateStream(f.t.Context(), cfg); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		f.t.Fatal(err)
	}
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

func sorted(ids []string) []string { slices.Sort(ids); return ids }

func (f *fixture) holds(what string, want ...string) {
	f.t.Helper()
	slices.Sort(want)
	eventually(f.t, what, func() bool { return slices.Equal(sorted(f.stored()), want) })
}

// TestEventsThatTheBrokerLostAreSentAgain while one leader stays in office: it repeated only when it changed.
func TestEventsThatTheBrokerLostAreSentAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	first, old, fresh := event(), event(), event()
	f.add(first, old)
	f.run()
	eventually(t, "published", func() bool { return f.count("published_at is not null") == 2 })
	f.exec(`update outbox set published_at = now() - interval '49 hours' where event_id = $1`, old.ID)
	f.loseStream()
	f.holds("what was lost is back", first.ID, old.ID)
	f.add(fresh)
	f.holds("and what is new", first.ID, old.ID, fresh.ID)
	eventually(t, "nothing is left to repeat", func() bool {
		var left int
		err := f.pool.QueryRow(t.Context(), `select count(*) from outbox_position where repeat_after < repeat_until`).Scan(&left)
		return err == nil && left == 0
	})
}

// TestTheLostEndOfTheStreamIsSentAgainAndNoMore: after a power cut, or when restored from a backup, the stream has an older end.
func TestTheLostEndOfTheStreamIsSentAgainAndNoMore(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var all []string
	for range 3 * repeatSize {
		e := event()
		all = append(all, e.ID)
		f.add(e)
	}
	_, stop := f.run()
	eventually(t, "published", func() bool { return f.count("published_at is null") == 0 })
	stop()
	f.exec(`update outbox set published_at = now() - interval '1 hour'`) // the last minutes are no help
	// As far as the relay can tell the last forty were never stored.
	s, err := f.bus.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	for seq := s.CachedInfo().State.LastSeq - 39; seq <= s.CachedInfo().State.LastSeq; seq++ {
		if err := s.DeleteMsg(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
	f.exec(`update outbox set event_id = gen_random_uuid() where id > (select max(id) - 40 from outbox)`) // or the broker would drop them as repeats
	f.run()
	eventually(t, "the end is back", func() bool { return len(f.stored40(t)) == len(all) })
	ids := f.stored40(t)
	if !slices.Equal(ids[:len(all)-40], all[:len(all)-40]) {
		t.Error("what was not lost was sent again")
	}
}

// stored40 is stored for a stream with holes: how often each message before them is there counts too.
func (f *fixture) stored40(t *testing.T) (ids []string) {
	t.Helper()
	s, err := f.bus.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.Header.Get(events.HeaderID))
	}
	return ids
}

// TestANewLeaderSendsNewEventsFirst: tens of thousands of repeats delayed new events by many seconds.
func TestANewLeaderSendsNewEventsFirst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	old := event()
	f.add(old)
	_, stop := f.run()
	eventually(t, "published", func() bool { return f.count("published_at is not null") == 1 })
	stop()
	f.loseStream()
	f.exec(`insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, data, published_at, sequence)
		select gen_random_uuid(), 'payment.completed', 'payments', 'm_1', true, now(), '', now(), g from generate_series(2, 3000) g`)
	fresh := event()
	f.add(fresh)
	f.run()
	var got []string
	eventually(t, "an event", func() bool { got = f.stored(); return len(got) > 0 })
	if got[0] != fresh.ID {
		t.Error("a repeat came before what is new")
	}
	eventually(t, "all repeated", func() bool { return f.streamSize() == 3001 })
	if f.count("published_at is null") != 0 {
		t.Error("repeats count as not published")
	}
}

func (f *fixture) streamSize() uint64 {
	f.t.Helper()
	s, err := f.bus.JS.Stream(f.t.Context(), bus.Events)
	if err != nil {
		f.t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// TestARelayThatWasDeposedMarksNothing: it may have been paused for minutes.
func TestARelayThatWasDeposedMarksNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	leases, ctx := make(chan *leader.Lease), t.Context()
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- leader.RunFenced(ctx, f.pool, "outbox:sender", slog.New(slog.DiscardHandler), func(ctx context.Context, l *leader.Lease) error {
			select {
			case leases <- l:
			case <-ctx.Done():
			}
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	relay := NewRelay(f.pool, f.bus, "sender", keep, slog.New(slog.DiscardHandler))
	paused := &term{Relay: relay, lease: <-leases}
	if _, err := paused.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.exec(`update leadership set holder = 'another', epoch = epoch + 1, expires_at = now() + interval '1 hour'`)
	f.add(event())
	if _, err := paused.round(t.Context()); !errors.Is(err, leader.ErrDeposed) {
		t.Errorf("got %v", err)
	}
	if f.count("published_at is not null") != 0 {
		t.Error("the deposed relay wrote")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
