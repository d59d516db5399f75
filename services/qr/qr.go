// Package qr is the service that signs the QR codes of the EU Pay app and keeps what merchants sell.
package qr

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"european-pay.eu/eupay/internal/boot"
	"european-pay.eu/eupay/internal/outbox"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/grpcapi"
	"european-pay.eu/eupay/services/qr/internal/signed"
	"european-pay.eu/eupay/services/qr/migrations"
)

// defaultGRPCAddr is where the service listens unless told otherwise.
const defaultGRPCAddr = "127.0.0.1:9103"

// Config of the qr service.
type Config struct {
	boot.Base
	// SigningKey signs the codes; at least 32 bytes, used for nothing else. Whoever has it can make codes that the app
	// believes, and a new one makes all codes in circulation invalid.
	SigningKey string `env:"EUPAY_QR_SIGNING_KEY,required"`
	// BaseURL is the site whose links the app opens.
	BaseURL string `env:"EUPAY_QR_BASE_URL" envDefault:"https://www.european-pay.fr"`
	CatalogConfig
}

// Validate reports settings that would make codes nobody can trust or open.
func (c *Config) Validate() error {
	if len(c.SigningKey) < signed.MinKey {
		return fmt.Errorf("EUPAY_QR_SIGNING_KEY must have at least %d bytes", signed.MinKey)
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("EUPAY_QR_BASE_URL must be an http(s) URL without a query")
	}
	return c.CatalogConfig.validate()
}

// Service is the running qr service.
type Service struct {
	core    *boot.Core
	relay   *outbox.Relay
	catalog *catalogPart
}

// New opens the service: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	signer, err := signed.NewSigner(cfg.SigningKey)
	if err != nil {
		return nil, err
	}
	if cfg.GRPCAddr == "" {
		cfg.GRPCAddr = defaultGRPCAddr
	}
	core, err := boot.Open(ctx, "qr", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	s := &Service{core: core, relay: outbox.NewRelay(core.Pool, core.Bus, core.Name, core.Log)}
	qrv1.RegisterQRServiceServer(core.GRPC, grpcapi.New(signer, strings.TrimSuffix(cfg.BaseURL, "/")))
	if s.catalog, err = openCatalog(core, cfg.CatalogConfig, s.relay.Wake); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return s.core.Run(ctx, append(s.catalog.workers(), s.relay.Run)...)
}

// Close releases the connections.
func (s *Service) Close() {
	if s.catalog != nil {
		s.catalog.close()
	}
	s.core.Close()
}

// GRPCAddr is where the gRPC server listens.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }
