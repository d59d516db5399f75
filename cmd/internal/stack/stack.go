// Package stack runs the complete EU Pay in one process: PostgreSQL, NATS, the sandbox bank, e-invoicing platform, S3 store and
// mailbox, and the five services, which communicate over real gRPC and a real broker as on many machines.
package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/cmd/internal/system"
	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/pgserver"
	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/services/gateway"
)

// Options of a stack. Only Dir is required.
type Options struct {
	// Dir has all state: a stack that is started on it again continues where it stopped.
	Dir string
	// DatabaseURL of an existing PostgreSQL. Empty: a private one in Dir.
	DatabaseURL string
	// Pooler is the address of a PgBouncer in transaction mode before that PostgreSQL. Empty: none.
	Pooler string
	// Repository from which PostgreSQL is downloaded if the machine has none; see pgbinaries.
	Repository string
	// Binaries is where downloaded PostgreSQL binaries are kept. Empty: in Dir.
	Binaries string
	// Volatile trades the durability of the private PostgreSQL for speed. Only for tests.
	Volatile bool
	// PublicURL is the gateway's URL for payers. Empty: loopback.
	PublicURL string
	// Ports that are required, and Usual ones that are used if they are free. Everything else gets any free port.
	Ports, Usual system.Ports
	// Env are additional settings of the services.
	Env map[string]string
	// RatePerMinute of the demo's API key. 0: that of the API reference.
	RatePerMinute int
	// Bank changes settings of the sandbox bank before it starts.
	Bank func(*bank.Config)
	// Invoicing changes settings of the sandbox e-invoicing platform before it starts.
	Invoicing func(*einvoicing.Config)
	Log       *slog.Logger
	// Say shows progress to the user.
	Say func(format string, args ...any)
}

// Stack is the running system.
type Stack struct {
	system system.System
	o      Options
	log    *slog.Logger

	mu       sync.Mutex
	postgres *pgserver.Server
	nats     *natsserver.Server
	bank     *part
	// invoicing is the sandbox e-invoicing platform.
	invoicing *part
	s3        *part
	mailbox   *part
	services  map[string]*part
	gateway   *gateway.Service

	failure  chan error // the first failure of a part
	stopping chan struct{}
	stopOnce sync.Once
}

// Start starts all parts in order and returns when the gateway serves. After an error everything is stopped again.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{o: o, log: o.Log, services: make(map[string]*part), failure: make(chan error, 1), stopping: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.o.Say == nil {
		s.o.Say = func(string, ...any) {}
	}
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	if err := s.describe(); err != nil {
		return err
	}
	s.o.Say("Starting PostgreSQL, NATS and the sandbox…")
	ground, groundCtx := errgroup.WithContext(ctx)
	ground.Go(func() error { return s.startPostgres(groundCtx) })
	ground.Go(s.StartNATS)
	ground.Go(s.startBank)
	ground.Go(s.startInvoicing)
	ground.Go(s.startS3)
	ground.Go(s.startMailbox)
	if err := ground.Wait(); err != nil {
		return err
	}
	if err := s.System().PrepareDatabase(ctx); err != nil {
		return err
	}
	s.o.Say("Starting the services…")
	// All at once: each waits for those that it needs.
	services, servicesCtx := errgroup.WithContext(ctx)
	for _, name := range system.Names {
		services.Go(func() error { return s.StartService(servicesCtx, name) })
	}
	if err := services.Wait(); err != nil {
		return err
	}
	return s.seed(ctx)
}

func (s *Stack) describe() error {
	ports, err := system.Prefer(s.o.Ports, s.o.Usual)
	if err != nil {
		return err
	}
	if s.system, err = system.Load(s.o.Dir, ports); err != nil {
		return err
	}
	s.system.DatabaseURL, s.system.PublicURL, s.system.Extra = s.o.DatabaseURL, s.o.PublicURL, s.o.Env
	s.system.Pooler = s.o.Pooler
	return nil
}

// System returns all addresses and secrets.
func (s *Stack) System() system.System {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.system
}

// URL returns the base URL of the gateway, without /api/v1.
func (s *Stack) URL() string { return s.System().URL() }

func (s *Stack) dir(name string) string { return filepath.Join(s.o.Dir, name) }

// Wait returns nil when ctx ends, or the reason when a part has failed. The caller then calls Stop.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failure:
		return err
	}
}

// Stop stops everything in order: the gateway first, so that no new work arrives, then the services, the sandbox, NATS and
// PostgreSQL. It may be called more than once.
func (s *Stack) Stop() {
	s.stopOnce.Do(func() {
		close(s.stopping)
		s.StopService(system.Gateway)
		var rest sync.WaitGroup
		for _, name := range system.Names {
			rest.Go(func() { s.StopService(name) })
		}
		rest.Wait()
		s.bank.stop()
		s.invoicing.stop()
		s.s3.stop()
		s.mailbox.stop()
		s.KillNATS()
		s.StopPostgres()
	})
}

// fail reports that a part ended unexpectedly. Only the first failure is reported, because the others follow from it.
func (s *Stack) fail(part string, err error) {
	if err == nil {
		err = errors.New("it ended")
	}
	select {
	case <-s.stopping:
	case s.failure <- fmt.Errorf("%s failed: %w", part, err):
	default:
	}
	s.log.Error("part of the system ended", "part", part, "error", err)
}
