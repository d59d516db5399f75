package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

// way is one in which money starts to move.
type way struct {
	name string
	// payer: the request is not made by the merchant. code: it has the mode of the deployment, not its own.
	payer, code bool
	// picture: any bank's app can pay from the answer, and no command is sent.
	picture bool
	ask     func(w *gateWorld) (int, map[string]any)
}

func byKey(method, path, body string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) { return w.call(method, path, body, w.keys[w.live]...) }
}

func byLogin(method, path, body string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) {
		if w.live {
			path := path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "livemode=true"
			return w.call(method, path, body, bearer(w.owner)...)
		}
		return w.call(method, path, body, bearer(w.owner)...)
	}
}

func scanning(code, more string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) {
		return w.call("POST", "/qr/pay", `{"qrData":"`+code+`","accountId":"main"`+more+`}`, bearer(w.customer)...)
	}
}

// checkingOut is a guest without a login, who pays a merchant's code.
func checkingOut(code string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) {
		return w.call("POST", "/qr/checkout", `{"qrData":"`+code+`","amount":7}`, "Idempotency-Key", "a guest's random key")
	}
}

// payingLink is a payer without a login, who opened a payment link.
func payingLink(w *gateWorld) (int, map[string]any) {
	return w.call("POST", "/links/7Fq2mXc9Tb/pay", "{}", "Idempotency-Key", "a payer's random key")
}

func ordering(body string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) {
		return w.call("POST", "/table-order/menu/"+w.merchant.ID+"/"+gateToken, body)
	}
}

const gateItems = `{"items":[{"productId":"` + gateOrder + `","quantity":2}],`

var ways = []way{
	{name: "payment", ask: byKey("POST", "/gateway/payments", `{"amount":7,"description":"Order"}`)},
	{name: "refund", ask: byKey("POST", "/gateway/payments/"+gatePayment+"/refund", "")},
	{name: "payment, by login", ask: byLogin("POST", "/gateway/payments", `{"amount":7,"description":"Order"}`)},
	{name: "subscription", ask: byKey("POST", "/gateway/subscriptions", `{"amount":7,"description":"Gym","frequency":"monthly","start_date":"2027-01-31"}`)},
	{name: "subscription that replaces another", ask: byKey("POST", "/gateway/subscriptions/"+gateSub+"/replace", `{"start_date":"2027-01-31"}`)},
	{name: "refund, by login", ask: byLogin("POST", "/gateway/payments/"+gatePayment+"/refund", "")},
	{name: "money received, by key", ask: byKey("POST", "/gateway/payments/"+gatePayment+"/confirm-received", "")},
	{name: "money received, by login", ask: byLogin("POST", "/gateway/payments/"+gatePayment+"/confirm-received", "")},
	{name: "late money, by key", ask: byKey("POST", "/gateway/payments/"+gatePayment+"/late-receipt", "")},
	{name: "late money, by login", ask: byLogin("POST", "/gateway/payments/"+gatePayment+"/late-receipt", "")},
	{name: "transfer to a payment", picture: true, ask: byKey("GET", "/gateway/payments/"+gatePayment+"/qr.png?type=epc", "")},
	{name: "transfer to a payment, by login", picture: true, ask: byLogin("GET", "/gateway/payments/"+gatePayment+"/qr.svg?type=epc", "")},
	{name: "scan of a payment's code", payer: true, ask: scanning("payment", "")},
	{name: "scan of a merchant's code", payer: true, code: true, ask: scanning("merchant", `,"amount":7`)},
	{name: "scan of a permanent code", payer: true, code: true, ask: scanning("permanent", `,"amount":7`)},
	{name: "a guest's payment of a merchant's code", payer: true, code: true, ask: checkingOut("permanent")},
	{name: "a payer's payment of a link", payer: true, ask: payingLink},
	{name: "order paid at the table", payer: true, code: true, ask: ordering(gateItems + `"orderType":"dine_in","payNow":true}`)},
	{name: "takeaway", payer: true, code: true, ask: ordering(gateItems + `"orderType":"takeaway"}`)},
}

