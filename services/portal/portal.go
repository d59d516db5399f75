// Package portal is everything that a person sees: the merchant portal, the documentation, and the pages of payers and guests. It is a
// client of the public REST API and of nothing else, and keeps only its own sessions.
package portal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/internal/vault"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/admin"
	"european-pay.eu/eupay/services/portal/internal/app"
	"european-pay.eu/eupay/services/portal/internal/audit"
	"european-pay.eu/eupay/services/portal/internal/bill"
	"european-pay.eu/eupay/services/portal/internal/catalog"
	"european-pay.eu/eupay/services/portal/internal/components"
	"european-pay.eu/eupay/services/portal/internal/docs"
	"european-pay.eu/eupay/services/portal/internal/exports"
	"european-pay.eu/eupay/services/portal/internal/home"
	"european-pay.eu/eupay/services/portal/internal/hours"
	"european-pay.eu/eupay/services/portal/internal/invoices"
	"european-pay.eu/eupay/services/portal/internal/keys"
	"european-pay.eu/eupay/services/portal/internal/kitchen"
	"european-pay.eu/eupay/services/portal/internal/links"
	"european-pay.eu/eupay/services/portal/internal/live"
	"european-pay.eu/eupay/services/portal/internal/notifications"
	"european-pay.eu/eupay/services/portal/internal/order"
	"european-pay.eu/eupay/services/portal/internal/pay"
	"european-pay.eu/eupay/services/portal/internal/payments"
	"european-pay.eu/eupay/services/portal/internal/promotions"
	"european-pay.eu/eupay/services/portal/internal/received"
	"european-pay.eu/eupay/services/portal/internal/rewards"
	"european-pay.eu/eupay/services/portal/internal/security"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/settings"
	"european-pay.eu/eupay/services/portal/internal/settlement"
	"european-pay.eu/eupay/services/portal/internal/signin"
	"european-pay.eu/eupay/services/portal/internal/stock"
	"european-pay.eu/eupay/services/portal/internal/subscriptions"
	"european-pay.eu/eupay/services/portal/internal/tables"
	"european-pay.eu/eupay/services/portal/internal/team"
	"european-pay.eu/eupay/services/portal/internal/till"
	"european-pay.eu/eupay/services/portal/internal/web"
	"european-pay.eu/eupay/services/portal/internal/webhooks"
	"european-pay.eu/eupay/services/portal/migrations"
)

// trustedProxies is the setting of that name.
const trustedProxies = "EUPAY_TRUSTED_PROXIES"

// Config of the portal.
type Config struct {
	boot.Plain
	// HTTPAddr is where the pages are served.
	HTTPAddr string `env:"EUPAY_HTTP_ADDR" envDefault:"127.0.0.1:8090"`
	// APIURL is where the portal reaches the API, without /api/v1.
	APIURL string `env:"EUPAY_API_URL" envDefault:"http://127.0.0.1:8080"`
	// PublicURL is where browsers reach the pages.
	PublicURL string `env:"EUPAY_PUBLIC_URL,required"`
	// PublicAPIURL is where browsers and integrators reach the API, without /api/v1. Empty: PublicURL.
	PublicAPIURL string `env:"EUPAY_PUBLIC_API_URL"`
	// MasterKey seals the login tokens of sessions: 32 bytes in base64 or hex. OldMasterKeys are those before it.
	MasterKey     string   `env:"EUPAY_PORTAL_MASTER_KEY,required"`
	OldMasterKeys []string `env:"EUPAY_OLD_PORTAL_MASTER_KEYS"`
	// S3Endpoint is where browsers put product pictures, and S3PublicURL where they read them: both as in the settings of the qr service.
	S3Endpoint  string `env:"EUPAY_S3_ENDPOINT"`
	S3PublicURL string `env:"EUPAY_S3_PUBLIC_URL"`
	// ImageOrigins are where product pictures are besides, such as an earlier store's address.
	ImageOrigins []string `env:"EUPAY_PORTAL_IMAGE_ORIGINS"`
	// TrustedProxies are the addresses (CIDR) whose X-Forwarded-For is believed.
	TrustedProxies []string `env:"EUPAY_TRUSTED_PROXIES"`
	// MailboxURL is where a sandbox shows the mails that it keeps. Empty outside of one.
	MailboxURL string `env:"EUPAY_MAILBOX_URL"`
	// Development shows the page of all components.
	Development bool `env:"EUPAY_PORTAL_DEVELOPMENT" envDefault:"false"`
}

// Validate reports every setting that cannot work.
func (c *Config) Validate() error {
	var bad []error
	for name, text := range map[string]string{"EUPAY_API_URL": c.APIURL, "EUPAY_PUBLIC_URL": c.PublicURL, "EUPAY_PUBLIC_API_URL": cmp.Or(c.PublicAPIURL, c.PublicURL)} {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
			bad = append(bad, fmt.Errorf("%s must be an http or https URL without a path", name))
		}
	}
	if _, err := vault.New("portal", c.MasterKey, c.OldMasterKeys...); err != nil {
		bad = append(bad, fmt.Errorf("EUPAY_PORTAL_MASTER_KEY: %w", err))
	}
	if _, err := config.Prefixes(trustedProxies, c.TrustedProxies); err != nil {
		bad = append(bad, err)
	}
	if _, err := c.images(); err != nil {
		bad = append(bad, err)
	}
	return errors.Join(bad...)
}

