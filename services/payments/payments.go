// Package payments is the service that owns payments and refunds: it takes commands, drives each payment at the
// provider, and announces every change as an event.
package payments

import (
	"context"
	"errors"
	"time"

	"european-pay.eu/eupay/internal/boot"
	"european-pay.eu/eupay/internal/outbox"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/commands"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/grpcapi"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

// defaultGRPCAddr is where the service listens unless told otherwise.
const defaultGRPCAddr = "127.0.0.1:9101"

// returnPath is where the provider sends payers back to; the gateway serves it.
const returnPath = "/api/v1/payments/return"

// Config of the payments service.
type Config struct {
	boot.Base
	// PublicURL is the gateway's URL as payers see it, e.g. https://api.example.com.
	PublicURL string `env:"EUPAY_PUBLIC_URL,required"`
	// Live and Test are the provider accounts of the two modes. A mode without a base URL takes no payments.
	Live   ProviderConfig `envPrefix:"EUPAY_POWENS_LIVE_"`
	Test   ProviderConfig `envPrefix:"EUPAY_POWENS_TEST_"`
	Engine engine.Config
}

// ProviderConfig is an account at the provider.
type ProviderConfig struct {
	BaseURL      string        `env:"BASE_URL"`
	ClientID     string        `env:"CLIENT_ID"`
	ClientSecret string        `env:"CLIENT_SECRET"`
	WebviewURL   string        `env:"WEBVIEW_URL"`
	CallTimeout  time.Duration `env:"CALL_TIMEOUT" envDefault:"10s"`
}

// Validate reports settings that would lose payments.
func (c *Config) Validate() error {
	if c.Engine.Lease < 2*max(c.Live.CallTimeout, c.Test.CallTimeout) {
		return errors.New("EUPAY_PAYMENTS_LEASE must be at least twice the provider's call timeout")
	}
	return nil
}

// Service is the running payments service.
type Service struct {
	core     *boot.Core
	relay    *outbox.Relay
	engine   *engine.Engine
	commands *commands.Handler
	notify   func(payment.Payment)
}

// New opens the service: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if cfg.GRPCAddr == "" {
		cfg.GRPCAddr = defaultGRPCAddr
	}
	core, err := boot.Open(ctx, "payments", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	relay := outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Log)
	s := store.New(core.Pool, core.Now, relay.Wake)
	eng := engine.New(cfg.Engine, s, provider(cfg, cfg.Live, core), provider(cfg, cfg.Test, core), core.Now, core.Log)
	handler := commands.New(s, eng, core.Bus, core.Now, core.Log)
	paymentsv1.RegisterPaymentsServiceServer(core.GRPC, grpcapi.New(s))
	return &Service{core: core, relay: relay, engine: eng, commands: handler, notify: handler.Announce}, nil
}

// provider is nil without a base URL, and then truly nil: an interface that holds a nil pointer is not.
func provider(cfg Config, p ProviderConfig, core *boot.Core) engine.Provider {
	if p.BaseURL == "" {
		return nil
	}
	return powens.New(powens.Config{
		BaseURL: p.BaseURL, ClientID: p.ClientID, ClientSecret: p.ClientSecret, WebviewURL: p.WebviewURL,
		RedirectURI: cfg.PublicURL + returnPath, CallTimeout: p.CallTimeout, MaxInFlight: cfg.Engine.InFlight,
	}, core.Now, core.Log)
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return s.core.Run(ctx, s.relay.Run, s.commands.Run, func(ctx context.Context) error {
		return s.engine.Sweep(ctx, s.notify)
	})
}

// Close releases the connections.
func (s *Service) Close() { s.core.Close() }

// GRPCAddr is where the service answers questions.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }
