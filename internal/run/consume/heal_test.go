package consume

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/pg"
)

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// TestALostConsumerComesBack while the process runs: the durable was created once, and never checked again.
func TestALostConsumerComesBack(t *testing.T) {
	t.Parallel()
	f := setup(t)
	want := f.publishNew(2)
	f.run()
	f.applied(want)
	for _, stream := range []string{bus.Events, bus.Replay} {
		if err := f.bus.JS.DeleteConsumer(t.Context(), stream, f.cfg.Name); err != nil {
			t.Fatal(err)
		}
	}
	want = append(want, f.publishNew(2)...)
	f.applied(want)
	e := event()
	f.publish(e, "eupay.replay.tester.evt.test.payment.completed.m_1")
	f.applied(append(want, e.ID))
}

// TestAConsumerThatTheBrokerCannotStoreIsReplaced: one that is created right after its deletion can lose its folder to that deletion, and
// then no update of it succeeds.
func TestAConsumerThatTheBrokerCannotStoreIsReplaced(t *testing.T) {
	t.Parallel()
	f := setup(t)
	dir := t.TempDir()
	f.bus = natstest.Connect(t, natstest.ServerIn(t, dir).URL())
	want := f.publishNew(2)
	stop := f.run()
	f.applied(want)
	stop()
	for _, stream := range []string{bus.Events, bus.Replay} {
		folder := filepath.Join(dir, "jetstream", "$G", "streams", stream, "obs", f.cfg.Name)
		if err := os.Rename(folder, filepath.Join(t.TempDir(), stream)); err != nil { // at once: the broker may be writing
			t.Fatal(err)
		}
	}
	f.run()
	want = append(want, f.publishNew(2)...)
	f.applied(want)
	e := event()
	f.publish(e, "eupay.replay.tester.evt.test.payment.completed.m_1")
	f.applied(append(want, e.ID))
}

// TestALostStreamComesBack, and with it its consumers.
func TestALostStreamComesBack(t *testing.T) {
	t.Parallel()
	f := setup(t)
	want := f.publishNew(2)
	f.run()
	f.applied(want)
	for _, stream := range []string{bus.Events, bus.Replay} {
		if err := f.bus.JS.DeleteStream(t.Context(), stream); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the stream is back", func() bool { _, err := f.bus.JS.Stream(t.Context(), bus.Events); return err == nil })
	want = append(want, f.publishNew(2)...)
	f.applied(want)
}

// TestALostConsumerRestartsSlightlyBeforeTheLastSettledEvent, and not at the start of the ninety days in the stream.
func TestALostConsumerRestartsSlightlyBeforeTheLastSettledEvent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	want := f.publishNew(2)
	floor := time.Now().Add(margin)
	f.exec(`insert into consumer_position (consumer, floor_at) values ('tester', $1)`, floor)
	stop := f.run()
	eventually(t, "the durable is there", func() bool { _, err := f.bus.JS.Consumer(t.Context(), bus.Events, "tester"); return err == nil })
	c, err := f.bus.JS.Consumer(t.Context(), bus.Events, "tester")
	if err != nil || c.CachedInfo().Config.OptStartTime == nil || !c.CachedInfo().Config.OptStartTime.Equal(floor.Add(-margin).Truncate(time.Microsecond)) {
		t.Fatalf("it begins at %v, %v", c.CachedInfo().Config.OptStartTime, err)
	}
	stop()
	if got := f.effects(); len(got) != 0 {
		t.Errorf("what is settled came again: %v of %v", got, want)
	}
	// It is taken over at its original start: the broker refuses to change that.
	stop = f.run()
	want = f.publishNew(1)
	f.applied(want)
	stop()
}

// TestAStreamThatLostItsEndIsConsumedAgain: the durable stands behind the end of the stream, and what is stored there anew would be passed
// over.
func TestAStreamThatLostItsEndIsConsumedAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	want := f.publishNew(3)
	stop := f.run()
	f.applied(want)
	stop()
	// The last message is another than the one that was applied: its place was taken.
	f.exec(`update consumer_position set last_at = last_at - interval '1 minute', floor_at = now() - interval '1 hour'`)
	f.exec(`delete from inbox where event_id = $1`, want[2])
	f.run()
	f.applied(append(want, want[2]))
}

