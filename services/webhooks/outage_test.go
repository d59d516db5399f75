package webhooks

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/pgserver"
)

const leaseAndMore = 61 * time.Second

// TestNothingIsLostWhenTheDatabaseRestarts restarts PostgreSQL while deliveries are under way. What was sent and could
// not be recorded may come twice; nothing may be missing.
func TestNothingIsLostWhenTheDatabaseRestarts(t *testing.T) {
	t.Parallel()
	dir, err := pgserver.TempDir("eupay-webhooks-") // the server's user cannot reach a t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	bin, err := pgserver.Find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := pgserver.Start(t.Context(), pgserver.Options{Dir: dir, Bin: bin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	b := natstest.New(t)
	f := &fixture{t: t, bus: b, clock: newClock(), cfg: config(t, server.URL, b.NC.ConnectedUrl())}
	f.start()
	parsed, err := pgxpool.ParseConfig(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := newSink(t, status(http.StatusOK))
	f.endpoint(s.URL)
	const n = 300
	publish := func(from, to int) {
		for i := from; i < to; i++ {
			p := payment()
			p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
			f.publish(f.changed("payment.completed", p))
		}
	}
	publish(0, n/2)
	first := s.next(t)
	server.Stop()
	publish(n/2, n)
	server, err = pgserver.Start(t.Context(), pgserver.Options{Dir: dir, Bin: bin, Port: int(parsed.ConnConfig.Port)})
	if err != nil {
		t.Fatal(err)
	}
	ticks := 0
	eventually(t, "all delivered", func() bool {
		// A commit whose answer was lost leaves unused leases, which must end.
		if ticks++; ticks%1000 == 0 {
			f.clock.Advance(leaseAndMore)
			f.engine.Wake()
		}
		return f.delivered() == n
	})
	ids := map[string]bool{first.header.Get("webhook-id"): true}
	for len(s.hits) > 0 {
		ids[s.next(t).header.Get("webhook-id")] = true
	}
	if len(ids) != n {
		t.Errorf("%d of %d events arrived", len(ids), n)
	}
	f.stop()
}

// delivered asks the database itself: the service may still be reconnecting.
func (f *fixture) delivered() (n int) {
	err := f.core.Pool.QueryRow(f.t.Context(), `select count(*) from deliveries where status = 'delivered'`).Scan(&n)
	if err != nil {
		return 0
	}
	return n
}
