package eupay

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// Passkeys are the passkeys (WebAuthn) of the logged-in user. A browser makes and shows them: hand it the PublicKey of the options, and the
// credential that it returns back to the client.
type Passkeys struct{ c *caller }

const (
	passkeysPath = "/auth/passkeys"
	passkeyPath  = passkeysPath + "/{}"
)

// PasskeyOptions are for navigator.credentials.create or .get, after PublicKeyCredential.parseCreationOptionsFromJSON or
// parseRequestOptionsFromJSON. They are good for 5 minutes.
type PasskeyOptions struct {
	PublicKey json.RawMessage `json:"publicKey"`
}

// BrowserCredential is a PublicKeyCredential, as its toJSON() says it (WebAuthn Level 3, section 5.1.8).
type BrowserCredential struct {
	ID       string          `json:"id"`
	RawID    string          `json:"rawId"`
	Type     string          `json:"type"`
	Response json.RawMessage `json:"response"`
}

// Passkey is a key on a device of a user.
type Passkey struct {
	ID string `json:"id"`
	// What its user calls it.
	Name string `json:"name"`
	// The model of the authenticator; zeros where it does not say.
	AAGUID     string   `json:"aaguid"`
	Transports []string `json:"transports"`
	// It may be copied to other devices, and was when it was used last.
	Synced    bool      `json:"synced"`
	BackedUp  bool      `json:"backed_up"`
	CreatedAt time.Time `json:"created_at"`
	// Zero: never.
	LastUsedAt time.Time `json:"last_used_at"`
}

// NewPasskey is a passkey with the recovery codes that come with the first second factor of an account, shown this once.
type NewPasskey struct {
	Passkey
	RecoveryCodes []Secret `json:"recovery_codes"`
}

// LogValue implements slog.LogValuer.
func (p NewPasskey) LogValue() slog.Value { return hide(p) }

type credentialBody struct {
	Ticket     Secret            `json:"ticket,omitempty"`
	Credential BrowserCredential `json:"credential"`
}

type ticketBody struct {
	Ticket Secret `json:"ticket"`
}

type nameBody struct {
	Name string `json:"name"`
}

// List returns the user's passkeys, the oldest first.
func (s Passkeys) List(ctx context.Context) ([]Passkey, error) {
	return list[Passkey](ctx, s.c, call{method: http.MethodGet, path: passkeysPath})
}

// Begin returns what a browser makes a new passkey from. It takes a fresh proof (StepUp).
func (s Passkeys) Begin(ctx context.Context) (*PasskeyOptions, error) {
	return get[PasskeyOptions](ctx, s.c, call{method: http.MethodPost, path: passkeysPath + "/options"})
}

// Add keeps the passkey that a browser made. All other sessions of the user end.
func (s Passkeys) Add(ctx context.Context, name string, made BrowserCredential) (*NewPasskey, error) {
	body := struct {
		Name       string            `json:"name"`
		Credential BrowserCredential `json:"credential"`
	}{name, made}
	return get[NewPasskey](ctx, s.c, call{method: http.MethodPost, path: passkeysPath, body: body})
}

// Rename changes what a passkey is called.
func (s Passkeys) Rename(ctx context.Context, id, name string) (*Passkey, error) {
	return get[Passkey](ctx, s.c, call{method: http.MethodPatch, path: passkeyPath, ids: []string{id}, body: nameBody{name}})
}

// Remove removes a passkey. It takes a fresh proof (StepUp), and ends all other sessions of the user.
func (s Passkeys) Remove(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: passkeyPath, ids: []string{id}})
}

// BeginLogin returns what a browser shows a passkey for, to log in with it alone.
func (s Passkeys) BeginLogin(ctx context.Context) (*PasskeyOptions, error) {
	return get[PasskeyOptions](ctx, s.c, call{method: http.MethodPost, path: "/auth/login/passkey/options", open: true})
}

// Login logs somebody in with a passkey alone.
func (s Passkeys) Login(ctx context.Context, shown BrowserCredential) (*Session, error) {
	return get[Session](ctx, s.c, call{method: http.MethodPost, path: "/auth/login/passkey", body: credentialBody{Credential: shown}, open: true})
}

// BeginVerifyLogin returns what a browser shows a passkey for as the second factor of a Login with that Ticket.
func (s Passkeys) BeginVerifyLogin(ctx context.Context, ticket Secret) (*PasskeyOptions, error) {
	return get[PasskeyOptions](ctx, s.c, call{method: http.MethodPost, path: "/auth/mfa/passkey/options", body: ticketBody{ticket}, open: true})
}

// VerifyLogin ends a Login that lacked the second factor with a passkey.
func (s Passkeys) VerifyLogin(ctx context.Context, ticket Secret, shown BrowserCredential) (*Session, error) {
	return get[Session](ctx, s.c, call{method: http.MethodPost, path: "/auth/mfa/passkey", body: credentialBody{ticket, shown}, open: true})
}

// BeginStepUp returns what a browser shows a passkey for, as a fresh proof.
func (s Passkeys) BeginStepUp(ctx context.Context) (*PasskeyOptions, error) {
	return get[PasskeyOptions](ctx, s.c, call{method: http.MethodPost, path: "/auth/step-up/passkey/options"})
}

// StepUp proves once more who it is, with a passkey.
func (s Passkeys) StepUp(ctx context.Context, shown BrowserCredential) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/auth/step-up/passkey", body: credentialBody{Credential: shown}})
}
