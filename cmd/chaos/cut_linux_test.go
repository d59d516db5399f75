package chaos

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/kit/nettest"
)

// asRelay makes the test's program pass connections on, on another node: "127.0.0.1:80=10.0.0.1:4711 …".
const asRelay = "EUPAY_TEST_CHAOS_RELAY"

func init() {
	pairs := os.Getenv(asRelay)
	if pairs == "" {
		return
	}
	for pair := range strings.FieldsSeq(pairs) {
		here, there, _ := strings.Cut(pair, "=")
		l, err := net.Listen("tcp", here)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		nettest.Relay(l, there)
	}
	fmt.Println("ready")
	select {} // until it is killed
}

// node is a second machine on which services run. It reaches the first at the ports that they have there.
type node struct {
	w       *world
	network *nettest.Network
}

func (w *world) newNode(hook string) (n *node, ok bool) {
	w.t.Helper()
	network, ok := nettest.New(w.t)
	if !ok {
		return nil, false
	}
	u, err := url.Parse(hook)
	if err != nil {
		w.t.Fatal(err)
	}
	p := w.sys.Ports
	addresses := []string{u.Host}
	for _, port := range []int{p.HTTP, p.Bank, p.NATS, p.Postgres, p.GRPC[system.QR], p.GRPC[system.EInvoice], p.GRPC[system.Gateway]} {
		addresses = append(addresses, system.Loopback(port))
	}
	var pairs []string
	for _, a := range addresses {
		pairs = append(pairs, a+"="+network.Reach(w.t, a))
	}
	cmd := network.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asRelay+"="+strings.Join(pairs, " "))
	r, out, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	w.startProcess("relay", cmd)
	out.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil {
		w.t.Fatal("the node is not reachable: ", err)
	}
	return &node{w, network}, true
}

// leaders are who does the jobs that one replica does at a time, by service.
func (w *world) leaders(service string) (jobs map[string]string) {
	w.t.Helper()
	db, err := pgx.Connect(w.t.Context(), w.sys.DatabaseURL)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close(w.t.Context())
	rows, err := db.Query(w.t.Context(), `select job, holder from `+service+`.leadership where expires_at > clock_timestamp()`) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		w.t.Fatal(err)
	}
	var job, holder string
	jobs = make(map[string]string)
	if _, err := pgx.ForEachRow(rows, []any{&job, &holder}, func() error { jobs[job] = holder; return nil }); err != nil {
		w.t.Fatal(err)
	}
	return jobs
}

// moveTo stops services here, starts them on the node, waits until they do all the jobs, and starts others here beside them.
func (n *node) moveTo(services ...string) {
	n.w.t.Helper()
	limit, cancel := context.WithTimeout(n.w.t.Context(), time.Minute)
	defer cancel()
	for _, service := range services {
		before := n.w.leaders(service)
		n.w.end(service)
		n.w.spawnAs("far "+service, n.network.Command, service)
		if !until(limit, pause, func() bool {
			now := n.w.leaders(service)
			for job, holder := range before {
				if now[job] == "" || now[job] == holder {
					return false
				}
			}
			return true
		}) {
			n.w.t.Fatalf("%s does not lead on the node: %v, before %v\n%s", service, n.w.leaders(service), before, n.w.log("far "+service))
		}
	}
	for _, service := range services {
		n.w.spawn(service)
	}
	n.w.allReady()
}

// TestChaosANodeIsCutOff cuts the network of the node on which the leaders of payments and webhooks run. No connection is closed;
// PostgreSQL and the broker believe in them for long. Webhooks must go on all the same.
func TestChaosANodeIsCutOff(t *testing.T) {
	w := build(t)
	w.start()
	m := newMerchant(t, w)
	far, ok := w.newNode(m.hook)
	if !ok {
		return
	}
	far.moveTo(system.Payments, system.Webhooks)
	m.runUnderLoad([]func(){func() {
		t.Log("cut the node off")
		far.network.Cut(t)
		began := time.Now()
		const n = 1_000_001
		if !m.order(t.Context(), n) {
			t.Error("no payment can be made")
			return
		}
		t.Logf("a payment was made %s after the cut", time.Since(began).Round(10*time.Millisecond))
		m.answerAtTheBank(t.Context(), n)
		limit, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if !until(limit, pause, func() bool { return m.difference(limit, m.reference(n)) == "" }) {
			t.Errorf("nobody heard of it: %s", m.difference(t.Context(), m.reference(n)))
		}
		t.Logf("its webhook came %s after the cut", time.Since(began).Round(10*time.Millisecond))
	}})
}
