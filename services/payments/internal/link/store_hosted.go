package link

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const hostedColumns = `link_id, reference, step, beneficiary, payer, coalesce(provider_id, ''), url, requested_at, creates, lookups, revoke_known,
	last_payment_id, attempt_state, quiet_polls, due_at`

func scanHosted(row pgx.Row) (w hosted, err error) {
	err = row.Scan(&w.LinkID, &w.Reference, &w.Step, &w.Payee, &w.Payer, &w.ProviderID, &w.URL, &w.RequestedAt, &w.Creates, &w.Lookups, &w.RevokeKnown,
		&w.LastPayment, &w.Attempt, &w.Quiet, &w.DueAt)
	if err != nil {
		return hosted{}, fmt.Errorf("read hosted payment link: %w", err)
	}
	return w, nil
}

func (l *Links) readHosted(ctx context.Context, id string) (Link, hosted, error) {
	w, err := scanHosted(l.Pool.QueryRow(ctx, `select `+hostedColumns+` from payment_link_hosted where link_id = $1`, id))
	if err != nil {
		return Link{}, hosted{}, err
	}
	x, err := l.scan(l.Pool.QueryRow(ctx, `select `+columns+` from payment_links where id = $1`, id))
	return x, w, err
}

// lockHosted locks the link and then its row of the provider.
func (l *Links) lockHosted(ctx context.Context, tx pgx.Tx, id string) (Link, hosted, error) {
	x, err := l.lock(ctx, tx, id)
	if err != nil {
		return Link{}, hosted{}, err
	}
	w, err := scanHosted(tx.QueryRow(ctx, `select `+hostedColumns+` from payment_link_hosted where link_id = $1 for update`, id))
	return x, w, err
}

// changeHosted changes the row under its lock, unless it has ended.
func (l *Links) changeHosted(ctx context.Context, id string, change func(*hosted)) error {
	err := pgx.BeginFunc(ctx, l.Pool, func(tx pgx.Tx) error {
		w, err := scanHosted(tx.QueryRow(ctx, `select `+hostedColumns+` from payment_link_hosted where link_id = $1 for update`, id))
		if err != nil || w.Step == ended {
			return err
		}
		change(&w)
		return l.writeHosted(ctx, tx, w)
	})
	if err != nil {
		return fmt.Errorf("change hosted payment link %s: %w", id, err)
	}
	return nil
}

func (l *Links) insertHosted(ctx context.Context, tx pgx.Tx, w hosted) error {
	_, err := tx.Exec(ctx, `insert into payment_link_hosted (link_id, reference, step, beneficiary, payer, due_at) values ($1, $2, $3, $4, $5, $6)`,
		w.LinkID, w.Reference, w.Step, w.Payee, w.Payer, w.DueAt)
	if err != nil {
		return fmt.Errorf("record hosted payment link: %w", err)
	}
	return nil
}

func (l *Links) writeHosted(ctx context.Context, tx pgx.Tx, w hosted) error {
	_, err := tx.Exec(ctx, `update payment_link_hosted set step = $2, payer = $3, provider_id = nullif($4, ''), url = $5, requested_at = $6, creates = $7, lookups = $8,
		revoke_known = $9, last_payment_id = $10, attempt_state = $11, quiet_polls = $12, due_at = $13 where link_id = $1`,
		w.LinkID, w.Step, w.Payer, w.ProviderID, w.URL, w.RequestedAt, w.Creates, w.Lookups, w.RevokeKnown, w.LastPayment, w.Attempt, w.Quiet, w.DueAt)
	if err != nil {
		return fmt.Errorf("write hosted payment link %s: %w", w.LinkID, err)
	}
	return nil
}

// firstHosted is when the next hosted link is due.
const firstHosted = `select min(due_at) from payment_link_hosted where due_at is not null`

// claimHosted claims hosted links that are due, and moves their due time ahead.
func (l *Links) claimHosted(ctx context.Context, limit int) ([]string, error) {
	now := l.clock()
	rows, err := l.Pool.Query(ctx, `update payment_link_hosted set due_at = $2
		where link_id in (select link_id from payment_link_hosted where due_at <= $1 order by due_at limit $3 for update skip locked) returning link_id`,
		now, now.Add(hostedLease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim hosted payment links: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// makeDue makes a hosted link due now, in the transaction that ended it.
func (l *Links) makeDue(ctx context.Context, tx pgx.Tx, id string) error {
	if _, err := tx.Exec(ctx, `update payment_link_hosted set due_at = $2 where link_id = $1 and step <> 'ended'`, id, l.clock()); err != nil {
		return fmt.Errorf("make hosted payment link %s due: %w", id, err)
	}
	return nil
}
