package chaos

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sdk/go/webhook"
)

// TestTheComparisonNoticesEachDifference: a comparison that finds nothing says something only if it can find it.
func TestTheComparisonNoticesEachDifference(t *testing.T) {
	const sale, refund = "PAY-1", "REF-1"
	done := []object{{"state": "done"}}
	for name, c := range map[string]struct {
		status map[string]string   // at REST, where it differs from what it has to be
		bank   map[string][]object // at the bank, where it differs
		told   []webhook.Type
		want   string // empty: nothing is different
	}{
		"all is well":              {told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentRefunded}},
		"REST is behind":           {status: map[string]string{sale: "completed"}, told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentRefunded}, want: "PAY-1: REST answers 200 and says completed"},
		"REST does not know it":    {status: map[string]string{refund: ""}, told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentRefunded}, want: "REF-1: REST answers 404"},
		"the bank paid twice":      {bank: map[string][]object{sale: {done[0], done[0]}}, told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentRefunded}, want: "PAY-1: REST answers 200 and says refunded, the bank says  2 provider payments"},
		"the bank paid nothing":    {bank: map[string][]object{refund: {}}, told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentRefunded}, want: "REF-1: REST answers 200 and says completed, the bank says  no provider payment"},
		"the bank is not done":     {bank: map[string][]object{sale: {{"state": "pending"}}}, told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentRefunded}, want: "the bank says pending"},
		"a webhook never came":     {told: []webhook.Type{webhook.PaymentCompleted}, want: "PAY-1: payment.refunded was told 0 times"},
		"a webhook came twice":     {told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentCompleted, webhook.PaymentRefunded}, want: "PAY-1: payment.completed was told 2 times"},
		"another outcome was told": {told: []webhook.Type{webhook.PaymentCompleted, webhook.PaymentRefunded, webhook.PaymentFailed}, want: "PAY-1: payment.failed was told 1 times"},
	} {
		rest := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			reference, status := path.Base(r.URL.Path), map[string]string{sale: "refunded", refund: "completed"}
			if other, ok := c.status[reference]; ok {
				status[reference] = other
			}
			if status[reference] == "" {
				w.WriteHeader(http.StatusNotFound)
			}
			reply(t, w, object{"data": object{"status": status[reference]}})
		}))
		t.Cleanup(rest.Close)
		bank := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			payments, ok := c.bank[r.URL.Query().Get("reference_id")]
			if !ok {
				payments = done
			}
			reply(t, w, object{"payments": payments})
		}))
		t.Cleanup(bank.Close)
		w := &world{t: t, sys: system.System{Ports: system.Ports{HTTP: portOf(rest), BankManagement: portOf(bank)}}}
		m := &customers{seller: &seller{client: newClient(t, w)}, sales: make(map[string]*deed), told: make(map[string][]string)}
		for i, event := range c.told {
			m.hear(&webhook.Event{ID: "evt_" + string(rune('a'+i)), Type: event, Data: &webhook.Payment{Reference: sale}, Sequence: 1})
		}
		d := m.deed(sale)
		d.refund = refund
		wrong := strings.Join(m.differences(t.Context(), d), "\n")
		if (wrong == "") != (c.want == "") || !strings.Contains(wrong, c.want) {
			t.Errorf("%s: got %q, want %q", name, wrong, c.want)
		}
		if again := m.toldTwice(); (len(again) > 0) != (name == "a webhook came twice") {
			t.Errorf("%s: told twice: %q", name, again)
		}
	}
}

func portOf(s *httptest.Server) int { return s.Listener.Addr().(*net.TCPAddr).Port }

func reply(t *testing.T, w http.ResponseWriter, body any) {
	t.Helper()
	if err := json.NewEncoder(w).Encode(body); err != nil {
		t.Error(err)
	}
}
