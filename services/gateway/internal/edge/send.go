package edge

import (
	"context"
	"errors"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/command"
	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// outcome is what is known of a command when its request must be answered: a payment that is ready, or one that is only
// recorded because the deadline came first.
type outcome struct {
	payment       *paymentsv1.Payment
	ready         bool
	replayed      bool
	replayedByKey bool
	authorisation string
}

// send publishes a command that the pass is for and waits for its outcome. It returns SERVICE_UNAVAILABLE when nothing was confirmed in
// time; the command has expired by then. seen, if not nil, gets the payment as soon as one is known.
func (p *Payments) send(ctx context.Context, c echo.Context, pass gate.Pass, subject string, payload proto.Message, seen func(*paymentsv1.Payment)) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	// The command expires before we stop waiting: what is carried out can still be answered.
	expires := time.Now().Add(p.Deadline - min(p.Deadline/4, time.Second))
	call, err := p.Commands.Send(pass, subject, payload, Meta(c, expires))
	if err != nil {
		return outcome{}, err
	}
	defer call.Close()
	var known outcome
	for {
		reply, err := call.Next(ctx)
		if err != nil {
			return late(known, err)
		}
		if reply.GetStage() == paymentsv1.CommandReply_STAGE_REFUSED {
			return outcome{}, refusal(reply)
		}
		if reply.GetPayment() == nil {
			continue
		}
		if known.payment == nil && seen != nil {
			seen(reply.GetPayment())
		}
		known = outcome{
			payment: reply.GetPayment(), replayed: known.replayed || reply.GetReplayed(), replayedByKey: reply.GetReplayedByKey(),
			ready: reply.GetStage() == paymentsv1.CommandReply_STAGE_READY, authorisation: reply.GetAuthorisationUrl(),
		}
		if known.ready {
			return known, nil
		}
	}
}

// late decides what to say when no further reply comes. What is recorded is not lost, whatever the broker says now.
func late(known outcome, err error) (outcome, error) {
	if known.payment != nil {
		return known, nil
	}
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return outcome{}, err
	}
	e := errs.New(errs.Unavailable, "The request was not confirmed in time. Repeat it in a moment, with the same reference or Idempotency-Key.")
	e.RetryAfter = 2 * time.Second
	return outcome{}, errors.Join(e, err)
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

// Meta is what follows a command through the services.
func Meta(c echo.Context, expires time.Time) command.Meta {
	return command.Meta{Expires: expires, Trace: traceparent(c), RequestID: web.RequestID(c)}
}

// traceparent passes the caller's W3C trace context on if it has the one shape that the standard gives version 00.
func traceparent(c echo.Context) string {
	s := c.Request().Header.Get("Traceparent")
	if len(s) != 55 || s[:3] != "00-" || s[35] != '-' || s[52] != '-' {
		return ""
	}
	for i := range len(s) {
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
		if !hex && s[i] != '-' {
			return ""
		}
	}
	return s
}
