package bill

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/pg"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/charge"
)

// Deps are what New needs.
type Deps struct {
	Pool *pgxpool.Pool
	// Reads is where lists are read.
	Reads pg.Reader
	// Payments sends commands to the payments service.
	Payments charge.Sender
	// Site is the base URL of the pages of bills, without a trailing slash.
	Site string
	// Now is in UTC, in microseconds.
	Now func() time.Time
	// Wake notifies the outbox relay of new events.
	Wake func()
	Log  *slog.Logger
}

// Server implements BillService.
type Server struct {
	qrv1.UnimplementedBillServiceServer
	Deps

	shares *due.Loop[*share]
}

// New returns a server.
func New(d Deps) *Server {
	s := &Server{Deps: d}
	s.shares = s.newLoop()
	return s
}

// Run asks for the payments of shares, and ends those whose time is over, until ctx ends.
func (s *Server) Run(ctx context.Context) error { return s.shares.Run(ctx) }

// Once does what is due now of all shares, and returns their number.
func (s *Server) Once(ctx context.Context) (int, error) { return s.shares.Once(ctx) }

// change runs do with the locked bill, and what do reports once it is committed.
func (s *Server) change(ctx context.Context, find func(tx pgx.Tx) (*account, error), do func(pgx.Tx, *account) error) (*account, error) {
	var a *account
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		var err error
		if a, err = find(tx); err != nil {
			return err
		}
		return do(tx, a)
	})
	if err != nil {
		return nil, err
	}
	s.Wake()
	return a, nil
}

// own finds a merchant's bill and locks it.
func own(ctx context.Context, merchantID, id string) func(pgx.Tx) (*account, error) {
	return func(tx pgx.Tx) (*account, error) {
		if !isID(merchantID) || !isID(id) {
			return nil, errs.NotFound(billNoun)
		}
		return lockOwn(ctx, tx, merchantID, id)
	}
}

// Seating is where an order is eaten.
type Seating struct {
	MerchantID         string
	Livemode           bool
	TableID, TableName string
}

// staleAfter is when a bill that nobody added to or paid is taken for that of earlier guests, whose payment was not recorded.
const staleAfter = 6 * time.Hour

// Join locks the open bill of a table, for a new order; a table without one gets one. Announce belongs after the order.
func (s *Server) Join(ctx context.Context, tx pgx.Tx, at Seating) (id string, err error) {
	a, err := lockOpen(ctx, tx, at.TableID, at.Livemode)
	if err != nil {
		return "", err
	}
	if a != nil && a.stale(s.Now()) {
		if err := s.end(ctx, tx, a, "idle"); err != nil {
			return "", err
		}
		a = nil
	}
	if a != nil {
		return a.ID, touch(ctx, tx, a.ID, s.Now())
	}
	return openBill(ctx, tx, at, uuid.Must(uuid.NewV7()).String(), newToken(), s.Now())
}

func (a *account) stale(now time.Time) bool {
	return a.sums().Pending == 0 && now.Sub(a.UpdatedAt) >= staleAfter
}

// Announce announces a bill that Join opened, once the order is recorded. It does nothing for an empty id.
func (s *Server) Announce(ctx context.Context, tx pgx.Tx, id string) error {
	if id == "" {
		return nil
	}
	isNew, err := isNew(ctx, tx, id)
	if err != nil || !isNew {
		return err
	}
	a, err := lockBill(ctx, tx, id)
	if err != nil {
		return err
	}
	return s.announce(ctx, tx, a, "opened", nil)
}

// Recount looks whether what is left of a bill, of which an order was cancelled, is paid. The bill is locked.
func (s *Server) Recount(ctx context.Context, tx pgx.Tx, id string) error {
	if id == "" {
		return nil
	}
	a, err := lockBill(ctx, tx, id)
	if err != nil {
		return err
	}
	return s.settle(ctx, tx, a)
}

// settle ends a locked bill that is paid: its orders are paid, and nothing of it can be taken any more.
func (s *Server) settle(ctx context.Context, tx pgx.Tx, a *account) error {
	if a.Status != open || a.due() > 0 || a.sums().Kept == 0 {
		return saveBill(ctx, tx, a, s.Now())
	}
	now := s.Now()
	a.PaidAt = &now
	if err := payOrders(ctx, tx, a.ID, now); err != nil {
		return err
	}
	if err := s.announce(ctx, tx, a, "paid", nil); err != nil {
		return err
	}
	return s.end(ctx, tx, a, "")
}

// end closes a locked bill. What is unpaid is written off for the reason. Shares that are open end: a payment that completes all the same counts.
func (s *Server) end(ctx context.Context, tx pgx.Tx, a *account, reason string) error {
	if left := a.due(); left > 0 {
		a.WrittenOff, a.WriteOffReason = left, reason
	}
	for _, sh := range a.Shares {
		if sh.Status == open {
			if err := s.endShare(ctx, tx, sh, cancelled, "bill_closed"); err != nil {
				return err
			}
		}
	}
	now := s.Now()
	a.Status, a.ClosedAt = closed, &now
	return s.announce(ctx, tx, a, "closed", nil)
}

// announce saves a locked bill with an event.
func (s *Server) announce(ctx context.Context, tx pgx.Tx, a *account, what string, of *received) error {
	a.Sequence++
	if err := saveBill(ctx, tx, a, s.Now()); err != nil {
		return err
	}
	e, err := a.event(what, of)
	if err != nil {
		return err
	}
	return outbox.Add(ctx, tx, e)
}

// newToken returns 16 random bytes in hexadecimal.
func newToken() string {
	var random [16]byte
	rand.Read(random[:]) // never returns an error
	return hex.EncodeToString(random[:])
}

func isToken(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == 16 && text == hex.EncodeToString(raw)
}

// isID reports whether text is a UUID in canonical form.
func isID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
