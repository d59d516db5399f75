package received

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The states of an answer.
const (
	stateSending = "sending"
	stateSent    = "sent"
	stateRefused = "refused"
)

// Answered is an answer of the buyer.
type Answered struct {
	ID uuid.UUID
	Given
	State, Problem string
	At             time.Time
	EndedAt        *time.Time
}

// sending is an answer to send. behind means that an earlier one is not sent yet.
type sending struct {
	Answered
	received uuid.UUID
	invoice  string
	behind   bool
}

func insertAnswer(ctx context.Context, tx pgx.Tx, r *Record, id uuid.UUID, g Given, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into received_answers (id, received_id, merchant_id, livemode, number, code, reason_code, reason, created_at)
		select $1, $2, $3, $4, coalesce(max(number), 0) + 1, $5, $6, $7, $8 from received_answers where received_id = $2`,
		id, r.ID, r.MerchantID, r.Livemode, g.Code, g.ReasonCode, g.Reason, now)
	if err != nil {
		return fmt.Errorf("record answer: %w", err)
	}
	return nil
}

func (b *Inbox) readAnswer(ctx context.Context, id uuid.UUID) (a sending, err error) {
	err = b.Pool.QueryRow(ctx, `select a.id, a.code, a.reason_code, a.reason, a.state, a.created_at, a.received_id, r.platform_id, exists (
			select from received_answers e where e.received_id = a.received_id and e.number < a.number and e.state = 'sending')
		from received_answers a join received_invoices r on r.id = a.received_id where a.id = $1`, id).
		Scan(&a.ID, &a.Code, &a.ReasonCode, &a.Reason, &a.State, &a.At, &a.received, &a.invoice, &a.behind)
	if err != nil {
		return sending{}, fmt.Errorf("read answer: %w", err)
	}
	return a, nil
}

func (b *Inbox) recordSent(ctx context.Context, id uuid.UUID, platformID string) error {
	_, err := b.Pool.Exec(ctx, `update received_answers set state = 'sent', platform_id = $2, ended_at = $3 where id = $1 and state = 'sending'`,
		id, platformID, b.instant())
	if err != nil {
		return fmt.Errorf("record that an answer was sent: %w", err)
	}
	return nil
}

func endAnswer(ctx context.Context, tx pgx.Tx, id uuid.UUID, state, platformID, problem string, now time.Time) error {
	_, err := tx.Exec(ctx, `update received_answers set state = $2, platform_id = $3, problem = $4, ended_at = $5 where id = $1 and state = 'sending'`,
		id, state, platformID, problem, now)
	if err != nil {
		return fmt.Errorf("record the end of an answer: %w", err)
	}
	return nil
}

// newestCode returns the code of the newest answer that was not refused.
func newestCode(ctx context.Context, tx pgx.Tx, received uuid.UUID) (code int, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select code from received_answers where received_id = $1 and state <> 'refused'
		order by number desc limit 1), $2)`, received, available).Scan(&code)
	if err != nil {
		return 0, fmt.Errorf("read the newest answer: %w", err)
	}
	return code, nil
}

func (b *Inbox) readAnswers(ctx context.Context, received uuid.UUID) ([]Answered, error) {
	rows, err := b.Pool.Query(ctx, `select id, code, reason_code, reason, state, problem, created_at, ended_at from received_answers
		where received_id = $1 order by number`, received)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Answered, err error) {
		err = row.Scan(&a.ID, &a.Code, &a.ReasonCode, &a.Reason, &a.State, &a.Problem, &a.At, &a.EndedAt)
		return a, err
	})
}
