// Package nettest provides a second node for tests: a network namespace of Linux, connected to the machine by one virtual cable
// that the test can cut.
package nettest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// Network is the network of the node.
type Network struct{ name, outside, gateway string }

// New creates a network that is removed after the test. ok is false if the machine does not support it: it needs root and the
// program ip (iproute2). In CI that fails the test.
func New(t testing.TB) (n *Network, ok bool) {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this test needs root and the program ip (iproute2)")
		}
		t.Log("NOT RUN: this test needs root and the program ip (iproute2)")
		return nil, false
	}
	id := fmt.Sprintf("%x", os.Getpid()%0xfffff)
	n = &Network{name: "eupay" + id, outside: "eupo" + id, gateway: fmt.Sprintf("10.213.%d.1", os.Getpid()%250)}
	inside := "eupi" + id
	ip(t, "netns", "add", n.name)
	t.Cleanup(func() { ip(t, "netns", "del", n.name) })
	ip(t, "link", "add", n.outside, "type", "veth", "peer", "name", inside, "netns", n.name)
	t.Cleanup(func() { ip(t, "link", "del", n.outside) })
	ip(t, "addr", "add", n.gateway+"/24", "dev", n.outside)
	ip(t, "link", "set", n.outside, "up")
	ip(t, "-n", n.name, "addr", "add", strings.TrimSuffix(n.gateway, "1")+"2/24", "dev", inside)
	ip(t, "-n", n.name, "link", "set", inside, "up")
	ip(t, "-n", n.name, "link", "set", "lo", "up")
	return n, true
}

func ip(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// Cut disconnects the node from the machine like a failed switch: no connection is closed, and neither side is notified.
func (n *Network) Cut(t testing.TB) {
	t.Helper()
	ip(t, "link", "set", n.outside, "down")
}

// Command runs a program on the node.
func (n *Network) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.name, name}, args...)...)
}

// Reach makes an address of the machine reachable from the node and returns its address there. Established connections stay open
// after a cut, as those of a real server would.
func (n *Network) Reach(t testing.TB, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", n.gateway+":0")
	if err != nil {
		t.Fatal(err)
	}
	stop := Relay(l, address)
	t.Cleanup(stop)
	return l.Addr().String()
}

// Relay forwards connections to l to the address, until stop is called.
func Relay(l net.Listener, address string) (stop func()) {
	return Spread(l, func() string { return address })
}

// Spread forwards each connection to l to the address that pick returns for it, until stop is called.
func Spread(l net.Listener, pick func() string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { join(ctx, from, pick()) })
		}
	})
	return func() {
		cancel()
		l.Close()
		running.Wait()
	}
}

// join copies between a connection and the address until either side or ctx ends.
func join(ctx context.Context, from net.Conn, address string) {
	to, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		from.Close()
		return
	}
	var passing sync.WaitGroup
	defer passing.Wait()
	ctx, end := context.WithCancelCause(ctx)
	pass := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		end(err)
	}
	passing.Go(func() { pass(to, from) })
	passing.Go(func() { pass(from, to) })
	<-ctx.Done()
	to.Close()
	from.Close()
}
