package boot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/measure"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/run/trace"
)

// Base holds the settings of a service that takes part in events and gRPC.
type Base struct {
	Plain
	// NATSURL is of the broker: one server, or several with commas between them.
	NATSURL string `env:"EUPAY_NATS_URL" envDefault:"nats://127.0.0.1:4222"`
	bus.Access
	// TLS names the files of this service's identity, which it presents to the other services and to NATS.
	TLS identity.Files
	StreamSettings
	// OutboxKeep is how long published events stay in the outbox. If the broker loses them, for example because it is restored
	// from a backup, they are published again. Inboxes keep event ids for longer, so no event takes effect twice.
	OutboxKeep time.Duration `env:"EUPAY_OUTBOX_KEEP" envDefault:"50h"`
	// GRPCAddr is where the service answers the others. Default: a free port on loopback.
	GRPCAddr string `env:"EUPAY_GRPC_ADDR"`
}

// defaultOutboxKeep applies to a Base that was not read from the environment.
const defaultOutboxKeep = 50 * time.Hour

// check refuses settings with which an event could take effect twice or get lost.
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

// checkSettings reports what Open would refuse without a database and a broker.
func (b Base) checkSettings() error {
	return errors.Join(b.check(), b.checkDatabase(leader.Connections))
}

// Deps are replaced by tests and the all-in-one. Every field may be empty.
type Deps struct {
	Log *slog.Logger
	Now func() time.Time
}

// Core holds a service's pool, broker connection and gRPC server. Open it first and close it last. OpenPlain gives one without Bus, GRPC
// and Identity.
type Core struct {
	Name string
	Base Base
	Pool *pgxpool.Pool
	// Reads is where lists, summaries and exports are read, which may lag behind Pool by a few seconds.
	Reads *pg.Reads
	Bus   *bus.Bus
	GRPC  *grpc.Server
	Log   *slog.Logger
	Now   func() time.Time
	// Edge marks a service that can serve its callers without the broker's consumers, as long as the database answers. Set it
	// before Run.
	Edge bool
	// Identity is this service's identity.
	Identity *identity.Identity

	tracer       *trace.Tracer
	callers      callers
	near         *nearServer
	health       *health.Server
	endStreams   context.CancelFunc
	unmeasure    func()
	grpcListener net.Listener
	management   *management
}

// Open applies the service's migrations, or waits for them, connects and listens, so that addresses are known before Run. It waits for the database
// and the broker until ctx ends.
func Open(ctx context.Context, name string, base Base, migrations fs.FS, deps Deps) (*Core, error) {
	if base.OutboxKeep == 0 {
		base.OutboxKeep = defaultOutboxKeep
	}
	if err := base.check(); err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return start(newCore(name, base, deps), func(c *Core) error { return c.open(ctx, migrations) })
}

// OpenPlain is Open for a service that calls others over HTTP alone: it has a database and the management port, and nothing else.
func OpenPlain(ctx context.Context, name string, plain Plain, migrations fs.FS, deps Deps) (*Core, error) {
	return start(newCore(name, Base{Plain: plain}, deps), func(c *Core) error { return c.openDatabase(ctx, migrations, 0) })
}

