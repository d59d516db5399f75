package eupay

import (
	"context"
	"log/slog"
	"net/http"
)

// Factor is the second factor of the logged-in user.
type Factor struct{ c *caller }

// LogValue implements slog.LogValuer.
func (t TOTP) LogValue() slog.Value { return hide(t) }

// RecoveryCodes are each good for one use in place of a code. They are shown this once.
type RecoveryCodes struct {
	Codes []Secret `json:"recovery_codes"`
}

// LogValue implements slog.LogValuer.
func (r RecoveryCodes) LogValue() slog.Value { return hide(r) }

// Get says how it stands with the second factor.
func (s Factor) Get(ctx context.Context) (*FactorState, error) {
	return get[FactorState](ctx, s.c, call{method: http.MethodGet, path: "/auth/mfa"})
}

// Begin sets a second factor up. It counts once a code of it is confirmed.
func (s Factor) Begin(ctx context.Context, password Secret) (*TOTP, error) {
	return get[TOTP](ctx, s.c, call{method: http.MethodPost, path: "/auth/mfa/totp", body: Proof{Password: password}})
}

// Confirm makes the second factor count.
func (s Factor) Confirm(ctx context.Context, code Secret) (*RecoveryCodes, error) {
	return get[RecoveryCodes](ctx, s.c, call{method: http.MethodPost, path: "/auth/mfa/totp/confirm", body: codeBody{code}})
}

// Disable removes the second factor. It takes a Code or a RecoveryCode.
func (s Factor) Disable(ctx context.Context, p Proof) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/auth/mfa/totp/disable", body: shown(p)})
}

// NewRecoveryCodes replaces the recovery codes. It takes a Code or a RecoveryCode.
func (s Factor) NewRecoveryCodes(ctx context.Context, p Proof) (*RecoveryCodes, error) {
	return get[RecoveryCodes](ctx, s.c, call{method: http.MethodPost, path: "/auth/mfa/recovery-codes", body: shown(p)})
}

// shown is p without a password, which the factor itself does not take.
func shown(p Proof) Proof {
	p.Password = ""
	return p
}
