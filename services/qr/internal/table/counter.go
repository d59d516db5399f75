package table

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// withBill is the method of an order that was paid with the bill of its table, whose payments have methods.
const withBill = "bill"

// paidAtCounter is the event of an order that was paid without EU Pay.
const paidAtCounter = "paid"

// PayAtCounter records that an order was paid outside of EU Pay, and reports whether that was recorded before. Only the same method repeats a
// payment: an order that is paid otherwise is INVALID_STATE.
func (s *Server) PayAtCounter(ctx context.Context, merchantID, id, method string, tip money.Cents) (*qrv1.Order, bool, error) {
	replayed := false
	o, err := s.changeOrder(ctx, merchantID, id, func(tx pgx.Tx, o *order) error {
		if replayed = o.PaidAt != nil && o.PaidMethod == method; replayed {
			return nil
		}
		return s.payAtCounter(ctx, tx, o, method, tip)
	})
	if err != nil {
		return nil, false, err
	}
	return o.view(), replayed, nil
}

// payAtCounter pays the locked order. A guest who was to pay first may pay at the counter instead: the payment with EU Pay is cancelled, and if it
// completes all the same, it is a second payment, which the merchant is told of.
func (s *Server) payAtCounter(ctx context.Context, tx pgx.Tx, o *order, method string, tip money.Cents) error {
	from := o.Status
	switch {
	case o.PaidAt != nil:
		return errs.New(errs.InvalidState, "This order is paid already.")
	case o.due() == 0:
		return errs.New(errs.InvalidState, "This order costs nothing.")
	case from == Cancelled || from == Expired || from == PaymentFailed:
		return errs.New(errs.InvalidState, "An order that is %s cannot be paid.", from)
	case from == AwaitingPayment:
		if err := s.cancelPayment(ctx, tx, o); err != nil {
			return err
		}
		o.Status = Received
		o.noteReceived()
	}
	if err := s.leaveBill(ctx, tx, o); err != nil {
		return err
	}
	at := s.now()
	o.PaymentReference, o.PaidAt, o.PaidMethod, o.paidTaxes = reference.Counter(at), &at, method, vat.Minus(o.taxes(), o.gone().Taxes)
	if err := setPaidTaxes(ctx, tx, o); err != nil {
		return err
	}
	o.notePaid(o.PaymentReference, method, tip)
	return s.save(ctx, tx, o, from, byMerchant, paidAtCounter)
}

// paid returns what was paid by rate: all of the order, less what was cancelled before it was paid at the counter.
func (o *order) paid() []vat.Share {
	if len(o.paidTaxes) > 0 {
		return o.paidTaxes
	}
	return o.taxes()
}

// paidAmount is the sum of paid.
func (o *order) paidAmount() money.Cents {
	gross, _ := vat.Total(o.paid())
	return gross
}

// paymentMethod is how the order was paid; empty: it was not.
func (o *order) paymentMethod() string {
	switch {
	case o.PaidAt == nil:
		return ""
	case o.PaymentReference == "":
		return withBill
	case o.PaidMethod == "":
		return journal.ByEUPay
	default:
		return o.PaidMethod
	}
}
