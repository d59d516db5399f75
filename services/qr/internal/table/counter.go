package table

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

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
	case o.Totals.Total == 0:
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
	o.PaymentReference, o.PaidAt, o.PaidMethod = reference.Counter(at), &at, method
	o.notePaid(o.PaymentReference, method, tip)
	return s.save(ctx, tx, o, from, byMerchant, paidAtCounter)
}

// refundAtCounter records that the merchant gives back at the counter what is left of what was paid there.
func (s *Server) refundAtCounter(ctx context.Context, tx pgx.Tx, o *order) error {
	o.Refund = refund{Status: refundCompleted, Reference: reference.Refund(s.now()), Amount: o.Totals.Total - o.Refunded}
	o.Refunded = o.Totals.Total
	o.note(noted{kind: journal.Refunded, reference: o.Refund.Reference, method: o.PaidMethod, amount: o.Refund.Amount})
	return recordRefunded(ctx, tx, o.ID, o.Refund.Reference, o.Refunded)
}

// paymentMethod is how the order was paid; empty: it was not.
func (o *order) paymentMethod() string {
	switch {
	case o.PaidAt == nil:
		return ""
	case o.PaidMethod == "":
		return journal.ByEUPay
	default:
		return o.PaidMethod
	}
}
