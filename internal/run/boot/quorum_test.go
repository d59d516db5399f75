package boot_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/boot"
)

// TestABrokerWithoutAQuorumIsAProblem: its last server accepts connections and answers requests about the streams as before, but
// stores no message.
func TestABrokerWithoutAQuorumIsAProblem(t *testing.T) {
	cluster := natstest.NewCluster(t)
	b := boot.Base{Plain: boot.Plain{DatabaseConns: 4}, NATSURL: cluster.URL(), TLS: identitytest.Files(t, identity.Operator), StreamSettings: boot.StreamSettings{NATSReplicas: natstest.Servers}}
	var cores [2]*boot.Core
	for i := range cores {
		b.DatabaseURL = pgtest.Empty(t)
		cores[i] = open(t, b)
		cores[i].Edge = i == 1
		run(t, cores[i])
	}
	both := func(service, edge int, part string) func() bool {
		return func() bool {
			status, body := ask(t, cores[0], "/readyz")
			statusOfEdge, bodyOfEdge := ask(t, cores[1], "/readyz")
			return status == service && statusOfEdge == edge && strings.Contains(body, part) && strings.Contains(bodyOfEdge, part)
		}
	}
	const said = "stream EUPAY_COMMANDS: JetStream has lost its quorum"
	settled(t, "both are ready", both(http.StatusOK, http.StatusOK, "ready"))
	cluster.Stop(0)
	cluster.Stop(1)
	settled(t, "the service is not ready, and the edge is degraded", both(http.StatusServiceUnavailable, http.StatusOK, said))
	cluster.Start(0)
	cluster.Start(1)
	settled(t, "both are ready again", both(http.StatusOK, http.StatusOK, "ready"))
}

// settled waits until the servers have agreed on it.
func settled(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit, tick := time.After(2*time.Minute), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-limit:
			t.Fatalf("it never came true: %s", what)
		case <-tick.C:
		}
	}
}
