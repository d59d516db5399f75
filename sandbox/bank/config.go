package bank

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Config has the settings of a Bank. All except ClientID and ClientSecret have defaults.
type Config struct {
	// Dir is the folder of the journal. Empty keeps everything in memory.
	Dir string
	// BaseURL is the bank's own public address without /2.0, for links to its pages. Default http://127.0.0.1:4010.
	BaseURL string

	ClientID, ClientSecret string
	// RedirectURIs are the permitted prefixes of client_redirect_uri. Empty permits every http(s) address.
	RedirectURIs []string

	// WebhookURL is the registered listener of PAYMENT_STATE_UPDATED. Empty: no webhooks.
	WebhookURL string
	// WebhookSecret is the secret_key of the HMAC provider. Empty: webhooks are not signed.
	WebhookSecret string
	// WebhookWorkers is the maximum number of concurrent deliveries. Default 64.
	WebhookWorkers int
	// WebhookTimeout is the deadline of one delivery (default 5s); WebhookRetry is the pause after a failed one (default 2s).
	WebhookTimeout, WebhookRetry time.Duration

	// InstantPhase and ClassicPhase are the length of a pending phase of instant and other payments. Powens' test connector takes
	// 15 s and 15 min. Zero: no delay. Defaults sets 2 s and 5 s.
	InstantPhase, ClassicPhase time.Duration
	// AnswerWithin is how long the payer may take at the bank before the payment is rejected as noAnswerFromCustomer (default 15
	// min). ConfirmWithin is the same for a manual confirmation (default 1 min, then expired).
	AnswerWithin, ConfirmWithin time.Duration
	// ExpireAfter ends payments that stay created or pending. Default 30 days.
	ExpireAfter time.Duration
	// ManualConfirmation requires the client to answer {"confirm":…} after the payer, as payment.auto_confirmation = "0" does.
	ManualConfirmation bool

	// AutoAuthorise advances payments without a payer, AutoAuthoriseDelay after their creation.
	AutoAuthorise      bool
	AutoAuthoriseDelay time.Duration

	// MaxAmount is the largest accepted payment, in cents. 0: no limit; Powens' own sandbox has 1000.
	MaxAmount int64
	// RequireIdentities requires payer_identity and beneficiary_identity, as Powens' guides say and its reference does not, with
	// the fields that the reference calls mandatory. Defaults sets it.
	RequireIdentities bool
	// CancellingDetail is the state_detail of a cancellation that the payer must approve: "cancelling" (default) or the
	// older "cancelling_webauth". CancelErrorCode is the error_code of a cancelled payment, default "cancelledByUser".
	CancellingDetail, CancelErrorCode string

	// TokenLife and ScopedTokenLife default to 30 minutes and 7 days.
	TokenLife, ScopedTokenLife time.Duration
	// HoldAtMost ends faults that wait for the caller to give up. Default 2 min.
	HoldAtMost time.Duration
	// FirstID is the id of the first payment of an empty bank. Default: derived from the clock, so that a bank without a journal
	// never repeats an id.
	FirstID int64
	// WebhookLog is how many deliveries GET /webhooks keeps. Default 10000.
	WebhookLog int

	Now func() time.Time
	Log *slog.Logger
}

// Defaults returns settings for a demonstration, with phases that a person can watch.
func Defaults() Config {
	return Config{
		ClientID: "sandbox", ClientSecret: "sandbox-secret", InstantPhase: 2 * time.Second, ClassicPhase: 5 * time.Second,
		RequireIdentities: true,
	}
}

func (c Config) withDefaults() Config {
	orText(&c.BaseURL, "http://127.0.0.1:4010")
	orText(&c.CancellingDetail, "cancelling")
	orText(&c.CancelErrorCode, "cancelledByUser")
	orTime(&c.WebhookTimeout, 5*time.Second)
	orTime(&c.WebhookRetry, 2*time.Second)
	orTime(&c.AnswerWithin, 15*time.Minute)
	orTime(&c.ConfirmWithin, time.Minute)
	orTime(&c.ExpireAfter, 30*24*time.Hour)
	orTime(&c.TokenLife, 30*time.Minute)
	orTime(&c.ScopedTokenLife, 7*24*time.Hour)
	orTime(&c.HoldAtMost, 2*time.Minute)
	if c.WebhookWorkers <= 0 {
		c.WebhookWorkers = 64
	}
	if c.WebhookLog <= 0 {
		c.WebhookLog = 10000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	return c
}

func orText(s *string, otherwise string) {
	if *s == "" {
		*s = otherwise
	}
}

func orTime(d *time.Duration, otherwise time.Duration) {
	if *d == 0 {
		*d = otherwise
	}
}

func (c Config) check() error {
	if c.ClientID == "" || c.ClientSecret == "" {
		return errors.New("client id and secret are required")
	}
	for name, address := range map[string]string{"base": c.BaseURL, "webhook": c.WebhookURL} {
		if address != "" && !isWebAddress(address) {
			return fmt.Errorf("%s URL %q is not an http(s) address", name, address)
		}
	}
	return nil
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
