package powens

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret    = "s3cr3t-of-the-client"
	iban      = "FR7630006000011234567890189"
	returnURL = "https://pay.example/return"
)

// provider stands in for the provider: it hands out tokens and answers every other call with handle.
type provider struct {
	mu     sync.Mutex
	tokens int      // handed out
	calls  []string // method and path, without those for tokens
	bodies []string
	handle http.HandlerFunc
	// token answers requests for tokens instead, when set.
	token http.HandlerFunc
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	handle := p.handle
	if r.URL.Path == "/2.0/auth/token" {
		p.tokens++
		handle = answering(200, `{"token":"`+tokenNumber(p.tokens)+`","scope":"payments:admin"}`)
		if p.token != nil {
			handle = p.token
		}
	} else {
		p.calls, p.bodies = append(p.calls, r.Method+" "+r.URL.RequestURI()), append(p.bodies, string(body))
	}
	p.mu.Unlock()
	handle(w, r)
}

func tokenNumber(n int) string { return "token-" + string(rune('0'+n)) }

func (p *provider) counts() (tokens, calls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens, len(p.calls)
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// inTurn answers with each handler once, and then with the last.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var (
		mu sync.Mutex
		n  int
	)
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := handlers[min(n, len(handlers)-1)]
		n++
		mu.Unlock()
		h(w, r)
	}
}

// hangUp closes the connection after it has read the request.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func config(baseURL string) Config {
	return Config{BaseURL: baseURL, ClientID: "12345678", ClientSecret: secret, RedirectURI: returnURL}
}

// connect starts the provider on loopback and returns a client of it.
func connect(t testing.TB, p *provider) *Client {
	t.Helper()
	srv := httptest.NewUnstartedServer(p)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	srv.Start()
	t.Cleanup(srv.Close)
	c := New(config(srv.URL), time.Now, nil)
	t.Cleanup(c.Close)
	return c
}

// inMemory does the same inside a synctest bubble, where time moves as soon as everybody waits. The returned function
// must be called at the end.
func inMemory(p *provider, cfg Config) (*Client, func()) {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: p, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go srv.Serve(l)
	c := New(cfg, time.Now, nil)
	c.http.Transport.(*http.Transport).DialContext = l.dial
	return c, func() {
		c.Close()
		srv.Shutdown(context.Background()) // waits for the handlers
	}
}

type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