func newCore(name string, base Base, deps Deps) *Core {
	c := &Core{Name: name, Base: base, Log: deps.Log, Now: deps.Now}
	if c.Log == nil {
		c.Log = defaultLogger(base.LogLevel)
	}
	c.Log = trace.Logger(c.Log).With("service", name)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// start opens the core, and closes what was opened when that fails.
func start(c *Core, open func(*Core) error) (*Core, error) {
	var err error
	if c.tracer, err = trace.New(c.Name, uuid.NewString(), c.Base.Tracing, c.Log); err == nil {
		err = open(c)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("open %s: %w", c.Name, err)
	}
	return c, nil
}

func (c *Core) open(ctx context.Context, migrations fs.FS) error {
	var err error
	if c.Identity, err = identity.Load(c.Base.TLS, func(err error) {
		c.Log.Error("new identity files not usable, keeping the previous identity", "error", err)
	}); err != nil {
		return err
	}
	if err := c.openDatabase(ctx, migrations, leader.Connections); err != nil {
		return err
	}
	if c.Bus, err = bus.Connect(ctx, c.broker(), c.Log); err != nil {
		return err
	}
	if c.grpcListener, err = net.Listen("tcp", orLoopback(c.Base.GRPCAddr)); err != nil {
		return fmt.Errorf("listen for gRPC: %w", err)
	}
	stopping, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	c.callers = callers{self: c.Name, log: c.Log, of: make(map[string][]string)}
	c.near = newNearServer(unaryOf(c.tracer, &c.callers, c.Log))
	c.GRPC, c.health = newGRPCServer(stopping, c.Identity, c.tracer, &c.callers, c.near.intercept, c.Log)
	c.endStreams = endStreams
	return nil
}

// openDatabase opens the database and the management port. leaders is how many connections elected jobs need.
func (c *Core) openDatabase(ctx context.Context, migrations fs.FS, leaders int32) error {
	settings, err := c.Base.Plain.database(c.Name, leaders)
	if err != nil {
		return err
	}
	reads, err := c.Base.Plain.reads(&settings)
	if err != nil {
		return err
	}
	waits := c.Base.Migrations == migrationsWait
	if migrations != nil && !waits {
		if err := c.wait(ctx, func() error { return pg.Migrate(ctx, settings, migrations) }); err != nil {
			return err
		}
	}
	if c.Pool, err = pg.Open(ctx, settings); err != nil {
		return err
	}
	if err := c.wait(ctx, func() error { return pg.Check(ctx, c.Pool, settings) }); err != nil {
		return err
	}
	if migrations != nil && waits {
		if err := c.wait(ctx, func() error { return pg.Migrated(ctx, c.Pool, c.Name, migrations) }); err != nil {
			return err
		}
	}
	if c.Reads, err = pg.OpenReads(ctx, settings, reads, c.Pool, c.Log); err != nil {
		return err
	}
	c.unmeasure = measure.Database(c.Name, c.Pool, c.Reads)
	measure.Build(c.Name)
	c.management, err = newManagement(orLoopback(c.Base.ManagementAddr), c)
	return err
}

func (c *Core) broker() bus.Settings {
	s := c.Base.Broker()
	s.URL, s.Access, s.Name, s.Identity = c.Base.NATSURL, c.Base.Access, "eupay-"+c.Name, c.Identity
	return s
}

// orLoopback returns addr, or a free loopback port if it is empty.
func orLoopback(addr string) string {
	if addr == "" {
		return "127.0.0.1:0"
	}
	return addr
}

// wait tries until the database can be reached: in a cluster it may start after the service, and during a rollout it may have no
// connection left. A migration that gave way to the version before is tried again too, and one that somebody else applies is waited for.
func (c *Core) wait(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || !pg.IsUnreachable(err) && !pg.IsContended(err) && !pg.IsBehind(err) {
			return pg.Explain(err)
		}
		c.Log.Warn("waiting for PostgreSQL", "error", pg.Explain(err))
		select {
		case <-ctx.Done():
			return pg.Explain(err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// Background returns the context of work that neither a worker nor a call owns. It never ends, and spans that start in it are those
// of this service.
func (c *Core) Background() context.Context { return c.tracer.Into(context.Background()) }

// GRPCAddr is where the gRPC server listens.
func (c *Core) GRPCAddr() string { return c.grpcListener.Addr().String() }

// ManagementAddr is where health and metrics are served.
func (c *Core) ManagementAddr() string { return c.management.listener.Addr().String() }

// Run serves what was opened and runs the workers until ctx ends or one of them fails. Then the service reports that it is
// not ready, the workers end, and calls in progress are completed within the grace period. Spans that start in the workers' context
// are those of this service.
func (c *Core) Run(ctx context.Context, workers ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(c.tracer.Into(ctx))
	if c.GRPC != nil {
		if err := c.callers.complete(c.GRPC); err != nil {
			return err
		}
		c.Log.Info("gRPC is served", "grpc", c.GRPCAddr())
		group.Go(func() error { return c.serveGRPC(ctx) })
	}
	c.Log.Info("service started", "management", c.ManagementAddr())
	group.Go(func() error { return c.management.run(ctx) })
	group.Go(func() error { return c.Reads.Run(ctx) })
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

// Close closes the connections, and exports the last spans. It may be called more than once.
func (c *Core) Close() {
	if c.unmeasure != nil {
		c.unmeasure()
	}
	if c.GRPC != nil {
		c.endStreams()
		c.GRPC.Stop()
		near.CompareAndDelete(c.GRPCAddr(), c.near)
		c.near.stop()
	}
	if c.grpcListener != nil {
		c.grpcListener.Close() // the server has closed it if Run was called
	}
	if c.management != nil {
		c.management.listener.Close() // likewise
	}
	if c.Bus != nil {
		c.Bus.Close()
	}
	if c.Reads != nil {
		c.Reads.Close()
	}
	if c.Pool != nil {
		c.Pool.Close()
	}
	c.tracer.Close()
}
