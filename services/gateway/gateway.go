// Package gateway is the REST edge: it knows merchants, users and API keys, turns requests into commands and reads, and
// takes what the payment provider sends.
package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/boot"
	"european-pay.eu/eupay/internal/command"
	"european-pay.eu/eupay/internal/events"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/mail"
	"european-pay.eu/eupay/internal/outbox"
	gatewayv1 "european-pay.eu/eupay/proto/eupay/gateway/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/edge"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/operator"
	"european-pay.eu/eupay/services/gateway/internal/portalapi"
	"european-pay.eu/eupay/services/gateway/internal/postbox"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

const (
	basePath = "/api/v1"
	// returnWait is how long a payer's return waits for the payment's state.
	returnWait = 5 * time.Second
	// maxPatience keeps the longest usual wait below the server's own limit of an answer.
	maxPatience = 8
	// minSecret is the shortest key for login tokens: as long as the hash that it keys.
	minSecret = 32
)

// Config of the gateway.
type Config struct {
	boot.Base
	HTTPAddr string `env:"EUPAY_HTTP_ADDR" envDefault:"127.0.0.1:8080"`
	// PublicURL is the gateway's URL as the outside sees it, without the base path of the API.
	PublicURL    string `env:"EUPAY_PUBLIC_URL,required"`
	PaymentsAddr string `env:"EUPAY_PAYMENTS_ADDR" envDefault:"127.0.0.1:9101"`
	WebhooksAddr string `env:"EUPAY_WEBHOOKS_ADDR" envDefault:"127.0.0.1:9102"`
	QRAddr       string `env:"EUPAY_QR_ADDR" envDefault:"127.0.0.1:9103"`
	EInvoiceAddr string `env:"EUPAY_EINVOICE_ADDR" envDefault:"127.0.0.1:9104"`
	// RedisURL shares rate limits between replicas; without it each replica counts alone.
	RedisURL string `env:"REDIS_URL"`
	// TrustedProxies are the addresses (CIDR) whose X-Forwarded-For is believed.
	TrustedProxies []string `env:"EUPAY_TRUSTED_PROXIES"`
	// JWTSecret signs login tokens: at least 32 bytes, the same on every replica.
	JWTSecret string `env:"EUPAY_JWT_SECRET,required"`
	// OldJWTSecrets are those before it, while it is replaced.
	OldJWTSecrets []string `env:"EUPAY_OLD_JWT_SECRETS"`
	// PowensLiveWebhookSecret and PowensTestWebhookSecret verify the provider's webhooks; an empty one refuses them.
	PowensLiveWebhookSecret string `env:"EUPAY_POWENS_LIVE_WEBHOOK_SECRET"`
	PowensTestWebhookSecret string `env:"EUPAY_POWENS_TEST_WEBHOOK_SECRET"`
	// CreateDeadline is how long a request waits for its command before it answers with what is known.
	CreateDeadline time.Duration `env:"EUPAY_CREATE_DEADLINE" envDefault:"10s"`
	// RateLimit is the calls per minute of an API key without a limit of its own.
	RateLimit int `env:"EUPAY_RATE_LIMIT" envDefault:"100"`
	// Limits are the calls per minute of users who log in.
	Limits portalapi.Limits
	// Drawings are the pictures and PDFs per minute of one merchant.
	Drawings int `env:"EUPAY_DRAWINGS" envDefault:"300"`
	// OrdersLive makes the payments of orders at tables, what customers of the app pay and the accounts that they link
	// real, for merchants who may take such payments; otherwise they are of test mode.
	OrdersLive bool `env:"EUPAY_ORDERS_LIVE" envDefault:"false"`
	// Patience multiplies how long a request waits for other services and for its turn at what is expensive: on a machine that
	// is slow or shared.
	Patience int `env:"EUPAY_PATIENCE" envDefault:"1"`
	// SessionLife is how long a login lasts at most, however often it is refreshed.
	SessionLife time.Duration `env:"EUPAY_SESSION_LIFE" envDefault:"720h"`
	// IBANHold is how long a new IBAN of a merchant waits before money goes there. Its owners are told, and any of them can stop it.
	IBANHold time.Duration `env:"EUPAY_IBAN_HOLD" envDefault:"24h"`
	// EmailVerification: who registers or is added to a team has to verify the address before anything else.
	EmailVerification bool `env:"EUPAY_EMAIL_VERIFICATION" envDefault:"true"`
	// AdminMFA: admins may do nothing before they have a second factor.
	AdminMFA bool `env:"EUPAY_ADMIN_MFA" envDefault:"true"`
	// StepUp: what gives money or access away wants a proof that is at most 5 minutes old.
	StepUp bool `env:"EUPAY_STEP_UP" envDefault:"true"`
	// SMTPURL is the server that sends mails: smtp://user:password@host:587. Without it mails stay queued.
	SMTPURL string `env:"EUPAY_SMTP_URL"`
	// MailFrom is the sender of mails.
	MailFrom string `env:"EUPAY_MAIL_FROM"`
	// PortalURL is where the pages are that mails lead to. Empty: PublicURL.
	PortalURL string `env:"EUPAY_PORTAL_URL"`
	// PasskeyDomain is what passkeys are made for: the domain of PortalURL or one above it. Empty: that of PortalURL.
	PasskeyDomain string `env:"EUPAY_PASSKEY_DOMAIN"`
	// BcryptCost of passwords and API secrets. Only tests take less than 10.
	BcryptCost int `env:"EUPAY_BCRYPT_COST" envDefault:"10"`
}

