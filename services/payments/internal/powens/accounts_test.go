package powens_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/services/payments/internal/powens"
)

const userToken = "a-users-permanent-token-that-must-never-be-in-a-log-0123456789"

// accountsAt is a client of a provider that answers these texts by method and path.
func accountsAt(t *testing.T, webview string, answers map[string]string) *powens.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.Method+" "+r.URL.Path]
		if !ok || (r.URL.Path != "/2.0/auth/init" && r.Header.Get("Authorization") != "Bearer "+userToken) {
			w.WriteHeader(http.StatusNotFound)
			text = `{"code":"notFound","description":"nothing for ` + userToken + `"}`
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	c := powens.New(powens.Config{
		BaseURL: srv.URL, ClientID: "client", ClientSecret: "secret", RedirectURI: "https://eupay.example/return", WebviewURL: webview,
		CallTimeout: 5 * time.Second,
	}, time.Now, slog.New(slog.DiscardHandler))
	t.Cleanup(c.Close)
	return c
}

func TestAccountsAreReadLeniently(t *testing.T) {
	t.Parallel()
	c := accountsAt(t, "", map[string]string{
		"GET /2.0/users/me/connections": `{"connections":[{"id":1},{"id":7,"connector":{"name":"Bank","uuid":"x"}}],"total":2}`,
		"GET /2.0/users/me/connections/7/accounts": `{"accounts":[
			{"id":70,"id_connection":7,"name":"","original_name":"COMPTE","iban":"fr76 3000 6000 0112 3456 7890 189","currency":{"id":"EUR"},"type":"checking","disabled":null},
			{"id":"71","id_connection":"7","name":"Two","iban":"FR7630006000011234567890189","currency":"eur","type":{"name":"checking"}},
			{"id":72,"id_connection":7,"name":"Savings","iban":null,"currency":{"id":"EUR"}},
			{"id":73,"id_connection":7,"name":"Off","iban":"FR7630006000011234567890189","currency":"EUR","disabled":"2026-01-01 00:00:00"},
			{"id":74,"id_connection":7,"name":"Gone","iban":"FR7630006000011234567890189","currency":"EUR","deleted":"2026-01-01 00:00:00"},
			{"id":75,"id_connection":8,"name":"Other connection","iban":"FR7630006000011234567890189","currency":"EUR"},
			{"id":76,"id_connection":7,"name":"Odd","iban":"<script>","currency":"EUR"},
			{"id_connection":7,"name":"No id","iban":"FR7630006000011234567890189","currency":"EUR"}],"balances":{}}`,
	})
	bank, got, err := c.Accounts(t.Context(), powens.User{Token: userToken}, "7")
	if err != nil || bank != "Bank" || len(got) != 4 {
		t.Fatalf("%q %+v, %v", bank, got, err)
	}
	if got[0] != (powens.BankAccount{ID: "70", ConnectionID: "7", Name: "COMPTE", IBAN: "FR7630006000011234567890189", Currency: "EUR", Type: "checking"}) {
		t.Errorf("%+v", got[0])
	}
	if got[1].Currency != "EUR" || got[2].IBAN != "" || got[3].IBAN != "" {
		t.Errorf("%+v", got)
	}
	if _, _, err := c.Accounts(t.Context(), powens.User{Token: userToken}, "9"); !powens.IsGone(err) {
		t.Errorf("another's connection: %v", err)
	}
}

func TestErrorsHoldNoUserToken(t *testing.T) {
	t.Parallel()
	c := accountsAt(t, "", nil)
	u := powens.User{Token: userToken}
	_, err := c.ConnectURL(t.Context(), u, "https://eupay.example/back", "s")
	if err == nil || strings.Contains(err.Error(), userToken) {
		t.Errorf("%v", err)
	}
	for _, id := range []string{"7", "gone"} {
		if err := c.DeleteConnection(t.Context(), u, id); err != nil {
			t.Errorf("a connection that is gone: %v", err)
		}
		if err := c.DisableAccount(t.Context(), u, id); err != nil {
			t.Errorf("an account that is gone: %v", err)
		}
	}
}

func TestUnreadableUserResponsesAreErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `[]`, `{"auth_token":"x"}`, `{"auth_token":"x","type":"temporary","id_user":1}`, `<html>`} {
		c := accountsAt(t, "", map[string]string{"POST /2.0/auth/init": text})
		if u, err := c.CreateUser(t.Context()); err == nil {
			t.Errorf("%s makes %+v", text, u)
		}
	}
}

func TestTheConnectPageLiesBesideThatOfPayments(t *testing.T) {
	t.Parallel()
	for webview, want := range map[string]string{"": "/2.0/auth/webview/connect", "https://webview.example/fr/payment": "https://webview.example/fr/connect"} {
		c := accountsAt(t, webview, map[string]string{"GET /2.0/auth/token/code": `{"code":"c 1","type":"temporary","access":"single"}`})
		address, err := c.ConnectURL(t.Context(), powens.User{Token: userToken}, "https://eupay.example/back", "s&1")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		page, _, _ := strings.Cut(address, "?")
		if !strings.HasSuffix(page, want) || q.Get("code") != "c 1" || q.Get("state") != "s&1" || q.Get("redirect_uri") != "https://eupay.example/back" ||
			q.Has("domain") != (webview != "") || strings.Contains(address, userToken) {
			t.Errorf("%s", address)
		}
	}
}
