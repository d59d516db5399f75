package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"

	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// trustedProxies is the setting of that name.
const trustedProxies = "EUPAY_TRUSTED_PROXIES"

// Config of the gateway.
type Config struct {
	boot.Base
	// HTTPAddr is where the API is served.
	HTTPAddr string `env:"EUPAY_HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	// PublicURL is the gateway's public URL, without the base path of the API.
	PublicURL string `env:"EUPAY_PUBLIC_URL,required"`
	// PaymentsAddr, WebhooksAddr, QRAddr and EInvoiceAddr are where the other services answer.
	PaymentsAddr string `env:"EUPAY_PAYMENTS_ADDR" envDefault:"127.0.0.1:9101"`
	WebhooksAddr string `env:"EUPAY_WEBHOOKS_ADDR" envDefault:"127.0.0.1:9102"`
	QRAddr       string `env:"EUPAY_QR_ADDR" envDefault:"127.0.0.1:9103"`
	EInvoiceAddr string `env:"EUPAY_EINVOICE_ADDR" envDefault:"127.0.0.1:9104"`
	// RedisURL is where replicas share rate limits. Without it each replica counts for itself.
	RedisURL string `env:"REDIS_URL"`
	// TrustedProxies are the addresses (CIDR) whose X-Forwarded-For header is trusted.
	TrustedProxies []string `env:"EUPAY_TRUSTED_PROXIES"`
	// JWTSecret signs login tokens: at least 32 bytes, the same on every replica.
	JWTSecret string `env:"EUPAY_JWT_SECRET,required"`
	// OldJWTSecrets are earlier secrets, which still verify tokens while the secret is being replaced.
	OldJWTSecrets []string `env:"EUPAY_OLD_JWT_SECRETS"`
	// PowensLiveWebhookSecret and PowensTestWebhookSecret verify the provider's webhooks; an empty one refuses them.
	PowensLiveWebhookSecret string `env:"EUPAY_POWENS_LIVE_WEBHOOK_SECRET"`
	PowensTestWebhookSecret string `env:"EUPAY_POWENS_TEST_WEBHOOK_SECRET"`
	// CreateDeadline is how long a request waits for the reply to its command. After that it answers with what is known.
	CreateDeadline time.Duration `env:"EUPAY_CREATE_DEADLINE" envDefault:"10s"`
	// RateLimit is the number of calls per minute of an API key that has no limit of its own.
	RateLimit int `env:"EUPAY_RATE_LIMIT" envDefault:"100"`
	// Limits are the calls per minute of logged-in users.
	Limits caller.Limits
	// Drawings is the number of pictures and PDFs per minute for one merchant.
	Drawings int `env:"EUPAY_DRAWINGS" envDefault:"300"`
	// OrdersLive makes the payments of orders at tables, the payments of app customers and their linked accounts live, for
	// merchants who may take live payments. Otherwise they are in test mode.
	OrdersLive bool `env:"EUPAY_ORDERS_LIVE" envDefault:"false"`
	// Patience multiplies how long a request waits for other services and for its turn at expensive work. Raise it on a machine
	// that is slow or shared.
	Patience int `env:"EUPAY_PATIENCE" envDefault:"1"`
	// SessionLife is the maximum lifetime of a login, however often it is refreshed.
	SessionLife time.Duration `env:"EUPAY_SESSION_LIFE" envDefault:"720h"`
	// IBANHold is how long a new IBAN of a merchant waits before money goes there. The owners are notified, and any of them can
	// stop it.
	IBANHold time.Duration `env:"EUPAY_IBAN_HOLD" envDefault:"24h"`
	// EmailVerification requires users who register or are added to a team to verify their address before anything else.
	EmailVerification bool `env:"EUPAY_EMAIL_VERIFICATION" envDefault:"true"`
	// AdminMFA requires admins to have a second factor before they may do anything.
	AdminMFA bool `env:"EUPAY_ADMIN_MFA" envDefault:"true"`
	// StepUp requires a proof of identity of at most 5 minutes ago for actions that give away money or access.
	StepUp bool `env:"EUPAY_STEP_UP" envDefault:"true"`
	// SMTPURL is the server that sends mails: smtp://user:password@host:587. Without it mails stay queued.
	SMTPURL string `env:"EUPAY_SMTP_URL"`
	// MailFrom is the sender of mails.
	MailFrom string `env:"EUPAY_MAIL_FROM"`
	// PortalURL is the base URL of the pages that mails link to. Empty: PublicURL.
	PortalURL string `env:"EUPAY_PORTAL_URL"`
	// PagesURL is where the portal service answers, for a gateway without an ingress before it: it hands requests for pages on. Empty: it
	// serves the API alone.
	PagesURL string `env:"EUPAY_PAGES_URL"`
	// MailboxURL is where the sandbox shows the mails that it keeps, which this gateway then serves at /sandbox/mail to everybody. For
	// development: it must be on this machine, as must the mail server, and nothing may be live.
	MailboxURL string `env:"EUPAY_SANDBOX_MAILBOX_URL"`
	// CORSOrigins are the origins whose pages may call the API, such as that of the documentation of another deployment. None: only pages
	// of the API's own origin, and what is open to every page.
	CORSOrigins []string `env:"EUPAY_CORS_ORIGINS"`
	// PasskeyDomain is what passkeys are made for: the domain of PortalURL or one above it. Empty: that of PortalURL.
	PasskeyDomain string `env:"EUPAY_PASSKEY_DOMAIN"`
	// BcryptCost of passwords and API secrets. Only tests use less than 10.
	BcryptCost int `env:"EUPAY_BCRYPT_COST" envDefault:"10"`
}

// withDefaults fills in the empty fields of a Config that was not read from the environment.
func (c Config) withDefaults() Config {
	if c.HTTPAddr == "" {
		c.HTTPAddr = "127.0.0.1:8080"
	}
	if c.CreateDeadline == 0 {
		c.CreateDeadline = 10 * time.Second
	}
	if c.RateLimit == 0 {
		c.RateLimit = caller.DefaultPerMinute
	}
	if c.Drawings == 0 {
		c.Drawings = 300
	}
	if c.Limits == (caller.Limits{}) {
		c.Limits = caller.DefaultLimits
	}
	if c.PortalURL == "" {
		c.PortalURL = c.PublicURL
	}
	if c.Grace == 0 {
		c.Grace = 20 * time.Second
	}
	return c
}

// Validate reports all invalid settings.
func (c *Config) Validate() error {
	var bad []error
	if !isWebURL(c.PublicURL) {
		bad = append(bad, errors.New("EUPAY_PUBLIC_URL must be an http or https URL"))
	}
	if c.PortalURL != "" && !isWebURL(c.PortalURL) {
		bad = append(bad, errors.New("EUPAY_PORTAL_URL must be an http or https URL"))
	}
	if c.PagesURL != "" && !isWebURL(c.PagesURL) {
		bad = append(bad, errors.New("EUPAY_PAGES_URL must be an http or https URL"))
	}
	if err := web.CheckOrigins(c.CORSOrigins); err != nil {
		bad = append(bad, fmt.Errorf("EUPAY_CORS_ORIGINS: %w", err))
	}
	if err := user.CheckPasskeyDomain(cmp.Or(c.PortalURL, c.PublicURL), c.PasskeyDomain); err != nil {
		bad = append(bad, fmt.Errorf("EUPAY_PASSKEY_DOMAIN: %w", err))
	}
	if _, err := c.mailer(); err != nil {
		bad = append(bad, fmt.Errorf("EUPAY_SMTP_URL and EUPAY_MAIL_FROM: %w", err))
	}
	if len(c.JWTSecret) < minSecret {
		bad = append(bad, fmt.Errorf("EUPAY_JWT_SECRET must have at least %d bytes", minSecret))
	}
	if c.CreateDeadline < 100*time.Millisecond || c.CreateDeadline > 30*time.Second {
		bad = append(bad, errors.New("EUPAY_CREATE_DEADLINE must be between 100ms and 30s"))
	}
	if c.Patience < 0 || c.Patience > maxPatience {
		bad = append(bad, fmt.Errorf("EUPAY_PATIENCE must be between 1 and %d", maxPatience))
	}
	if min(c.RateLimit, c.Drawings) < 1 {
		bad = append(bad, errors.New("EUPAY_RATE_LIMIT and EUPAY_DRAWINGS must be at least 1"))
	}
	if err := c.Limits.Validate(); err != nil {
		bad = append(bad, err)
	}
	if c.SessionLife < 0 || c.IBANHold < 0 {
		bad = append(bad, errors.New("EUPAY_SESSION_LIFE and EUPAY_IBAN_HOLD must not be negative"))
	}
	if err := c.checkMailbox(); err != nil {
		bad = append(bad, fmt.Errorf("EUPAY_SANDBOX_MAILBOX_URL: %w", err))
	}
	if _, err := config.Prefixes(trustedProxies, c.TrustedProxies); err != nil {
		bad = append(bad, err)
	}
	if _, err := ratelimit.NewPool(c.RedisURL); c.RedisURL != "" && err != nil {
		bad = append(bad, fmt.Errorf("REDIS_URL: %w", err))
	}
	return errors.Join(bad...)
}

func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// mailer returns nil if no mail server is configured.
func (c *Config) mailer() (postbox.Sender, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	return mail.New(c.SMTPURL, c.MailFrom)
}

// checkMailbox refuses to show mails on anything but one developer's machine: a mail lets its reader into an account.
func (c *Config) checkMailbox() error {
	switch {
	case c.MailboxURL == "":
		return nil
	case !web.OnThisMachine(c.MailboxURL) || !web.OnThisMachine(c.SMTPURL) || !web.OnThisMachine(c.PublicURL):
		return errors.New("mails are shown in development only: it, EUPAY_SMTP_URL and EUPAY_PUBLIC_URL must be on this machine")
	case c.OrdersLive || c.PowensLiveWebhookSecret != "":
		return errors.New("mails are shown in development only: nothing may be live")
	}
	return nil
}
