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
	bank, faulty := moneyAt(m.atTheBank(ctx, reference))
	if faulty != "" {
		return faulty
	}
	var rest answer
	if status := m.call(ctx, http.MethodGet, "/gateway/payments/"+reference, nil, &rest); status != http.StatusOK {
		return "REST answers " + strconv.Itoa(status)
	}
	for _, expected := range statuses[bank.State] {
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
	return "the bank says " + bank.State + ", REST says " + rest.Data.Status
}

// moneyAt is the provider payment that counts. A create without an answer is sent again when the bank does not know it seconds later; if it
// shows up after that, one of the two is cancelled, and nobody has received its URL. So there may be several, but money moves once.
func moneyAt(bank []bankPayment) (counts bankPayment, faulty string) {
	if len(bank) == 0 {
		return bankPayment{}, "no provider payment"
	}
	counts, open := bank[0], 0
	for _, p := range bank {
		if p.State != "rejected" {
			counts, open = p, open+1
		}
	}
	if open > 1 {
		return bankPayment{}, strconv.Itoa(open) + " provider payments that are not cancelled"
	}
	return counts, ""
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
