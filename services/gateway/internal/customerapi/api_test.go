package customerapi

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const someID = "0190b1a2-1111-7000-8000-000000000001"

func TestACustomerListsTheirAccounts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if r := w.call(w.customer, "GET", "/customer/accounts", ""); r.text != `{"data":[],"pagination":{"page":1,"limit":20,"total":0,"pages":0}}`+"\n" {
		t.Errorf("no accounts: %s", r.text)
	}
	for range 3 {
		w.payments.accounts = append(w.payments.accounts, &paymentsv1.BankAccount{
			Id: someID, BankName: "Crédit Exemple", Name: "Compte courant", IbanMasked: "FR76 •••• 2345", Currency: "EUR", LinkedAt: timestamppb.New(now),
		})
	}
	want := `{"data":[{"id":"` + someID + `","bankName":"Crédit Exemple","name":"Compte courant","ibanMasked":"FR76 •••• 2345","currency":"EUR",` +
		`"linkedAt":"2026-06-17T12:00:00.000Z"}],"pagination":{"page":2,"limit":2,"total":3,"pages":2}}` + "\n"
	if r := w.call(w.customer, "GET", "/customer/accounts?page=2&limit=2", ""); r.text != want {
		t.Errorf("got  %swant %s", r.text, want)
	}
	if got := w.payments.listed; got.GetCustomerId() != w.userID || got.GetLivemode() {
		t.Errorf("asked for %v", got)
	}
	w.refused(errs.ValidationError, w.call(w.customer, "GET", "/customer/accounts?limit=0", ""))
}

func TestACustomerBeginsToLinkABank(t *testing.T) {
	t.Parallel()
	w := setup(t)
	want := `{"connectUrl":"https://bank.example/connect?a=1&b=2","expiresAt":"2026-06-17T12:00:00.000Z","id":"` + someID + `"}` + "\n"
	for body, link := range map[string]string{
		"": "", "{}": "", `{"returnUrl":"eupay://accounts?tab=1"}`: "eupay://accounts?tab=1",
		`{"returnUrl":"https://pay.example/app/accounts/confirm"}`: "https://pay.example/app/accounts/confirm",
	} {
		if r := w.call(w.customer, "POST", "/customer/accounts/connect", body); r.status != http.StatusOK || r.text != want {
			t.Errorf("%q: %d %s", body, r.status, r.text)
		}
		if got := w.payments.started; got.GetCustomerId() != w.userID || got.GetReturnUrl() != link || got.GetLivemode() {
			t.Errorf("%q: asked for %v", body, got)
		}
	}
	for _, link := range []string{
		"", "https://evil.example", "javascript:alert(1)", "eupay:accounts", "EUPAY2://x", "//evil.example", "eupay://u:p@x", "eupay://x#y",
		"eupay://" + strings.Repeat("a", maxReturnURL), " eupay://x",
		"https://pay.example/portal/", "https://pay.example/app/%2e%2e/portal", "https://pay.example.evil.example/app/x", "https://pay.example@evil.example/app/x",
	} {
		w.refused(errs.ValidationError, w.call(w.customer, "POST", "/customer/accounts/connect", `{"returnUrl":"`+link+`"}`))
	}
	w.refused(errs.ValidationError, w.call(w.customer, "POST", "/customer/accounts/connect", `{"customer_id":"x"}`))
}

func TestACustomerRemovesAnAccount(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if r := w.call(w.customer, "DELETE", "/customer/accounts/"+someID, ""); r.status != http.StatusNoContent || r.text != "" {
		t.Errorf("%d %s", r.status, r.text)
	}
	if got := w.payments.removed; got.GetCustomerId() != w.userID || got.GetId() != someID {
		t.Errorf("asked for %v", got)
	}
	w.payments.err = errs.NotFound("Bank account")
	w.refused(errs.NotFoundCode, w.call(w.customer, "DELETE", "/customer/accounts/"+someID, ""))
	w.payments.err = errs.New(errs.Unavailable, "The bank connection does not answer.")
	w.refused(errs.Unavailable, w.call(w.customer, "DELETE", "/customer/accounts/"+someID, ""))
	w.refused(errs.Unavailable, w.call(w.customer, "POST", "/customer/accounts/connect", ""))
}

func TestOnlyCustomersHaveAccounts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, token := range []string{"", w.merchant, w.customer + "x"} {
		for _, call := range [][2]string{{"GET", ""}, {"POST", "/connect"}, {"DELETE", "/" + someID}} {
			w.refused(errs.Unauthenticated, w.call(token, call[0], "/customer/accounts"+call[1], ""))
		}
	}
	if w.payments.listed != nil || w.payments.started != nil || w.payments.removed != nil {
		t.Error("somebody else was let through")
	}
}

