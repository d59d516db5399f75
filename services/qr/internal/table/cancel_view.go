package table

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// showCancelled adds to an order's view what was cancelled of it.
func (o *order) showCancelled(v *qrv1.Order) {
	v.CancelledCents, v.DueCents = int64(o.gone().Amount), int64(o.due())
	for i, l := range o.Lines {
		of := v.GetLines()[i]
		of.CancelledQuantity, of.CancelledCents, of.CancelledTaxes = l.gone.Quantity, int64(l.gone.Amount), taxViews(l.gone.Taxes)
	}
}

// view shows a cancellation of an order. It has no id when it is only thought of.
func (c *cancellation) view(o *order, dryRun bool) *qrv1.Cancellation {
	v := &qrv1.Cancellation{
		Id: c.ID, Number: c.Number, AmountCents: int64(c.Amount), Taxes: taxViews(c.Taxes), Reason: c.Reason, Restocked: c.Restocked, CreatedAt: timestamppb.New(c.CreatedAt),
	}
	for _, l := range c.Lines {
		v.Lines = append(v.Lines, &qrv1.CancelledLine{
			Position: l.Position, Name: o.Lines[l.Position].Name, Quantity: l.Quantity, AmountCents: int64(l.Amount), Taxes: taxViews(l.Taxes),
		})
	}
	if b := c.back; b != nil {
		v.RefundCents = int64(b.Amount)
		v.Refund = &qrv1.OrderRefund{Status: b.Status, AmountCents: int64(b.Amount), Reference: b.Reference, FailureCode: b.Failure}
	}
	if dryRun {
		v.Id, v.Refund = "", nil
	}
	return v
}

// tellCancelled adds to an order's event what was cancelled of it, and the cancellation that the event is about.
func (o *order) tellCancelled(e *eventsv1.OrderChanged) {
	e.CancelledCents = int64(o.gone().Amount)
	for i, l := range o.Lines {
		e.GetItems()[i].CancelledQuantity, e.GetItems()[i].CancelledCents = l.gone.Quantity, int64(l.gone.Amount)
		e.GetItems()[i].CancelledTaxes = orderedTaxes(l.gone.Taxes)
	}
	c := o.news
	if c == nil {
		return
	}
	e.Cancellation = &eventsv1.OrderCancellation{CancellationId: c.ID, AmountCents: int64(c.Amount), Restocked: c.Restocked}
	for _, l := range c.Lines {
		of := o.Lines[l.Position]
		e.Cancellation.Items = append(e.Cancellation.Items, &eventsv1.CancelledItem{
			Position: l.Position, ProductId: of.ProductID, Name: of.Name, Quantity: l.Quantity, AmountCents: int64(l.Amount), Taxes: orderedTaxes(l.Taxes),
		})
	}
	if b := c.back; b != nil {
		e.RequestedRefund = &eventsv1.RequestedRefund{Reference: b.Reference, AmountCents: int64(b.Amount), Taxes: orderedTaxes(b.Taxes)}
	}
}

func orderedTaxes(list []vat.Share) []*eventsv1.OrderedTax {
	taxes := make([]*eventsv1.OrderedTax, len(list))
	for i, s := range list {
		taxes[i] = &eventsv1.OrderedTax{VatRatePerMille: int32(s.Rate), GrossCents: int64(s.Gross)}
	}
	return taxes
}

// journalledLine is a line of a cancellation in the journal.
type journalledLine struct {
	Position int32 `json:"position"`
	Quantity int32 `json:"quantity"`
	Cents    int64 `json:"amount_cents"`
}

// journalCancelled records what a cancellation takes out of what is owed. An order that waits for its payment, or came to nothing, owes nothing.
func (s *Server) journalCancelled(ctx context.Context, tx pgx.Tx, o *order, c *cancellation, before Status) error {
	if c.Amount == 0 || slices.Contains([]Status{AwaitingPayment, Cancelled, Expired, PaymentFailed}, before) {
		return nil
	}
	detail := struct {
		CancellationID string           `json:"cancellation_id"`
		Lines          []journalledLine `json:"lines"`
	}{CancellationID: c.ID}
	for _, l := range c.Lines {
		detail.Lines = append(detail.Lines, journalledLine{l.Position, l.Quantity, int64(l.Amount)})
	}
	_, err := journal.Append(ctx, tx, journal.Entry{
		MerchantID: o.Merchant, Livemode: o.Livemode, Kind: journal.Cancelled, At: c.CreatedAt, OrderID: o.ID, Goods: o.Type == takeaway,
		Amount: -c.Amount, Taxes: vat.Minus(nil, c.Taxes), Detail: detail,
	})
	return err
}