// images are the origins that pages may show pictures of and put them to. An endpoint without the address at which its pictures are read
// would be a portal that takes pictures and cannot show them.
func (c *Config) images() ([]string, error) {
	if c.S3Endpoint != "" && c.S3PublicURL == "" {
		return nil, errors.New("EUPAY_S3_ENDPOINT needs EUPAY_S3_PUBLIC_URL, where browsers read the pictures: set both as for the qr service")
	}
	var all []string
	for _, text := range append([]string{c.S3Endpoint, c.S3PublicURL}, c.ImageOrigins...) {
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("EUPAY_S3_ENDPOINT, EUPAY_S3_PUBLIC_URL and EUPAY_PORTAL_IMAGE_ORIGINS must be http or https URLs")
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(all, origin) {
			all = append(all, origin)
		}
	}
	return all, nil
}

// Service is the running portal.
type Service struct {
	core     *boot.Core
	pages    *web.Site
	listener net.Listener
	server   *http.Server
	idle     *http.Transport
}

// The server's patience. A page may wait for the API for longer than for a slow browser.
const (
	headerLimit = 5 * time.Second
	readLimit   = 15 * time.Second
	idleLimit   = 2 * time.Minute
	apiLimit    = 64
)

// New opens the portal: it migrates its schema and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("check settings: %w", err)
	}
	core, err := boot.OpenPlain(ctx, "portal", cfg.Plain, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	s := &Service{core: core}
	if err := s.open(cfg); err != nil {
		s.Close()
		return nil, fmt.Errorf("open portal: %w", err)
	}
	return s, nil
}

func (s *Service) open(cfg Config) error {
	site, err := s.site(cfg)
	if err != nil {
		return err
	}
	s.pages = site
	handler, err := site.Handler()
	if err != nil {
		return err
	}
	s.server = &http.Server{Handler: handler, ReadHeaderTimeout: headerLimit, ReadTimeout: readLimit, IdleTimeout: idleLimit}
	if s.listener, err = net.Listen("tcp", cfg.HTTPAddr); err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	return nil
}

// site makes all pages.
func (s *Service) site(cfg Config) (*web.Site, error) {
	images, err := cfg.images()
	if err != nil {
		return nil, err
	}
	sealer, err := vault.New("portal", cfg.MasterKey, cfg.OldMasterKeys...)
	if err != nil {
		return nil, err
	}
	trusted, err := config.Prefixes(trustedProxies, cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	s.idle = &http.Transport{MaxIdleConnsPerHost: apiLimit, IdleConnTimeout: idleLimit}
	api := eupay.New("", "", eupay.Options{
		BaseURL: cfg.APIURL, HTTPClient: &http.Client{Transport: web.Forwarding{Base: s.idle}}, UserAgent: "eupay-portal",
		Retries: -1, // a person is told at once, and tries again
	})
	site, err := web.New(web.Deps{
		API: api, Sessions: session.New(s.core.Pool, sealer, api, s.core.Now), Log: s.core.Log, Now: s.core.Now,
		PublicURL: strings.TrimRight(cfg.PublicURL, "/"), APIURL: strings.TrimRight(cmp.Or(cfg.PublicAPIURL, cfg.PublicURL), "/"), Images: images,
		TrustedProxies: trusted, Development: cfg.Development, Mailbox: cfg.MailboxURL,
	})
	if err != nil {
		return nil, err
	}
	for _, register := range []func(*web.Site) error{
		signin.Register,
		home.Register,
		payments.Register,
		links.Register,
		subscriptions.Register,
		security.Register,
		notifications.Register,
		settings.Register,
		team.Register,
		settlement.Register,
		audit.Register,
		keys.Register,
		webhooks.Register,
		admin.Register,
		invoices.Register,
		received.Register,
		exports.Register,
		pay.Register,
		catalog.Register,
		stock.Register,
		tables.Register,
		bill.Register,
		till.Register,
		rewards.Register,
		kitchen.Register,
		hours.Register,
		promotions.Register,
		components.Register,
		order.Register,
		docs.Register,
		live.Register,
		app.Register,
	} {
		if err := register(site); err != nil {
			return nil, err
		}
	}
	return site, nil
}

// HTTPAddr is where the pages are served.
func (s *Service) HTTPAddr() string { return s.listener.Addr().String() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }

// Run serves until ctx ends, then lets the requests under way finish.
func (s *Service) Run(ctx context.Context) error {
	s.core.Log.Info("pages are served", "http", s.HTTPAddr())
	return s.core.Run(ctx, s.serve)
}

func (s *Service) serve(ctx context.Context) error {
	// Streams of events end with ctx; other requests finish.
	s.server.BaseContext = func(net.Listener) context.Context { return web.UntilStop(context.WithoutCancel(ctx), ctx) }
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.core.Base.Grace)
		defer cancel()
		done <- s.server.Shutdown(grace)
	}()
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve pages: %w", err)
	}
	return <-done
}

// Close closes the connections. It may be called more than once.
func (s *Service) Close() {
	if s.listener != nil {
		s.listener.Close() // the server has closed it if Run was called
	}
	if s.idle != nil {
		s.idle.CloseIdleConnections()
	}
	s.core.Close()
}