func TestTheReturnLeadsBackToTheApp(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.payments.complete = &paymentsv1.CompleteConnectResponse{Linked: true, ReturnUrl: "eupay://accounts?tab=1&code=x", Code: "K7QF2MXA"}
	r := w.call("", "GET", "/customer/accounts/return?state=s.1&connection_id=42", "")
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "eupay://accounts?code=K7QF2MXA&status=pending&tab=1" {
		t.Errorf("%d to %s", r.status, r.header.Get("Location"))
	}
	if got := w.payments.completed; got.GetState() != "s.1" || got.GetConnectionId() != "42" || got.GetDeclined() {
		t.Errorf("asked for %v", got)
	}
	w.payments.complete = &paymentsv1.CompleteConnectResponse{ReturnUrl: "eupay://accounts"}
	r = w.call("", "GET", "/customer/accounts/return?state=s.1&error=access_denied", "")
	if r.header.Get("Location") != "eupay://accounts?status=declined" || !w.payments.completed.GetDeclined() {
		t.Errorf("%d to %s", r.status, r.header.Get("Location"))
	}
	w.payments.complete = &paymentsv1.CompleteConnectResponse{Linked: true, ReturnUrl: "https://pay.example/app/accounts/confirm", Code: "K7QF2MXA"}
	if r = w.call("", "GET", "/customer/accounts/return?state=s.1", ""); r.header.Get("Location") != "https://pay.example/app/accounts/confirm?code=K7QF2MXA&status=pending" {
		t.Errorf("to %s", r.header.Get("Location"))
	}
	// Whatever is stored, customers are never redirected to another site.
	w.payments.complete = &paymentsv1.CompleteConnectResponse{Linked: true, ReturnUrl: "https://evil.example/"}
	if r = w.call("", "GET", "/customer/accounts/return?state=s", ""); r.status != http.StatusOK || r.header.Get("Location") != "" {
		t.Errorf("%d to %s", r.status, r.header.Get("Location"))
	}
}

func TestTheReturnShowsAPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query, language string
		linked                bool
		err                   error
		status                int
		says, code            string
	}{
		{name: "linked", linked: true, status: 200, says: "<strong>K7QF-2MXA</strong>", code: "K7QF2MXA"},
		{name: "linked, loaded again", linked: true, status: 200, says: "Go back to the app"},
		{name: "linked, in French", linked: true, language: "fr-FR,en;q=0.5", status: 200, says: "Revenez dans l’application"},
		{name: "given up", query: "&error=access_denied", status: 200, says: "No bank was linked"},
		{name: "forged", err: errs.New(errs.InvalidState, "x"), status: 409, says: "no longer valid"},
		{name: "somebody else's", err: errs.NotFound("Bank connection"), status: 404, says: "no longer valid"},
		{name: "away", err: errs.New(errs.Unavailable, "x"), status: 503, says: "Try again"},
		{name: "our mistake", err: http.ErrBodyNotAllowed, status: 500, says: "Try again"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.payments.complete, w.payments.err = &paymentsv1.CompleteConnectResponse{Linked: tt.linked, Code: tt.code}, tt.err
			r := w.call("", "GET", "/customer/accounts/return?state=s&connection_id=<b>7</b>"+tt.query, "", "Accept-Language", tt.language)
			if r.status != tt.status || !strings.Contains(r.text, tt.says) || strings.Contains(r.text, "<b>") {
				t.Errorf("%d %s", r.status, r.text)
			}
			if !strings.Contains(r.header.Get("Content-Security-Policy"), "default-src 'none'") || r.header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v", r.header)
			}
		})
	}
}

func TestReturnsAndVisitsAreLimited(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.payments.complete = &paymentsv1.CompleteConnectResponse{}
	for range visitsPerMinute {
		if r := w.call(w.customer, "POST", "/customer/accounts/connect", ""); r.status != http.StatusOK {
			t.Fatalf("%d %s", r.status, r.text)
		}
	}
	w.refused(errs.RateLimitExceeded, w.call(w.customer, "POST", "/customer/accounts/connect", ""))
	for range returnsPerMinute {
		w.call("", "GET", "/customer/accounts/return?state=s", "")
	}
	if r := w.call("", "GET", "/customer/accounts/return?state=s", ""); r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", r.status, r.header)
	}
}

func TestTheAppConfirmsWithItsOwnLogin(t *testing.T) {
	t.Parallel()
	w := setup(t)
	path := "/customer/accounts/" + someID + "/confirm"
	if r := w.call(w.customer, "POST", path, `{"code":"K7QF-2MXA"}`); r.status != http.StatusNoContent {
		t.Errorf("%d %s", r.status, r.text)
	}
	if got := w.payments.confirmed; got.GetCustomerId() != w.userID || got.GetId() != someID || got.GetCode() != "K7QF-2MXA" || got.GetLivemode() {
		t.Errorf("asked for %v", got)
	}
	w.payments.confirmed = nil
	for _, body := range []string{"", "{}", `{"code":""}`, `{"code":1}`} {
		if r := w.call(w.customer, "POST", path, body); r.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, r.status, r.text)
		}
	}
	for _, token := range []string{"", w.merchant} {
		w.refused(errs.Unauthenticated, w.call(token, "POST", path, `{"code":"K7QF-2MXA"}`))
	}
	if w.payments.confirmed != nil {
		t.Error("confirmed")
	}
	w.payments.err = errs.NotFound("Bank connection")
	w.refused(errs.NotFoundCode, w.call(w.customer, "POST", path, `{"code":"x"}`))
}
