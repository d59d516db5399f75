package reward

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
)

// queueCustomerEntry adds a line to the list that a customer of the app has of all merchants, with the balance after it.
func queueCustomerEntry(b *pgx.Batch, m *member, e entry) {
	b.Queue(`with account as (
			insert into loyalty_accounts as a (customer_id, livemode, balance) values ($2, $3, $7)
			on conflict (customer_id, livemode) do update set balance = a.balance + excluded.balance returning balance
		)
		insert into loyalty_entries (id, customer_id, livemode, merchant_id, merchant_name, reference, kind, points, balance, occurred_at, adopted)
		select $1, $2, $3, $4, coalesce((select name from loyalty_merchants where merchant_id = $4), ''), $5, $6, $7, account.balance, $8, true from account`,
		e.ID, m.Subject, m.Livemode, m.MerchantID, e.Reference, e.Kind, e.Points, e.At)
}

// queueAdopted marks lines as taken over, and counts them as those of the default program.
func queueAdopted(b *pgx.Batch, memberID string, ids []string, points int64) {
	b.Queue(`update loyalty_entries set adopted = true where id = any($1::text[]::uuid[])`, ids)
	b.Queue(`insert into reward_totals as t (member_id, version, granted) values ($1, 0, greatest($2::bigint, 0))
		on conflict (member_id, version) do update set granted = t.granted + $2`, memberID, points)
}

// toAdopt returns some customers with lines that a version before this one has written.
func toAdopt(ctx context.Context, db pg.DB) ([]customer, error) {
	rows, err := db.Query(ctx, `select distinct customer_id, merchant_id, livemode from loyalty_entries where not adopted limit 500`)
	if err != nil {
		return nil, fmt.Errorf("find points to take over: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[customer])
	if err != nil {
		return nil, fmt.Errorf("find points to take over: %w", err)
	}
	return list, nil
}

// customerEntry is a line of a customer's list.
type customerEntry struct {
	entry
	MerchantID, MerchantName string
}

// account returns a customer's balance at all merchants, one page of the list, newest first, and the number of lines. Without a snapshot, which
// would cost a transaction, an entry may be newer than the balance; the next call corrects it.
func account(
	ctx context.Context, db pg.Reader, customerID string, livemode bool, limit, offset int64,
) (balance int64, list []customerEntry, total tally.Total, err error) {
	err = db.QueryRow(ctx, `select coalesce((select balance from loyalty_accounts where customer_id = $1 and livemode = $2), 0)`, customerID, livemode).
		Scan(&balance)
	if err != nil {
		return 0, nil, tally.Total{}, fmt.Errorf("read the balance of points: %w", err)
	}
	if total, err = tally.AtMost(ctx, db, `from loyalty_entries where customer_id = $1 and livemode = $2`, customerID, livemode); err != nil {
		return 0, nil, tally.Total{}, fmt.Errorf("count points: %w", err)
	}
	rows, err := db.Query(ctx, `select id::text, kind, points, balance, merchant_id, merchant_name, reference, occurred_at from loyalty_entries
		where customer_id = $1 and livemode = $2 order by loyalty_entries.id desc limit $3 offset $4`, customerID, livemode, limit, offset)
	if err != nil {
		return 0, nil, tally.Total{}, fmt.Errorf("read points: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e customerEntry, err error) {
		err = row.Scan(&e.ID, &e.Kind, &e.Points, &e.Balance, &e.MerchantID, &e.MerchantName, &e.Reference, &e.At)
		return e, err
	})
	if err != nil {
		return 0, nil, tally.Total{}, fmt.Errorf("read points: %w", err)
	}
	return balance, list, total, nil
}
