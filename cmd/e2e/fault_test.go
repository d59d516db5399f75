package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sandbox/bank"
)

// impatient are settings with which the system soon stops waiting for the bank.
var impatient = map[string]string{
	"EUPAY_CREATE_DEADLINE":          "1500ms",
	"EUPAY_POWENS_TEST_CALL_TIMEOUT": "2s",
	"EUPAY_POWENS_LIVE_CALL_TIMEOUT": "2s",
	"EUPAY_PAYMENTS_LEASE":           "5s",
	"EUPAY_PAYMENTS_LOOKUP_WINDOW":   "3s",
	"EUPAY_PAYMENTS_QUIET_FIRST":     "300ms",
	"EUPAY_PAYMENTS_QUIET_MAX":       "1s",
}

func TestTheBankMisbehaves(t *testing.T) {
	w := newWorld(t, impatient)
	t.Run("it cannot be read for a while", func(t *testing.T) { cannotBeRead(t, w) }) // alone: it strikes all payments
	for _, fault := range []string{"late", "lost-answer", "no-answer", "error:500", "error:503", "garbage", "rate-limit:1", "unauthorized"} {
		t.Run("create meets "+fault, func(t *testing.T) { t.Parallel(); createMeets(t, w, fault) })
	}
	for fault, amount := range map[string]json.Number{"error": "9900.02", "no answer": "9900.03", "late": "9900.04", "lost answer": "9900.05"} {
		t.Run("refund meets "+fault, func(t *testing.T) { t.Parallel(); refundMeets(t, w, amount) })
	}
	t.Run("cancelled before it answered", func(t *testing.T) { t.Parallel(); cancelledUnknown(t, w) })
	t.Run("it loses its webhooks", func(t *testing.T) { t.Parallel(); losesWebhooks(t, w) })
	for _, fault := range []string{"webhook-duplicate", "webhook-out-of-order", "webhook-forged"} {
		t.Run("it sends "+fault, func(t *testing.T) { t.Parallel(); sendsOdd(t, w, fault) })
	}
	t.Run("somebody lies in its name", func(t *testing.T) { t.Parallel(); lies(t, w) })
	for _, fault := range []string{"unknown-state", "fields-map", "amount-number"} {
		t.Run("it answers with "+fault, func(t *testing.T) { t.Parallel(); answersOdd(t, w, fault) })
	}
}

// createMeets: whatever happens to the call, the merchant gets one payment that can be paid, and the bank has one.
func createMeets(t *testing.T, w *world, fault string) {
	t.Helper()
	m := w.newMerchant(t)
	body := m.order(object{"reference": "ORDER-1", "description": "Order fault:" + fault})
	first := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments", body), http.StatusCreated)
	if first.Status != "pending_sca" && (first.Status != "pending" || first.PaymentURL != "") {
		t.Errorf("the first answer is %+v", first)
	}
	switch fault {
	case "late", "no-answer":
		if first.Status != "pending" {
			t.Errorf("the bank cannot have answered in time: %+v", first)
		}
	}
	eventually(t, "the same request gives the URL", func() bool {
		again := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments", body), http.StatusOK)
		if again.Reference != first.Reference {
			t.Fatalf("the same request made %s and %s", first.Reference, again.Reference)
		}
		return again.PaymentURL != "" && again.Status == "pending_sca"
	})
	w.bank().authorise(t, first.Reference, object{}) // there is exactly one at the bank
	m.site.next(t, "payment.completed", first.Reference)
	checkTheOnly(t, m, first.Reference)
}

// refundMeets is createMeets for a refund, whose amount requests the fault from the bank.
func refundMeets(t *testing.T, w *world, amount json.Number) {
	t.Helper()
	m := w.newMerchant(t)
	p := m.paid(t, object{"amount": 10_000})
	a := m.api.do(t, http.MethodPost, payments+"/"+p.Reference+"/refund", object{"amount": amount}.json())
	r := mustData[payment](t, a, http.StatusCreated)
	m.api.do(t, http.MethodPost, payments+"/"+p.Reference+"/refund", `{"amount":100}`).refused(t, http.StatusConflict, "REFUND_EXCEEDS_PAYMENT")
	eventually(t, "the refund can be authorised", func() bool { return m.get(t, r.Reference).PaymentURL != "" })
	w.bank().authorise(t, r.Reference, object{}) // there is exactly one at the bank
	m.site.next(t, "payment.refunded", p.Reference)
	amounts(t, "amount_refunded", m.get(t, p.Reference).AmountRefunded, amount)
}

