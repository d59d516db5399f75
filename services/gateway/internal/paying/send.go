// Package paying is what all ways to pay share: commands about payments and what comes of them, how a payment looks in an answer, the
// bounds of an amount, and the QR code of a payment.
package paying

import (
	"context"
	"errors"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Sender sends commands about payments and waits for what comes of them.
type Sender struct {
	Commands *gate.Commands
	// Deadline is how long a request waits for its command; then it answers with what is known.
	Deadline time.Duration
}

// Outcome is what is known of a command when its request must be answered: a payment that is ready, or one that is only
// recorded because the deadline came first.
type Outcome struct {
	Payment *paymentsv1.Payment
	// Replayed: the payment existed. ReplayedByKey: the idempotency key found it, and not its reference.
	Replayed, ReplayedByKey bool
	// AuthorisationURL is where the payer approves a cancellation; empty when nothing is to be approved.
	AuthorisationURL string
}

// Send publishes a command that the pass is for and waits for its outcome. It returns SERVICE_UNAVAILABLE when nothing was confirmed in
// time; the command has expired by then. seen, if not nil, gets the payment as soon as one is known.
func (s Sender) Send(ctx context.Context, c echo.Context, pass gate.Pass, subject string, payload proto.Message, seen func(*paymentsv1.Payment)) (Outcome, error) {
	return s.carry(ctx, web.RequestID(c), pass, subject, payload, seen)
}

// carry is Send for the request of that id; empty for none.
func (s Sender) carry(ctx context.Context, request string, pass gate.Pass, subject string, payload proto.Message, seen func(*paymentsv1.Payment)) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Deadline)
	defer cancel()
	// The command expires before we stop waiting: what is carried out can still be answered.
	expires := time.Now().Add(s.Deadline - min(s.Deadline/4, time.Second))
	call, err := s.Commands.Send(ctx, pass, subject, payload, command.Meta{Expires: expires, RequestID: request})
	if err != nil {
		return Outcome{}, err
	}
	defer call.Close()
	var known Outcome
	for {
		reply, err := call.Next(ctx)
		if err != nil {
			return late(known, err)
		}
		if reply.GetStage() == paymentsv1.CommandReply_STAGE_REFUSED {
			return Outcome{}, refusal(reply)
		}
		if reply.GetPayment() == nil {
			continue
		}
		if known.Payment == nil && seen != nil {
			seen(reply.GetPayment())
		}
		known = Outcome{
			Payment: reply.GetPayment(), Replayed: known.Replayed || reply.GetReplayed(), ReplayedByKey: reply.GetReplayedByKey(),
			AuthorisationURL: reply.GetAuthorisationUrl(),
		}
		if reply.GetStage() == paymentsv1.CommandReply_STAGE_READY {
			return known, nil
		}
	}
}

// late decides what to say when no further reply comes. What is recorded is not lost, whatever the broker says now.
func late(known Outcome, err error) (Outcome, error) {
	if known.Payment != nil {
		return known, nil
	}
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return Outcome{}, err
	}
	e := errs.New(errs.Unavailable, "The request was not confirmed in time. Repeat it in a moment, with the same reference or Idempotency-Key.")
	e.RetryAfter = 2 * time.Second
	return Outcome{}, errors.Join(e, err)
}

func refusal(r *paymentsv1.CommandReply) error {
	code := errs.Code(r.GetErrorCode())
	if _, known := errs.Table()[code]; !known {
		return errs.From(errors.New("refused without a public code"))
	}
	e := errs.New(code, "%s", r.GetErrorMessage())
	e.RetryAfter = time.Duration(r.GetRetryAfter()) * time.Second
	return e
}

// Meta is what follows a command through the services, besides the trace of the request.
func Meta(c echo.Context, expires time.Time) command.Meta {
	return command.Meta{Expires: expires, RequestID: web.RequestID(c)}
}
