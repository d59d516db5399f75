package e2e

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	eupay "european-pay.eu/eupay/sdk/go"
)

// credential runs navigator.credentials with the options and returns what the browser answers.
func (b *tab) credential(method, parse string, o *eupay.PasskeyOptions) (made eupay.BrowserCredential) {
	b.t.Helper()
	script := `navigator.credentials.` + method + `({publicKey: PublicKeyCredential.` + parse + `(` + string(o.PublicKey) + `)}).then(c => JSON.stringify(c.toJSON()))`
	text := act(b, method+" a passkey", chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		b.t.Fatal(err)
	}
	return made
}

func (b *tab) createPasskey(o *eupay.PasskeyOptions) eupay.BrowserCredential {
	b.t.Helper()
	return b.credential("create", "parseCreationOptionsFromJSON", o)
}

func (b *tab) showPasskey(o *eupay.PasskeyOptions) eupay.BrowserCredential {
	b.t.Helper()
	return b.credential("get", "parseRequestOptionsFromJSON", o)
}

// hasAuthenticator gives the tab a device that keeps passkeys and whose owner is always there.
func (b *tab) hasAuthenticator() {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
}

// aPasskeyOfARealBrowser is added, is the second factor, logs in alone and is a fresh proof; what was shown once counts once.
func aPasskeyOfARealBrowser(t *testing.T) {
	m := shared.newMerchant(t)
	public := m.portalless().client("", "")
	b := openTab(t)
	b.goTo(strings.Replace(shared.url(), "127.0.0.1", "localhost", 1) + "/openapi.json")
	b.hasAuthenticator()
	options := func(o *eupay.PasskeyOptions, err error) *eupay.PasskeyOptions {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	made, err := m.office.Passkeys.Add(t.Context(), "Laptop", b.createPasskey(options(m.office.Passkeys.Begin(t.Context()))))
	if err != nil {
		t.Fatalf("not added: %v", err)
	}
	if made.Name != "Laptop" || len(made.RecoveryCodes) != 10 {
		t.Errorf("added %s with %d recovery codes", made.Name, len(made.RecoveryCodes))
	}
	login, err := public.Auth.Login(t.Context(), eupay.Credentials{Email: m.Email, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if !login.MFARequired || login.Token != "" {
		t.Fatal("the password alone logs in")
	}
	shown := b.showPasskey(options(public.Passkeys.BeginVerifyLogin(t.Context(), login.Ticket)))
	if s, err := public.Passkeys.VerifyLogin(t.Context(), login.Ticket, shown); err != nil || s.MerchantID != m.ID {
		t.Errorf("as the second factor: %v", err)
	}
	shown = b.showPasskey(options(public.Passkeys.BeginLogin(t.Context())))
	s, err := public.Passkeys.Login(t.Context(), shown)
	if err != nil || s.MerchantID != m.ID {
		t.Fatalf("alone: %v", err)
	}
	if _, err := public.Passkeys.Login(t.Context(), shown); !errors.Is(err, eupay.ErrInvalidLogin) {
		t.Errorf("shown twice: %v", err)
	}
	office := public.WithToken(s.Token)
	if err := office.Passkeys.StepUp(t.Context(), b.showPasskey(options(office.Passkeys.BeginStepUp(t.Context())))); err != nil {
		t.Errorf("as a fresh proof: %v", err)
	}
}