// withDefaults fills in what a Config that was not read from the environment leaves empty.
func (c Config) withDefaults() Config {
	if c.HTTPAddr == "" {
		c.HTTPAddr = "127.0.0.1:8080"
	}
	if c.CreateDeadline == 0 {
		c.CreateDeadline = 10 * time.Second
	}
	if c.RateLimit == 0 {
		c.RateLimit = edge.DefaultPerMinute
	}
	if c.Drawings == 0 {
		c.Drawings = 300
	}
	if c.Limits == (portalapi.Limits{}) {
		c.Limits = portalapi.DefaultLimits
	}
	if c.PortalURL == "" {
		c.PortalURL = c.PublicURL
	}
	if c.Grace == 0 {
		c.Grace = 20 * time.Second
	}
	return c
}

// Validate reports every setting that cannot work.
func (c *Config) Validate() error {
	var bad []error
	if !isWebURL(c.PublicURL) {
		bad = append(bad, errors.New("EUPAY_PUBLIC_URL must be an http or https URL"))
	}
	if c.PortalURL != "" && !isWebURL(c.PortalURL) {
		bad = append(bad, errors.New("EUPAY_PORTAL_URL must be an http or https URL"))
	}
	if err := account.CheckPasskeyDomain(cmp.Or(c.PortalURL, c.PublicURL), c.PasskeyDomain); err != nil {
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
	if _, err := prefixes(c.TrustedProxies); err != nil {
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

// mailer is nil where no mail server is set up.
func (c *Config) mailer() (postbox.Sender, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	return mail.New(c.SMTPURL, c.MailFrom)
}

// prefixes reads CIDR ranges; a lone address is a range of one.
func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		if addr, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("EUPAY_TRUSTED_PROXIES: %q is neither an address nor a CIDR range", s)
		}
		out = append(out, p)
	}
	return out, nil
}

// Service is the running gateway.
type Service struct {
	core     *boot.Core
	cfg      Config
	relay    *outbox.Relay
	accounts *account.Accounts
	commands *command.Client
	// money is commands behind the gate, which is what handlers get.
	money    *gate.Commands
	redis    *redis.Pool
	conns    []*grpc.ClientConn
	listener net.Listener
	echo     *echo.Echo
}

// New opens the gateway: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check settings: %w", err)
	}
	core, err := boot.Open(ctx, "gateway", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	core.Edge = true // reads need the database alone
	s := &Service{core: core, cfg: cfg, relay: outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Base.OutboxKeep, core.Log)}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open gateway: %w", err)
	}
	return s, nil
}

