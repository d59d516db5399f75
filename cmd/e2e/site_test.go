package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/sdk/go/webhook"
)

// site is a merchant's server: it receives webhooks and payers.
type site struct {
	url    string
	secret string // of the webhook endpoint

	mu      sync.Mutex
	hooks   []hook
	answers []int         // to the next webhooks; then 200
	hold    chan struct{} // webhooks are answered when it is closed; nil for at once
	held    int
	changed chan struct{} // closed when a webhook has come
}

// hook is an attempt as received.
type hook struct {
	header http.Header
	raw    []byte
	status int // what the site answered
	at     time.Time
	body   message

	checked bool
}

// message is the body in the API reference.
type message struct {
	Event     string
	Timestamp string
	Data      struct {
		Reference         string
		Amount            json.Number
		Currency          string
		Status            string
		MerchantReference *string         `json:"merchant_reference"`
		Metadata          json.RawMessage `json:"metadata"`
		AmountRefunded    json.Number     `json:"amount_refunded"`
		RefundReference   string          `json:"refund_reference"`
		RefundAmount      json.Number     `json:"refund_amount"`
	}
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{changed: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hooks", s.take)
	mux.HandleFunc("GET /{page}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>Shop</title><h1 id=shop>%s</h1>", html.EscapeString(r.PathValue("page")))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *site) take(w http.ResponseWriter, r *http.Request) {
	h := hook{header: r.Header, at: time.Now(), status: http.StatusOK}
	var err error
	if h.raw, err = io.ReadAll(io.LimitReader(r.Body, 1<<20)); err != nil {
		return // the sender will try again
	}
	if err := json.Unmarshal(h.raw, &h.body); err != nil {
		h.body.Event = "unreadable: " + err.Error()
	}
	s.mu.Lock()
	if len(s.answers) > 0 {
		h.status, s.answers = s.answers[0], s.answers[1:]
	}
	s.hooks = append(s.hooks, h)
	close(s.changed)
	s.changed = make(chan struct{})
	hold := s.hold
	if hold != nil {
		s.held++
	}
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	w.WriteHeader(h.status)
}

// answerNext sets the statuses of the answers to the next webhooks.
func (s *site) answerNext(statuses ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = statuses
}

// hang leaves all webhooks unanswered until the test ends, and returns how many wait.
func (s *site) hang(t testing.TB) (waiting func() int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := make(chan struct{})
	s.hold = hold
	t.Cleanup(func() { close(hold) })
	return func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.held
	}
}

// about returns the attempts about a payment so far, with verified signatures.
func (s *site) about(t testing.TB, reference string) []hook {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []hook
	for i, h := range s.hooks {
		if !h.checked {
			s.check(t, h)
			s.hooks[i].checked = true
		}
		if h.body.Data.Reference == reference {
			found = append(found, h)
		}
	}
	return found
}

// check verifies an attempt as a merchant must.
func (s *site) check(t testing.TB, h hook) {
	t.Helper()
	if err := webhook.EuPay(s.secret, h.raw, h.header.Get("X-EuPay-Signature")); err != nil {
		t.Errorf("X-EuPay-Signature of %s: %v", h.raw, err)
	}
	err := webhook.Standard(s.secret, h.header.Get("webhook-id"), h.header.Get("webhook-timestamp"), h.header.Get("webhook-signature"), h.raw, h.at, 5*time.Minute)
	if err != nil {
		t.Errorf("webhook-signature of %s: %v", h.raw, err)
	}
	if event := h.header.Get("X-EuPay-Event"); event != h.body.Event || h.header.Get("Content-Type") != "application/json" {
		t.Errorf("X-EuPay-Event is %q, Content-Type %q, the body is %s", event, h.header.Get("Content-Type"), h.raw)
	}
}

// next waits for a webhook of that type about the payment, and returns the latest.
func (s *site) next(t testing.TB, event, reference string) hook {
	t.Helper()
	return s.wait(t, event+" of "+reference, reference, func(h hook) bool { return h.body.Event == event })
}

// wait waits for a webhook about the payment that matches.
func (s *site) wait(t testing.TB, what, reference string, match func(hook) bool) hook {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		list := s.about(t, reference)
		for i := len(list) - 1; i >= 0; i-- {
			if match(list[i]) {
				return list[i]
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("no webhook came: %s", what)
		}
	}
}
