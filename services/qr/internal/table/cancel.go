package table

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// The events of an order whose status stays: a merchant cancelled a part of it, or asked for the refund of what was cancelled before.
const (
	linesCancelled  = "lines_cancelled"
	refundWasWanted = "refund_requested"
)

// maxCancellations is how many cancellations of parts an order can have; the whole of it can be cancelled once more.
const maxCancellations = 100

// taken is what was taken out of a line, or of several.
type taken struct {
	Quantity int32
	Amount   money.Cents
	Taxes    []vat.Share
}

// cancellation is what a merchant took out of an order at one time.
type cancellation struct {
	ID, Reason string
	Number     int32
	// Whole: everything that was left was taken out.
	Whole     bool
	Lines     []cancelledLine
	Amount    money.Cents
	Taxes     []vat.Share
	Restocked bool
	CreatedAt time.Time

	// back is what is given back of it: its latest refund; nil if there is none.
	back *refunding
}

// cancelledLine is what was taken out of one line of an order.
type cancelledLine struct {
	Position int32
	taken
}

// cancelRequest is what a merchant wants to cancel.
type cancelRequest struct {
	// ID is that of the cancellation.
	ID string
	// Lines are pieces by the position of their line, each position once; nil: everything that is left.
	Lines  []wantedPieces
	Reason string
	// Refund and Restock are what the merchant said; nil: what is usual.
	Refund, Restock *bool
	MayRefund       bool
	// Limit is the most that may be given back of the payment in all; nil: no limit.
	Limit *int64
	// All: everything that was paid is given back, also of what was cancelled before.
	All bool
	// DryRun changes nothing.
	DryRun bool
}

// wantedPieces is how many pieces of which line.
type wantedPieces struct{ Position, Quantity int32 }

// left is how many pieces of the line were not cancelled.
func (l *line) left() int32 { return l.Quantity - l.gone.Quantity }

// leftTaxes is what is left of the line's total by rate.
func (l *line) leftTaxes() []vat.Share { return vat.Minus(l.taxes(), l.gone.Taxes) }

// take takes n pieces out of the line, of which there must be as many. What the first k pieces cost is k parts of the total, rounded half up: so all
// pieces, in whatever steps, cost the total. The rates share in what is left of them.
func (l *line) take(n int32) taken {
	now := money.Cents(money.MulDivHalfAway(int64(l.Total), int64(l.gone.Quantity+n), int64(l.Quantity)))
	t := taken{Quantity: n, Amount: now - l.gone.Amount}
	t.Taxes = vat.Portion(l.leftTaxes(), t.Amount)
	l.gone.add(t)
	return t
}

func (t *taken) add(more taken) {
	t.Quantity += more.Quantity
	t.Amount += more.Amount
	t.Taxes = vat.Sum(t.Taxes, more.Taxes)
}

// gone is what cancellations have taken out of the order.
func (o *order) gone() (sum taken) {
	for _, l := range o.Lines {
		sum.add(l.gone)
	}
	return sum
}

// left is how many pieces of the order were not cancelled.
func (o *order) left() (n int32) {
	for _, l := range o.Lines {
		n += l.left()
	}
	return n
}

// ended reports whether the order came to nothing.
func (o *order) ended() bool {
	return slices.Contains([]Status{Cancelled, Expired, PaymentFailed}, o.Status)
}

// due is what is still to be paid: nothing of an order that is paid or came to nothing.
func (o *order) due() money.Cents {
	if o.PaidAt != nil || o.ended() {
		return 0
	}
	return o.Totals.Total - o.gone().Amount
}

// paidHere reports whether a payment can be given back.
func (o *order) paidHere() bool { return o.PaidAt != nil && o.PaymentReference != "" }

// checkCancellable returns why nothing, or no part, can be taken out of the order now.
func (o *order) checkCancellable(whole bool) error {
	switch {
	case o.left() == 0:
		return errs.New(errs.InvalidState, "Nothing is left of this order to cancel.")
	case o.ended() && o.PaidAt == nil:
		return errs.New(errs.InvalidState, "This order is %s. There is nothing to cancel.", o.Status)
	case o.Status == AwaitingPayment && !whole:
		return errs.New(errs.InvalidState, "This order waits for its payment, whose amount is fixed. Cancel all of it, or wait until it is paid.")
	case !whole && o.cancellations >= maxCancellations:
		return errs.New(errs.InvalidState, "This order has %d cancellations already. Cancel the rest of it as a whole.", o.cancellations)
	default:
		return nil
	}
}

// takeOut takes what a merchant wants out of the order, in memory.
func (o *order) takeOut(r cancelRequest, now time.Time) (*cancellation, error) {
	pieces, err := o.chosenPieces(r)
	if err != nil {
		return nil, err
	}
	if err := o.checkCancellable(pieces.all(o)); err != nil {
		return nil, err
	}
	if err := pieces.check(o); err != nil {
		return nil, err
	}
	o.cancellations++
	c := &cancellation{ID: r.ID, Reason: r.Reason, Number: o.cancellations, Whole: r.Lines == nil, CreatedAt: now}
	for i := range o.Lines {
		n := pieces[int32(i)]
		if n == 0 {
			continue
		}
		t := o.Lines[i].take(n)
		c.Lines = append(c.Lines, cancelledLine{int32(i), t})
		c.Amount += t.Amount
		c.Taxes = vat.Sum(c.Taxes, t.Taxes)
	}
	return c, nil
}

