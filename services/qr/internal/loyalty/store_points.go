package loyalty

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/pg"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// recordMerchant stores a merchant event. The newest event wins, in whatever order they arrive.
func recordMerchant(ctx context.Context, tx pgx.Tx, m *eventsv1.MerchantChanged, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into loyalty_merchants (merchant_id, name, eligible, changed_at) values ($1, $2, $3, $4)
		on conflict (merchant_id) do update set name = excluded.name, eligible = excluded.eligible, changed_at = excluded.changed_at
		where loyalty_merchants.changed_at <= excluded.changed_at`, m.GetMerchantId(), m.GetName(), m.GetLoyaltyEligible(), at)
	if err != nil {
		return fmt.Errorf("store merchant for points: %w", err)
	}
	return nil
}

// award sets the points of a payment to what they are worth now. A payment without points starts to earn only if the merchant
// participates; existing points are always corrected. An event older than the last one changes nothing.
func award(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, worth int64, at time.Time) error {
	name, eligible, err := merchant(ctx, tx, pay.GetMerchantId())
	if err != nil {
		return err
	}
	before, known, err := earned(ctx, tx, pay)
	if err != nil || !known && !eligible {
		return err
	}
	tag, err := tx.Exec(ctx, `insert into loyalty_payments (reference, customer_id, merchant_id, livemode, sequence, points) values ($1, $2, $3, $4, $5, $6)
		on conflict (reference) do update set sequence = excluded.sequence, points = excluded.points
		where loyalty_payments.sequence < excluded.sequence and loyalty_payments.customer_id = excluded.customer_id`,
		pay.GetReference(), pay.GetCustomerId(), pay.GetMerchantId(), pay.GetLivemode(), pay.GetSequence(), worth)
	if err != nil {
		return fmt.Errorf("store points of payment: %w", err)
	}
	if tag.RowsAffected() == 0 || worth == before {
		return nil
	}
	return addEntry(ctx, tx, pay, name, worth-before, at)
}

func merchant(ctx context.Context, tx pgx.Tx, id string) (name string, eligible bool, err error) {
	err = tx.QueryRow(ctx, `select name, eligible from loyalty_merchants where merchant_id = $1`, id).Scan(&name, &eligible)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("find merchant for points: %w", err)
	}
	return name, eligible, nil
}

func earned(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment) (points int64, known bool, err error) {
	err = tx.QueryRow(ctx, `select points from loyalty_payments where reference = $1 for update`, pay.GetReference()).Scan(&points)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("find points of payment: %w", err)
	}
	return points, true, nil
}

// addEntry adds an entry to the ledger, with the balance after it.
func addEntry(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, merchantName string, points int64, at time.Time) error {
	kind := "earned"
	if points < 0 {
		kind = "taken_back"
	}
	_, err := tx.Exec(ctx, `with account as (
			insert into loyalty_accounts as a (customer_id, livemode, balance) values ($2, $3, $8)
			on conflict (customer_id, livemode) do update set balance = a.balance + excluded.balance returning balance
		)
		insert into loyalty_entries (id, customer_id, livemode, merchant_id, merchant_name, reference, kind, points, balance, occurred_at)
		select $1, $2, $3, $4, $5, $6, $7, $8, account.balance, $9 from account`,
		events.NewID(), pay.GetCustomerId(), pay.GetLivemode(), pay.GetMerchantId(), merchantName, pay.GetReference(), kind, points, at)
	if err != nil {
		return fmt.Errorf("add points to the ledger: %w", err)
	}
	return nil
}

// entry is an entry of the ledger.
type entry struct {
	ID, Kind                            string
	Points, Balance                     int64
	MerchantID, MerchantName, Reference string
	OccurredAt                          time.Time
}

// account returns a customer's balance, one page of the ledger, newest first, and the number of entries.
func account(ctx context.Context, db pg.DB, customer string, livemode bool, limit, offset int64) (balance int64, list []entry, total int64, err error) {
	b := &pgx.Batch{} // without a snapshot, which would cost a transaction, an entry may be newer than the balance; the next call corrects it
	b.Queue(`select coalesce((select balance from loyalty_accounts where customer_id = $1 and livemode = $2), 0),
		(select count(*) from loyalty_entries where customer_id = $1 and livemode = $2)`, customer, livemode).
		QueryRow(func(row pgx.Row) error { return row.Scan(&balance, &total) })
	b.Queue(`select id::text, kind, points, balance, merchant_id, merchant_name, reference, occurred_at from loyalty_entries
		where customer_id = $1 and livemode = $2 order by loyalty_entries.id desc limit $3 offset $4`, customer, livemode, limit, offset).
		Query(func(rows pgx.Rows) error {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[entry])
			return err
		})
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return 0, nil, 0, fmt.Errorf("read points: %w", err)
	}
	return balance, list, total, nil
}
