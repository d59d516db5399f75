package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/pg"
)

// claimFor is how long a reference or an idempotency key stands for its invoice.
const claimFor = 24 * time.Hour

// Idempotency is what makes two requests the same one.
type Idempotency struct {
	// Key of the header, and a hash of what was asked with it; the key may be empty.
	Key  string
	Hash []byte
	// Reference is the merchant's own, on invoices; may be empty.
	Reference string
}

// claim takes the key and the reference for what the transaction makes, always in this order, and returns what they stand for: result
// itself, or what an earlier request made. A request that comes at the same time waits here for the first one.
func claim(ctx context.Context, tx pgx.Tx, who Who, idem Idempotency, result uuid.UUID, now time.Time) (uuid.UUID, error) {
	if idem.Key != "" {
		holder, hash, err := claimOne(ctx, tx, who, "key", idem.Key, idem.Hash, result, now)
		if err != nil {
			return uuid.Nil, err
		}
		if !bytes.Equal(hash, idem.Hash) {
			return uuid.Nil, errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Use a new key, or send the same request.")
		}
		if holder != result {
			return holder, nil
		}
	}
	if idem.Reference != "" {
		holder, _, err := claimOne(ctx, tx, who, "reference", idem.Reference, nil, result, now)
		if err != nil {
			return uuid.Nil, err
		}
		if holder != result && idem.Key != "" {
			return holder, point(ctx, tx, who, idem.Key, holder)
		}
		return holder, nil
	}
	return result, nil
}

// point makes a key stand for what the reference stood for already.
func point(ctx context.Context, tx pgx.Tx, who Who, key string, holder uuid.UUID) error {
	_, err := tx.Exec(ctx, `update idempotency set result = $4 where merchant_id = $1 and livemode = $2 and kind = 'key' and value = $3`,
		who.MerchantID, who.Livemode, key, holder)
	if err != nil {
		return fmt.Errorf("record idempotency key: %w", err)
	}
	return nil
}

// claimSQL takes what nobody has, or had too long ago, and locks the row either way.
const claimSQL = `insert into idempotency (merchant_id, livemode, kind, value, request_hash, result, created_at)
	values ($1, $2, $3, $4, $5, $6, $7)
	on conflict (merchant_id, livemode, kind, value) do update
		set request_hash = excluded.request_hash, result = excluded.result, created_at = excluded.created_at
		where idempotency.created_at <= $8
	returning result, request_hash`

func claimOne(
	ctx context.Context, tx pgx.Tx, who Who, kind, value string, hash []byte, result uuid.UUID, now time.Time,
) (holder uuid.UUID, of []byte, err error) {
	err = tx.QueryRow(ctx, claimSQL, who.MerchantID, who.Livemode, kind, value, hash, result, now, now.Add(-claimFor)).Scan(&holder, &of)
	if errors.Is(err, pgx.ErrNoRows) { // somebody has it
		err = tx.QueryRow(ctx, `select result, request_hash from idempotency where merchant_id = $1 and livemode = $2 and kind = $3 and value = $4`,
			who.MerchantID, who.Livemode, kind, value).Scan(&holder, &of)
	}
	if err != nil {
		return uuid.Nil, nil, fmt.Errorf("claim %s: %w", kind, err)
	}
	return holder, of, nil
}

// holderOf is what a key with the same request, or else a reference, stands for; none where neither does.
func holderOf(ctx context.Context, db pg.DB, who Who, idem Idempotency, now time.Time) (uuid.UUID, error) {
	var holder uuid.UUID
	err := db.QueryRow(ctx, `select result from idempotency where merchant_id = $1 and livemode = $2 and created_at > $6
		and (kind = 'key' and value = $3 and request_hash = $4 or kind = 'reference' and value = $5) and value <> ''
		order by kind limit 1`, who.MerchantID, who.Livemode, idem.Key, idem.Hash, idem.Reference, now.Add(-claimFor)).Scan(&holder)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("look for the same request: %w", err)
	}
	return holder, nil
}

// purgeEvery is how often keys and references that are over are forgotten.
const purgeEvery = 10 * time.Minute

// Tidy forgets idempotency keys and references that are over, until ctx ends.
func (l *Ledger) Tidy(ctx context.Context) error {
	due.Every(ctx, purgeEvery, "forgetting idempotency keys", l.Log, func(ctx context.Context) error {
		_, err := l.Pool.Exec(ctx, `delete from idempotency where created_at <= $1`, l.instant().Add(-claimFor))
		return err
	})
	return nil
}
