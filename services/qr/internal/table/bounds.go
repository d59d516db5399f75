package table

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// Limits that prevent guests, who need nothing but the code of a table, from reserving everything without paying. They apply per
// table: a dining room shares one address, and a code is shared by many guests.
const (
	// ordersPerTable is how many orders a table may place within orderWindow. Refused orders do not count.
	ordersPerTable = 10
	orderWindow    = 5 * time.Minute
	// openPerTable is how many open orders (unpaid and not accepted by the staff) a table may have, or twice its seats if that is
	// more.
	openPerTable = 10
	// piecesPerTable is how many pieces of a product they may hold, or twice the seats, or half of the stock if that is more.
	piecesPerTable = 8
	perSeat        = 2
)

// checkTableLimit decides whether the table may order once more. The orders of a merchant are serialised here, so the counts are
// exact.
func (s *Server) checkTableLimit(ctx context.Context, tx pgx.Tx, t seat, o *order) error {
	recent, oldest, err := ordersSince(ctx, tx, t.ID, o.CreatedAt.Add(-orderWindow))
	if err != nil {
		return err
	}
	if recent >= ordersPerTable {
		e := errs.New(errs.RateLimitExceeded, "This table has ordered %d times within five minutes. Wait a moment, or ask the staff.", recent)
		e.RetryAfter = max(oldest.Add(orderWindow).Sub(o.CreatedAt), time.Second)
		return e
	}
	open, err := openOrders(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	if open >= max(openPerTable, perSeat*int64(t.Capacity)) {
		return errs.New(errs.InvalidState, "This table has too many unpaid orders. Pay one of them, or ask the staff.")
	}
	return nil
}

// checkShare limits what the unpaid orders of a table, including the new one, hold of each product. The stock is locked.
func checkShare(ctx context.Context, tx pgx.Tx, t seat, o *order) error {
	held, left, err := heldByTable(ctx, tx, t.ID, o.pieces())
	if err != nil {
		return err
	}
	wanted := make(map[string]int64)
	for _, q := range o.pieces() {
		wanted[q.ProductID] += int64(q.Count)
	}
	var bad problems
	tooMany := func(product string) bool {
		pieces := held[product] + wanted[product]
		return pieces > max(piecesPerTable, perSeat*int64(t.Capacity), (left[product]+pieces)/2)
	}
	for i, l := range o.Lines {
		if tooMany(l.ProductID) || slices.ContainsFunc(l.Parts, func(p part) bool { return tooMany(p.ProductID) }) {
			bad.add(fmt.Sprintf("items[%d].quantity", i), "is more than a table can order without paying; order fewer, or ask the staff")
		}
	}
	return bad.err()
}

// checkExpectedTotal compares the price with the one that the guest was shown.
func checkExpectedTotal(r *qrv1.PlaceOrderRequest, total money.Cents) error {
	if r.ExpectedTotalCents == nil || money.Cents(r.GetExpectedTotalCents()) == total {
		return nil
	}
	e := errs.New(errs.TotalChanged, "The order now costs %s %s. Show the new total, and order again with it as expected_total.", total, Currency)
	e.Total = &total
	return e
}
