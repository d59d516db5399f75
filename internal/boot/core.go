package boot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/consume"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/pg"
)

// Base are the settings that every service has.
type Base struct {
	DatabaseURL string `env:"EUPAY_DATABASE_URL,required"`
	// DatabaseConns is the size of the pool.
	DatabaseConns int32  `env:"EUPAY_DATABASE_CONNS" envDefault:"16"`
	NATSURL       string `env:"EUPAY_NATS_URL" envDefault:"nats://127.0.0.1:4222"`
	// TLS names the files of this service's identity, which it shows to the other services and to NATS.
	TLS identity.Files
	StreamSettings
	// DatabasePlainStartup leaves out settings of the server's keepalives that some connection poolers refuse.
	DatabasePlainStartup bool `env:"EUPAY_DATABASE_PLAIN_STARTUP" envDefault:"false"`
	// OutboxKeep is how long published events stay in the outbox, to be published again when the broker loses them: longer than its
	// backups are old. Inboxes remember for longer, so that nothing takes effect twice.
	OutboxKeep time.Duration `env:"EUPAY_OUTBOX_KEEP" envDefault:"50h"`
	// GRPCAddr and ManagementAddr are where the service listens. Empty: the service's own default port on loopback.
	GRPCAddr       string `env:"EUPAY_GRPC_ADDR"`
	ManagementAddr string `env:"EUPAY_MANAGEMENT_ADDR"`
	LogLevel       string `env:"EUPAY_LOG_LEVEL" envDefault:"info"`
	// Grace bounds the time between a stop signal and the end of the process.
	Grace time.Duration `env:"EUPAY_GRACE" envDefault:"20s"`
}

// defaultOutboxKeep is for a Base that was not read from the environment.
const defaultOutboxKeep = 50 * time.Hour

// check refuses settings with which an event could take effect twice, or get lost.
func (b Base) check() error {
	age := b.EventAge
	if age <= 0 {
		age = bus.DefaultEventAge
	}
	if longest := age + consume.Remember - 24*time.Hour; b.OutboxKeep > longest {
		return fmt.Errorf("EUPAY_OUTBOX_KEEP (%s) must be at most %s: events that are published again after inboxes have forgotten them "+
			"would take effect twice. Inboxes remember for EUPAY_EVENT_AGE and two weeks", b.OutboxKeep, longest)
	}
	if b.OutboxKeep < 10*time.Minute {
		return fmt.Errorf("EUPAY_OUTBOX_KEEP (%s) must be at least 10m: a broker flushes its disk only now and then", b.OutboxKeep)
	}
	return nil
}

// Deps are what tests and the all-in-one hand in; every field may be left empty.
type Deps struct {
	Log *slog.Logger
	Now func() time.Time
}

// Core is a service's pool, broker connection and gRPC server. Open it first and close it last.
type Core struct {
	Name string
	Base Base
	Pool *pgxpool.Pool
	Bus  *bus.Bus
	GRPC *grpc.Server
	Log  *slog.Logger
	Now  func() time.Time
	// Edge: what the service does for its callers goes on as long as the database answers, whatever becomes of the broker's consumers.
	// Set it before Run.
	Edge bool
	// Identity is who this service is to the others.
	Identity *identity.Identity

	callers      callers
	health       *health.Server
	endStreams   context.CancelFunc
	grpcListener net.Listener
	management   *management
}

// Open applies the service's migrations, connects and listens, so that addresses are known before Run. It waits for
// the database and the broker until ctx ends.
func Open(ctx context.Context, name string, base Base, migrations fs.FS, deps Deps) (*Core, error) {
	if base.OutboxKeep == 0 {
		base.OutboxKeep = defaultOutboxKeep
	}
	if err := base.check(); err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	c := &Core{Name: name, Base: base, Log: deps.Log, Now: deps.Now}
	if c.Log == nil {
		c.Log = defaultLogger(base.LogLevel)
	}
	c.Log = c.Log.With("service", name)
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := c.open(ctx, migrations); err != nil {
		c.Close()
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return c, nil
}

func (c *Core) open(ctx context.Context, migrations fs.FS) error {
	var err error
	if c.Identity, err = identity.Load(c.Base.TLS, func(err error) { c.Log.Error("identity not replaced", "error", err) }); err != nil {
		return err
	}
	settings := pg.Settings{
		URL: c.Base.DatabaseURL, Schema: c.Name, MaxConns: c.Base.DatabaseConns, PlainStartup: c.Base.DatabasePlainStartup,
	}
	if migrations != nil {
		if err := c.migrate(ctx, settings, migrations); err != nil {
			return err
		}
	}
	if c.Pool, err = pg.Open(ctx, settings); err != nil {
		return err
	}
	c.Bus, err = bus.Connect(ctx, c.broker(), c.Log)
	if err != nil {
		return err
	}
	if c.grpcListener, err = net.Listen("tcp", orLoopback(c.Base.GRPCAddr)); err != nil {
		return fmt.Errorf("listen for gRPC: %w", err)
	}
	stopping, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	c.callers = callers{self: c.Name, log: c.Log, of: make(map[string][]string)}
	c.GRPC, c.health = newGRPCServer(stopping, c.Identity, &c.callers, c.Log)
	c.endStreams = endStreams
	c.management, err = newManagement(orLoopback(c.Base.ManagementAddr), c)
	return err
}

func (c *Core) broker() bus.Settings {
	s := c.Base.Broker()
	s.URL, s.Name, s.Identity = c.Base.NATSURL, "eupay-"+c.Name, c.Identity
	return s
}

// orLoopback picks a free loopback port for a server that nobody needs to find.
func orLoopback(addr string) string {
	if addr == "" {
		return "127.0.0.1:0"
	}
	return addr
}

// migrate waits for a database that is not there yet: in a cluster it may start after the service.
func (c *Core) migrate(ctx context.Context, s pg.Settings, migrations fs.FS) error {
	for {
		err := pg.Migrate(ctx, s, migrations)
		if err == nil || !pg.IsUnreachable(err) {
			return err
		}
		c.Log.Info("waiting for PostgreSQL", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// GRPCAddr is where the gRPC server listens.
func (c *Core) GRPCAddr() string { return c.grpcListener.Addr().String() }

// ManagementAddr is where health and metrics are served.
func (c *Core) ManagementAddr() string { return c.management.listener.Addr().String() }

// Run serves gRPC and management and runs the workers until ctx ends or one of them fails. Then readiness goes off,
// the workers end, and calls under way are finished within the grace period.
func (c *Core) Run(ctx context.Context, workers ...func(context.Context) error) error {
	if err := c.callers.complete(c.GRPC); err != nil {
		return err
	}
	c.Log.Info("service runs", "grpc", c.GRPCAddr(), "management", c.ManagementAddr())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.serveGRPC(ctx) })
	group.Go(func() error { return c.management.run(ctx) })
	for _, w := range workers {
		group.Go(func() error { return w(ctx) })
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	c.Log.Info("service stopped")
	return err
}

// Close releases the connections. It may be called more than once.
func (c *Core) Close() {
	if c.GRPC != nil {
		c.endStreams()
		c.GRPC.Stop()
	}
	if c.grpcListener != nil {
		c.grpcListener.Close() // already closed by the server when Run was called
	}
	if c.management != nil {
		c.management.listener.Close() // likewise
	}
	if c.Bus != nil {
		c.Bus.Close()
	}
	if c.Pool != nil {
		c.Pool.Close()
	}
}