// pieces are numbers of pieces by the position of their line.
type pieces map[int32]int32

// chosenPieces returns what a request is about; it refuses what was never ordered.
func (o *order) chosenPieces(r cancelRequest) (pieces, error) {
	chosen := make(pieces, len(o.Lines))
	if r.Lines == nil {
		for i, l := range o.Lines {
			chosen[int32(i)] = l.left()
		}
		return chosen, nil
	}
	var bad problems
	for i, l := range r.Lines {
		switch field := refuse.At("lines", i); {
		case int(l.Position) >= len(o.Lines):
			bad.add(field+".position", "must be that of a line of the order")
		case l.Quantity > o.Lines[l.Position].Quantity:
			bad.add(field+".quantity", "must be at most the %d that were ordered", o.Lines[l.Position].Quantity)
		}
		chosen[l.Position] = l.Quantity
	}
	return chosen, bad.err()
}

// all reports whether nothing is left of the order without them.
func (p pieces) all(o *order) bool {
	for i, l := range o.Lines {
		if p[int32(i)] < l.left() {
			return false
		}
	}
	return true
}

// check returns an error if some of them were cancelled already.
func (p pieces) check(o *order) error {
	for i, l := range o.Lines {
		if p[int32(i)] > l.left() {
			return errs.New(errs.InvalidState, "Only %d of the pieces at position %d are left. The others were cancelled before.", l.left(), i)
		}
	}
	return nil
}

// cancel takes what a merchant wants out of the locked order, with what follows from it: the refund, the status, the stock, the journal.
func (s *Server) cancel(ctx context.Context, tx pgx.Tx, o *order, r cancelRequest) (*cancellation, error) {
	list, err := s.refundsOf(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	before := o.Status
	c, err := o.takeOut(r, s.now())
	if err != nil {
		return nil, err
	}
	if c.back, err = o.giveBack(c, r, list, s.now()); err != nil {
		return nil, err
	}
	usual := before == AwaitingPayment || before == Received
	c.Restocked = o.HoldsStock && (r.Restock == nil && usual || r.Restock != nil && *r.Restock)
	if o.left() == 0 && slices.Contains(next[before], Cancelled) {
		o.Status, o.HoldsStock = Cancelled, o.HoldsStock && !c.Restocked
	}
	if r.DryRun {
		return c, nil
	}
	return c, s.recordCancellation(ctx, tx, o, c, list, before)
}

// recordCancellation records a cancellation. Goods are locked after the order, and the journal at the end.
func (s *Server) recordCancellation(ctx context.Context, tx pgx.Tx, o *order, c *cancellation, list refundings, before Status) error {
	if before == AwaitingPayment {
		if err := s.cancelPayment(ctx, tx, o); err != nil {
			return err
		}
	}
	if err := insertCancellation(ctx, tx, o, c); err != nil {
		return err
	}
	if c.back != nil {
		if err := s.request(ctx, tx, o, append(list, c.back)); err != nil {
			return err
		}
	}
	o.news = c
	detail := ""
	if o.Status == before {
		detail = linesCancelled
	}
	if err := s.save(ctx, tx, o, before, byMerchant, detail); err != nil {
		return err
	}
	if c.Restocked {
		if err := catalog.GiveBack(ctx, tx, o.Merchant, o.piecesOf(c), s.returned(o)); err != nil {
			return fmt.Errorf("return the goods of order %s: %w", o.ID, err)
		}
	}
	if c.Restocked && o.Status != before {
		if err := o.giveBackTerms(ctx, tx); err != nil {
			return err
		}
	}
	return s.journalCancelled(ctx, tx, o, c, before)
}

// piecesOf returns what a cancellation gives back to the stock, each product once.
func (o *order) piecesOf(c *cancellation) []catalog.Quantity {
	part := &order{}
	for _, l := range c.Lines {
		of := o.Lines[l.Position]
		of.Quantity, of.gone = l.Quantity, taken{}
		part.Lines = append(part.Lines, of)
	}
	return part.pieces()
}

// cancelByStatus is a cancellation by the status of the order. It gives back everything that was paid, or nothing.
func (s *Server) cancelByStatus(ctx context.Context, tx pgx.Tx, o *order, refund bool) error {
	if !slices.Contains(next[o.Status], Cancelled) {
		return errs.New(errs.InvalidState, "An order that is %s cannot become %s.", o.Status, Cancelled)
	}
	_, err := s.cancel(ctx, tx, o, cancelRequest{ID: uuid.NewString(), Refund: &refund, MayRefund: true, All: true})
	return err
}