// TestADatabaseThatIsReadOnlyForAMomentParksNothing: during a failover valid events became dead letters.
func TestADatabaseThatIsReadOnlyForAMomentParksNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.MaxAttempts = 1
	want := f.publishNew(1)
	f.run()
	f.applied(want)
	f.exec(`do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`)
	f.exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
	want = append(want, f.publishNew(5)...)
	eventually(t, "nothing can be written", func() bool {
		_, err := f.pool.Exec(t.Context(), `update effects set event_id = event_id where false`) // writes nothing, and may not all the same
		if err == nil {
			// This session began before the change and could not be seen when the others were ended.
			_, _ = f.pool.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()`)
		}
		return err != nil && pg.IsInfrastructure(err)
	})
	admin, err := pg.Open(t.Context(), pg.Settings{URL: withAny(f.pool.Config().ConnString()), Schema: "consumer", MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, sql := range []string{
		`set default_transaction_read_only = off`,
		`do $$ begin execute format('alter database %I reset default_transaction_read_only', current_database()); end $$`,
	} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all are applied", func() bool { return len(f.effects()) == len(want) })
	if n := f.dead(); n != 0 {
		t.Errorf("%d good events were parked", n)
	}
}

func withAny(url string) string {
	if strings.Contains(url, "?") {
		return url + "&target_session_attrs=any"
	}
	return url + "?target_session_attrs=any"
}

// TestErrorsOfTheServiceParkNothing: a wrong key or a bug is not the event's fault.
func TestErrorsOfTheServiceParkNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.MaxAttempts = 1
	n := 0
	f.refuse = func([]Event) error {
		if n++; n < 3 {
			return errors.New("open secret: it was sealed with another key")
		}
		return nil
	}
	f.run()
	f.applied(f.publishNew(1))
	if n := f.dead(); n != 0 {
		t.Errorf("%d were parked", n)
	}
}

// TestTheSpellingOfAnIDDoesNotMatter: such an event was acknowledged without any effect.
func TestTheSpellingOfAnIDDoesNotMatter(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.run()
	var want []string
	for _, spell := range []func(string) string{
		strings.ToUpper, func(id string) string { return "{" + id + "}" }, func(id string) string { return "urn:uuid:" + id },
	} {
		e := event()
		want = append(want, e.ID)
		e.ID = spell(e.ID)
		f.publish(e, "")
	}
	f.applied(want)
	again := event()
	again.ID = strings.ToUpper(want[0])
	f.publish(again, "")
	f.applied(want)
}

// TestADeposedConsumerChangesNothing: a paused process finishes its transaction when another one already consumes.
func TestADeposedConsumerChangesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refuse = func([]Event) error {
		f.exec(`update leadership set holder = 'another', epoch = epoch + 1, expires_at = now() + interval '1 hour'`)
		return nil
	}
	f.publishNew(1)
	f.run()
	eventually(t, "it was handled", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.batches > 0 })
	eventually(t, "the event is given back", func() bool {
		c, err := f.bus.JS.Consumer(t.Context(), bus.Events, f.cfg.Name)
		return err == nil && c.CachedInfo().AckFloor.Stream == 0 && c.CachedInfo().Delivered.Stream == 1
	})
	if got := f.effects(); len(got) != 0 {
		t.Errorf("the old leader's effects: %v", got)
	}
}

// TestInboxesArePurged: whole months of them, and none of which an event may come again.
func TestInboxesArePurged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	inThreeYears := time.Now().AddDate(3, 0, 0)
	const day = 24 * time.Hour
	purge := func(atLeast time.Duration, at time.Time) (left int) {
		k := KeepInbox(f.pool, f.bus, atLeast, func() time.Time { return at }, slog.New(slog.DiscardHandler))
		if err := k.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.pool.QueryRow(t.Context(), `select count(*) from inbox`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		return left
	}
	f.exec(`insert into inbox (consumer, event_id, received_at) values ('tester', $1, $3), ('other', $2, $3)`, uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), inThreeYears)
	for _, kept := range []struct {
		atLeast, after time.Duration
		want           int
	}{{0, 104 * day, 2}, {365 * day, 104*day + time.Second, 2}, {365 * day, 365 * day, 2}, {0, 104*day + time.Second, 0}} {
		if left := purge(kept.atLeast, inThreeYears.Add(kept.after)); left != kept.want {
			t.Errorf("%d are left of events received %v ago, kept for at least %v", left, kept.after, kept.atLeast)
		}
	}
}

// TestAnInboxRemembersForAsLongAsAnOperatorKeepsEvents.
func TestAnInboxRemembersForAsLongAsAnOperatorKeepsEvents(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if keep, ok, err := retention(t.Context(), f.bus, 0); err != nil || !ok || keep != 104*24*time.Hour {
		t.Errorf("%v, %v, %v", keep, ok, err)
	}
	for age, want := range map[time.Duration]time.Duration{365 * 24 * time.Hour: 379 * 24 * time.Hour, 0: 0} {
		s, err := f.bus.JS.Stream(t.Context(), bus.Events)
		if err != nil {
			t.Fatal(err)
		}
		cfg := s.CachedInfo().Config
		cfg.MaxAge = age
		if _, err := f.bus.JS.UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		if keep, ok, err := retention(t.Context(), f.bus, 0); err != nil || ok != (age > 0) || ok && keep != want {
			t.Errorf("age %v: %v, %v, %v", age, keep, ok, err)
		}
	}
}