func (s *Service) open(ctx context.Context) error {
	attempts, err := s.limiter(account.AttemptSpan)
	if err != nil {
		return err
	}
	mailer, err := s.cfg.mailer()
	if err != nil {
		return err
	}
	if mailer == nil {
		s.core.Log.Warn("mails stay queued: EUPAY_SMTP_URL is not set")
	}
	if s.accounts, err = account.Open(account.Deps{
		Pool: s.core.Pool, NATS: s.core.Bus.NC, Log: s.core.Log, Now: s.core.Now, Wake: s.relay.Wake,
		BcryptCost: s.cfg.BcryptCost, TokenSecret: s.cfg.JWTSecret, OldTokenSecrets: s.cfg.OldJWTSecrets, Attempts: attempts, SessionLife: s.cfg.SessionLife,
		PortalURL: s.cfg.PortalURL, PasskeyDomain: s.cfg.PasskeyDomain, Mailer: mailer, Verification: s.cfg.EmailVerification,
		AdminMFA: s.cfg.AdminMFA, StepUp: s.cfg.StepUp, IBANHold: s.cfg.IBANHold,
	}); err != nil {
		return err
	}
	if err := s.accounts.CheckKeys(ctx); err != nil {
		return fmt.Errorf("check EUPAY_JWT_SECRET: %w", err)
	}
	if s.commands, err = command.NewClient(s.core.Bus, identity.Gateway); err != nil {
		return err
	}
	s.money = gate.NewCommands(s.commands)
	s.core.Serve(&gatewayv1.OperatorService_ServiceDesc, operator.NewServer(s.accounts.Users), identity.Operator)
	if s.echo, err = s.routes(); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.cfg.HTTPAddr); err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	return nil
}

// dial connects to the service of that name; the connection is closed with the gateway.
func (s *Service) dial(name, addr string) (*grpc.ClientConn, error) {
	conn, err := boot.Dial(s.core.Identity, name, addr)
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, conn)
	return conn, nil
}

// limiter counts calls over a window, which the keys of one limiter share.
func (s *Service) limiter(window time.Duration) (ratelimit.Limiter, error) {
	local := ratelimit.NewMemoryOver(s.core.Now, window)
	if s.cfg.RedisURL == "" {
		return local, nil
	}
	if s.redis == nil {
		var err error
		if s.redis, err = ratelimit.NewPool(s.cfg.RedisURL); err != nil {
			return nil, fmt.Errorf("REDIS_URL: %w", err)
		}
	}
	return ratelimit.NewFallback(ratelimit.NewRedisOver(s.redis, events.NewID(), window), local, s.core.Now, s.core.Log), nil
}

// HTTPAddr is where the REST API is served.
func (s *Service) HTTPAddr() string { return s.listener.Addr().String() }

// GRPCAddr is where health is served to gRPC clients.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }

// Run serves until ctx ends, then finishes the requests under way. The connections that those need stay open until
// Close.
func (s *Service) Run(ctx context.Context) error {
	s.core.Log.Info("API is served", "http", s.HTTPAddr())
	serve := func(ctx context.Context) error {
		return web.Serve(ctx, s.listener, s.echo, s.cfg.Grace, s.core.Log)
	}
	return s.core.Run(ctx, serve, s.relay.Run, s.accounts.Run)
}

// Close releases what New opened. It may be called more than once.
func (s *Service) Close() {
	if s.listener != nil {
		ignore(s.core.Log, s.listener.Close())
	}
	if s.commands != nil {
		s.commands.Close()
	}
	if s.accounts != nil {
		s.accounts.Close()
	}
	for _, conn := range s.conns {
		ignore(s.core.Log, conn.Close())
	}
	if s.redis != nil {
		ignore(s.core.Log, s.redis.Close())
	}
	s.core.Close()
}

// ignore notes the error of closing what may be closed already.
func ignore(log *slog.Logger, err error) {
	if err != nil {
		log.Debug("close", "error", err)
	}
}
