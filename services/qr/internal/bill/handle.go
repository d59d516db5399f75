package bill

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/trace"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/qr/internal/charge"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// HandlePayment applies an event of a payment whose order id is no order's: it is that of a share. Any other indicates a bug and is logged.
func (s *Server) HandlePayment(ctx context.Context, tx pgx.Tx, e consume.Event, c *eventsv1.PaymentChanged) error {
	p := c.GetPayment()
	a, err := lockBillOfShare(ctx, tx, p.GetOrderId())
	if errs.Is(err, errs.NotFoundCode) {
		s.Log.ErrorContext(ctx, "payment of an order that does not exist", "order", p.GetOrderId(), "payment", p.GetReference())
		return nil
	}
	if err != nil {
		return err
	}
	sh, err := readShare(ctx, tx, p.GetOrderId())
	if err != nil {
		return err
	}
	trace.Current(ctx).Link(sh.trace)
	if !sh.fits(e, p) {
		s.Log.ErrorContext(ctx, "payment does not fit its share of a bill", "share", sh.ID, "payment", p.GetReference())
		return nil
	}
	if e.Type == "payment.refunded" {
		return s.applyRefund(ctx, tx, a, sh, c)
	}
	if err := charge.EndCancellation(ctx, tx, sh.ID, p.GetReference()); err != nil {
		return err
	}
	if e.Type == "payment.completed" {
		return s.applyPayment(ctx, tx, a, sh, p)
	}
	return s.applyFailure(ctx, tx, a, sh, p)
}

func (sh *share) fits(e consume.Event, p *paymentsv1.Payment) bool {
	return p.GetMerchantId() == sh.Merchant && e.Merchant == sh.Merchant && p.GetLivemode() == sh.Livemode && e.Livemode == sh.Livemode &&
		money.Cents(p.GetAmountCents()) == sh.Amount+sh.Tip && p.GetCurrency() == currency && p.GetReference() == sh.Reference
}

// applyPayment counts the money of a share, also when the share has ended or the bill is closed: it is never lost.
func (s *Server) applyPayment(ctx context.Context, tx pgx.Tx, a *account, sh *share, p *paymentsv1.Payment) error {
	for _, known := range a.Payments {
		if known.ShareID == sh.ID {
			return nil
		}
	}
	at := s.Now()
	if p.GetCompletedAt().IsValid() && p.GetCompletedAt().AsTime().Unix() > 0 {
		at = p.GetCompletedAt().AsTime().Truncate(time.Microsecond)
	}
	in := a.share(sh.ID)
	if in == nil { // it had ended
		a.Shares = append(a.Shares, sh)
		in = sh
	}
	in.Status, in.Failure = paid, ""
	if err := setShare(ctx, tx, in, s.Now()); err != nil {
		return err
	}
	return s.receive(ctx, tx, a, &received{
		ID: uuid.Must(uuid.NewV7()).String(), ShareID: sh.ID, Method: journal.ByEUPay, Reference: p.GetReference(), Amount: sh.Amount, Tip: sh.Tip, At: at,
	})
}

// applyFailure makes the part of an open share free again.
func (s *Server) applyFailure(ctx context.Context, tx pgx.Tx, a *account, sh *share, p *paymentsv1.Payment) error {
	in := a.share(sh.ID)
	if in == nil || in.Status != open {
		return nil
	}
	in.Status, in.Failure = failed, p.GetFailureCode()
	if err := setShare(ctx, tx, in, s.Now()); err != nil {
		return err
	}
	return saveBill(ctx, tx, a, s.Now())
}

// applyRefund records what was given back of a share's payment, by a refund from here or from elsewhere. If its event comes before that of the payment, the payment is
// recorded too.
func (s *Server) applyRefund(ctx context.Context, tx pgx.Tx, a *account, sh *share, c *eventsv1.PaymentChanged) error {
	if err := s.applyPayment(ctx, tx, a, sh, c.GetPayment()); err != nil {
		return err
	}
	for _, p := range a.Payments {
		if p.ShareID == sh.ID {
			return s.giveBack(ctx, tx, a, p, money.Cents(c.GetPayment().GetAmountRefundedCents()), c.GetRefundReference(), s.Now())
		}
	}
	return nil
}
