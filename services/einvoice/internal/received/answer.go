package received

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

const (
	// claimFor is how long an Idempotency-Key refers to its answer.
	claimFor = 24 * time.Hour
	// mandateRetry is how long an answer waits before the mandate is looked at again, orderRetry before the answer ahead of it is.
	mandateRetry = 5 * time.Minute
	orderRetry   = time.Second
)

// Idempotency identifies a repeated request: its key, and a hash of its content. The key may be empty.
type Idempotency struct {
	Key  string
	Hash []byte
}

// Answer records a status of the buyer with its history and event, to be sent until the platform has accepted it. replayed means that
// the request was made before.
func (b *Inbox) Answer(ctx context.Context, who Who, id string, g Given, idem Idempotency) (v View, replayed bool, err error) {
	if err := g.check(); err != nil {
		return View{}, false, err
	}
	err = pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error {
		r, err := find(ctx, tx, who, id, " for update")
		if err != nil {
			return err
		}
		answer, now := uuid.Must(uuid.NewV7()), b.instant()
		holder, err := take(ctx, tx, who, idem, answer.String(), now)
		if replayed = holder != answer.String(); err != nil || replayed {
			return err
		}
		if err := g.follows(r.Code); err != nil {
			return err
		}
		if err := refuseWhilePaying(ctx, tx, r.ID, g.Code); err != nil {
			return err
		}
		return give(ctx, tx, &r, answer, g, now)
	})
	if err != nil {
		return View{}, false, err
	}
	b.Wake()
	b.engine.Wake(who.Livemode)
	v, err = b.Get(ctx, who, id)
	return v, replayed, err
}

// give records an answer to a locked invoice, with its history, event and transmission.
func give(ctx context.Context, tx pgx.Tx, r *Record, answer uuid.UUID, g Given, now time.Time) error {
	if err := insertAnswer(ctx, tx, r, answer, g, now); err != nil {
		return err
	}
	r.Code, r.Status = g.Code, statuses[g.Code]
	t := transmit.Transmission{ID: uuid.Must(uuid.NewV7()), Kind: transmit.Answer, Subject: answer, MerchantID: r.MerchantID, Livemode: r.Livemode}
	if err := transmit.Add(ctx, tx, t, now, 0); err != nil {
		return err
	}
	return saveStatus(ctx, tx, r, now, "invoice.answered", &Answered{ID: answer, Given: g, State: stateSending, At: now})
}

// AnswerSender sends answers to the platform.
type AnswerSender struct{ b *Inbox }

// AnswerSender returns the sender of answers.
func (b *Inbox) AnswerSender() AnswerSender { return AnswerSender{b} }

// Send implements transmit.Sender. Answers of one invoice are sent in their order. One that the platform has is found by our
// reference.
func (s AnswerSender) Send(ctx context.Context, t transmit.Transmission) error {
	a, err := s.b.readAnswer(ctx, t.Subject)
	if err != nil || a.State != stateSending {
		return err
	}
	if a.behind {
		return transmit.Wait{Reason: "an earlier answer is not sent yet", RetryAfter: orderRetry}
	}
	e, err := enrol.Read(ctx, s.b.Pool, t.MerchantID, t.Livemode)
	if err != nil {
		return err
	}
	account := s.b.Platforms[t.Livemode]
	if account == nil || !e.Ready() {
		return transmit.Wait{Reason: "the mandate is not active", RetryAfter: mandateRetry}
	}
	platformID, failure := account.SendStatus(ctx, e.ClientID, platform.Answer{
		Ref: a.ID.String(), InvoiceID: a.invoice, Code: a.Code, ReasonCode: a.ReasonCode, Reason: a.Reason,
	})
	record, cancel := recording(ctx)
	defer cancel()
	var refused *platform.Refused
	switch {
	case failure == nil:
		return s.b.recordSent(record, a.ID, platformID)
	case errors.Is(failure, platform.ErrNoMandate):
		return transmit.Wait{Reason: "the platform knows no active mandate", RetryAfter: mandateRetry}
	case errors.As(failure, &refused):
		if err := s.b.recordRefused(record, a, strings.Join(refused.Problems, " · ")); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", transmit.ErrStop, failure)
	}
	return failure
}

// recordRefused gives the invoice the status back that it had before the platform refused the answer, unless another followed.
func (b *Inbox) recordRefused(ctx context.Context, a sending, problem string) error {
	defer b.Wake()
	return pgx.BeginFunc(ctx, b.Pool, func(tx pgx.Tx) error {
		r, err := lockID(ctx, tx, a.received)
		if err != nil {
			return err
		}
		now := b.instant()
		if err := endAnswer(ctx, tx, a.ID, stateRefused, "", problem, now); err != nil {
			return err
		}
		if r.Code, err = newestCode(ctx, tx, r.ID); err != nil {
			return err
		}
		r.Status = statuses[r.Code]
		if r.Code == available && r.Problem != "" {
			r.Status = statusUnreadable
		}
		a.State, a.Problem = stateRefused, problem
		return saveStatus(ctx, tx, &r, now, "invoice.answered", &a.Answered)
	})
}
