// Package till is what the law wants of a till: payments at the counter, notes and tickets, closings of days, months and years, and the journal that all
// of them are in. See docs/adr/0047-a-journal-of-sales.md.
package till

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Orders are the orders that tickets are of: a table.Server.
type Orders interface {
	// PayAtCounter is table.Server.PayAtCounter.
	PayAtCounter(ctx context.Context, merchantID, id, method string, tip money.Cents) (*qrv1.Order, bool, error)
	// GetOrder and GetGuestOrder are those of TableService.
	GetOrder(ctx context.Context, r *qrv1.GetOrderRequest) (*qrv1.GetOrderResponse, error)
	GetGuestOrder(ctx context.Context, r *qrv1.GetGuestOrderRequest) (*qrv1.GetGuestOrderResponse, error)
	// OrdersOfBill returns the orders of a bill in their order.
	OrdersOfBill(ctx context.Context, billID string) ([]*qrv1.Order, error)
}

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists of closings are read.
	Reads  pg.Reader
	Orders Orders
	Bills  Bills
	Now    func() time.Time
	// Wake notifies the outbox relay of new events.
	Wake func()
	Log  *slog.Logger
}

// Server implements TillService and JournalArchiveService.
type Server struct {
	qrv1.UnimplementedTillServiceServer
	qrv1.UnimplementedJournalArchiveServiceServer

	pool   *pgxpool.Pool
	reads  pg.Reader
	orders Orders
	bills  Bills
	now    func() time.Time
	wake   func()
	log    *slog.Logger
}

// New returns a server.
func New(d Deps) *Server {
	return &Server{
		pool: d.Pool, reads: d.Reads, orders: d.Orders, bills: d.Bills, wake: d.Wake, log: d.Log,
		// PostgreSQL stores microseconds.
		now: func() time.Time { return d.Now().UTC().Truncate(time.Microsecond) },
	}
}

const (
	orderNoun   = "Order"
	closingNoun = "Closing"
)

// maxTip is the highest tip of one payment.
const maxTip money.Cents = 1_000_00

// Methods are how a merchant says that it was paid at the counter.
var Methods = []string{"cash", "card", "voucher", "other"}

// PayOrder implements TillService.
func (s *Server) PayOrder(ctx context.Context, r *qrv1.PayOrderRequest) (*qrv1.PayOrderResponse, error) {
	var bad refuse.Problems
	bad.If(!slices.Contains(Methods, r.GetMethod()), "method", "must be cash, card, voucher or other")
	tip := money.Cents(r.GetTipCents())
	bad.If(tip < 0 || tip > maxTip, "tip", "must be from 0.00 to %s", maxTip)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	o, replayed, err := s.orders.PayAtCounter(ctx, r.GetMerchantId(), r.GetId(), r.GetMethod(), tip)
	if err != nil {
		return nil, err
	}
	s.wake()
	return &qrv1.PayOrderResponse{Order: o, Replayed: replayed}, nil
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
