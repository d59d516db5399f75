package table

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/qr/internal/charge"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// request records the last of the refunds, which is new, and the task that asks the payments service for it.
func (s *Server) request(ctx context.Context, tx pgx.Tx, o *order, list refundings) error {
	r := list[len(list)-1]
	if o.PaidMethod != "" {
		r.Status = refundCompleted
	}
	if err := insertRefund(ctx, tx, o, r); err != nil {
		return err
	}
	if err := s.summarise(ctx, tx, o, list); err != nil {
		return err
	}
	if o.PaidMethod != "" {
		return s.giveBackAtCounter(ctx, tx, o, r)
	}
	return charge.AddTask(ctx, tx, refundTask, o.ID, r.Reference, &paymentsv1.RefundOrderPayment{
		OrderId: o.ID, Reference: r.Reference, OriginalReference: o.PaymentReference, MerchantId: o.Merchant, Livemode: o.Livemode, AmountCents: int64(r.Amount),
	}, s.now())
}

// giveBackAtCounter records a refund of money that was paid at the counter, where the merchant gives it back.
func (s *Server) giveBackAtCounter(ctx context.Context, tx pgx.Tx, o *order, r *refunding) error {
	o.noteRefund(r.Reference, o.PaidMethod, r.Amount, r.Taxes)
	return recordRefunded(ctx, tx, o, o.Refunded+r.Amount)
}

// summarise writes what the order says of its refunds.
func (s *Server) summarise(ctx context.Context, tx pgx.Tx, o *order, list refundings) error {
	for _, r := range list {
		if r.Replaced {
			if err := markReplaced(ctx, tx, o.ID, r.Reference); err != nil {
				return err
			}
		}
	}
	o.Refund = list.summary(o.Totals.Total)
	return updateSummary(ctx, tx, o)
}

// refundsOf returns the refunds of a locked order. One that a version before this table has asked for is taken over.
func (s *Server) refundsOf(ctx context.Context, tx pgx.Tx, o *order) (refundings, error) {
	list, err := readRefunds(ctx, tx, o.ID)
	if err != nil || o.Refund.Reference == "" || list.find(o.Refund.Reference) != nil {
		return list, err
	}
	r := &refunding{
		Reference: o.Refund.Reference, Amount: o.Refund.Amount, Taxes: o.portion(list, o.Refund.Amount, nil), Status: o.Refund.Status, Failure: o.Refund.Failure,
		CreatedAt: o.UpdatedAt,
	}
	return append(list, r), insertRefund(ctx, tx, o, r)
}

// refundAgain gives back what a cancellation took out, unless that is under way or done.
func (s *Server) refundAgain(ctx context.Context, tx pgx.Tx, o *order, c *cancellation, limit *int64) error {
	list, err := s.refundsOf(ctx, tx, o)
	if err != nil {
		return err
	}
	c.back = list.latest(c.ID)
	if c.back != nil && c.back.Status != refundFailed {
		return nil
	}
	amount, err := o.amountAgain(c, o.refundable(list))
	if err != nil {
		return err
	}
	if err := o.checkLimit(list, amount, limit); err != nil {
		return err
	}
	list.replaceFailed(c.ID)
	c.back = o.newRefund(list, c.ID, amount, c.Taxes, s.now())
	if err := s.request(ctx, tx, o, append(list, c.back)); err != nil {
		return err
	}
	o.news = c
	return s.save(ctx, tx, o, o.Status, byMerchant, refundWasWanted)
}

// amountAgain is what is given back of a cancellation when it is asked for later: what failed, otherwise all of it.
func (o *order) amountAgain(c *cancellation, most money.Cents) (money.Cents, error) {
	amount := c.Amount
	if c.back != nil {
		amount = c.back.Amount
	}
	if c.Whole {
		amount = min(amount, most)
	}
	switch {
	case !o.paidHere():
		return 0, errs.New(errs.InvalidState, "This order was not paid with EU Pay, so nothing can be given back here.")
	case c.Amount == 0 && amount == 0:
		return 0, errs.New(errs.InvalidState, "What was cancelled cost nothing, so nothing can be given back.")
	case amount > most || amount == 0:
		return 0, errs.New(errs.RefundExceeds, "Only %s %s of this order's payment is left to give back.", most, Currency)
	default:
		return amount, nil
	}
}

