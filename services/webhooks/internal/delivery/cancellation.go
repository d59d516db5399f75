package delivery

import (
	"european-pay.eu/eupay/internal/money"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// orderCancellation is what was cancelled of an order at one time, and what is given back of it.
type orderCancellation struct {
	ID              string          `json:"id"`
	Amount          money.Cents     `json:"amount"`
	Restocked       bool            `json:"restocked"`
	RefundAmount    money.Cents     `json:"refund_amount"`
	RefundReference string          `json:"refund_reference,omitempty"`
	Lines           []cancelledLine `json:"lines"`
}

type cancelledLine struct {
	Position  int32       `json:"position"`
	ProductID string      `json:"product_id"`
	Name      string      `json:"name"`
	Quantity  int32       `json:"quantity"`
	Amount    money.Cents `json:"amount"`
}

// cancellationBody returns the cancellation that an order's event is about; nil if none.
func cancellationBody(o *eventsv1.OrderChanged) *orderCancellation {
	c := o.GetCancellation()
	if c == nil {
		return nil
	}
	refund := o.GetRequestedRefund()
	body := &orderCancellation{
		ID: c.GetCancellationId(), Amount: money.Cents(c.GetAmountCents()), Restocked: c.GetRestocked(), RefundAmount: money.Cents(refund.GetAmountCents()),
		RefundReference: refund.GetReference(), Lines: make([]cancelledLine, len(c.GetItems())),
	}
	for i, l := range c.GetItems() {
		body.Lines[i] = cancelledLine{l.GetPosition(), l.GetProductId(), l.GetName(), l.GetQuantity(), money.Cents(l.GetAmountCents())}
	}
	return body
}