// cancelledUnknown: a payment that may or may not be at the bank is cancelled there before it can be paid.
func cancelledUnknown(t *testing.T, w *world) {
	t.Helper()
	m := w.newMerchant(t)
	p := mustData[payment](t, m.api.do(t, http.MethodPost, payments, m.order(object{"description": "Order fault:late"})), http.StatusCreated)
	if now := mustData[payment](t, m.cancel(t, p.Reference), http.StatusOK); now.Status != "cancelled" && !now.CancelRequested {
		t.Errorf("the cancellation is not remembered: %+v", now)
	}
	m.toldOfCancel(t, p.Reference)
	for _, o := range w.bank().orders(t, p.Reference) {
		if o.State != "rejected" {
			t.Errorf("the payer could still pay %+v", o)
		}
	}
}

func losesWebhooks(t *testing.T, w *world) {
	t.Helper()
	m := w.newMerchant(t)
	p := m.paid(t, object{"description": "Order fault:webhook-missing"})
	for _, hook := range w.bank().sent(t, p.Reference, func(list []attempt) bool { return len(list) > 0 }) {
		if hook.Fault != "webhook-missing" {
			t.Errorf("the bank did send %+v", hook)
		}
	}
	history := m.history(t, p.Reference)
	if last := history[len(history)-1]; last.Status != "completed" || last.Cause != "reconciler" {
		t.Errorf("the payment was completed by %+v", last)
	}
}

// checkStory checks that a payment passed its states once, without going back or repeating one.
func checkStory(t *testing.T, m *merchant, reference string, after time.Time) {
	t.Helper()
	completed := 0
	for i, c := range m.history(t, reference) {
		if c.Sequence != i+1 {
			t.Errorf("entry %d of the history has the sequence %d", i+1, c.Sequence)
		}
		if c.Status != "completed" {
			continue
		}
		if completed++; c.OccurredAt.Before(after.Truncate(time.Millisecond)) {
			t.Errorf("the payment was completed at %s, before the payer said yes at %s", c.OccurredAt, after)
		}
	}
	if completed != 1 {
		t.Errorf("the payment was completed %d times: %+v", completed, m.history(t, reference))
	}
	if list := m.deliveries(t, reference); len(list) != 1 || list[0].EventType != "payment.completed" {
		t.Errorf("the merchant was told %+v", list)
	}
}

func sendsOdd(t *testing.T, w *world, fault string) {
	t.Helper()
	m := w.newMerchant(t)
	p := m.pays(t, object{"description": "Order fault:" + fault})
	before := time.Now()
	w.bank().authorise(t, p.Reference, object{"state": "pdng/done"})
	m.site.next(t, "payment.completed", p.Reference)
	odd, done := 0, 0
	w.bank().sent(t, p.Reference, func(list []attempt) bool {
		odd, done = 0, 0
		for _, a := range list {
			if a.Fault == fault {
				odd++
			}
			if a.Fault == "webhook-forged" && a.Status != http.StatusUnauthorized {
				t.Errorf("the forged webhook was answered with %d", a.Status)
			}
			if a.Fault == "" && a.Status == http.StatusOK {
				done++
			}
		}
		return done >= 3 // validating, pending, done
	})
	if odd == 0 && fault != "webhook-out-of-order" { // whose trace is the order alone
		t.Errorf("the bank did not send any %s", fault)
	}
	checkStory(t, m, p.Reference, before)
}

