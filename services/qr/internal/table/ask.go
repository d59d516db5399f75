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
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const (
	// payableFor is how long the payment of an order is asked for, and found again by the guest. It leaves whoever pays at the last moment
	// the time until payWithin.
	payableFor = 29 * time.Minute
	// answerTime is how long recording and passing on an answer may take at least.
	answerTime = time.Second
	maxAskWait = 30 * time.Second
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
	ctx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	ctx, stop := context.WithDeadline(ctx, deadline.Add(-answerTime))
	defer stop()
	// The command expires before we stop waiting, so an order that ends later meets no payment that is made after its cancellation.
	call, err := s.payments.Send(ctx, command.CreateOrder, s.wantedPayment(o), command.Meta{Expires: deadline.Add(-2 * answerTime)})
	if err != nil {
		return nil, err
	}
	defer call.Close()
	var known *paymentsv1.Payment
	for {
		reply, err := call.Next(ctx)
		switch {
		case err != nil && known != nil:
			return known, nil
		case err != nil:
			return nil, unconfirmed(err)
		case reply.GetStage() == paymentsv1.CommandReply_STAGE_REFUSED:
			return nil, refusal(reply)
		case reply.GetPayment() == nil:
			continue
		}
		if known = reply.GetPayment(); known.GetOrderId() != o.ID || known.GetAmountCents() != int64(o.Totals.Total) {
			return nil, errs.New(errs.InvalidState, "The payment of this order could not be made. Order again.")
		}
		if reply.GetStage() == paymentsv1.CommandReply_STAGE_READY {
			return known, refusedAtOnce(known)
		}
	}
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

// unconfirmed is the error for a guest whose payment is not there in time.
func unconfirmed(err error) error {
	if errs.Is(err, errs.Unavailable) {
		return err
	}
	e := errs.New(errs.Unavailable, "The request was not confirmed in time. Repeat it in a moment, with the same reference or Idempotency-Key.")
	e.RetryAfter = 2 * time.Second
	return errors.Join(e, err)
}

// refusal is what the payments service says to the guest. What may be over in a moment is SERVICE_UNAVAILABLE.
func refusal(r *paymentsv1.CommandReply) error {
	code := errs.Code(r.GetErrorCode())
	if _, known := errs.Table()[code]; !known || code == errs.Internal || code == errs.RateLimitExceeded {
		return unconfirmed(fmt.Errorf("refused with %q", code))
	}
	e := errs.New(code, "%s", r.GetErrorMessage())
	e.RetryAfter = time.Duration(r.GetRetryAfter()) * time.Second
	return e
}

// refusedAtOnce returns the error for a payment that the bank refused when it was asked for it: nobody was ever sent there.
func refusedAtOnce(p *paymentsv1.Payment) error {
	if p.GetStatus() != "failed" || p.GetStatusDetail() != "refused_by_provider" {
		return nil
	}
	return errs.New(errs.PaymentRefused, "The bank does not take the payment of this order. Order again, or pay at the counter.")
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
