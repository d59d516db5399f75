package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"european-pay.eu/eupay/sdk/go/webhook"
)

// merchant is an integrator who does what the documentation says: it repeats a request that was not answered with the
// same reference, and believes only webhooks whose signature verifies.
type merchant struct {
	*client
	hook     string // where its webhooks go
	mu       sync.Mutex
	heard    map[string]map[string]int // reference → final status → webhooks
	last     map[string]int            // reference → sequence of its latest webhook
	accepted map[string]string         // our reference → EU Pay's
	again    int
}

func newMerchant(t *testing.T, w *world) *merchant {
	t.Helper()
	m := &merchant{
		client: newClient(t, w, "X-Api-Key", w.sys.Secrets.APIKey, "X-Api-Secret", w.sys.Secrets.APISecret),
		heard:  make(map[string]map[string]int), last: make(map[string]int), accepted: make(map[string]string),
	}
	m.hook = m.client.hear(nil, m.hear)
	return m
}

func (m *merchant) hear(e *webhook.Event) {
	p, ok := e.Data.(*webhook.Payment)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Sequence <= m.last[p.Reference] {
		m.t.Errorf("%s: webhook %d %s came after %d", p.Reference, e.Sequence, e.Type, m.last[p.Reference])
	}
	m.last[p.Reference] = e.Sequence
	if m.heard[p.Reference] == nil {
		m.heard[p.Reference] = make(map[string]int)
	}
	m.heard[p.Reference][string(p.Status)]++
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
