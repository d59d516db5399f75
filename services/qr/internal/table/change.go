package table

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
)

// paidLate is the event of an order that is paid when it cannot be served any more.
const paidLate = "paid_late"

// move brings the locked order into another state, with its history and event.
func (s *Server) move(ctx context.Context, tx pgx.Tx, o *order, to Status, cause, detail string) error {
	from := o.Status
	o.Status = to
	return s.save(ctx, tx, o, from, cause, detail)
}

// save writes a changed order.
func (s *Server) save(ctx context.Context, tx pgx.Tx, o *order, from Status, cause, detail string) error {
	o.Sequence++
	o.UpdatedAt = s.now()
	if err := updateOrder(ctx, tx, o, from); err != nil {
		return err
	}
	return record(ctx, tx, o, from, cause, detail)
}

// end brings the locked order into a final state and gives its goods back, once. A payment that it waited for, and that has not
// ended itself, is cancelled.
func (s *Server) end(ctx context.Context, tx pgx.Tx, o *order, to Status, cause, detail string) error {
	if o.Status == AwaitingPayment && cause != byPayment {
		if err := s.cancelPayment(ctx, tx, o); err != nil {
			return err
		}
	}
	gives := o.HoldsStock
	o.HoldsStock = false
	if err := s.move(ctx, tx, o, to, cause, detail); err != nil {
		return err
	}
	if !gives {
		return nil
	}
	if err := s.catalog.GiveBack(ctx, tx, o.Merchant, o.pieces()); err != nil {
		return fmt.Errorf("give the goods of order %s back: %w", o.ID, err)
	}
	return nil
}

// refundOf asks for the refund of an order that is cancelled already. Asking again changes nothing.
func (s *Server) refundOf(ctx context.Context, tx pgx.Tx, o *order) error {
	before := o.Refund
	if err := s.refundPayment(ctx, tx, o); err != nil || o.Refund == before {
		return err
	}
	return requestRefund(ctx, tx, o)
}

// choose is a merchant's change. An order that is cancelled before anybody worked on it gives its goods back; later they
// are used.
func (s *Server) choose(ctx context.Context, tx pgx.Tx, o *order, to Status) error {
	if !slices.Contains(next[o.Status], to) {
		return errs.New(errs.InvalidState, "An order that is %s cannot become %s.", o.Status, to)
	}
	if to == Cancelled && (o.Status == AwaitingPayment || o.Status == Received) {
		return s.end(ctx, tx, o, to, byMerchant, "")
	}
	return s.move(ctx, tx, o, to, byMerchant, "")
}

// paid applies a completed payment. It comes too late for an order that has ended: one that nobody cancelled is taken up
// again if its goods can still be had; otherwise the merchant is told to serve or to refund it.
func (s *Server) paid(ctx context.Context, tx pgx.Tx, o *order, reference string, at time.Time) error {
	if o.PaidAt != nil {
		if o.PaymentReference != reference {
			s.log.ErrorContext(ctx, "order paid a second time", "order", o.ID, "payment", reference, "paid_by", o.PaymentReference)
			return s.flag(ctx, tx, o)
		}
		return nil
	}
	before := o.Status
	o.PaymentReference, o.PaidAt = reference, &at
	switch before {
	case AwaitingPayment:
		return s.move(ctx, tx, o, Received, byPayment, "")
	case Expired, PaymentFailed:
		_, short, err := s.catalog.Reserve(ctx, tx, o.Merchant, o.pieces())
		if err != nil {
			return fmt.Errorf("reserve order %s again: %w", o.ID, err)
		}
		if len(short) == 0 {
			o.HoldsStock = true
			return s.move(ctx, tx, o, Received, byPayment, paidLate)
		}
	}
	return s.flag(ctx, tx, o)
}

// flag tells the merchant of money that the order's state has no place for.
func (s *Server) flag(ctx context.Context, tx pgx.Tx, o *order) error {
	o.PaidLate = true
	return s.save(ctx, tx, o, o.Status, byPayment, paidLate)
}

// unpaid applies a payment that failed. Only the payment that the order waits for counts.
func (s *Server) unpaid(ctx context.Context, tx pgx.Tx, o *order, reference, detail string) error {
	if o.Status != AwaitingPayment || (o.PaymentReference != "" && o.PaymentReference != reference) {
		return nil
	}
	o.PaymentReference = reference
	return s.end(ctx, tx, o, PaymentFailed, byPayment, detail)
}
