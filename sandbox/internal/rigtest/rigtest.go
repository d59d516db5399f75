// Package rigtest has what the tests of the sandbox servers share.
package rigtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Main runs the tests of a package and fails if a goroutine of the package outlives them. Such a goroutine is recognised by a
// name in its stack, such as "sandbox/bank.(*".
func Main(m *testing.M, name string) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		if strings.Contains(stack, name) && code == 0 {
			fmt.Fprintf(os.Stderr, "left behind:\n%s\n", stack)
			code = 1
		}
	}
	os.Exit(code)
}

// Clock is the time of a server under test. It stands still until Add moves it.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock returns a clock that shows t.
func NewClock(t time.Time) *Clock { return &Clock{t: t} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Add moves the clock.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// StandIn is a server under test.
type StandIn interface {
	Handler() http.Handler
	Close() error
}

// Serve opens a server, which needs to know its own address, and serves it until the test ends.
func Serve[S StandIn](t *testing.T, open func(baseURL string) (S, error)) (S, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s, err := open("http://" + server.Listener.Addr().String())
	if err != nil {
		server.Close()
		t.Fatal(err)
	}
	server.Config.Handler = s.Handler()
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, server.URL
}

// Run runs a server's background work until the test ends.
func Run(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Body returns the body of a request: none for nil, a string as it is, and everything else as JSON.
func Body(body any) (io.Reader, error) {
	switch x := body.(type) {
	case nil:
		return http.NoBody, nil
	case string:
		return strings.NewReader(x), nil
	}
	text, err := json.Marshal(body)
	return bytes.NewReader(text), err
}

// At returns a value such as "instructions.0.amount" in decoded JSON; nil if there is none.
func At(v any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var n int
			if _, err := fmt.Sscan(name, &n); err != nil || n >= len(x) {
				return nil
			}
			v = x[n]
		default:
			return nil
		}
	}
	return v
}
