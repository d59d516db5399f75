package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"european-pay.eu/eupay/sdk/go/webhook"
)

// merchant is an integrator who does what the documentation says: it repeats a request that was not answered with the
// same reference, and believes only webhooks whose signature verifies.
type merchant struct {
	*client
	secret string
	hook   *httptest.Server

	mu       sync.Mutex
	heard    map[string]map[string]int // reference → final status → webhooks
	accepted map[string]string         // our reference → EU Pay's
	again    int
}

func newMerchant(t *testing.T, w *world) *merchant {
	t.Helper()
	m := &merchant{
		client: newClient(t, w, "X-Api-Key", w.sys.Secrets.APIKey, "X-Api-Secret", w.sys.Secrets.APISecret),
		heard:  make(map[string]map[string]int), accepted: make(map[string]string),
	}
	m.hook = httptest.NewServer(http.HandlerFunc(m.receive))
	t.Cleanup(m.hook.Close)
	var endpoint struct{ Secret string }
	if status := m.call(t.Context(), http.MethodPost, "/webhook-endpoints", map[string]any{"url": m.hook.URL}, &endpoint); status != http.StatusCreated {
		t.Fatalf("webhook endpoint: %d", status)
	}
	m.secret = endpoint.Secret
	return m
}

func (m *merchant) receive(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if err := webhook.EuPay(m.secret, body, r.Header.Get("X-EuPay-Signature")); err != nil {
		m.t.Errorf("a webhook does not verify: %v", err)
		return
	}
	var event struct {
		Event string
		Data  struct{ Reference, Status string }
	}
	if err := json.Unmarshal(body, &event); err != nil {
		m.t.Error(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heard[event.Data.Reference] == nil {
		m.heard[event.Data.Reference] = make(map[string]int)
	}
	m.heard[event.Data.Reference][event.Data.Status]++
}

type answer struct {
	Data struct {
		Reference  string
		Status     string
		PaymentURL string `json:"payment_url"`
	}
}

// order asks for one payment until it is accepted and has its URL.
func (m *merchant) order(ctx context.Context, n int) bool {
	own := fmt.Sprintf("ORDER-%d", n)
	body := map[string]any{"amount": json.Number(fmt.Sprintf("%d.%02d", 1+n%500, n%100)), "description": "Order", "reference": own}
	for ctx.Err() == nil {
		var got answer
		status := m.call(ctx, http.MethodPost, "/gateway/payments", body, &got)
		switch {
		case status == http.StatusCreated || status == http.StatusOK:
			m.accept(own, got.Data.Reference)
			if got.Data.PaymentURL != "" || got.Data.Status == "failed" {
				return true
			}
		case status != 0 && status < 500:
			m.t.Errorf("create %s: %d", own, status)
			return false
		}
		m.mu.Lock()
		m.again++
		m.mu.Unlock()
		<-pause()
	}
	return false
}

// accept notes what EU Pay promised. The same order must never be promised under two references.
func (m *merchant) accept(own, reference string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, ok := m.accepted[own]; ok && before != reference {
		m.t.Errorf("%s became two payments: %s and %s", own, before, reference)
	}
	m.accepted[own] = reference
}

func (m *merchant) reference(n int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.accepted[fmt.Sprintf("ORDER-%d", n)]
}