// moved reports whether money may move after the answer: a command was sent, or a picture that can be paid was drawn.
func (w *gateWorld) moved(in way, status int) bool {
	w.t.Helper()
	if in.picture {
		return status == http.StatusOK
	}
	if err := errors.Join(w.s.core.Bus.NC.Flush(), w.broker.Flush()); err != nil {
		w.t.Fatal(err)
	}
	select {
	case m := <-w.commands:
		return !strings.HasSuffix(m.Subject, ".cancel")
	default:
		return false
	}
}

// TestNothingMovesMoneyOfAMerchantWhoMayNotTakeIt is the table of the gate: every way in which money starts to move, for every
// state of a merchant, in a live deployment.
func TestNothingMovesMoneyOfAMerchantWhoMayNotTakeIt(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, true)
	w.profile(`{"iban":"FR7630006000011234567890189","epc_enabled":true}`)
	complete := `{"legal_status":"SARL","siren":"552100554"}`
	for _, state := range []struct {
		name     string
		make     func()
		live, ok bool
		// the errors for the merchant and for a payer
		merchant, payer errs.Code
	}{
		{"never enabled, test mode", func() {}, false, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"never enabled, live mode", func() {}, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"enabled in test mode only, live mode", func() { w.admins(`{"enabled":true}`) }, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"enabled in test mode only, test mode", func() {}, false, true, "", ""},
		{"enabled, live mode", func() { w.profile(complete); w.admins(`{"enabled":true,"live":true}`) }, true, true, "", ""},
		{"live without data", func() { w.profile(`{"siren":""}`) }, true, false, errs.InvalidState, errs.InvalidState},
		{"live with its data again", func() { w.profile(complete) }, true, true, "", ""},
		{"disabled, live mode", func() { w.admins(`{"enabled":false}`) }, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"disabled, test mode", func() {}, false, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"enabled again, live mode", func() { w.admins(`{"enabled":true}`) }, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
	} {
		state.make()
		w.newCustomer() // one may only scan so often
		for _, in := range ways {
			if in.code && !state.live {
				continue // in a live deployment these are live
			}
			w.live = state.live
			status, answer := in.ask(w)
			moved := w.moved(in, status)
			if moved != state.ok || moved != (status < 300) {
				t.Errorf("%s, %s: money moves: %t, answer %d %v", state.name, in.name, moved, status, answer)
			}
			want := state.merchant
			if in.payer {
				want = state.payer
			}
			if code, _ := answer["code"].(string); !state.ok && code != string(want) {
				t.Errorf("%s, %s: answer %d %v, want %s", state.name, in.name, status, answer, want)
			}
		}
	}
}

// TestALiveMerchantsCodesAndOrdersNeverBecomeTestPayments uses a deployment that takes no live payments by code.
func TestALiveMerchantsCodesAndOrdersNeverBecomeTestPayments(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, false)
	w.profile(`{"iban":"FR7630006000011234567890189","legal_status":"SARL","siren":"552100554"}`)
	for _, state := range []struct {
		admin string
		code  errs.Code
	}{{`{"enabled":true}`, ""}, {`{"enabled":true,"live":true}`, errs.LiveNotConfigured}, {`{"enabled":true,"live":false}`, ""}} {
		w.admins(state.admin)
		for _, in := range ways {
			if !in.code {
				continue
			}
			status, answer := in.ask(w)
			code, _ := answer["code"].(string)
			if moved := w.moved(in, status); moved != (state.code == "") || code != string(state.code) {
				t.Errorf("%s, %s: money moves: %t, answer %d %v", state.admin, in.name, moved, status, answer)
			}
		}
	}
}

func TestLiveModeIsNotEnabledWithoutTheMerchantsData(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, true)
	path := "/admin/merchants/" + w.merchant.ID + "/gateway"
	status, answer := w.call("POST", path, `{"enabled":true,"live":true}`, bearer(w.admin)...)
	message, _ := answer["message"].(string)
	if status != http.StatusConflict || answer["code"] != "INVALID_STATE" || !strings.Contains(message, "legal_status, siren, iban") {
		t.Errorf("%d %v", status, answer)
	}
	_, after := w.call("GET", "/merchant", "", bearer(w.owner)...)
	if after["gateway_enabled"] != false || after["live_enabled"] != false {
		t.Errorf("a refused change was made: %v", after)
	}
	if status, answer := w.call("POST", path, `{"enabled":false,"live":true}`, bearer(w.admin)...); status != http.StatusBadRequest {
		t.Errorf("%d %v", status, answer)
	}
}

