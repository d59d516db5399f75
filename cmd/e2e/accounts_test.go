package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/payer"
	"european-pay.eu/eupay/cmd/internal/system"
)

// linked is a customer's bank account in the app.
type linked struct {
	ID         string `json:"id"`
	BankName   string `json:"bankName"`
	Name       string `json:"name"`
	IBANMasked string `json:"ibanMasked"`
	Currency   string `json:"currency"`
}

func (c caller) accounts(t *testing.T) []linked {
	t.Helper()
	return must[struct{ Data []linked }](t, c.do(t, http.MethodGet, "/customer/accounts", ""), http.StatusOK).Data
}

// newCustomer registers an app customer.
func (w *world) newCustomer(t *testing.T) caller {
	t.Helper()
	c := w.caller()
	email := "customer-" + strings.ReplaceAll(c.ip, ".", "-") + "@example.com"
	in := object{"email": email, "password": "correct horse battery"}.json()
	token := must[struct{ Token string }](t, c.do(t, http.MethodPost, "/customer/auth/register", in), http.StatusCreated).Token
	return c.with("Authorization", "Bearer "+token)
}

// connects goes to the bank and back, and returns where the customer ends.
func (c caller) connects(t *testing.T, body, answer string) string {
	t.Helper()
	end, _ := c.visits(t, body, answer)
	return end
}

func (c caller) visits(t *testing.T, body, answer string) (end, id string) {
	t.Helper()
	visit := must[struct{ ID, ConnectURL string }](t, c.do(t, http.MethodPost, "/customer/accounts/connect", body), http.StatusOK)
	end, err := payer.Payer{}.Link(t.Context(), visit.ConnectURL, answer)
	if err != nil {
		t.Fatal(err)
	}
	return end, visit.ID
}

// links goes to the bank and back into the app, which confirms.
func (c caller) links(t *testing.T) {
	t.Helper()
	end, id := c.visits(t, `{"returnUrl":"eupay://accounts"}`, payer.Authorise)
	back, err := url.Parse(end)
	if err != nil || back.Query().Get("status") != "pending" {
		t.Fatalf("ended at %q", end)
	}
	in := object{"code": back.Query().Get("code")}.json()
	if a := c.do(t, http.MethodPost, "/customer/accounts/"+id+"/confirm", in); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.raw)
	}
}

func TestACustomerLinksAndRemovesBankAccounts(t *testing.T) {
	t.Parallel()
	w := shared
	jane, john := w.newCustomer(t), w.newCustomer(t)
	if end := jane.connects(t, "", payer.Refuse); end != "No bank was linked" || len(jane.accounts(t)) != 0 {
		t.Errorf("after a refusal: %q, %v", end, jane.accounts(t))
	}
	if end := jane.connects(t, "", payer.Authorise); end != "One step is left" || len(jane.accounts(t)) != 0 {
		t.Errorf("before the confirmation: %q, %v", end, jane.accounts(t))
	}
	jane.links(t)
	john.links(t)
	hers, his := jane.accounts(t), john.accounts(t)
	if len(hers) != 2 || len(his) != 2 || hers[0].ID == his[0].ID {
		t.Fatalf("hers %v, his %v", hers, his)
	}
	if a := hers[0]; a.BankName != "Bank of Nowhere (Sandbox)" || a.Currency != "EUR" || !strings.HasPrefix(a.IBANMasked, "FR") ||
		!strings.Contains(a.IBANMasked, " •••• ") {
		t.Errorf("%+v", a)
	}
	john.do(t, http.MethodDelete, "/customer/accounts/"+hers[0].ID, "").refused(t, http.StatusNotFound, "NOT_FOUND")
	jane.links(t)
	if again := jane.accounts(t); len(again) != 2 || again[0] != hers[0] || again[1] != hers[1] {
		t.Errorf("the same bank again: %v, before %v", again, hers)
	}
	for _, a := range hers {
		if a := jane.do(t, http.MethodDelete, "/customer/accounts/"+a.ID, ""); a.status != http.StatusNoContent {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	if len(jane.accounts(t)) != 0 || len(john.accounts(t)) != 2 {
		t.Errorf("hers %v, his %v", jane.accounts(t), john.accounts(t))
	}
}

func TestTheDemoCustomerCanLinkABank(t *testing.T) {
	t.Parallel()
	w := shared
	c := w.caller()
	in := object{"email": system.CustomerEmail, "password": w.stack.System().Secrets.CustomerLogin}.json()
	token := must[struct{ Token string }](t, c.do(t, http.MethodPost, "/customer/auth/login", in), http.StatusOK).Token
	c = c.with("Authorization", "Bearer "+token)
	c.links(t)
	if list := c.accounts(t); len(list) != 2 {
		t.Errorf("%v", list)
	}
}

func TestAForgedReturnLinksNothing(t *testing.T) {
	t.Parallel()
	w := shared
	for _, query := range []string{"", "?state=x&connection_id=1", "?connection_id=1", "?state=" + strings.Repeat("A", 75) + "&connection_id=1", "?error=access_denied"} {
		a := w.caller().do(t, http.MethodGet, "/customer/accounts/return"+query, "")
		if a.status != http.StatusConflict || !strings.Contains(string(a.raw), "no longer valid") {
			t.Errorf("%q: %d %s", query, a.status, a.raw)
		}
	}
}
