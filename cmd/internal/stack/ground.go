package stack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"european-pay.eu/eupay/cmd/internal/pgbinaries"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/natsserver"
	"european-pay.eu/eupay/internal/pgserver"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/config"
)

var errGiven = errors.New("the PostgreSQL was given: it is not the stack's to start or stop")

// startPostgres starts the private server, unless one was given.
func (s *Stack) startPostgres(ctx context.Context) error {
	if s.o.DatabaseURL != "" {
		return nil
	}
	return s.StartPostgres(ctx)
}

// StartPostgres starts the private PostgreSQL (again): same port, same data.
func (s *Stack) StartPostgres(ctx context.Context) error {
	if s.o.DatabaseURL != "" {
		return errGiven
	}
	srv, err := PrivatePostgres(ctx, s.o, s.System().Ports.Postgres)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.postgres, s.system.DatabaseURL = srv, srv.URL
	go s.watchPostgres(srv) // ends with the server
	return nil
}

// PrivatePostgres starts a PostgreSQL that keeps its data in the options' folder. The caller stops it.
func PrivatePostgres(ctx context.Context, o Options, port int) (*pgserver.Server, error) {
	home, err := pgserver.Home(filepath.Join(o.Dir, "postgres"))
	if err != nil {
		return nil, err
	}
	cache := o.Binaries
	if cache == "" {
		cache = filepath.Join(o.Dir, "postgres-binaries")
	}
	bin, err := pgbinaries.Ensure(ctx, pgbinaries.Options{Cluster: home, Cache: cache, Repository: o.Repository, Say: o.Say})
	if err != nil {
		return nil, err
	}
	if !pgserver.HasCluster(home) {
		o.Say("Making a private PostgreSQL in %s (once)…", home)
	}
	return pgserver.Start(ctx, pgserver.Options{Dir: home, Port: port, Bin: bin, Volatile: o.Volatile, Log: o.Log})
}

func (s *Stack) watchPostgres(srv *pgserver.Server) {
	<-srv.Done()
	s.mu.Lock()
	unexpected := s.postgres == srv
	s.mu.Unlock()
	if unexpected {
		s.fail("PostgreSQL", nil)
	}
}

// releasePostgres removes the server from the stack, because its end is expected.
func (s *Stack) releasePostgres() *pgserver.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	srv := s.postgres
	s.postgres = nil
	return srv
}

// StopPostgres stops the private PostgreSQL regularly.
func (s *Stack) StopPostgres() {
	if srv := s.releasePostgres(); srv != nil {
		srv.Stop()
	}
}

// KillPostgres ends the private PostgreSQL as a crash would; StartPostgres brings it back.
func (s *Stack) KillPostgres() {
	if srv := s.releasePostgres(); srv != nil {
		srv.Kill()
	}
}

// StartNATS starts the broker (again): same port, same streams.
func (s *Stack) StartNATS() error {
	sys := s.System()
	var streams boot.StreamSettings
	if err := config.Parse(&streams, sys.Extra); err != nil {
		return err
	}
	broker, err := sys.As(identity.NATS)
	if err != nil {
		return err
	}
	srv, err := natsserver.Start(natsserver.Options{
		Dir: s.dir("nats"), Port: sys.Ports.NATS, Identity: broker, MaxBytes: natsserver.Room(streams.Broker().Bytes),
	})
	if err != nil {
		return fmt.Errorf("start the embedded NATS: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nats = srv
	return nil
}

// KillNATS ends the broker and drops its clients; StartNATS brings it back.
func (s *Stack) KillNATS() {
	s.mu.Lock()
	srv := s.nats
	s.nats = nil
	s.mu.Unlock()
	if srv != nil {
		srv.Stop()
	}
}
