package chaos

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// statuses are what the bank's final states mean for the merchant.
var statuses = map[string][]string{"done": {"completed"}, "rejected": {"failed", "cancelled"}}

// compareBooks waits until the books of REST, bank and webhooks agree on every accepted order, and reports each that
// does not.
func (m *merchant) compareBooks(ctx context.Context, orders int) {
	m.t.Helper()
	limit, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	for n := range orders {
		reference := m.reference(n)
		if reference == "" {
			m.t.Errorf("order %d was never accepted", n)
			continue
		}
		var difference string
		until(limit, pause, func() bool {
			difference = m.difference(ctx, reference)
			return difference == ""
		})
		if difference != "" {
			m.t.Errorf("order %d, %s: %s", n, reference, difference)
		}
	}
}

// difference tells where the books disagree on one payment; empty: nowhere.
func (m *merchant) difference(ctx context.Context, reference string) string {
	bank := m.atTheBank(ctx, reference)
	if len(bank) != 1 {
		return strconv.Itoa(len(bank)) + " provider payments"
	}
	var rest answer
	if status := m.call(ctx, http.MethodGet, "/gateway/payments/"+reference, nil, &rest); status != http.StatusOK {
		return "REST answers " + strconv.Itoa(status)
	}
	for _, expected := range statuses[bank[0].State] {
		if rest.Data.Status != expected {
			continue
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		heard := m.heard[reference]
		if heard[expected] == 0 || len(heard) != 1 {
			return "REST says " + expected + ", webhooks said " + keys(heard)
		}
		return ""
	}
	return "the bank says " + bank[0].State + ", REST says " + rest.Data.Status
}

func keys(m map[string]int) string {
	text := ""
	for k := range m {
		text += k + " "
	}
	if text == "" {
		return "nothing"
	}
	return text
}
