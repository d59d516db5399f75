package portaltest

import (
	"context"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/mail"

	"github.com/pquerna/otp/totp"
)

// Code returns the current code of the authenticator app.
func (p *Portal) Code(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, p.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Wrong returns a code that expired long ago.
func (p *Portal) Wrong(t *testing.T, secret string) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, p.Clock.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Enrol sets up a second factor and returns its secret and recovery codes. It uses up the current code.
func (p *Portal) Enrol(t *testing.T, who As) (secret string, recovery []string) {
	t.Helper()
	secret = p.Must(t, who, "POST", "/auth/mfa/totp", `{"password":"`+Password+`"}`).Str("secret")
	r := p.Must(t, who, "POST", "/auth/mfa/totp/confirm", `{"code":"`+p.Code(t, secret)+`"}`)
	for _, c := range r.JSON["recovery_codes"].([]any) {
		recovery = append(recovery, c.(string))
	}
	p.Mails(t)
	return secret, recovery
}

// letters collects the sent mails.
type letters struct {
	mu   sync.Mutex
	sent []mail.Message
}

// Send implements postbox.Sender.
func (l *letters) Send(_ context.Context, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
	return nil
}

// Mails sends the queued mails and returns them.
func (p *Portal) Mails(t *testing.T) []mail.Message {
	t.Helper()
	l := &letters{}
	p.Accounts.Mails.Sender = l
	if err := p.Accounts.Mails.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l.sent
}
