package table

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// paidLate is the event of an order that was paid after its end.
const paidLate = "paid_late"

// transition moves the locked order to another state, with its history and event.
func (s *Server) transition(ctx context.Context, tx pgx.Tx, o *order, to Status, cause, detail string) error {
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
	if err := record(ctx, tx, o, from, cause, detail); err != nil {
		return err
	}
	return s.recountBill(ctx, tx, o)
}

// end moves the locked order to a final state and returns its goods to the stock, once. It cancels a pending payment that has not
// ended by itself.
func (s *Server) end(ctx context.Context, tx pgx.Tx, o *order, to Status, cause, detail string) error {
	if o.Status == AwaitingPayment && cause != byPayment {
		if err := s.cancelPayment(ctx, tx, o); err != nil {
			return err
		}
	}
	o.note(noted{kind: journal.Cancelled})
	gives := o.HoldsStock
	o.HoldsStock = false
	if err := s.transition(ctx, tx, o, to, cause, detail); err != nil {
		return err
	}
	if !gives {
		return nil
	}
	if err := catalog.GiveBack(ctx, tx, o.Merchant, o.pieces(), s.returned(o)); err != nil {
		return fmt.Errorf("return the goods of order %s: %w", o.ID, err)
	}
	return o.giveBackTerms(ctx, tx)
}

// setByMerchant applies a change by the merchant. An order that is cancelled before its preparation returns its goods to the
// stock; later they count as used.
func (s *Server) setByMerchant(ctx context.Context, tx pgx.Tx, o *order, to Status) error {
	if !slices.Contains(next[o.Status], to) {
		return errs.New(errs.InvalidState, "An order that is %s cannot become %s.", o.Status, to)
	}
	if to == Cancelled {
		return s.cancelByStatus(ctx, tx, o, false)
	}
	return s.transition(ctx, tx, o, to, byMerchant, "")
}

// applyPayment applies a completed payment. If the order has already ended, it is resumed, provided that nobody cancelled it and
// its goods are still available; otherwise the merchant is notified to serve or refund it.
func (s *Server) applyPayment(ctx context.Context, tx pgx.Tx, o *order, reference string, at time.Time) error {
	if o.PaidAt != nil {
		if o.PaymentReference != reference {
			s.log.ErrorContext(ctx, "order paid a second time", "order", o.ID, "payment", reference, "paid_by", o.PaymentReference)
			o.notePaid(reference, journal.ByEUPay, 0)
			return s.announcePaidLate(ctx, tx, o)
		}
		return nil
	}
	before := o.Status
	o.PaymentReference, o.PaidAt = reference, &at
	defer o.notePaid(reference, journal.ByEUPay, 0)
	switch before {
	case AwaitingPayment:
		return s.receive(ctx, tx, o, "")
	case Expired, PaymentFailed:
		_, short, err := catalog.Reserve(ctx, tx, o.Merchant, o.pieces(), s.sold(o))
		if err != nil {
			return fmt.Errorf("reserve order %s again: %w", o.ID, err)
		}
		again := len(short) == 0
		if again {
			if again, err = o.takeTermsAgain(ctx, tx, s.now()); err != nil {
				return err
			}
		}
		if again {
			o.HoldsStock = true
			return s.receive(ctx, tx, o, paidLate)
		}
	}
	return s.announcePaidLate(ctx, tx, o)
}

// receive takes up an order that is paid first.
func (s *Server) receive(ctx context.Context, tx pgx.Tx, o *order, detail string) error {
	if err := s.transition(ctx, tx, o, Received, byPayment, detail); err != nil {
		return err
	}
	o.noteReceived()
	return nil
}

// announcePaidLate notifies the merchant of money for an order that has ended.
func (s *Server) announcePaidLate(ctx context.Context, tx pgx.Tx, o *order) error {
	o.PaidLate = true
	return s.save(ctx, tx, o, o.Status, byPayment, paidLate)
}

// applyFailedPayment applies a failed payment. Only the payment that the order waits for counts.
func (s *Server) applyFailedPayment(ctx context.Context, tx pgx.Tx, o *order, reference, detail string) error {
	if o.Status != AwaitingPayment || (o.PaymentReference != "" && o.PaymentReference != reference) {
		return nil
	}
	o.PaymentReference = reference
	return s.end(ctx, tx, o, PaymentFailed, byPayment, detail)
}
