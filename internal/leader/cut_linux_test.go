package leader

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/pg"
)

// asNode makes the test's program a process on another node, which leads as long as it can.
const asNode = "EUPAY_TEST_LEADER_NODE"

func TestMain(m *testing.M) {
	if url := os.Getenv(asNode); url != "" {
		node(url)
		return
	}
	os.Exit(m.Run())
}

func node(url string) {
	pool, err := pg.Open(context.Background(), pg.Settings{URL: url, Schema: "public"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = Run(context.Background(), pool, "job", slog.New(slog.DiscardHandler), func(ctx context.Context) error {
		fmt.Println("leads")
		<-ctx.Done()
		fmt.Println("stopped")
		return ctx.Err()
	})
}

// TestANodeThatIsCutOffIsFollowed cuts a network as a failed switch does: no connection is closed, nobody is told anything. PostgreSQL
// believed in such a node for two hours, and nobody else led.
func TestANodeThatIsCutOffIsFollowed(t *testing.T) {
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("this test needs root and the program ip (iproute2)")
		}
		t.Log("NOT RUN: this test needs root and the program ip (iproute2)")
		return
	}
	far := newNetwork(t)
	address := database(t)
	lines := far.run(t, far.forward(t, address))
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-lines:
			if got != want {
				t.Fatalf("the node says %q, want %q", got, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("the node never says %q", want)
		}
	}
	expect("leads")
	var active atomic.Int32
	follower := start(t, open(t, address), "job", &active)
	began := time.Now()
	ip(t, "link", "set", far.outside, "down")
	wait(t, "the follower leads", follower.elected)
	t.Logf("followed %s after the cut", time.Since(began).Round(100*time.Millisecond))
	select {
	case got := <-lines:
		if got != "stopped" {
			t.Errorf("the node says %q", got)
		}
	default:
		t.Error("the node that is cut off worked beside its follower")
	}
}

// network is a namespace, joined to the machine by one cable.
type network struct{ name, outside, gateway string }

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func newNetwork(t *testing.T) network {
	t.Helper()
	id := fmt.Sprintf("%x", os.Getpid()%0xfffff)
	n := network{name: "eupay" + id, outside: "eupo" + id, gateway: fmt.Sprintf("10.213.%d.1", os.Getpid()%250)}
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
	return n
}

// forward makes the database reachable from the namespace, and returns its address there. It keeps its connections open after the cut,
// as PostgreSQL itself would.
func (n network) forward(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", n.gateway+":0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	var conns sync.Map
	target := u.Host
	running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", target)
			if err != nil {
				from.Close()
				continue
			}
			conns.Store(from, to)
			running.Go(func() { _, _ = io.Copy(to, from) })
			running.Go(func() { _, _ = io.Copy(from, to) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		conns.Range(func(from, to any) bool { from.(net.Conn).Close(); to.(net.Conn).Close(); return true })
		running.Wait()
	})
	u.Host = l.Addr().String()
	return u.String()
}

// run starts the node in the namespace and returns what it says.
func (n network) run(t *testing.T, address string) <-chan string {
	t.Helper()
	cmd := exec.Command("ip", "netns", "exec", n.name, os.Args[0])
	cmd.Env = append(os.Environ(), asNode+"="+address)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, read := make(chan string, 10), make(chan struct{})
	go func() {
		defer close(read)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
	})
	return lines
}
