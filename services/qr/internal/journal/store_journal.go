package journal

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
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
