package bank

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Config are the settings of a Bank. Only ClientID and ClientSecret have no default.
type Config struct {
	// Dir is the folder of the journal. Empty keeps everything in memory alone.
	Dir string
	// BaseURL is the bank's own public address without /2.0, for links to its pages. Default http://127.0.0.1:4010.
	BaseURL string

	ClientID, ClientSecret string
	// RedirectURIs are the prefixes that a client_redirect_uri may have. Empty allows every http(s) address.
	RedirectURIs []string

	// WebhookURL is the registered listener of PAYMENT_STATE_UPDATED. Empty sends nothing.
	WebhookURL string
	// WebhookSecret is the secret_key of the HMAC provider. Empty sends unsigned.
	WebhookSecret string
	// WebhookWorkers bounds the deliveries under way. Default 64.
	WebhookWorkers int
	// WebhookTimeout bounds one delivery (default 5s); WebhookRetry is the pause after a failed one (default 2s).
	WebhookTimeout, WebhookRetry time.Duration

	// InstantPhase and ClassicPhase are the length of one pending phase of instant and other payments. The real test
	// connector takes 15 s and 15 min. Zero passes at once; Defaults has 2 s and 5 s.
	InstantPhase, ClassicPhase time.Duration
	// AnswerWithin is how long the payer may sit at the bank before the payment is rejected as noAnswerFromCustomer
	// (default 15 min). ConfirmWithin is the same for a manual confirmation (default 1 min, then expired).
	AnswerWithin, ConfirmWithin time.Duration
	// ExpireAfter ends what stays created or pending. Default 30 days.
	ExpireAfter time.Duration
	// ManualConfirmation makes the client answer {"confirm":…} after the payer, as payment.auto_confirmation = "0" does.
	ManualConfirmation bool

	// AutoAuthorise moves payments on without a payer, AutoAuthoriseDelay after they were created.
	AutoAuthorise      bool
	AutoAuthoriseDelay time.Duration

	// MaxAmount refuses dearer payments, in cents. 0 is no limit; Powens' own sandbox has 1000.
	MaxAmount int64
	// RequireIdentities demands payer_identity and beneficiary_identity, as the guides do and the reference does not, with the
	// fields that the reference calls mandatory in one. Defaults has it.
	RequireIdentities bool
	// CancellingDetail is the state_detail of a cancellation that the payer must approve: "cancelling" (default) or the
	// older "cancelling_webauth". CancelErrorCode is the error_code of a cancelled payment, default "cancelledByUser".
	CancellingDetail, CancelErrorCode string

	// TokenLife and ScopedTokenLife default to 30 minutes and 7 days.
	TokenLife, ScopedTokenLife time.Duration
	// HoldAtMost ends the faults that wait for the caller to give up. Default 2 min.
	HoldAtMost time.Duration
	// FirstID is the id of the first payment of an empty bank. Default: from the clock, so that a bank without journal
	// never gives an id a second time.
	FirstID int64
	// WebhookLog is how many deliveries GET /webhooks remembers. Default 10000.
	WebhookLog int

	Now func() time.Time
	Log *slog.Logger
}

// Defaults returns settings for a demonstration: phases that a person can watch.
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