// refundCancelled gives back everything that is left of the payment of an order that was cancelled before. Asking twice gives back once, and a
// refund that failed is asked for again with its cancellation.
func (s *Server) refundCancelled(ctx context.Context, tx pgx.Tx, o *order) error {
	list, err := s.refundsOf(ctx, tx, o)
	if err != nil || o.Refund.Status == refundFailed {
		return err
	}
	amount := o.refundable(list)
	if amount == 0 {
		return nil
	}
	last, err := wholeCancellation(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if list.latest(last) != nil {
		last = ""
	}
	return s.request(ctx, tx, o, append(list, o.newRefund(list, last, amount, nil, s.now())))
}

// applyRefund records a refund of the locked order's payment whose money has left, whoever asked for it, once.
func (s *Server) applyRefund(ctx context.Context, tx pgx.Tx, o *order, c *eventsv1.PaymentChanged) error {
	if c.GetPayment().GetReference() != o.PaymentReference { // a second payment, which the order is not paid with
		if amount := money.Cents(c.GetRefundAmountCents()); amount > 0 {
			o.noteRefund(c.GetRefundReference(), journal.ByEUPay, amount, nil)
		}
		return nil
	}
	list, err := s.refundsOf(ctx, tx, o)
	if err != nil {
		return err
	}
	r := list.find(c.GetRefundReference())
	isNew := r == nil && c.GetRefundReference() != "" && c.GetRefundAmountCents() > 0
	switch {
	case isNew:
		amount := money.Cents(c.GetRefundAmountCents())
		r = &refunding{Reference: c.GetRefundReference(), Outside: true, Amount: amount, Taxes: o.portion(list, amount, nil), Status: refundCompleted, CreatedAt: s.now()}
		list = append(list, r)
		err = insertRefund(ctx, tx, o, r)
	case r != nil && r.Status != refundCompleted:
		isNew, r.Status, r.Failure = true, refundCompleted, ""
		err = updateRefund(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	o.Refund = list.summary(o.Totals.Total)
	if err := recordRefunded(ctx, tx, o, money.Cents(c.GetPayment().GetAmountRefundedCents())); err != nil || !isNew {
		return err
	}
	o.noteRefund(r.Reference, journal.ByEUPay, r.Amount, r.Taxes)
	return nil
}

// applyRefundAnswer records what the payments service says to the request of a refund: an empty code is yes. An event that has arrived in the
// meantime takes precedence.
func (s *Server) applyRefundAnswer(ctx context.Context, tx pgx.Tx, t task, code errs.Code) error {
	asked := &paymentsv1.RefundOrderPayment{}
	if err := proto.Unmarshal(t.Command, asked); err != nil {
		return fmt.Errorf("read task %s: %w", t.ID, err)
	}
	return s.changeRefund(ctx, tx, t.OrderID, asked.GetReference(), func(r *refunding) {
		switch {
		case r.Status != refundRequested:
		case code != "":
			r.Status, r.Failure = refundFailed, string(code)
		default:
			r.Status = refundPending
		}
	})
}

// applyRefundFailure records that a refund of a merchant failed. Refunds of other payments are ignored.
func (s *Server) applyRefundFailure(ctx context.Context, tx pgx.Tx, merchantID, reference, failure string) error {
	id, err := orderOfRefund(ctx, tx, merchantID, reference)
	if err != nil || id == "" {
		return err
	}
	return s.changeRefund(ctx, tx, id, reference, func(r *refunding) {
		if r.Status != refundCompleted {
			r.Status, r.Failure = refundFailed, failure
		}
	})
}

// changeRefund applies do to a refund of an order, which it locks.
func (s *Server) changeRefund(ctx context.Context, tx pgx.Tx, orderID, reference string, do func(*refunding)) error {
	o, err := lockOrder(ctx, tx, orderID)
	if err != nil {
		return err
	}
	list, err := s.refundsOf(ctx, tx, o)
	if err != nil {
		return err
	}
	r := list.find(reference)
	if r == nil {
		return nil
	}
	do(r)
	if err := updateRefund(ctx, tx, r); err != nil {
		return err
	}
	return s.summarise(ctx, tx, o, list)
}
