package kitchen

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/leader"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Orders are the orders of all merchants; table.Server implements it.
type Orders interface {
	// ChangeLines applies do to the lines of a merchant's order that the kitchen works on, with the parts of a set menu in place of its line, and moves
	// the order on as far as its lines are. do returns those that changed.
	ChangeLines(ctx context.Context, merchantID, id string, live *bool, do Change) (*qrv1.Order, error)
	// OpenOrders returns what a kitchen has to do, the oldest first.
	OpenOrders(ctx context.Context, merchantID string) ([]*qrv1.Order, error)
	// OrdersOf returns the merchant's orders with these ids, in any order.
	OrdersOf(ctx context.Context, merchantID string, ids []string) ([]*qrv1.Order, error)
}

// Change changes lines of an order.
type Change func(ctx context.Context, tx pgx.Tx, lines []Line, now time.Time) (changed []Line, err error)

// Deps are what New needs.
type Deps struct {
	Pool   *pgxpool.Pool
	Orders Orders
	Now    func() time.Time
	// Wake notifies the outbox relay of new events.
	Wake func()
	Log  *slog.Logger
}

// Server implements KitchenService.
type Server struct {
	qrv1.UnimplementedKitchenServiceServer

	pool   *pgxpool.Pool
	orders Orders
	now    func() time.Time
	wake   func()
	log    *slog.Logger
	hub    *hub
}

// New returns a server.
func New(d Deps) *Server {
	return &Server{
		pool: d.Pool, orders: d.Orders, wake: d.Wake, log: d.Log, hub: newHub(d.Pool, d.Log),
		// PostgreSQL stores microseconds.
		now: func() time.Time { return d.Now().UTC().Truncate(time.Microsecond) },
	}
}

// Nudge says that something in a kitchen may have changed. It never blocks.
func (s *Server) Nudge() { s.hub.nudge() }

// Run tells those who follow a kitchen what changed, and looks after printers, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.hub.run(ctx) })
	group.Go(func() error {
		return leader.Run(ctx, s.pool, "look after printers", s.log, s.sweepPrinters)
	})
	return group.Wait()
}

// isID reports whether text is a UUID in canonical form.
func isID(text string) bool {
	return len(text) == 36 && text == strings.ToLower(text) && uuid.Validate(text) == nil
}

// checkIDs validates the merchant's id, which comes from the gateway, and the ids of an object of it: an invalid one is NOT_FOUND.
func checkIDs(merchantID, id, what string) error {
	if err := checkMerchant(merchantID); err != nil {
		return err
	}
	if !isID(id) {
		return errs.NotFound(what)
	}
	return nil
}

func checkMerchant(id string) error {
	if !isID(id) {
		return errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id must be a UUID."})
	}
	return nil
}

// maxName is the maximum length of the name of a station or printer.
const maxName = 60

// readName returns the cleaned name.
func readName(bad *refuse.Problems, given string) string {
	name, ok := plaintext.Line(given, maxName)
	bad.If(!ok || name == "", "name", "must have 1 to %d visible characters", maxName)
	return name
}
