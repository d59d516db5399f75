package consume

import (
	"slices"
	"testing"

	"european-pay.eu/eupay/internal/run/bus"
)

// ofOthers makes the handler ignore the events of all merchants but m_1.
func (f *fixture) ofOthers() {
	f.cfg.Ignores = func(e Event) bool { return e.Merchant != "m_1" }
}

func (f *fixture) number(sql string) (n int) {
	f.t.Helper()
	if err := f.pool.QueryRow(f.t.Context(), sql).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

func TestAnIgnoredEventIsAcknowledgedAndNotRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ofOthers()
	wanted, ignored := event(), event()
	ignored.Merchant = "m_2"
	f.publish(ignored, "")
	f.publish(wanted, "")
	f.publish(ignored, "")
	stop := f.run()
	eventually(t, "one effect", func() bool { return len(f.effects()) == 1 })
	f.allAcked()
	if got := f.effects(); !slices.Equal(got, []string{wanted.ID}) || f.seen[ignored.ID] != 0 {
		t.Errorf("effects of %v, the ignored event was handled %d times", got, f.seen[ignored.ID])
	}
	if n := f.number(`select count(*) from inbox`); n != 1 {
		t.Errorf("%d events are in the inbox, want 1", n)
	}
	stop()
}

// TestThePositionOfIgnoredEventsIsStored before they are acknowledged: should the stream lose its end, what takes their place may be wanted.
func TestThePositionOfIgnoredEventsIsStored(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ofOthers()
	ignored := event()
	ignored.Merchant = "m_2"
	for range 3 {
		f.publish(ignored, "")
	}
	f.run()
	eventually(t, "all are acknowledged", func() bool { // a consumer that has just been made has nothing outstanding either
		c, err := f.bus.JS.Consumer(t.Context(), bus.Events, f.cfg.Name)
		return err == nil && c.CachedInfo().AckFloor.Stream == 3
	})
	if n := f.number(`select last_sequence from consumer_position where consumer = 'tester'`); n != 3 {
		t.Errorf("the last position is %d, want 3", n)
	}
	if n := f.number(`select count(*) from inbox`); n != 0 {
		t.Errorf("%d events are in the inbox, want none", n)
	}
}

func TestAnIgnoredReplayIsRemovedFromTheQueue(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.ofOthers()
	ignored := event()
	ignored.Merchant = "m_2"
	f.publish(ignored, "eupay.replay.tester.evt.test.payment.completed.m_2", HeaderRedeliver)
	f.run()
	eventually(t, "the replay is gone", func() bool {
		s, err := f.bus.JS.Stream(t.Context(), bus.Replay)
		return err == nil && s.CachedInfo().State.Msgs == 0
	})
	if len(f.effects()) != 0 {
		t.Error("an ignored event had an effect")
	}
}
