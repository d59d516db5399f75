package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/qr/internal/charge"
)

const (
	// payableFor is how long the payment of an order is asked for, and found again by the guest. It leaves whoever pays at the last moment
	// the time until payWithin.
	payableFor = charge.PayableFor
	answerTime = charge.AnswerTime
	maxAskWait = charge.MaxAskWait
	// asksAtOnce limits the payments that one process asks for beside the requests of guests, who ask for their own.
	asksAtOnce = 32
)

// newAsks returns the loop that asks for the payments of orders whose guest did not get one at once. It is not the loop of the tasks: payments
// that a bank is slow to begin must not delay cancellations.
func (s *Server) newAsks() *due.Loop[*order] {
	return due.New(due.Config[*order]{
		What: "orders without a payment", Every: tasksEvery, AtOnce: asksAtOnce, Within: taskTimeout + recordTimeout, Grace: taskTimeout, Log: s.log,
		Watch: due.Watch{DB: s.pool, First: firstAsk, Now: s.now},
		Claim: func(ctx context.Context, limit int) ([]*order, error) {
			return claimAsks(ctx, s.pool, s.now(), taskLease, limit)
		},
		Cause: func(o *order) string { return o.trace },
		Do: func(ctx context.Context, o *order) {
			if err := s.ask(ctx, o); err != nil {
				s.log.InfoContext(ctx, "order has no payment yet", "order", o.ID, "error", err)
			}
		},
	})
}

// ask asks the payments service for the payment of an order and records the answer with the order, which it brings up to date. It may run
// twice at the same time: the payment is the same, by its reference. Its error is for the guest. SERVICE_UNAVAILABLE means that it is asked
// again; any other that the order has ended without a payment.
func (s *Server) ask(ctx context.Context, o *order) error {
	p, err := s.requestPayment(ctx, o)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	again := s.now().Add(due.Backoff(time.Second, maxAskWait, o.askAttempts+1))
	if err != nil && (!errs.Is(err, errs.Unavailable) || s.now().Sub(o.CreatedAt) >= payableFor) {
		s.log.WarnContext(ctx, "order gets no payment", "order", o.ID, "payment", o.PaymentReference, "error", err)
		return errors.Join(err, s.giveUp(ctx, o.ID))
	}
	if err != nil {
		return errors.Join(err, postponeAsk(ctx, s.pool, o.ID, again))
	}
	waits, err := notePayment(ctx, s.pool, o.ID, p, again)
	if err != nil {
		return err
	}
	if !waits { // it was paid, or ended, in the meantime
		return s.refresh(ctx, o)
	}
	at := p.GetCreatedAt().AsTime()
	o.PaymentReference, o.PaymentURL, o.PaymentCreatedAt = p.GetReference(), cmp.Or(p.GetPaymentUrl(), o.PaymentURL), &at
	return nil
}

func (s *Server) refresh(ctx context.Context, o *order) error {
	now, err := readOrder(ctx, s.pool, o.ID)
	if err == nil {
		*o = *now
	}
	return err
}

// requestPayment returns the payment of an order, which may have no URL yet when the bank is slow.
func (s *Server) requestPayment(ctx context.Context, o *order) (*paymentsv1.Payment, error) {
	return charge.Ask(ctx, s.payments, s.wantedPayment(o), errs.New(errs.InvalidState, "The payment of this order could not be made. Order again."))
}

// wantedPayment follows from the order alone, so it is the same each time.
func (s *Server) wantedPayment(o *order) *paymentsv1.CreateOrderPayment {
	return &paymentsv1.CreateOrderPayment{
		OrderId: o.ID, Reference: o.PaymentReference, MerchantId: o.Merchant, MerchantVersion: o.merchantVersion, Livemode: o.Livemode,
		AmountCents: int64(o.Totals.Total), Currency: Currency, Description: fmt.Sprintf("%s · order %d", o.TableName, o.Number),
		SuccessUrl: s.orderPage(o, "success"), CancelUrl: s.orderPage(o, "cancelled"),
	}
}

// orderPage is where the guest comes back to.
func (s *Server) orderPage(o *order, result string) string {
	return s.tableURL(o.Merchant, o.TableToken) + "?" + url.Values{"order": {o.ID}, "payment": {result}}.Encode()
}

// giveUp ends an order that gets no payment, and releases its key, so that the guest may order again. An order that does not wait for
// its payment stays as it is.
func (s *Server) giveUp(ctx context.Context, id string) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		o, err := lockOrder(ctx, tx, id)
		if err != nil || o.Status != AwaitingPayment && o.Status != PaymentFailed {
			return err
		}
		if o.Status == AwaitingPayment {
			err = s.end(ctx, tx, o, PaymentFailed, byGateway, "payment_not_created")
		}
		if err != nil {
			return err
		}
		if err := releaseKey(ctx, tx, id); err != nil {
			return err
		}
		return s.write(ctx, tx, o)
	})
	s.wake()
	s.tasks.Nudge()
	return err
}
