package leader

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/nettest"
	"european-pay.eu/eupay/internal/run/pg"
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

// TestADisconnectedLeaderIsReplaced cuts a network as a failed switch does: no connection is closed and no side is notified. PostgreSQL
// kept such a node's session for two hours, and no other node could lead.
func TestADisconnectedLeaderIsReplaced(t *testing.T) {
	far, ok := nettest.New(t)
	if !ok {
		return
	}
	address := database(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = far.Reach(t, u.Host)
	lines := runOn(t, far, u.String())
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
	far.Cut(t)
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

// runOn starts the node and returns what it says.
func runOn(t *testing.T, n *nettest.Network, address string) <-chan string {
	t.Helper()
	cmd := n.Command(os.Args[0])
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
