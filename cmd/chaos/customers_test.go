package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// rate is how many requests customers send in a second.
const rate = 50

// customers use the API at a steady rate, whatever the answers are, and repeat nothing.
type customers struct {
	*seller

	mu    sync.Mutex
	phase string // what happens to the system meanwhile
	// sales by their reference; paid are those to give back, which were told as completed.
	sales map[string]*deed
	paid  []*deed
	// told has the ids under which each change of a payment was told.
	told map[string][]string
	// sent counts the requests, took has how long each took, failures what went wrong. late counts the payments without an address.
	sent, late int
	took       []time.Duration
	failures   []string
}

// deed is a payment, and its refund if there is one.
type deed struct {
	reference, refund string
	told              map[string]int
}

func newCustomers(t *testing.T, w *world) *customers {
	t.Helper()
	m := &customers{sales: make(map[string]*deed), told: make(map[string][]string), phase: "before it"}
	m.seller = newSeller(t, w, "busy", system.MerchantIBAN, m.hear)
	return m
}

func (m *customers) hear(e *webhook.Event) {
	p, ok := e.Data.(*webhook.Payment)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	what := fmt.Sprintf("%s %s %d", e.Type, p.Reference, e.Sequence)
	m.told[what] = append(m.told[what], e.ID)
	d := m.deed(p.Reference)
	d.told[string(e.Type)]++
	if e.Type == webhook.PaymentCompleted {
		m.paid = append(m.paid, d)
	}
}

// deed is what is known of a reference: a webhook may come before the answer. The caller holds the lock.
func (m *customers) deed(reference string) *deed {
	if m.sales[reference] == nil && strings.HasPrefix(reference, "PAY-") {
		m.sales[reference] = &deed{reference: reference, told: make(map[string]int)}
	}
	if d := m.sales[reference]; d != nil {
		return d
	}
	return &deed{reference: reference, told: make(map[string]int)} // a refund: its payment tells of it
}

// reads are requests that change nothing; each room of the system answers some.
var reads = []string{
	"/gateway/payments?limit=20", "/webhook-endpoints", "/merchant", "/product/list", "/einvoice/invoices", "/gateway/payment-links",
}

// use sends requests until during has returned and all of them are answered.
func (m *customers) use(ctx context.Context, during func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		each := time.NewTicker(time.Second / rate)
		defer each.Stop()
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-each.C:
				running.Go(func() { m.send(ctx, n) })
			}
		}
	})
	during()
	close(done)
	running.Wait()
}

// send sends the n-th request. What payers and the merchant do at the bank because of it is not one of the system.
func (m *customers) send(ctx context.Context, n int) {
	switch n % 10 {
	case 0, 3, 6:
		m.buy(ctx, n)
	case 1, 8:
		m.giveBack(ctx, n)
	case 4:
		if s := m.any(); s != "" {
			m.ask(ctx, m.client, http.MethodGet, "/gateway/payments/"+s, nil, nil)
			return
		}
		fallthrough
	case 9:
		m.page(ctx)
	default:
		m.ask(ctx, m.portal, http.MethodGet, reads[n/10%len(reads)], nil, nil)
	}
}

func (m *customers) buy(ctx context.Context, n int) {
	var got answer
	body := object{"amount": json.Number(fmt.Sprintf("%d.%02d", 1+n%500, n%100)), "description": "Order", "reference": fmt.Sprint("BUSY-", n)}
	if !m.ask(ctx, m.client, http.MethodPost, "/gateway/payments", body, &got) {
		return
	}
	m.mu.Lock()
	m.deed(got.Data.Reference)
	if got.Data.PaymentURL == "" {
		m.late++
	}
	m.mu.Unlock()
	if !m.authorise(ctx, got.Data.Reference) {
		m.fail("the bank has nothing to authorise of " + got.Data.Reference)
	}
}

// giveBack gives a completed payment back, or reads the refunds of any if there is none.
func (m *customers) giveBack(ctx context.Context, n int) {
	m.mu.Lock()
	var d *deed
	if n%3 == 0 && len(m.paid) > 0 {
		d, m.paid = m.paid[0], m.paid[1:]
	}
	m.mu.Unlock()
	if d == nil {
		m.ask(ctx, m.client, http.MethodGet, "/gateway/payments?limit=5&status=refunded", nil, nil)
		return
	}
	var got answer
	if !m.ask(ctx, m.client, http.MethodPost, "/gateway/payments/"+d.reference+"/refund", object{}, &got) {
		return
	}
	m.mu.Lock()
	d.refund = got.Data.Reference
	m.mu.Unlock()
	if !m.authorise(ctx, got.Data.Reference) {
		m.fail("the bank has nothing to authorise of " + got.Data.Reference)
	}
}

// any is the reference of a payment; empty if there is none yet.
func (m *customers) any() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for reference := range m.sales {
		return reference
	}
	return ""
}

func (m *customers) page(ctx context.Context) {
	m.watched(http.MethodGet, "/docs", func() int { return m.request(ctx, http.MethodGet, m.w.sys.URL()+"/docs", nil, nil) })
}

func (m *customers) ask(ctx context.Context, c *client, method, path string, body, into any) bool {
	return m.watched(method, path, func() int { return c.call(ctx, method, path, body, into) })
}

// watched notes how long a request took, and that it failed unless it is answered as it should be.
func (m *customers) watched(method, path string, request func() int) bool {
	began := time.Now()
	status := request()
	took := time.Since(began)
	m.mu.Lock()
	m.sent++
	m.took = append(m.took, took)
	m.mu.Unlock()
	if status >= 200 && status < 300 {
		return true
	}
	m.fail(fmt.Sprintf("%s %s: %d after %s", method, path, status, took.Round(time.Millisecond)))
	return false
}

func (m *customers) fail(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failures = append(m.failures, m.phase+": "+what)
}

// enter says what is being replaced, and what the requests before it took.
func (m *customers) enter(phase string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.took) > 0 {
		slices.Sort(m.took)
		m.t.Logf("%-13s %4d requests, median %s, 99%% %s, slowest %s", m.phase, len(m.took), brief(m.took, 50), brief(m.took, 99), brief(m.took, 100))
	}
	m.phase, m.took = phase, nil
}

func brief(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100].Round(time.Millisecond)
}

// some is how many payments show that the system works.
const some = 15

// goOn waits until some more payments have been paid.
func (m *customers) goOn(ctx context.Context) {
	m.mu.Lock()
	goal := m.completed() + some
	m.mu.Unlock()
	if !until(ctx, pause, func() bool { m.mu.Lock(); defer m.mu.Unlock(); return m.completed() >= goal }) {
		m.t.Errorf("%s: payments are not paid any more", m.phase)
	}
}

// completed counts the payments that were told as completed. The caller holds the lock.
func (m *customers) completed() (n int) {
	for _, d := range m.sales {
		n += min(1, d.told[string(webhook.PaymentCompleted)])
	}
	return n
}

// report tells what failed.
func (m *customers) report(ctx context.Context) {
	m.enter("comparing")
	m.mu.Lock()
	defer m.mu.Unlock()
	refunds := 0
	for _, d := range m.sales {
		if d.refund != "" {
			refunds++
		}
	}
	m.t.Logf("%d requests, %d payments, %d refunds; %d had to wait for their address", m.sent, len(m.sales), refunds, m.late)
	for _, f := range m.failures {
		m.t.Error(f)
	}
	if ctx.Err() != nil {
		m.t.Error("the time is over")
	}
}
