package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

const (
	hookP50 = 15 * time.Millisecond
	hookP99 = 60 * time.Millisecond
	// hooksLate is how long after the load the last webhook is waited for.
	hooksLate = 15 * time.Second
)

// webhooks measures the time from the payer's authorisation at the bank to the webhook at the merchant's server.
func (b *bench) webhooks(ctx context.Context) error {
	b.table.title("Tell the merchant", "the bank changes a payment's state → the merchant's server has payment.completed")
	m := &merchant{changed: make(map[string]time.Time), arrived: make(map[string]time.Time), all: make(chan struct{}, 1)}
	srv := httptest.NewServer(m)
	defer srv.Close()
	if _, err := b.system.client().WebhookEndpoints.Create(ctx, eupay.EndpointParams{URL: srv.URL, EventTypes: []string{"payment.completed"}}); err != nil {
		return fmt.Errorf("register the merchant's server: %w", err)
	}
	for _, rate := range []float64{100, 300} {
		if err := b.announce(ctx, m, rate); err != nil {
			return err
		}
	}
	return nil
}

// announce authorises payments at a fixed rate and waits for their webhooks.
func (b *bench) announce(ctx context.Context, m *merchant, rate float64) error {
	want := int(rate * b.each().Seconds())
	if err := b.stock(ctx, want); err != nil {
		return err
	}
	batch := b.made[:want]
	b.made = b.made[want:]
	host, err := b.bankHost()
	if err != nil {
		return err
	}
	m.expect(want)
	l := load{host: host, pid: b.system.pid, duration: b.each(), do: func(c *conn, n int64) error {
		p := batch[n-1]
		m.change(p.reference)
		return b.management(c, "POST", "/payments/"+p.bankID+"/authorise", "{}")
	}}
	r := l.open(ctx, rate)
	if r.failure != nil {
		return fmt.Errorf("authorise payments: %w", r.failure)
	}
	m.wait(ctx)
	hooks := m.result(batch[want/5:], b.each()*4/5)
	hooks.cpu = r.cpu
	b.table.figure(figure{
		name: fmt.Sprintf("%.0f payments authorised each second", rate), r: hooks, target: "p50 < 15, p99 < 60 ms",
		met: verdict(hooks.at(0.5) < hookP50 && hooks.at(0.99) < hookP99),
	})
	return nil
}

// merchant is the server that receives the webhooks.
type merchant struct {
	mu               sync.Mutex
	changed, arrived map[string]time.Time
	left             int
	all              chan struct{}
}

func (m *merchant) expect(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = n
}

func (m *merchant) change(reference string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed[reference] = time.Now()
}

// ServeHTTP receives a webhook.
func (m *merchant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	event, bad := webhook.Parse(body)
	if err = errors.Join(err, bad); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	paid, ok := event.Data.(*webhook.Payment)
	if !ok || event.Type != webhook.PaymentCompleted {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, again := m.arrived[paid.Reference]; again {
		return
	}
	m.arrived[paid.Reference] = at
	if m.left--; m.left == 0 {
		m.all <- struct{}{}
	}
}

func (m *merchant) wait(ctx context.Context) {
	select {
	case <-m.all:
	case <-ctx.Done():
	case <-time.After(hooksLate):
	}
}

// result returns the outcome of the payments.
func (m *merchant) result(of []payment, counted time.Duration) *result {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &result{counted: counted}
	for _, p := range of {
		at, ok := m.arrived[p.reference]
		if !ok {
			r.add(0, errors.New("no webhook came"))
			continue
		}
		r.add(at.Sub(m.changed[p.reference]), nil)
	}
	r.sort()
	return r
}
