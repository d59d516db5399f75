package natsserver_test

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"european-pay.eu/eupay/internal/freeport"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/localca"
	"european-pay.eu/eupay/internal/run/bus"
)

// router is the name that the servers of this test show each other: they are all on this machine.
const router = "localhost"

// TestThreeServersOfTheClustersConfigurationCarryTheStreams: the files of deploy/nats, with other addresses and paths.
func TestThreeServersOfTheClustersConfigurationCarryTheStreams(t *testing.T) {
	file := configurationFile(t)
	var routes, clients []string
	var ports []int
	var held []net.Listener // until all are found: no port is found twice
	for range 3 {
		l, err := freeport.Listen()
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, fmt.Sprintf("nats://%s:%d", router, ports[len(ports)-1]))
		held = append(held, l)
	}
	for _, l := range held {
		l.Close()
	}
	for i, port := range ports {
		clients = append(clients, member(t, file, i, port, strings.Join(routes, ",")))
	}
	settings := bus.Settings{URL: strings.Join(clients, ","), Name: t.Name(), Identity: identitytest.Load(t, identity.Operator), Replicas: 3}
	b, err := bus.Connect(t.Context(), settings, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	stream, err := b.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	if c := stream.CachedInfo().Cluster; c == nil || c.Name != "eupay" || len(c.Replicas) != 2 {
		t.Errorf("the events are kept by %+v", c)
	}
}

// configurationFile copies nats.conf and users.conf, with the certificates of this test.
func configurationFile(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := localca.Ensure(dir, time.Now(), router); err != nil {
		t.Fatal(err)
	}
	own, between := identitytest.Files(t, identity.NATS), localca.Files(dir, router)
	files := strings.NewReplacer("/identity/tls.crt", own.Cert, "/identity/tls.key", own.Key, "/identity/ca.crt", own.CA,
		"/routes/tls.crt", between.Cert, "/routes/tls.key", between.Key, "/routes/ca.crt", between.CA)
	for _, name := range []string{"nats.conf", "users.conf"} {
		content, err := os.ReadFile(filepath.Join("../../deploy/nats", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(files.Replace(string(content))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "nats.conf")
}

// member starts the server with the number and returns its address for clients.
func member(t *testing.T, file string, number, port int, routes string) string {
	t.Helper()
	t.Setenv("POD_NAME", fmt.Sprintf("nats-%d", number))
	o, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if o.ServerName != fmt.Sprintf("nats-%d", number) || o.PingInterval != 2*time.Second || o.MaxPingsOut != 2 || !o.Cluster.NoAdvertise ||
		o.LameDuckDuration != 30*time.Second || o.HTTPPort != 8222 || len(o.Routes) != 3 {
		t.Errorf("nats.conf is not understood as it is meant: %+v", o)
	}
	o.Host, o.Port, o.HTTPPort, o.PidFile, o.NoSigs, o.NoLog, o.StoreDir = "127.0.0.1", server.RANDOM_PORT, 0, "", true, true, t.TempDir()
	o.Cluster.Host, o.Cluster.Port, o.Routes = "127.0.0.1", port, server.RoutesFromStr(routes)
	srv, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	go srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(20 * time.Second) {
		t.Fatalf("server %d does not come up", number)
	}
	return fmt.Sprintf("nats://%s", srv.Addr())
}
