package webhooks

import (
	"context"
	"fmt"
	"testing"

	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
)

// TestTwoReplicasWithALaneEachDeliverOnce with the permissions that the service has at the broker; and one without lanes goes on.
func TestTwoReplicasWithALaneEachDeliverOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	received := newSink(t, status(200))
	merchants := []string{"m_1", ""}
	for i := 2; merchants[1] == ""; i++ {
		if m := fmt.Sprintf("m_%d", i); events.LaneOf(m, 2) != events.LaneOf("m_1", 2) {
			merchants[1] = m
		}
	}
	f.cfg.EventLanes = 2
	f.start()
	second := *f
	second.start()
	eventually(t, "each leads a lane", func() bool {
		var leaders int
		err := f.core.Pool.QueryRow(t.Context(), `select count(distinct holder) from leadership where job like 'consume webhooks _/2' and expires_at > now()`).Scan(&leaders)
		return err == nil && leaders == 2
	})
	for _, m := range merchants {
		f.endpointOf(m, received.URL+"/"+m, "payment.completed")
	}
	sent := 0
	send := func() {
		for _, m := range merchants {
			p := payment()
			p.MerchantId, p.Reference = m, fmt.Sprintf("PAY-20260617-%016X", sent)
			sent++
			f.publish(f.event("payment.completed", &eventsv1.PaymentChanged{Payment: p}))
		}
	}
	seen := map[string]bool{}
	receive := func() {
		t.Helper()
		for len(seen) < sent {
			h := received.next(t)
			if id := h.header.Get("webhook-id"); seen[id] {
				t.Errorf("%s came twice", id)
			} else {
				seen[id] = true
			}
		}
	}
	for range 5 {
		send()
	}
	receive()
	backlog, err := operationsv1.NewBacklogServiceClient(f.conn).ListConsumers(context.Background(), &operationsv1.ListConsumersRequest{})
	if err != nil || len(backlog.GetConsumers()) != 3 {
		t.Errorf("the backlog has %v, %v; want two lanes and the replays", backlog.GetConsumers(), err)
	}
	for _, c := range backlog.GetConsumers() {
		if c.GetMissing() {
			t.Errorf("%s on %s is missing", c.GetName(), c.GetStream())
		}
	}
	f.stop()
	second.stop()
	f.cfg.EventLanes = 1
	f.start()
	send()
	receive()
}

func TestTheNumberOfLanesIsOneThatTheBrokerPermits(t *testing.T) {
	t.Parallel()
	cfg := config(t, "postgres://", "nats://")
	for lanes, want := range map[int]bool{0: true, 1: true, 2: true, 3: false, 4: true, 8: true, 16: false, -1: false} {
		cfg.EventLanes = lanes
		if err := cfg.Validate(); (err == nil) != want {
			t.Errorf("%d lanes: %v", lanes, err)
		}
	}
}
