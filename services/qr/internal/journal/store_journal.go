package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// lockHead returns the end of a chain: its last sequence and hash.
func lockHead(ctx context.Context, tx pgx.Tx, merchantID string, livemode bool) (sequence int64, hash []byte, err error) {
	err = tx.QueryRow(ctx, `insert into journal_heads as h (merchant_id, livemode, sequence, hash) values ($1, $2, 0, decode(repeat('00', 32), 'hex'))
		on conflict (merchant_id, livemode) do update set sequence = h.sequence returning sequence, hash`, merchantID, livemode).Scan(&sequence, &hash)
	if err != nil {
		return 0, nil, fmt.Errorf("lock the journal: %w", err)
	}
	return sequence, hash, nil
}

func insert(ctx context.Context, tx pgx.Tx, r *Record) error {
	b := &pgx.Batch{}
	b.Queue(`insert into journal (merchant_id, livemode, sequence, kind, occurred_at, order_id, bill_id, reference, method, amount_cents, tip_cents, body,
		previous, hash) values ($1, $2, $3, $4, $5, nullif($6, '')::uuid, nullif($7, '')::uuid, $8, $9, $10, $11, $12, $13, $14)`,
		r.MerchantID, r.Livemode, r.Sequence, r.Kind, r.At, r.OrderID, r.BillID, r.Reference, r.Method, r.Amount, r.Tip, r.Body, r.Previous, r.Hash)
	b.Queue(`update journal_heads set sequence = $3, hash = $4 where merchant_id = $1 and livemode = $2`, r.MerchantID, r.Livemode, r.Sequence, r.Hash)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("add to the journal: %w", err)
	}
	return nil
}

// Lock locks the end of a chain, so that no record is added until the transaction ends, and returns the last sequence.
func Lock(ctx context.Context, tx pgx.Tx, who Who) (int64, error) {
	sequence, _, err := lockHead(ctx, tx, who.MerchantID, who.Livemode)
	return sequence, err
}

// Head returns the end of a chain; 0 and nothing if it has no record.
func Head(ctx context.Context, db pg.Reader, who Who) (sequence int64, hash []byte, err error) {
	err = db.QueryRow(ctx, `select sequence, hash from journal_heads where merchant_id = $1 and livemode = $2`, who.MerchantID, who.Livemode).Scan(&sequence, &hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, nil, fmt.Errorf("read the end of the journal: %w", err)
	}
	return sequence, hash, nil
}

const columns = `sequence, body, previous, hash`

// OfOrder returns the records of money of an order, the oldest first.
func OfOrder(ctx context.Context, db pg.Reader, who Who, orderID string) ([]Record, error) {
	return collect(ctx, db, who, `select `+columns+` from journal where order_id = $1 and merchant_id = $2 and livemode = $3
		and kind in ('ordered', 'cancelled', 'paid', 'refunded') order by sequence`, orderID, who.MerchantID, who.Livemode)
}

// OfBill returns the records of money of a bill and of its orders, the oldest first.
func OfBill(ctx context.Context, db pg.Reader, who Who, billID string, orders []string) ([]Record, error) {
	return collect(ctx, db, who, `select `+columns+` from journal where (bill_id = $1 or order_id = any($4::text[]::uuid[])) and merchant_id = $2 and livemode = $3
		and kind in ('ordered', 'cancelled', 'paid', 'refunded') order by sequence`, billID, who.MerchantID, who.Livemode, orders)
}

// page is how many records are in memory at a time.
const page = 500

// Between tells do the records from one sequence to another, both included, in parts.
func Between(ctx context.Context, db pg.Reader, who Who, first, last int64, do func([]Record) error) error {
	for first <= last {
		list, err := collect(ctx, db, who, `select `+columns+` from journal where merchant_id = $1 and livemode = $2 and sequence between $3 and $4
			order by sequence limit $5`, who.MerchantID, who.Livemode, first, last, page)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := do(list); err != nil {
			return err
		}
		first = list[len(list)-1].Sequence + 1
	}
	return nil
}

// Within returns the first and last sequence of the records of a time; 0 if there is none.
func Within(ctx context.Context, db pg.Reader, who Who, from, to time.Time) (first, last int64, err error) {
	err = db.QueryRow(ctx, `select coalesce(min(sequence), 0), coalesce(max(sequence), 0) from journal
		where merchant_id = $1 and livemode = $2 and occurred_at >= $3 and occurred_at < $4`, who.MerchantID, who.Livemode, from, to).Scan(&first, &last)
	if err != nil {
		return 0, 0, fmt.Errorf("find the records of a time: %w", err)
	}
	return first, last, nil
}

func collect(ctx context.Context, db pg.Reader, who Who, sql string, args ...any) ([]Record, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Record, err error) {
		if err := row.Scan(&r.Sequence, &r.Body, &r.Previous, &r.Hash); err != nil {
			return r, err
		}
		return r, r.read(who)
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return list, nil
}

// raw is a row as it is stored, which may not be as it was written.
type raw struct {
	Record
	kind, orderID, billID, reference, method string
	at                                       time.Time
	amount, tip                              int64
}

// rawAfter reads rows without trusting them.
func rawAfter(ctx context.Context, db pg.Reader, who Who, after int64) ([]raw, error) {
	rows, err := db.Query(ctx, `select sequence, body, previous, hash, kind, coalesce(order_id::text, ''), coalesce(bill_id::text, ''), reference, method,
		occurred_at, amount_cents, tip_cents from journal where merchant_id = $1 and livemode = $2 and sequence > $3 order by sequence limit $4`,
		who.MerchantID, who.Livemode, after, page)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r raw, err error) {
		err = row.Scan(&r.Sequence, &r.Body, &r.Previous, &r.Hash, &r.kind, &r.orderID, &r.billID, &r.reference, &r.method, &r.at, &r.amount, &r.tip)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return list, nil
}
