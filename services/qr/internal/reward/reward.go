// Package reward keeps the points of merchants' customers: the rules by which payments earn them, an append-only ledger that always
// balances, and redemptions in two steps.
package reward

import (
	"context"
	"encoding/binary"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists of members and redemptions, and exports, are read.
	Reads pg.Reader
	Bus   *bus.Bus
	// PerEuro is the number of points for each whole euro in the default program.
	PerEuro int64
	Now     func() time.Time
	// Wake notifies the outbox relay of new events.
	Wake func()
	Log  *slog.Logger
}

// Server implements RewardsService. Make it with New.
type Server struct {
	qrv1.UnimplementedRewardsServiceServer

	pool    *pgxpool.Pool
	reads   pg.Reader
	bus     *bus.Bus
	perEuro int64
	now     func() time.Time
	wake    func()
	log     *slog.Logger
	// holds and lots end what has come to its time.
	holds *due.Loop[hold]
	lots  *due.Loop[owner]
}

// New returns a server.
func New(d Deps) *Server {
	s := &Server{
		pool: d.Pool, reads: d.Reads, bus: d.Bus, perEuro: d.PerEuro, wake: d.Wake, log: d.Log,
		// PostgreSQL stores microseconds.
		now: func() time.Time { return d.Now().UTC().Truncate(time.Microsecond) },
	}
	s.holds = due.New(due.Config[hold]{
		What: "holds of points", Every: lookEvery, AtOnce: endAtOnce, Within: endWithin, Grace: endWithin,
		Claim: s.claimHolds, Do: s.expireHold, Watch: due.Watch{DB: s.pool, First: firstHold, Now: s.now}, Log: d.Log,
	})
	s.lots = due.New(due.Config[owner]{
		What: "points that expire", Every: lookEvery, AtOnce: endAtOnce, Within: endWithin, Grace: endWithin,
		Claim: s.claimLots, Do: s.expirePoints, Watch: due.Watch{DB: s.pool, First: firstLot, Now: s.now}, Log: d.Log,
	})
	return s
}

const (
	// lookEvery is how long a hold or points may outlive their time. What is past its time can no longer be spent, seen or not.
	lookEvery = 5 * time.Second
	endAtOnce = 2
	endWithin = 20 * time.Second
	// lease is how long a replica has for what it has claimed.
	lease      = 30 * time.Second
	adoptEvery = 5 * time.Second
	purgeEvery = time.Hour
	// consumer keeps the name that it had when all points were those of the default program.
	consumer = "loyalty"
)

// Run applies events, ends holds and points that have come to their time, and takes over lines of versions before this one, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	events := consume.New(consume.Config{Name: consumer, Subjects: subjects}, s.pool, s.bus, s.Handle, s.wake, s.log)
	occurrences := consume.New(consume.Config{Name: Occurrences, Subjects: occurrenceSubjects}, s.pool, s.bus, s.HandleOccurrences, s.wake, s.log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return events.Run(ctx) })
	group.Go(func() error { return occurrences.Run(ctx) })
	group.Go(func() error { return s.holds.Run(ctx) })
	group.Go(func() error { return s.lots.Run(ctx) })
	group.Go(func() error { return s.alone(ctx, "adopt points", adoptEvery, s.Adopt) })
	group.Go(func() error {
		return s.alone(ctx, "purge keys of rewards", purgeEvery, func(ctx context.Context) error { return claim.Purge(ctx, s.pool, s.now()) })
	})
	return group.Wait()
}

// alone calls do again and again in one replica.
func (s *Server) alone(ctx context.Context, what string, pause time.Duration, do func(context.Context) error) error {
	return leader.Run(ctx, s.pool, what, s.log, func(ctx context.Context) error {
		due.Every(ctx, pause, what, s.log, do)
		return nil
	})
}

// commit runs do in a transaction, and lets its events go out.
func (s *Server) commit(ctx context.Context, do func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, s.pool, do); err != nil {
		return err
	}
	s.wake()
	return nil
}

// isID reports whether text is a UUID in canonical form.
func isID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// page returns limit and offset, within valid ranges.
func page(number, limit int32) (int64, int64) {
	size := int64(min(max(limit, 1), 100))
	return size, int64(max(number, 1)-1) * size
}

// firstID returns the lowest id that can be made at t: ids of version 7 begin with the milliseconds. The counters of what is listed by id are
// kept by that time.
func firstID(t time.Time) string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(t.UnixMilli())<<16)
	return id.String()
}
