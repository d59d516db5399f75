package eupay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

func TestWhoCallsIsInTheHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, says(200, `{"data":[]}`), says(200, `{"data":[]}`), says(200, `{"data":[]}`), says(200, paid))
	c := s.client(Options{UserAgent: "shop/1.4"})
	if _, err := c.Payments.List(t.Context(), PaymentListParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.WithToken("eyJ").Live().Payments.List(t.Context(), PaymentListParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.WithToken("eyJ").Products.List(t.Context(), ProductListParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Payments.Status(t.Context(), "PAY-1"); err != nil {
		t.Fatal(err)
	}
	key, login, bare, open := s.requests()[0], s.requests()[1], s.requests()[2], s.requests()[3]
	if h := key.header; h.Get("X-Api-Key") != keyForTests || h.Get("X-Api-Secret") != secretForTests || key.query != "" {
		t.Errorf("with a key: %v?%s", h, key.query)
	}
	if agent := key.header.Get("User-Agent"); !strings.HasPrefix(agent, "shop/1.4 eupay-go/"+Version+" (go") {
		t.Errorf("the user agent is %s", agent)
	}
	if h := login.header; h.Get("Authorization") != "Bearer eyJ" || h.Get("X-Api-Key") != "" || login.query != "livemode=true" {
		t.Errorf("with a login: %v?%s", h, login.query)
	}
	if bare.query != "" {
		t.Errorf("a part without modes is asked for %s", bare.query)
	}
	if h := open.header; h.Get("Authorization") != "" || h.Get("X-Api-Key") != "" || h.Get("X-Api-Secret") != "" {
		t.Errorf("what is public gets %v", h)
	}
}

func TestTheKeySaysWhereTheAPIIs(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{"pk_test_1": DevelopmentURL, "pk_live_1": ProductionURL, "": ProductionURL} {
		if got := New(key, "s", Options{}).base; got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
	if got := New("pk_live_1", "s", Options{BaseURL: "http://gateway:8080/"}).base; got != "http://gateway:8080" {
		t.Errorf("a URL that is given: %s", got)
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	const secret = secretForTests
	c := New(keyForTests, secret, Options{})
	things := []any{
		c, *c, c.WithToken(secret), c.Payments, &c.Payments, c.caller,
		New(keyForTests, secret, Options{BaseURL: "https://user:" + secret + "@proxy.example"}),
		struct{ c *Client }{c},
		struct{ c Client }{*c},
		struct{ c caller }{c.caller},
		Secret(secret),
		Session{Token: secret, RefreshToken: secret},
		&Session{Token: secret},
		Login{Ticket: secret, Session: Session{Token: secret}},
		Endpoint{Secret: secret},
		&APIKey{APISecret: secret},
		Credentials{Password: secret},
		Registration{Password: secret},
		Proof{Code: secret},
		TOTP{Secret: secret, OTPAuthURL: secret},
		RecoveryCodes{Codes: []Secret{secret}},
		map[string]Secret{"x": secret},
		[]Secret{secret},
	}
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			if text := fmt.Sprintf(verb, thing); strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T is %s", verb, thing, text)
			}
		}
		if text, err := json.Marshal(c); err != nil || strings.Contains(string(text), secret) {
			t.Errorf("a client in JSON is %s, %v", text, err)
		}
	}
	for _, thing := range []any{c, Secret(secret), Session{Token: secret}, &Session{Token: secret}, Login{Ticket: secret}, Endpoint{Secret: secret}, APIKey{APISecret: secret}, TOTP{Secret: secret}, RecoveryCodes{Codes: []Secret{secret}}} {
		var out bytes.Buffer
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "thing", thing)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "thing", thing)
		if strings.Contains(out.String(), secret) {
			t.Errorf("the log of %T is %s", thing, out.String())
		}
	}
}

// TestCredentialsGoToNoOtherHost, even with a client that would follow, and its settings stay its own.
func TestCredentialsGoToNoOtherHost(t *testing.T) {
	t.Parallel()
	other := serve(t, says(200, paid))
	for _, status := range []int{301, 302, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		mine := &http.Client{}
		var refused *Error
		_, err := s.client(Options{HTTPClient: mine}).Payments.Create(t.Context(), PaymentParams{Amount: 1, Description: "x"})
		if !errors.As(err, &refused) || refused.Status != status || refused.Code != "" || len(other.requests()) != 0 || mine.CheckRedirect != nil {
			t.Errorf("%d: %v, the other host got %v", status, err, other.requests())
		}
	}
}

func TestAnIDCannotMakeAnotherRequestOfIt(t *testing.T) {
	t.Parallel()
	s := serve(t, says(200, paid))
	c := s.client(Options{})
	for _, id := range []string{"", ".", ".."} {
		if err := c.WebhookEndpoints.Delete(t.Context(), id); !errors.Is(err, ErrID) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := c.Payments.Get(t.Context(), "../x?y=1#z/%2e"); err != nil || len(s.requests()) != 1 || s.requests()[0].query != "" || !strings.HasPrefix(s.requests()[0].path, "/api/v1/gateway/payments/..") {
		t.Errorf("%v, %+v", err, s.requests())
	}
}

func TestAURLThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]error{
		"ftp://x": errNoBase, "x": errNoBase, "https://": errNoBase, "http://\x7f": errNoBase, "/": errNoBase, "https://user:password@x": errPassword,
	} {
		if _, err := New("k", "s", Options{BaseURL: base}).Payments.Get(t.Context(), "PAY-1"); !errors.Is(err, want) || strings.Contains(err.Error(), "password@") {
			t.Errorf("%q: %v", base, err)
		}
	}
}
