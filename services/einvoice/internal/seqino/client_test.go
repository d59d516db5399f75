package seqino

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func TestInvalidSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"https://pdp.example/api": true, "https://pdp.example/api/": true, "http://127.0.0.1:4013": true, "http://localhost/api": true, "http://[::1]:1": true,
		"http://pdp.example/api": false, "ftp://127.0.0.1": false, "": false, "pdp.example": false, "https://u:p@pdp.example": false,
		"https://pdp.example/?q=1": false, "https://pdp.example/#f": false, "http://127.0.0.1.example": false, "https://:443": false,
	} {
		if _, err := New(Config{BaseURL: url, APIKey: apiKey}); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, key := range []string{"", "Bearer secret-part", "secret-part\n", "secret-part\x00"} {
		_, err := New(Config{BaseURL: "https://pdp.example", APIKey: key})
		if err == nil || strings.Contains(err.Error(), "secret-part") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// Every class of error, as every call meets it.
func TestErrorClasses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer  http.HandlerFunc
		class   Class
		mayPass bool
	}{
		"hang up":        {hangUp, Unreachable, true},
		"cut":            {cut, Unreachable, true},
		"internal":       {answering(500, `oops`), Unavailable, true},
		"maintenance":    {answering(503, ``), Unavailable, true},
		"server timeout": {answering(408, ``), Unavailable, true},
		"too many":       {answering(429, ``), Limited, true},
		"wrong key":      {answering(401, ``), Misconfigured, false},
		"not allowed":    {answering(403, ``), Misconfigured, false},
		"absent":         {answering(404, ``), NotFound, false},
		"conflict":       {answering(409, ``), Conflict, false},
		"bad request":    {answering(400, ``), Unexpected, false},
		"bad query":      {answering(422, `{"details":[{"message":"object_id"}]}`), Unexpected, false},
		"redirect":       {redirect, Unexpected, false},
		"no JSON":        {answering(200, `<html>`), Unexpected, false},
		"two documents":  {answering(200, `{"items":[]}{}`), Unexpected, false},
		"endless":        {endless, Unexpected, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				tt.answer(w, r)
			})
			_, err := c.Lifecycle(t.Context(), client1, "inv_1")
			var e *Error
			if !errors.As(err, &e) || e.Class != tt.class || e.Temporary() != tt.mayPass || strings.Contains(err.Error(), "temporary") != tt.mayPass {
				t.Errorf("got %v", err)
			}
			if calls.Load() != 1 {
				t.Errorf("%d calls", calls.Load())
			}
			var no *platform.Refused
			if errors.As(err, &no) || errors.Is(err, platform.ErrNoMandate) {
				t.Errorf("taken for a refusal: %v", err)
			}
		})
	}
}

func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/api/elsewhere", http.StatusTemporaryRedirect)
}

func endless(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, `{"items":[`)
	io.CopyN(w, spaces{}, maxAnswer)
	io.WriteString(w, `]}`)
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestRetryAfterIsReturned(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "Sat, 21 Nov 2026 09:01:30 GMT": 90 * time.Second, "Sat, 21 Nov 2026 08:00:00 GMT": 0,
		"-5": 0, "soon": 0, "999999": time.Hour, "99999999999999999999": time.Hour,
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", header)
			answering(429, ``)(w, r)
		}, func(cfg *Config) { cfg.Now = func() time.Time { return now } })
		_, err := c.Lifecycle(t.Context(), client1, "inv_1")
		var told interface{ RetryAfter() time.Duration }
		if !errors.As(err, &told) || told.RetryAfter() != want {
			t.Errorf("%q: got %v", header, err)
		}
	}
}

func TestARejectedKeyIsLoggedOnceAndNeverShown(t *testing.T) {
	t.Parallel()
	log, text := logged()
	var good atomic.Bool
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if good.Load() {
			answering(200, `{"items":[]}`)(w, r)
			return
		}
		answering(401, `{"error":"unknown key sk-key-of-the-sponsor","code":401,"trace_id":"t-77"}`)(w, r)
	}, func(cfg *Config) { cfg.Log = log })
	ask := func() error {
		_, err := c.Lifecycle(t.Context(), client1, "inv_1")
		return err
	}
	for range 3 {
		if err := ask(); err == nil || strings.Contains(err.Error(), apiKey) || !strings.Contains(err.Error(), "t-77") {
			t.Errorf("got %v", err)
		}
	}
	if strings.Count(text(), "level=ERROR") != 1 || strings.Contains(text(), apiKey) {
		t.Errorf("logged %s", text())
	}
	good.Store(true)
	if err := ask(); err != nil || !strings.Contains(text(), "again") {
		t.Errorf("%v, logged %s", err, text())
	}
	good.Store(false)
	if ask(); strings.Count(text(), "level=ERROR") != 2 {
		t.Errorf("logged %s", text())
	}
}

// inMemory serves inside a synctest bubble, where time moves as soon as everybody waits.
func inMemory(handle http.HandlerFunc, cfg Config) (*Client, func()) {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: handle, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go srv.Serve(l)
	cfg.BaseURL, cfg.APIKey = "http://127.0.0.1", apiKey
	c, err := New(cfg)
	if err != nil {
		panic(err)
	}
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

func TestASilentPlatformEndsWithTheTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}
		c, end := inMemory(silent, Config{Timeout: 3 * time.Second})
		defer end()
		start := time.Now()
		_, err := c.Submit(t.Context(), client1, submission1())
		var e *Error
		if !errors.As(err, &e) || e.Class != Unreachable || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		slow := func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			if n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second) // the bubble's clock
			answering(200, `{"items":[]}`)(w, r)
		}
		c, end := inMemory(slow, Config{MaxInFlight: 2})
		defer end()
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if _, err := c.Lifecycle(t.Context(), client1, "inv_1"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != 2 {
			t.Errorf("at most %d in parallel", most.Load())
		}
	})
}

func TestNoProxyIsUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	c, err := New(Config{BaseURL: "https://pdp.example", APIKey: apiKey})
	if err != nil {
		t.Fatal(err)
	}
	if c.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("the environment can send our key through a proxy")
	}
}
