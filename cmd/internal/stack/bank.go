package stack

import (
	"context"
	"fmt"
	"net"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/sandbox/bank"
)

// startBank starts the sandbox bank, its API and its management port.
func (s *Stack) startBank() error {
	sys := s.System()
	cfg := bank.Defaults()
	cfg.Dir, cfg.BaseURL, cfg.Log = s.dir("bank"), sys.BankURL(), s.log.With("service", "bank")
	cfg.ClientID, cfg.ClientSecret = sys.Secrets.BankClientID, sys.Secrets.BankSecret
	cfg.WebhookURL, cfg.WebhookSecret = sys.ProviderHook(), sys.Secrets.ProviderHook
	cfg.InstantPhase, cfg.ClassicPhase = system.InstantPhase, system.ClassicPhase
	if s.o.Bank != nil {
		s.o.Bank(&cfg)
	}
	b, err := bank.New(cfg)
	if err != nil {
		return fmt.Errorf("start the sandbox bank: %w", err)
	}
	api, err := net.Listen("tcp", system.Loopback(sys.Ports.Bank))
	if err != nil {
		return fmt.Errorf("listen for the sandbox bank: %w", err)
	}
	management, err := net.Listen("tcp", system.Loopback(sys.Ports.BankManagement))
	if err != nil {
		api.Close()
		return fmt.Errorf("listen for the sandbox bank: %w", err)
	}
	run := func(ctx context.Context) error {
		defer b.Close()
		group, ctx := errgroup.WithContext(ctx)
		group.Go(func() error { return b.Run(ctx) })
		group.Go(func() error { return serve(api, b.Handler())(ctx) })
		group.Go(func() error { return serve(management, b.Management())(ctx) })
		return group.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bank = s.supervise("sandbox bank", run)
	return nil
}
