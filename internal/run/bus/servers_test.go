package bus_test

import (
	"testing"

	"european-pay.eu/eupay/internal/natsserver"
)

// TestSeveralServersMayBeNamed: one that is away at the start does not keep a service from starting.
func TestSeveralServersMayBeNamed(t *testing.T) {
	t.Parallel()
	srv := server(t, natsserver.Options{Dir: t.TempDir()})
	b := connect(t, "nats://127.0.0.1:1,"+srv.URL(), 0)
	if got := b.NC.ConnectedUrl(); got != srv.URL() {
		t.Errorf("it uses %s, want %s", got, srv.URL())
	}
	if n := len(b.NC.Servers()); n < 2 {
		t.Errorf("it knows %d servers", n)
	}
}
