package eupay

import (
	"context"
	"log/slog"
	"net/http"
)

// Auth is how somebody logs in and stays it. WithToken makes the client that somebody.
type Auth struct{ c *caller }

const (
	sessionsPath = "/auth/sessions"
	verifyPath   = "/auth/verify-email"
)

// Login is what came of a login: a Session or, where MFARequired, a Ticket for VerifyLogin.
type Login struct {
	Session
	// MFARequired: the second factor is missing.
	MFARequired bool `json:"mfa_required"`
	// Ticket is good for 5 minutes and 5 codes.
	Ticket Secret `json:"ticket"`
	// Methods are what goes with the ticket: "code" of an app, "passkey". A recovery code does in any case.
	Methods []string `json:"methods"`
}

// LogValue implements slog.LogValuer.
func (l Login) LogValue() slog.Value { return hide(l) }

// LogValue implements slog.LogValuer.
func (s Session) LogValue() slog.Value { return hide(s) }

// Proof is what somebody proves with who they are: a password, a code of the authenticator app, or a recovery code.
type Proof struct {
	Password     Secret `json:"password,omitempty"`
	Code         Secret `json:"code,omitempty"`
	RecoveryCode Secret `json:"recovery_code,omitempty"`
}

type refreshBody struct {
	RefreshToken Secret `json:"refresh_token"`
}

type codeBody struct {
	Code Secret `json:"code"`
}

type emailBody struct {
	Email string `json:"email"`
}

// Register makes a merchant and its first user, who is logged in at once.
func (s Auth) Register(ctx context.Context, p Registration) (*Session, error) {
	return get[Session](ctx, s.c, call{method: http.MethodPost, path: "/auth/register", body: p, open: true})
}

// Login logs somebody in: of a merchant, or an admin.
func (s Auth) Login(ctx context.Context, p Credentials) (*Login, error) {
	return get[Login](ctx, s.c, call{method: http.MethodPost, path: "/auth/login", body: p, open: true})
}

// VerifyLogin ends a Login that lacked the second factor, with its Ticket and a Code or RecoveryCode.
func (s Auth) VerifyLogin(ctx context.Context, ticket Secret, p Proof) (*Session, error) {
	body := struct {
		Ticket       Secret `json:"ticket"`
		Code         Secret `json:"code,omitempty"`
		RecoveryCode Secret `json:"recovery_code,omitempty"`
	}{ticket, p.Code, p.RecoveryCode}
	return get[Session](ctx, s.c, call{method: http.MethodPost, path: "/auth/mfa/verify", body: body, open: true})
}

// Refresh gives the next Session. A refresh token is good for one use: using one twice ends the session, so a call whose answer was
// lost is not repeated.
func (s Auth) Refresh(ctx context.Context, token Secret) (*Session, error) {
	return get[Session](ctx, s.c, call{method: http.MethodPost, path: "/auth/refresh", body: refreshBody{token}, open: true})
}

// Logout ends the session that the refresh token belongs to.
func (s Auth) Logout(ctx context.Context, token Secret) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/auth/logout", body: refreshBody{token}, open: true})
}

// Me is who is logged in.
func (s Auth) Me(ctx context.Context) (*User, error) {
	return get[User](ctx, s.c, call{method: http.MethodGet, path: "/auth/me"})
}

// StepUp proves once more who it is, for what is answered with ErrStepUpRequired: by a code for who has a second factor, by the
// password otherwise.
func (s Auth) StepUp(ctx context.Context, p Proof) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/auth/step-up", body: p})
}

// VerifyEmail verifies the address of the login with the code of the mail.
func (s Auth) VerifyEmail(ctx context.Context, code Secret) error {
	body := struct {
		Token Secret `json:"token"`
	}{code}
	return do(ctx, s.c, call{method: http.MethodPost, path: verifyPath, body: body})
}

// ResendVerification asks for another mail with a code.
func (s Auth) ResendVerification(ctx context.Context) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: verifyPath + "/resend"})
}

// CorrectEmail corrects an address that is not verified. A mail with a code goes there.
func (s Auth) CorrectEmail(ctx context.Context, email string) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: verifyPath + "/address", body: emailBody{email}})
}

// ChangePassword changes the password. All other sessions end.
func (s Auth) ChangePassword(ctx context.Context, p PasswordParams) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/auth/password", body: p})
}

// ForgotPassword sends a mail with a code to an address, if it has an account.
func (s Auth) ForgotPassword(ctx context.Context, email string) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/auth/forgot", body: emailBody{email}, open: true})
}

// ResetPassword sets a new password with the code of the mail. All sessions end.
func (s Auth) ResetPassword(ctx context.Context, p ResetParams) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: "/auth/reset", body: p, open: true})
}

// Sessions are where the user is logged in, the latest first.
func (s Auth) Sessions(ctx context.Context) ([]LoginSession, error) {
	return list[LoginSession](ctx, s.c, call{method: http.MethodGet, path: sessionsPath})
}

// EndSession logs the user out somewhere.
func (s Auth) EndSession(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: sessionsPath + "/{}", ids: []string{id}})
}

// EndOtherSessions logs the user out everywhere else.
func (s Auth) EndOtherSessions(ctx context.Context) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: sessionsPath})
}