// TestLoginsSeeAndRefundPaymentsByRole follows the table of ADR 15.
func TestLoginsSeeAndRefundPaymentsByRole(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, true)
	w.profile(`{"iban":"FR7630006000011234567890189"}`)
	w.admins(`{"enabled":true}`)
	tokens := map[string]string{"merchant": w.owner, "customer": w.customer, "admin": w.admin}
	for _, role := range []string{"staff", "accountant"} {
		mail := `"email":"` + role + `@example.com","password":"` + gatePassword + `"`
		if status, answer := w.call("POST", "/merchant/team", `{`+mail+`,"name":"X","role":"`+role+`"}`, bearer(w.owner)...); status != http.StatusCreated {
			t.Fatal(answer)
		}
		_, answer := w.call("POST", "/auth/login", `{`+mail+`}`)
		tokens[role], _ = answer["token"].(string)
	}
	payment := "/gateway/payments/" + gatePayment
	for _, c := range []struct {
		method, path string
		allowed      []string
	}{
		{"GET", "/gateway/payments", []string{"merchant", "staff", "accountant"}},
		{"GET", "/gateway/banks", []string{"merchant", "staff", "accountant"}},
		{"GET", payment, []string{"merchant", "staff", "accountant"}},
		{"GET", payment + "/refunds", []string{"merchant", "staff", "accountant"}},
		{"GET", payment + "/history", []string{"merchant", "staff", "accountant"}},
		{"POST", payment + "/refund", []string{"merchant"}},
		{"POST", payment + "/cancel", []string{"merchant"}},
	} {
		for role, token := range tokens {
			status, answer := w.call(c.method, c.path, "", bearer(token)...)
			if allowed := slices.Contains(c.allowed, role); allowed != (status < 300) || !allowed && status != http.StatusForbidden && status != http.StatusUnauthorized {
				t.Errorf("%s %s by %s: %d %v", c.method, c.path, role, status, answer)
			}
		}
	}
	if status, answer := w.call("GET", "/gateway/payments", ""); answer["code"] != "MISSING_CREDENTIALS" {
		t.Errorf("nobody: %d %v", status, answer)
	}
	if status, answer := w.call("GET", "/gateway/payments?livemode=perhaps", "", bearer(w.owner)...); status != http.StatusBadRequest {
		t.Errorf("a mode that is none: %d %v", status, answer)
	}
	if w.lists[0].GetMerchantId() != w.merchant.ID || w.lists[0].GetLivemode() {
		t.Errorf("listed %v", w.lists[0])
	}
}

// TestEveryRouteThatChangesPaymentsIsInTheGateTable fails if a route about payments is neither in the table nor on the list of
// those that move no money.
func TestEveryRouteThatChangesPaymentsIsInTheGateTable(t *testing.T) {
	t.Parallel()
	known := []string{
		"POST /gateway/payments", "POST /gateway/payments/:reference/refund", "POST /gateway/payments/:reference/confirm-received",
		"POST /gateway/payments/:reference/late-receipt", "POST /qr/pay", "POST /qr/checkout", "POST /table-order/menu/:merchantId/:token",
		// These move no money: cancellations, the statement that no money came, and creating or reading codes.
		"POST /gateway/payments/:reference/cancel", "POST /gateway/payments/:reference/refunds/:refund/cancel",
		"POST /gateway/payments/:reference/confirm-not-received", "POST /qr/generate", "POST /qr/scan", "POST /qr/preview",
	}
	for _, r := range open(t).echo.Routes() {
		path := strings.TrimPrefix(r.Path, basePath)
		about := strings.HasPrefix(path, "/gateway/payments") || strings.HasPrefix(path, "/qr/") || strings.HasPrefix(path, "/table-order/menu")
		if about && r.Method == http.MethodPost && !slices.Contains(known, r.Method+" "+path) {
			t.Errorf("%s %s: does money start to move there? Put it into the table of ways", r.Method, path)
		}
	}
}
