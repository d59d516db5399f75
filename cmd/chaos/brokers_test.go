package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/freeport"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/localca"
	"european-pay.eu/eupay/internal/run/bus"
)

// brokers are three NATS servers with the configuration of a cluster's (deploy/nats), each behind a front.
type brokers struct {
	fronts  [brokerCount]*front
	clients [brokerCount]string
	folders [brokerCount]string
	files   [brokerCount]string
}

const (
	brokerCount = 3
	// router is the name that the servers show each other: they are all on this machine.
	router = "localhost"
)

func newBrokers(t *testing.T, w *world) *brokers {
	t.Helper()
	b := &brokers{}
	var routes [brokerCount]string
	var list []string
	for i := range b.fronts {
		b.clients[i] = fmt.Sprint("127.0.0.1:", must(freeport.Find()))
		routes[i] = fmt.Sprint(router, ":", must(freeport.Find()))
		list = append(list, fmt.Sprintf("%q", "nats://"+routes[i]))
		b.fronts[i] = newFront(t, nil, b.clients[i])
	}
	keys := filepath.Join(w.dir, "routes")
	if err := localca.Ensure(keys, time.Now(), router); err != nil {
		t.Fatal(err)
	}
	own, between := w.sys.Identity(identity.NATS), localca.Files(keys, router)
	for i := range b.fronts {
		dir := filepath.Join(w.dir, serverName(i))
		b.folders[i], b.files[i] = filepath.Join(dir, "data"), filepath.Join(dir, "nats.conf")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		replace := strings.NewReplacer("/identity/tls.crt", own.Cert, "/identity/tls.key", own.Key, "/identity/ca.crt", own.CA,
			"/routes/tls.crt", between.Cert, "/routes/tls.key", between.Key, "/routes/ca.crt", between.CA,
			"$POD_NAME", serverName(i), "0.0.0.0:4222", b.clients[i], "0.0.0.0:8222", "127.0.0.1:-1", "/run/nats/nats.pid", filepath.Join(dir, "pid"),
			`"/data"`, fmt.Sprintf("%q", b.folders[i]), "0.0.0.0:6222", strings.Replace(routes[i], router, "127.0.0.1", 1),
			`"nats://nats-0.nats:6222", "nats://nats-1.nats:6222", "nats://nats-2.nats:6222"`, strings.Join(list, ", "))
		for _, name := range []string{"nats.conf", "users.conf"} {
			content, err := os.ReadFile(filepath.Join("../../deploy/nats", name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(replace.Replace(string(content))), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b
}

func serverName(i int) string { return fmt.Sprint("nats-", i) }

// url leads to all servers through their fronts.
func (b *brokers) url() string {
	var all []string
	for _, f := range b.fronts {
		all = append(all, "nats://"+f.address())
	}
	return strings.Join(all, ",")
}

// spawnBroker starts a NATS server.
func (e *estate) spawnBroker(i int) {
	cmd := exec.Command(filepath.Join(e.binaries(), "nats-server"), "-c", e.brokers.files[i])
	e.launch(serverName(i), cmd, nil)
}

// loseBroker kills a NATS server, and wipes its disk if asked.
func (e *estate) loseBroker(i int, disk bool) {
	e.end(serverName(i))
	if disk {
		if err := os.RemoveAll(e.brokers.folders[i]); err != nil {
			e.t.Error(err)
		}
	}
}

// jetStream is an operator at the brokers, past the fronts. The caller calls end.
func (e *estate) jetStream() (js jetstream.JetStream, end func(), err error) {
	who, err := e.sys.As(identity.Operator)
	if err != nil {
		return nil, nil, err
	}
	nc, err := natsgo.Connect("nats://"+strings.Join(e.brokers.clients[:], ",nats://"), bus.Secure(who)...)
	if err != nil {
		return nil, nil, err
	}
	js, err = jetstream.New(nc)
	return js, nc.Close, err
}

// brokersLeader is the number of the server that leads the stream of events.
func (e *estate) brokersLeader() (int, error) {
	js, end, err := e.jetStream()
	if err != nil {
		return 0, err
	}
	defer end()
	stream, err := js.Stream(e.t.Context(), bus.Events)
	if err != nil {
		return 0, err
	}
	for i := range brokerCount {
		if c := stream.CachedInfo().Cluster; c != nil && c.Leader == serverName(i) {
			return i, nil
		}
	}
	return 0, errors.New("the stream of events has no leader")
}

// brokersWhole reports whether all servers have all of every stream.
func (e *estate) brokersWhole() bool {
	js, end, err := e.jetStream()
	if err != nil {
		return false
	}
	defer end()
	for _, name := range []string{bus.Events, bus.Commands, bus.Replay, bus.DeadLetter} {
		stream, err := js.Stream(e.t.Context(), name)
		if err != nil {
			return false
		}
		c := stream.CachedInfo().Cluster
		if c == nil || c.Leader == "" || len(c.Replicas) != brokerCount-1 {
			return false
		}
		for _, r := range c.Replicas {
			if !r.Current || r.Offline {
				return false
			}
		}
	}
	return true
}

// leadingBroker waits until there is a leader.
func (e *estate) leadingBroker() (i int) {
	limit, cancel := context.WithTimeout(e.t.Context(), settledLimit)
	defer cancel()
	if !until(limit, rest, func() (ok bool) {
		var err error
		i, err = e.brokersLeader()
		return err == nil
	}) {
		e.t.Error("the stream of events has no leader")
	}
	return i
}

// limitCommands changes how many bytes the stream of commands may have, and returns how many it might have before.
func (e *estate) limitCommands(bytes int64) (before int64) {
	js, end, err := e.jetStream()
	if err != nil {
		e.t.Error(err)
		return 0
	}
	defer end()
	stream, err := js.Stream(e.t.Context(), bus.Commands)
	if err == nil {
		cfg := stream.CachedInfo().Config
		before, cfg.MaxBytes = cfg.MaxBytes, bytes
		_, err = js.UpdateStream(e.t.Context(), cfg)
	}
	if err != nil {
		e.t.Errorf("limit the stream of commands: %v", err)
	}
	return before
}
