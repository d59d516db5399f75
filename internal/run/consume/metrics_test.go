package consume

import (
	"errors"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// gauge returns the value of another package's gauge for this consumer.
func gauge(t *testing.T, name string, labels map[string]string) (value float64, there bool) {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			matching := 0
			for _, l := range m.GetLabel() {
				if want, asked := labels[l.GetName()]; asked && want == l.GetValue() {
					matching++
				}
			}
			if matching == len(labels) {
				return m.GetGauge().GetValue(), true
			}
		}
	}
	return 0, false
}

func TestAConsumerIsMeasured(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.cfg.Name = "measured"
	bad, good := event(), event()
	f.refuse = func(batch []Event) error {
		for _, e := range batch {
			if e.ID == bad.ID {
				return fmt.Errorf("apply: %w", Poison(errors.New("no such thing")))
			}
		}
		return nil
	}
	f.publish(bad, "")
	f.publish(good, "")
	stop := f.run()
	eventually(t, "one is applied and one parked", func() bool {
		return testutil.ToFloat64(settled.WithLabelValues("measured", resultApplied)) == 1 && testutil.ToFloat64(settled.WithLabelValues("measured", resultParked)) == 1
	})
	waiting := map[string]string{"stream": "EUPAY_EVENTS", "consumer": "measured"}
	eventually(t, "nothing is before it", func() bool {
		n, there := gauge(t, "eupay_consumer_unacknowledged_messages", waiting)
		behind, too := gauge(t, "eupay_consumer_pending_messages", waiting)
		return there && too && n == 0 && behind == 0
	})
	leads := map[string]string{"lease": "consume measured", "service": "consumer"}
	if is, _ := gauge(t, "eupay_leader", leads); is != 1 {
		t.Error("it consumes and does not lead")
	}
	stop()
	if is, there := gauge(t, "eupay_leader", leads); is != 0 || !there {
		t.Error("it leads after it has stopped")
	}
	if _, there := gauge(t, "eupay_consumer_pending_messages", waiting); there {
		t.Error("who does not consume says how far behind the consumer is")
	}
	if !appliedAfter.DeleteLabelValues("measured") || !applySeconds.DeleteLabelValues("measured") {
		t.Error("no time was measured")
	}
}
