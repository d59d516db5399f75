package main

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// TestEventsThatTheStreamHasLostArePublishedFromTheDatabase, and no others.
func TestEventsThatTheStreamHasLostArePublishedFromTheDatabase(t *testing.T) {
	b := broker(t)
	pool, url := pgtest.New(t, "webhooks", migrations.Files)
	t.Setenv("EUPAY_DATABASE_URL", url)
	there := emit(t, b, "payment.completed", "m_1")
	lost, old, unpublished := events.NewID(), events.NewID(), events.NewID()
	for id, at := range map[string]any{there.ID: time.Now(), lost: time.Now(), old: time.Now().Add(-48 * time.Hour), unpublished: nil} {
		_, err := pool.Exec(t.Context(), `insert into outbox (event_id, event_type, source, merchant_id, livemode, occurred_at, data, published_at)
			values ($1, 'payment.completed', 'payments', 'm_1', false, now(), '', $2)`, id, at)
		if err != nil {
			t.Fatal(err)
		}
	}
	got := eupayctl(t, "events", "emit", "--since", "3h")
	if got.code != 0 || !strings.Contains(got.out, "webhooks  2     1") || !strings.Contains(got.err, "add --run") {
		t.Errorf("%+v", got)
	}
	if n := messages(t, b, bus.Events); n != 1 {
		t.Errorf("%d messages before --run", n)
	}
	contains(t, ok(t, "events", "emit", "--since", "3h", "--run", "-o", "json"), `"missing":1`, `"published":true`)
	contains(t, ok(t, "events", "show", lost), lost)
	contains(t, ok(t, "events", "emit", "--since", "3h", "-o", "json"), `"missing":0`)
	if n := messages(t, b, bus.Events); n != 2 {
		t.Errorf("%d messages", n)
	}
	contains(t, ok(t, "events", "emit", "--since", "3d", "-o", "json"), `"missing":1`)
}
