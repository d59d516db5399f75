package einvoicing

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Config has the settings of a Platform. All except APIKey have defaults.
type Config struct {
	// Dir is the folder of the journal and the files. Empty keeps everything in memory.
	Dir string
	// BaseURL is the platform's own public address, for links to its pages. Default http://127.0.0.1:4020.
	BaseURL string
	// APIKey is the expected value of Authorization, without a prefix.
	APIKey string

	// WebhookURL and WebhookSecret register a webhook at start. Empty: one can be registered through the API.
	WebhookURL, WebhookSecret string
	// WebhookWorkers is the maximum number of concurrent deliveries. Default 8.
	WebhookWorkers int
	// WebhookTimeout is the deadline of one delivery (default 5s), WebhookRetry the pause after a failed one (default 2s), and
	// WebhookGiveUp how long after the event it is retried (default 10 min).
	WebhookTimeout, WebhookRetry, WebhookGiveUp time.Duration
	// WebhookLog is how many deliveries GET /webhooks of the management keeps. Default 10000.
	WebhookLog int

	// TransmitAfter, ReceiveAfter and AvailableAfter are the delays of the statuses 201, 202 and 203 after the previous one, and
	// AnswerAfter is how long the buyer takes to answer. Zero: no delay. Defaults sets 1 s, 1 s, 1 s and 3 s.
	TransmitAfter, ReceiveAfter, AvailableAfter, AnswerAfter time.Duration

	// AutoApprove approves a merchant's identity without a person, AutoApproveDelay after its mandate was requested.
	AutoApprove      bool
	AutoApproveDelay time.Duration
	// LinkLife is the lifetime of an onboarding link. Default 24 h.
	LinkLife time.Duration
	// HoldAtMost ends faults that wait for the caller to give up. Default 2 min.
	HoldAtMost time.Duration

	Now func() time.Time
	Log *slog.Logger
}

// Defaults returns settings for a demonstration, with steps that a person can watch.
func Defaults() Config {
	return Config{
		APIKey: "sandbox-seqino-key", TransmitAfter: time.Second, ReceiveAfter: time.Second, AvailableAfter: time.Second, AnswerAfter: 3 * time.Second,
	}
}

func (c Config) withDefaults() Config {
	if c.BaseURL == "" {
		c.BaseURL = "http://127.0.0.1:4020"
	}
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	for d, otherwise := range map[*time.Duration]time.Duration{
		&c.WebhookTimeout: 5 * time.Second, &c.WebhookRetry: 2 * time.Second, &c.WebhookGiveUp: 10 * time.Minute,
		&c.LinkLife: 24 * time.Hour, &c.HoldAtMost: 2 * time.Minute,
	} {
		if *d == 0 {
			*d = otherwise
		}
	}
	if c.WebhookWorkers <= 0 {
		c.WebhookWorkers = 8
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
	return c
}

func (c Config) check() error {
	if c.APIKey == "" {
		return errors.New("an API key is required")
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
