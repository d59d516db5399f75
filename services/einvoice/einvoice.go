// Package einvoice is the service that will own invoices, credit notes and e-reporting. It runs, keeps its schema and
// reports its health; it offers no invoicing yet.
package einvoice

import (
	"context"

	"european-pay.eu/eupay/internal/boot"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

// defaultGRPCAddr is where the service listens unless told otherwise.
const defaultGRPCAddr = "127.0.0.1:9104"

// Config of the einvoice service.
type Config struct{ boot.Base }

// Service is the running einvoice service.
type Service struct{ core *boot.Core }

// New opens the service: it migrates its schema, connects and listens.
func New(ctx context.Context, cfg Config, deps boot.Deps) (*Service, error) {
	if cfg.GRPCAddr == "" {
		cfg.GRPCAddr = defaultGRPCAddr
	}
	core, err := boot.Open(ctx, "einvoice", cfg.Base, migrations.FS, deps)
	if err != nil {
		return nil, err
	}
	return &Service{core: core}, nil
}

// Run serves until ctx ends.
func (s *Service) Run(ctx context.Context) error { return s.core.Run(ctx) }

// Close releases the connections.
func (s *Service) Close() { s.core.Close() }

// GRPCAddr is where the gRPC server listens.
func (s *Service) GRPCAddr() string { return s.core.GRPCAddr() }

// ManagementAddr is where health and metrics are served.
func (s *Service) ManagementAddr() string { return s.core.ManagementAddr() }
