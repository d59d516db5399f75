// Package charge asks the payments service for the payments of orders and of shares of bills, and keeps what it must be told about them. An order id
// is the id of either.
package charge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const (
	// Timeout is the deadline for an answer of the payments service, which may call the bank first.
	Timeout = 15 * time.Second
	// RecordTimeout is the deadline for recording the answer.
	RecordTimeout = 3 * time.Second
	// Lease keeps other replicas from work in progress.
	Lease = Timeout + RecordTimeout + 2*time.Second
	// AnswerTime is how long recording and passing on an answer may take at least.
	AnswerTime = time.Second
	// PayableFor is how long a payment is asked for, and found again by its payer. It leaves whoever pays at the last moment some time.
	PayableFor = 29 * time.Minute
	// MaxAskWait is the longest pause before a payment is asked for again.
	MaxAskWait = 30 * time.Second
	// MaxAmount in cents is that of one payment.
	MaxAmount = 10_000_00
)

// Sender sends a command and returns a call for its replies; command.Client implements it.
type Sender interface {
	// Send is command.Client.Send.
	Send(ctx context.Context, subject string, payload proto.Message, meta command.Meta) (*command.Call, error)
}

// Ask returns the payment that is wanted, which may have no URL yet when the bank is slow. Its error is for the payer. SERVICE_UNAVAILABLE means that
// the same may be asked again; any other that there will be no payment. misfit says that the payment under this reference is another one.
func Ask(ctx context.Context, to Sender, want *paymentsv1.CreateOrderPayment, misfit error) (*paymentsv1.Payment, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	ctx, stop := context.WithDeadline(ctx, deadline.Add(-AnswerTime))
	defer stop()
	// The command expires before we stop waiting, so what ends later meets no payment that is made after its cancellation.
	call, err := to.Send(ctx, command.CreateOrder, want, command.Meta{Expires: deadline.Add(-2 * AnswerTime)})
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
		if known = reply.GetPayment(); known.GetOrderId() != want.GetOrderId() || known.GetAmountCents() != want.GetAmountCents() {
			return nil, misfit
		}
		if reply.GetStage() == paymentsv1.CommandReply_STAGE_READY {
			return known, refusedAtOnce(known)
		}
	}
}

// unconfirmed is the error for a payer whose payment is not there in time.
func unconfirmed(err error) error {
	if errs.Is(err, errs.Unavailable) {
		return err
	}
	e := errs.New(errs.Unavailable, "The request was not confirmed in time. Repeat it in a moment, with the same reference or Idempotency-Key.")
	e.RetryAfter = 2 * time.Second
	return errors.Join(e, err)
}

// refusal is what the payments service says to the payer. What may be over in a moment is SERVICE_UNAVAILABLE.
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

// The kinds of tasks.
const (
	CancelTask = "cancel"
	RefundTask = "refund"
)

// AddTask records in a transaction that the payments service must be told something: to cancel or to refund a payment of orderID. So it survives a
// crash after the commit. It does nothing if the same was recorded before: there is one task of a kind for each reference.
func AddTask(ctx context.Context, tx pgx.Tx, kind, orderID, reference string, payload proto.Message, now time.Time) error {
	data, err := proto.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode the %s of an order's payment: %w", kind, err)
	}
	return insertTask(ctx, tx, kind, uuid.NewString(), orderID, reference, data, now)
}
