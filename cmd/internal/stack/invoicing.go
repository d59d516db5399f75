package stack

import (
	"context"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sandbox/einvoicing"
)

// startInvoicing starts the sandbox e-invoicing platform, its API with the KYB pages and its management port.
func (s *Stack) startInvoicing() error {
	sys := s.System()
	cfg := einvoicing.Defaults()
	cfg.Dir, cfg.BaseURL, cfg.Log = s.dir("invoicing"), sys.InvoicingURL(), s.log.With("service", "invoicing")
	cfg.APIKey, cfg.WebhookURL, cfg.WebhookSecret = sys.Secrets.InvoicingKey, sys.InvoicingHook(), sys.Secrets.InvoicingHook
	if s.o.Invoicing != nil {
		s.o.Invoicing(&cfg)
	}
	p, err := einvoicing.New(cfg)
	if err != nil {
		return fmt.Errorf("start the sandbox e-invoicing platform: %w", err)
	}
	api, err := net.Listen("tcp", system.Loopback(sys.Ports.Invoicing))
	if err != nil {
		return fmt.Errorf("listen for the sandbox e-invoicing platform: %w", err)
	}
	management, err := net.Listen("tcp", system.Loopback(sys.Ports.InvoicingManagement))
	if err != nil {
		api.Close()
		return fmt.Errorf("listen for the sandbox e-invoicing platform: %w", err)
	}
	run := func(ctx context.Context) error {
		defer p.Close()
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return p.Run(ctx) })
		group.Go(func() error { return serve(api, p.Handler())(ctx) })
		group.Go(func() error { return serve(management, p.Management())(ctx) })
		return group.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.invoicing = s.supervise("sandbox e-invoicing platform", run)
	return nil
}
