// Package table lets guests order at their table: tables with their codes, the menu behind a code, orders with the stock
// that they take, and offers.
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

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/command"
	"european-pay.eu/eupay/internal/consume"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/leader"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// Currency of everything here.
const Currency = "EUR"

// Product is what a menu and an order need of a product.
type Product struct {
	ID, Name, Description, Category, ImageURL string
	// Price includes VAT.
	Price      money.Cents
	VATPerMill vat.Rate
}

// Quantity is a number of pieces of one product.
type Quantity struct {
	ProductID string
	Count     int32
}

// Catalog is the products that are ordered. All calls are in the transaction of the caller.
type Catalog interface {
	// Menu returns the products of the merchant that can be ordered now, by category, name and id.
	Menu(ctx context.Context, db pg.DB, merchantID string) ([]Product, error)
	// Reserve takes the pieces out of the stock, all or none, and returns the products as they are now, by id. The ids
	// differ from each other. short are those that cannot be had: of another merchant, unknown, not available, too few.
	Reserve(ctx context.Context, tx pgx.Tx, merchantID string, wanted []Quantity) (products map[string]Product, short []string, err error)
	// GiveBack puts pieces back. A product that is gone is passed over.
	GiveBack(ctx context.Context, tx pgx.Tx, merchantID string, pieces []Quantity) error
}

// Deps are what New needs.
type Deps struct {
	Pool    *pgxpool.Pool
	Bus     *bus.Bus
	Catalog Catalog
	// Site is where the pages of tables are, without a slash at its end.
	Site string
	Now  func() time.Time
	// Wake tells the outbox relay that there is something to publish.
	Wake func()
	Log  *slog.Logger
	// UnclaimedAfter is when an order that is paid at the counter, and that nobody took up, ends and gives its goods back; 0:
	// never.
	UnclaimedAfter time.Duration
}

// Server implements TableService.
type Server struct {
	qrv1.UnimplementedTableServiceServer

	pool    *pgxpool.Pool
	bus     *bus.Bus
	catalog Catalog
	site    string
	now     func() time.Time
	wake    func()
	log     *slog.Logger
	menus   *menus
	// tasks tells payments what it has to know. payments is set when Run begins.
	tasks          *due.Loop[task]
	payments       sender
	unclaimedAfter time.Duration
}

// New returns a server.
func New(d Deps) *Server {
	s := &Server{
		pool: d.Pool, bus: d.Bus, catalog: d.Catalog, site: strings.Replace(d.Site, "://www.", "://", 1), wake: d.Wake, log: d.Log,
		unclaimedAfter: d.UnclaimedAfter,
		// PostgreSQL keeps microseconds.
		now: func() time.Time { return d.Now().UTC().Truncate(time.Microsecond) },
	}
	s.menus = newMenus(d.Pool, d.Catalog, s.now)
	s.tasks = s.newTasks()
	return s
}

// sweepEvery is how often orders that nobody paid are looked for.
const sweepEvery = 30 * time.Second

// Run consumes events, ends unpaid orders and looks after their payments until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	commands, err := command.NewClient(s.bus, identity.QR)
	if err != nil {
		return err
	}
	defer commands.Close()
	s.payments = commands
	consumer := consume.New(consume.Config{Name: "orders", Subjects: subjects}, s.pool, s.bus, s.Handle, s.wake, s.log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.tasks.Run(ctx) })
	group.Go(func() error { return consumer.Run(ctx) })
	group.Go(func() error {
		return leader.Run(ctx, s.pool, "sweep orders", s.log, func(ctx context.Context) error {
			due.Every(ctx, sweepEvery, "ending unpaid orders", s.log, func(ctx context.Context) error {
				_, err := s.Sweep(ctx)
				return err
			})
			return nil
		})
	})
	return group.Wait()
}

// commit runs do in a transaction that changes what the merchant's menu shows.
func (s *Server) commit(ctx context.Context, merchantID string, do func(pgx.Tx) error) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return catalog.Bump(ctx, tx, merchantID)
	})
	s.menus.forget(merchantID) // also after an error: a commit whose answer was lost may have happened
	return err
}

// isID reports whether text is a UUID in the form that we give out.
func isID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// owner checks the merchant's id, which comes from the gateway.
func owner(merchantID string) error {
	if !isID(merchantID) {
		return errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id must be a UUID."})
	}
	return nil
}

// owned checks the ids of something that belongs to a merchant. What can be no id does not exist.
func owned(merchantID, id, what string) error {
	if err := owner(merchantID); err != nil {
		return err
	}
	if !isID(id) {
		return errs.NotFound(what)
	}
	return nil
}

// newToken is 16 random bytes in hexadecimal.
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

// page returns limit and offset, however wrong the numbers are.
func page(number, limit int32) (int64, int64) {
	size := int64(min(max(limit, 1), 100))
	return size, int64(max(number, 1)-1) * size
}
