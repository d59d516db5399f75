package natstest

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"european-pay.eu/eupay/internal/freeport"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/run/bus"
)

// Servers is the number of servers in a Cluster. JetStream needs two of them.
const Servers = 3

// Cluster is a broker with three servers, each of which can be stopped and started.
type Cluster struct {
	t       testing.TB
	options [Servers]*server.Options
	servers [Servers]*server.Server
}

// NewCluster starts a cluster that ends with the test.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	clients, routes := ports(t), ports(t)
	var all []string
	for _, port := range routes {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	for i := range c.options {
		c.options[i] = &server.Options{
			ServerName: fmt.Sprintf("server-%d", i), Host: "127.0.0.1", Port: clients[i], NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: natsserver.Room(bus.DefaultBytes),
			Cluster: server.ClusterOpts{Name: "cluster", Host: "127.0.0.1", Port: routes[i]}, Routes: server.RoutesFromStr(strings.Join(all, ",")),
		}
		natsserver.Protect(c.options[i], identitytest.Load(t, identity.NATS))
		c.Start(i)
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.Stop(i)
		}
	})
	return c
}

// ports returns free ports.
func ports(t testing.TB) (list [Servers]int) {
	t.Helper()
	for i := range list {
		l, err := freeport.Listen()
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // after all are found, so that no port is found twice
		list[i] = l.Addr().(*net.TCPAddr).Port
	}
	return list
}

// URL lists the addresses of all servers.
func (c *Cluster) URL() string {
	var all []string
	for _, o := range c.options {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", o.Port))
	}
	return strings.Join(all, ",")
}

// Stop stops one server; its folder stays.
func (c *Cluster) Stop(i int) {
	c.servers[i].Shutdown()
	c.servers[i].WaitForShutdown()
}

// Start starts one server, on the same folder and ports if it ran before.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	srv, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		c.t.Fatal(err)
	}
	c.servers[i] = srv
	go srv.Start() // returns once the server listens; Stop ends the goroutine
	if !srv.ReadyForConnections(10 * time.Second) {
		c.t.Fatal("a NATS server was not ready within 10 s")
	}
}