// lies: only the bank's own answer counts, even if a webhook is signed.
func lies(t *testing.T, w *world) {
	t.Helper()
	m := w.newMerchant(t)
	p := m.pays(t, nil)
	claim := fmt.Sprintf(`{"id":%d,"state":"done","client_state":"%s"}`, w.bank().order(t, p.Reference).ID, p.Reference)
	post := func(secret, date string) answer {
		signature := bank.Sign(secret, http.MethodPost, "/api/v1/webhooks/powens", date, []byte(claim))
		return w.caller().with("BI-Signature", signature, "BI-Signature-Date", date).do(t, http.MethodPost, "/webhooks/powens", claim)
	}
	const date = "2026-06-17T12:25:30.000000Z"
	post("not the secret", date).refused(t, http.StatusUnauthorized, "INVALID_SIGNATURE")
	w.caller().do(t, http.MethodPost, "/webhooks/powens", claim).refused(t, http.StatusUnauthorized, "INVALID_SIGNATURE")
	if a := post(w.stack.System().Secrets.ProviderHook, date); a.status != http.StatusOK {
		t.Errorf("the signed webhook was answered with %d %s", a.status, a.raw)
	}
	// A payer who claims to be back also has the payment read again.
	back := w.caller().do(t, http.MethodGet, "/payments/return?state="+p.Reference+"&payment_state=done", "")
	if to := back.header.Get("Location"); back.status != http.StatusSeeOther || !strings.HasPrefix(to, m.site.url+"/success?") || !strings.Contains(to, "status=pending_sca") {
		t.Errorf("the payer is sent to %q", to)
	}
	if now := m.get(t, p.Reference); now.Status != "pending_sca" {
		t.Errorf("the lie made the payment %s", now.Status)
	}
	before := time.Now()
	w.bank().authorise(t, p.Reference, object{})
	m.site.next(t, "payment.completed", p.Reference)
	checkStory(t, m, p.Reference, before)
}

func answersOdd(t *testing.T, w *world, fault string) {
	t.Helper()
	m := w.newMerchant(t)
	body := m.order(object{"reference": "ORDER-1", "description": "Order fault:" + fault})
	p := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments", body), http.StatusCreated)
	if fault != "unknown-state" {
		w.bank().authorise(t, p.Reference, object{})
		m.site.next(t, "payment.completed", p.Reference)
		return
	}
	// An unknown state never changes the payment's state, but it is visible.
	w.bank().authorise(t, p.Reference, object{})
	eventually(t, "the unknown state is visible", func() bool { return m.get(t, p.Reference).StatusDetail != "" })
	if now := m.get(t, p.Reference); now.Status == "completed" || now.Status == "failed" || now.Status == "cancelled" {
		t.Errorf("an unknown state made the payment %+v", now)
	}
}

// cannotBeRead: while the bank cannot be asked, nothing is decided; afterwards the payment completes by itself.
func cannotBeRead(t *testing.T, w *world) {
	t.Helper()
	m := w.newMerchant(t)
	p := m.pays(t, nil)
	var rule struct{ ID, Hits int }
	w.bank().do(t, http.MethodPost, "/faults", object{"kind": "error", "operation": "get", "status": 503}.json(), &rule)
	w.bank().authorise(t, p.Reference, object{})
	eventually(t, "the bank was asked in vain", func() bool {
		var list struct{ Faults []struct{ ID, Hits int } }
		w.bank().do(t, http.MethodGet, "/faults", "", &list)
		return len(list.Faults) == 1 && list.Faults[0].Hits > 1
	})
	if now := m.get(t, p.Reference); now.Status != "pending_sca" {
		t.Errorf("the payment is %s although the bank could not be asked", now.Status)
	}
	w.bank().do(t, http.MethodDelete, fmt.Sprintf("/faults/%d", rule.ID), "", nil)
	m.site.next(t, "payment.completed", p.Reference)
}

// If a part of the system is unavailable, callers wait or get an error; nothing is half done.
func TestAServiceIsTemporarilyUnavailable(t *testing.T) {
	w := newWorld(t, impatient)
	m := w.newMerchant(t)
	p := m.pays(t, nil)
	w.stack.StopService(system.Payments)
	body := m.order(object{"reference": "ORDER-2"})
	a, err := m.api.try(http.MethodPost, "/gateway/payments", body)
	if err != nil {
		t.Fatal(err)
	}
	if f := a.refused(t, http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE"); f.RetryAfter < 1 || a.header.Get("X-Request-Id") == "" {
		t.Errorf("got %s", a.raw)
	}
	w.stack.StopService(system.Webhooks)
	w.bank().authorise(t, p.Reference, object{})
	for _, name := range []string{system.Payments, system.Webhooks} {
		if err := w.stack.StartService(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	m.site.next(t, "payment.completed", p.Reference)
	// The unanswered request has expired: repeated, it creates the only payment.
	second := mustData[payment](t, m.api.do(t, http.MethodPost, "/gateway/payments", body), http.StatusCreated)
	w.bank().order(t, second.Reference)
}
