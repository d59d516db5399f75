package eupay

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	keyForTests    = "pk_test_1"
	secretForTests = "sk_test_never_shown"
)

// seen is one request that a server got.
type seen struct {
	method, path, query, body string
	header                    http.Header
}

// api is a server that gives prepared answers one after the other, and repeats the last one.
type api struct {
	*httptest.Server
	mu      sync.Mutex
	answers []http.HandlerFunc
	got     []seen
	pauses  []time.Duration
}

func serve(t *testing.T, answers ...http.HandlerFunc) *api {
	t.Helper()
	s := &api{answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP gives the next answer.
func (s *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	s.got = append(s.got, seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
	answer := s.answers[min(len(s.got), len(s.answers))-1]
	s.mu.Unlock()
	answer(w, r)
}

// requests are those that the server got.
func (s *api) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// client of the server, which notes the pauses and does not make them.
func (s *api) client(o Options) *Client {
	o.BaseURL = s.URL
	c := New(keyForTests, secretForTests, o)
	c.sleep = func(ctx context.Context, pause time.Duration) error {
		s.pauses = append(s.pauses, pause)
		return ctx.Err()
	}
	return assemble(c.caller)
}

// says is an answer with that status and body; header is name and value, in turns.
func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// breaks ends the connection without an answer.
func breaks(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

const paid = `{"success":true,"data":{"reference":"PAY-1","amount":29.99,"currency":"EUR","status":"completed"}}`

func refuses(status int, code string, header ...string) http.HandlerFunc {
	return says(status, `{"success":false,"code":"`+code+`","message":"No."}`, header...)
}
