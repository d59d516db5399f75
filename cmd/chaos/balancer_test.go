package chaos

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// leaving is a server that answers one request on each connection, and closes it when the next one comes: as a replica does that is told to
// stop while its callers keep connections.
func leaving(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				body, err := io.ReadAll(req.Body)
				if err != nil {
					return
				}
				text := req.Method + " " + string(body)
				fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
				_, _ = conn.Read(make([]byte, 1)) // the next request, or the end
			})
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return l.Addr().String()
}

// TestTheBalancerPassesReadsOnWhenAConnectionEnds: a read with a body was cut where one without was not.
func TestTheBalancerPassesReadsOnWhenAConnectionEnds(t *testing.T) {
	server, transport := leaving(t), &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	balancer := newBalancer(transport, func() string { return server }, func(r *http.Request, err error) { t.Logf("%s: %v", r.Method, err) })
	front := httptest.NewServer(balancer)
	t.Cleanup(front.Close)
	ask := func(method, body string) (int, string) {
		t.Helper()
		var content io.Reader
		if body != "" {
			content = strings.NewReader(body)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, front.URL, content)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := front.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(answer)
	}
	for _, body := range []string{"", "", "a body", "another body", ""} { // each uses the connection of the one before, which ends
		if status, answer := ask(http.MethodGet, body); status != http.StatusOK || answer != "GET "+body {
			t.Errorf("with %q: %d %q", body, status, answer)
		}
	}
	// What may have had an effect is not repeated: the caller sees that it failed.
	if status, answer := ask(http.MethodPost, "a body"); status != http.StatusBadGateway {
		t.Errorf("a command: %d %q", status, answer)
	}
}
