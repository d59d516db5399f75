package seqino

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	apiKey     = "sk-key-of-the-sponsor"
	hookSecret = "whs-secret-of-the-webhook"
	client1    = "cli_1"
)

// exchange is one request that the platform must get, and its answer.
type exchange struct {
	want string // method and address
	// body is the exact JSON; empty: the request must have none. anyBody: not looked at.
	body   string
	answer http.HandlerFunc
}

const anyBody = "any"

// talk is a platform that gets exactly these requests, in this order.
func talk(t *testing.T, exchanges ...exchange) *Client {
	t.Helper()
	var (
		mu sync.Mutex
		n  int
	)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got := r.Method + " " + strings.TrimPrefix(r.URL.RequestURI(), "/api")
		if n == len(exchanges) {
			t.Errorf("one request too many: %s", got)
			panic(http.ErrAbortHandler)
		}
		e := exchanges[n]
		n++
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if got != e.want {
			t.Errorf("request %d is %s, want %s", n, got, e.want)
		}
		if e.body != anyBody && string(body) != e.body {
			t.Errorf("%s: body\n%s\nwant\n%s", got, body, e.body)
		}
		checkHeaders(t, r, len(body) > 0)
		e.answer(w, r)
	})
	t.Cleanup(func() {
		if n != len(exchanges) {
			t.Errorf("%d requests, want %d", n, len(exchanges))
		}
	})
	return c
}

func checkHeaders(t *testing.T, r *http.Request, hasBody bool) {
	t.Helper()
	want := map[string]string{"Authorization": apiKey, "Accept": "application/json", "User-Agent": "eupay", "Content-Type": "", "X-Pdp-Client-Id": client1}
	if hasBody {
		want["Content-Type"] = "application/json"
	}
	if r.URL.Path == "/api/clients" || strings.HasPrefix(r.URL.Path, "/api/directory/") { // of ourselves
		want["X-Pdp-Client-Id"] = ""
	}
	if strings.HasPrefix(r.URL.Path, "/api/invoicing/files/") {
		want["Accept"] = "application/pdf"
	}
	for name, value := range want {
		if got := r.Header.Get(name); got != value {
			t.Errorf("%s %s: header %s is %q, want %q", r.Method, r.URL.Path, name, got, value)
		}
	}
}

// serve starts a platform on loopback and returns a client of it.
func serve(t *testing.T, handle http.HandlerFunc, change ...func(*Config)) *Client {
	t.Helper()
	srv := httptest.NewUnstartedServer(handle)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	srv.Start()
	t.Cleanup(srv.Close)
	cfg := Config{BaseURL: srv.URL + "/api", APIKey: apiKey, WebhookSecret: hookSecret}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// hangUp ends the connection after the request was read.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cut ends it in the middle of a good answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	io.WriteString(w, `{"id":"draft_1"`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// logged returns a logger and what it wrote.
func logged() (*slog.Logger, func() string) {
	var (
		mu sync.Mutex
		b  bytes.Buffer
	)
	h := slog.NewTextHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return b.Write(p)
	}), nil)
	return slog.New(h), func() string {
		mu.Lock()
		defer mu.Unlock()
		return b.String()
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
