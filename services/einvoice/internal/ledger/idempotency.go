package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

// claimFor is how long a reference or an idempotency key refers to its invoice.
const claimFor = 24 * time.Hour

// Idempotency identifies repeated requests.
type Idempotency struct {
	// Key of the header, and a hash of the request; the key may be empty.
	Key  string
	Hash []byte
	// Reference is the merchant's own, for invoices; may be empty.
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

// takeClaims claims the key and the reference for the result of the transaction, always in this order, and returns what they
// refer to: result, or the result of an earlier request. It waits for concurrent requests.
func takeClaims(ctx context.Context, tx pgx.Tx, who Who, idem Idempotency, result uuid.UUID, now time.Time) (uuid.UUID, error) {
	mine := claim.Claim{Reference: result.String(), Fingerprint: idem.Hash, ExpiresAt: now.Add(claimFor)}
	if idem.Key != "" {
		held, err := claim.Take(ctx, tx, who.key(kindKey, idem.Key), mine, now)
		switch {
		case err != nil:
			return uuid.Nil, err
		case !held.Same(idem.Hash):
			return uuid.Nil, errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
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

// holderOf returns what the key (with the same request), or else the reference, refers to; uuid.Nil if neither is claimed.
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

// purgeEvery is how often expired keys and references are deleted.
const purgeEvery = 10 * time.Minute

// PurgeClaims deletes expired idempotency keys and references until ctx ends.
func (l *Ledger) PurgeClaims(ctx context.Context) error {
	due.Every(ctx, purgeEvery, "purge of idempotency keys", l.Log, func(ctx context.Context) error {
		return claim.Purge(ctx, l.Pool, l.instant())
	})
	return nil
}
