package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/services/webhooks/verify"
)

// merchant is an integrator who does what the documentation says: it repeats a request that was not answered with the
// same reference, and believes only webhooks whose signature verifies.
type merchant struct {
	t      *testing.T
	w      *world
	client *http.Client
	secret string
	hook   *httptest.Server

	mu       sync.Mutex
	heard    map[string]map[string]int // reference → final status → webhooks
	accepted map[string]string         // our reference → EU Pay's
	repeated int
}

func newMerchant(t *testing.T, w *world) *merchant {
	t.Helper()
	m := &merchant{
		t: t, w: w, client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		heard: make(map[string]map[string]int), accepted: make(map[string]string),
	}
	m.hook = httptest.NewServer(http.HandlerFunc(m.receive))
	t.Cleanup(m.hook.Close)
	t.Cleanup(m.client.CloseIdleConnections)
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
	if err := verify.EuPay(m.secret, body, r.Header.Get("X-EuPay-Signature")); err != nil {
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

// call returns the status of the answer, 0 when none came.
func (m *merchant) call(ctx context.Context, method, path string, body, into any) int {
	return m.request(ctx, method, m.w.sys.URL()+"/api/v1"+path, body, into)
}

func (m *merchant) request(ctx context.Context, method, url string, body, into any) int {
	raw, err := json.Marshal(body)
	if err != nil {
		m.t.Error(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(raw))
	if err != nil {
		m.t.Error(err)
		return 0
	}
	req.Header.Set("X-Api-Key", m.w.sys.Secrets.APIKey)
	req.Header.Set("X-Api-Secret", m.w.sys.Secrets.APISecret)
	req.Header.Set("Content-Type", "application/json")
	resp, err := m.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || (into != nil && resp.StatusCode < 300 && json.Unmarshal(answer, into) != nil) {
		return 0
	}
	return resp.StatusCode
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
		m.repeated++
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

func pause() <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(50*time.Millisecond, func() { close(done) })
	return done
}
