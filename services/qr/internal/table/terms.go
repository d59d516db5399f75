package table

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/hours"
	"european-pay.eu/eupay/services/qr/internal/promotion"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// terms are what else an order holds than goods: its place in a slot, and a use of a code. They are taken after the goods and given back with them.
type terms struct {
	// PickupAt is when it is fetched, and Slot the slot in which it has its place; nil: none.
	PickupAt, Slot *time.Time
	// CodeID and Code are of the code that made it cheaper; empty: none did.
	CodeID, Code string

	admitted hours.Admitted
	state    hours.State
	// code is what the guest typed; nil: nothing.
	code *redemption
}

// redemption is a code that a guest typed, and what it does to the order.
type redemption struct {
	*promotion.Code
	off  money.Cents
	best bool
}

// gives notes what the code would take off, and wins that nothing takes off more. Both do nothing for an offer without a code.
func (r *redemption) gives(off money.Cents) {
	if r != nil {
		r.off = off
	}
}

func (r *redemption) wins() {
	if r != nil {
		r.best = true
	}
}

// on reports whether the offer on the order makes a line cheaper.
func (o offer) on(l *line) bool { return o.code == nil || o.code.On(l.ProductID, l.category) }

// base is the part of the order's total that the offer counts for.
func (o offer) base(lines []line, total money.Cents) money.Cents {
	if o.code == nil {
		return total
	}
	var sum money.Cents
	for i := range lines {
		if o.on(&lines[i]) {
			sum += lines[i].Total
		}
	}
	return sum
}

// sooner returns the earlier one of two times; zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// admit decides whether the merchant takes the order at this time, and when it is fetched.
func (o *order) admit(ctx context.Context, tx pgx.Tx, r *qrv1.PlaceOrderRequest) error {
	var err error
	t := &o.terms
	if t.state, err = hours.Read(ctx, tx, o.Merchant); err != nil {
		return err
	}
	if t.admitted, err = t.state.Admit(o.CreatedAt, o.Type == takeaway, instant(r.GetPickupAt())); err != nil {
		return err
	}
	if at := t.admitted.PickupAt; !at.IsZero() {
		t.PickupAt = &at
	}
	if at := t.admitted.SlotAt; !at.IsZero() {
		t.Slot = &at
	}
	return nil
}

// unpaidInSlot is how many unpaid orders of a table a slot takes, or half of its places if that is more: whoever has nothing but the code of a
// table cannot keep a slot from all others without paying.
const unpaidInSlot = 3

// takePlace takes the order's place in its slot.
func (o *order) takePlace(ctx context.Context, tx pgx.Tx) error {
	t := &o.terms
	if most := int64(t.state.Pickup.SlotCapacity+1) / 2; t.Slot != nil && t.state.Pickup.SlotCapacity > 0 {
		n, err := unpaidIn(ctx, tx, o.TableID, *t.Slot)
		if err != nil {
			return err
		}
		if n >= max(unpaidInSlot, most) {
			return t.state.Full(ctx, tx, o.Merchant, t.admitted, o.CreatedAt)
		}
	}
	return t.state.Take(ctx, tx, o.Merchant, o.terms.admitted, o.CreatedAt)
}

// offers are those of the merchant, and the one of the guest's code, which is locked.
func (o *order) offers(ctx context.Context, tx pgx.Tx, r *qrv1.PlaceOrderRequest) ([]offer, error) {
	list, err := offersOf(ctx, tx, o.Merchant)
	if err != nil || r.GetPromotionCode() == "" {
		return list, err
	}
	code, err := promotion.Find(ctx, tx, o.Merchant, r.GetPromotionCode(), o.CreatedAt)
	if err != nil {
		return nil, err
	}
	o.terms.code = &redemption{Code: code}
	return append(list, offer{Name: code.Label(), Type: code.Type, Value: code.Value, MinOrder: code.MinOrder, code: o.terms.code}), nil
}

// useCode counts the order's use of the code, unless an offer takes off as much. A code that would take off nothing is refused.
func (o *order) useCode(ctx context.Context, tx pgx.Tx) error {
	c := o.terms.code
	if c == nil || c.off > 0 && !c.best {
		return nil
	}
	if c.off == 0 {
		return promotion.Refused()
	}
	left, err := promotion.Use(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if !left {
		return promotion.Refused()
	}
	o.terms.CodeID, o.terms.Code = c.ID, c.Text
	return nil
}

// giveBackTerms returns the place and the use of an order that ends and gives back its goods. A code that was paid with stays used. Goods were
// locked first.
func (o *order) giveBackTerms(ctx context.Context, tx pgx.Tx) error {
	if o.terms.Slot != nil {
		if err := hours.GiveBackPlace(ctx, tx, o.Merchant, *o.terms.Slot); err != nil {
			return err
		}
	}
	if o.terms.CodeID == "" || o.PaidAt != nil {
		return nil
	}
	return promotion.GiveBack(ctx, tx, o.terms.CodeID)
}

// takeTermsAgain takes place and use again for an order that is paid after its end, and whose goods were taken again. Without them it returns the
// goods and reports false.
func (o *order) takeTermsAgain(ctx context.Context, tx pgx.Tx, now time.Time) (bool, error) {
	place, use := true, true
	var err error
	if o.terms.Slot != nil {
		if place, err = hours.TakePlace(ctx, tx, o.Merchant, *o.terms.Slot, now); err != nil {
			return false, err
		}
	}
	if place && o.terms.CodeID != "" {
		if use, err = promotion.Use(ctx, tx, o.terms.CodeID); err != nil {
			return false, err
		}
	}
	if place && use {
		return true, nil
	}
	if place && o.terms.Slot != nil {
		if err := hours.GiveBackPlace(ctx, tx, o.Merchant, *o.terms.Slot); err != nil {
			return false, err
		}
	}
	if err := catalog.GiveBack(ctx, tx, o.Merchant, o.pieces(), stock.Cause{Reason: stock.Cancellation, Reference: o.ID, At: now}); err != nil {
		return false, fmt.Errorf("return the goods of order %s: %w", o.ID, err)
	}
	return false, nil
}

// sold are the products that the menu shows: those of the services that are open, or all when none is.
func (c *content) sold(now time.Time) []catalog.Orderable {
	open := c.hours.Sold(now)
	if len(open) == 0 {
		return c.products
	}
	var list []catalog.Orderable
	for _, p := range c.products {
		if open.Sells(p.ID, p.Category) {
			list = append(list, p)
		}
	}
	return list
}

// scheduleJSON is when an offer counts in each week, in Paris.
type scheduleJSON struct {
	Weekdays []string `json:"weekdays"`
	From     string   `json:"from"`
	Until    string   `json:"until"`
}

func scheduleView(w *hours.Weekly) *scheduleJSON {
	if w == nil {
		return nil
	}
	return &scheduleJSON{Weekdays: append([]string{}, w.Weekdays...), From: w.From, Until: w.Until}
}
