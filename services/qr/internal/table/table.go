// Package table implements ordering at the table: tables with their codes, the menu behind a code, orders with the stock they
// take, and offers.
package table

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/bill"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/charge"
)

// Currency of all prices.
const Currency = "EUR"

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists of orders are read.
	Reads pg.Reader
	Bus   *bus.Bus
	// Payments sends commands to the payments service: a command.Client.
	Payments charge.Sender
	// Site is the base URL of the tables' pages, without a trailing slash.
	Site string
	Now  func() time.Time
	// Wake notifies the outbox relay of new events.
	Wake func()
	Log  *slog.Logger
	// UnclaimedAfter is when an order to be paid at the counter, which nobody has accepted, ends and returns its goods; 0: never.
	UnclaimedAfter time.Duration
}

// Server implements TableService.
type Server struct {
	qrv1.UnimplementedTableServiceServer

	pool  *pgxpool.Pool
	reads pg.Reader
	bus   *bus.Bus
	site  string
	now   func() time.Time
	wake  func()
	log   *slog.Logger
	menus *menus
	// tasks and asks send commands to the payments service.
	tasks          *due.Loop[task]
	asks           *due.Loop[*order]
	payments       charge.Sender
	unclaimedAfter time.Duration
	bills          *bill.Server
}

// New returns a server.
func New(d Deps) *Server {
	s := &Server{
		pool: d.Pool, reads: d.Reads, bus: d.Bus, payments: d.Payments, site: strings.Replace(d.Site, "://www.", "://", 1), wake: d.Wake, log: d.Log,
		unclaimedAfter: d.UnclaimedAfter,
		// PostgreSQL stores microseconds.
		now: func() time.Time { return d.Now().UTC().Truncate(time.Microsecond) },
	}
	s.bills = bill.New(bill.Deps{Pool: d.Pool, Reads: d.Reads, Payments: d.Payments, Site: s.site, Now: s.now, Wake: d.Wake, Log: d.Log})
	s.menus = newMenus(d.Pool, s.now)
	s.tasks = s.newTasks()
	s.asks = s.newAsks()
	return s
}

// Bills returns the server of the tables' bills, which Run runs.
func (s *Server) Bills() *bill.Server { return s.bills }

// sweepEvery is how often the sweeper looks for unpaid orders.
const sweepEvery = 30 * time.Second

// Run consumes events, ends unpaid orders, and asks for their payments and processes the tasks of them until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	consumer := consume.New(consume.Config{Name: "orders", Subjects: subjects}, s.pool, s.bus, s.Handle, s.wake, s.log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.tasks.Run(ctx) })
	group.Go(func() error { return s.asks.Run(ctx) })
	group.Go(func() error { return s.bills.Run(ctx) })
	group.Go(func() error { return consumer.Run(ctx) })
	group.Go(func() error {
		return leader.Run(ctx, s.pool, "sweep orders", s.log, func(ctx context.Context) error {
			due.Every(ctx, sweepEvery, "sweep of unpaid orders", s.log, func(ctx context.Context) error {
				_, err := s.Sweep(ctx)
				return err
			})
			return nil
		})
	})
	return group.Wait()
}

// commit runs do in a transaction that changes the merchant's menu.
func (s *Server) commit(ctx context.Context, merchantID string, do func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return catalog.Bump(ctx, tx, merchantID)
	})
	s.menus.forget(merchantID) // even after an error: the commit may have succeeded although its answer was lost
	return err
}

// isID reports whether text is a UUID in canonical form.
func isID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// checkMerchantID validates the merchant's id, which comes from the gateway.
func checkMerchantID(merchantID string) error {
	if !isID(merchantID) {
		return errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id must be a UUID."})
	}
	return nil
}

// checkIDs validates the ids of an object of a merchant. An invalid id is NOT_FOUND.
func checkIDs(merchantID, id, what string) error {
	if err := checkMerchantID(merchantID); err != nil {
		return err
	}
	if !isID(id) {
		return errs.NotFound(what)
	}
	return nil
}

// newToken returns 16 random bytes in hexadecimal.
func newToken() string {
	var random [16]byte
	rand.Read(random[:]) // never returns an error
	return hex.EncodeToString(random[:])
}

func isToken(text string) bool {
	if len(text) != 32 {
		return false
	}
	for i := range len(text) {
		if (text[i] < '0' || text[i] > '9') && (text[i] < 'a' || text[i] > 'f') {
			return false
		}
	}
	return true
}

// page returns limit and offset, within valid ranges.
func page(number, limit int32) (int64, int64) {
	size := int64(min(max(limit, 1), 100))
	return size, int64(max(number, 1)-1) * size
}
