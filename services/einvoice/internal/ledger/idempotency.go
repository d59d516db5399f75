package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
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

// The kinds of keys.
const (
	kindKey       = "key"
	kindReference = "reference"
)

func (w Who) key(kind, key string) claim.Key {
	return claim.Key{MerchantID: w.MerchantID, Livemode: w.Livemode, Kind: kind, Key: key}
}

// claimFirst takes the key and the reference for what the transaction makes, always in this order, and returns what they stand for: result
// itself, or what an earlier request made. A request that comes at the same time waits here for the first one.
func claimFirst(ctx context.Context, tx pgx.Tx, who Who, idem Idempotency, result uuid.UUID, now time.Time) (uuid.UUID, error) {
	mine := claim.Claim{Reference: result.String(), Fingerprint: idem.Hash, ExpiresAt: now.Add(claimFor)}
	if idem.Key != "" {
		held, err := claim.Take(ctx, tx, who.key(kindKey, idem.Key), mine, now)
		switch {
		case err != nil:
			return uuid.Nil, err
		case !held.Same(idem.Hash):
			return uuid.Nil, errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Use a new key, or send the same request.")
		case held.Reference != mine.Reference:
			return uuid.Parse(held.Reference)
		}
	}
	if idem.Reference == "" {
		return result, nil
	}
	mine.Fingerprint = nil
	held, err := claim.Take(ctx, tx, who.key(kindReference, idem.Reference), mine, now)
	if err == nil && held.Reference != mine.Reference && idem.Key != "" {
		err = claim.Point(ctx, tx, who.key(kindKey, idem.Key), held.Reference)
	}
	if err != nil {
		return uuid.Nil, err
	}
	return uuid.Parse(held.Reference)
}

// holderOf is what a key with the same request, or else a reference, stands for; none where neither does.
func holderOf(ctx context.Context, db pg.DB, who Who, idem Idempotency, now time.Time) (uuid.UUID, error) {
	for _, k := range []claim.Key{who.key(kindKey, idem.Key), who.key(kindReference, idem.Reference)} {
		if k.Key == "" {
			continue
		}
		held, found, err := claim.Find(ctx, db, k, now)
		if err != nil {
			return uuid.Nil, err
		}
		if found && (k.Kind == kindReference || held.Same(idem.Hash)) {
			return uuid.Parse(held.Reference)
		}
	}
	return uuid.Nil, nil
}

// purgeEvery is how often keys and references that are over are forgotten.
const purgeEvery = 10 * time.Minute

// Tidy forgets idempotency keys and references that are over, until ctx ends.
func (l *Ledger) Tidy(ctx context.Context) error {
	due.Every(ctx, purgeEvery, "forgetting idempotency keys", l.Log, func(ctx context.Context) error {
		return claim.Purge(ctx, l.Pool, l.instant())
	})
	return nil
}
