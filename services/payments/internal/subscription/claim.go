package subscription

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Match is how an existing subscription was found.
type Match string

// The matches. NoMatch means that it is new.
const (
	NoMatch     Match = ""
	ByReference Match = "reference"
	ByKey       Match = "header"
)

// The kinds of keys are those of payments. The prefix keeps ours apart: no key of a merchant has a control character.
const (
	kindHeader    = "header"
	kindReference = "reference"
	keyPrefix     = "\x1fsubscription:"
)

// claim takes the Idempotency-Key and then the merchant's reference, always in this order. If another subscription holds one of them, it
// returns that one and how it was found. A replacement may have the reference of what it replaces.
func (r *Room) claim(ctx context.Context, tx pgx.Tx, w Wish) (string, Match, error) {
	now := r.clock()
	if w.Key != "" {
		mine := claim.Claim{Reference: w.ID, Fingerprint: w.Fingerprint, ExpiresAt: now.Add(store.HeaderClaim)}
		held, err := claim.Take(ctx, tx, w.key(kindHeader, w.Key), mine, now)
		switch {
		case err != nil:
			return "", NoMatch, err
		case !held.Same(w.Fingerprint):
			return "", NoMatch, errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
		case held.Reference != w.ID:
			return held.Reference, ByKey, nil
		}
	}
	if w.MerchantReference == "" || w.Replaces != "" {
		return w.ID, NoMatch, nil
	}
	holder, err := w.claimReference(ctx, tx, now)
	if err != nil || holder == w.ID {
		return w.ID, NoMatch, err
	}
	if w.Key != "" { // from now on the key refers to the holder, too
		err = claim.Point(ctx, tx, w.key(kindHeader, w.Key), holder)
	}
	return holder, ByReference, err
}

// claimReference claims the merchant's reference if it is free or its subscription never became active and has ended.
func (w Wish) claimReference(ctx context.Context, tx pgx.Tx, now time.Time) (string, error) {
	key, mine := w.key(kindReference, w.MerchantReference), claim.Claim{Reference: w.ID, ExpiresAt: now.Add(store.ReferenceClaim)}
	for {
		held, err := claim.Take(ctx, tx, key, mine, now)
		if err != nil || held.Reference == w.ID {
			return w.ID, err
		}
		known, err := find(ctx, tx, held.Reference)
		switch {
		case err != nil:
			return "", err
		case known.Status.Final() && known.ActivatedAt == nil:
			if moved, err := claim.Move(ctx, tx, key, held.Reference, mine); moved || err != nil {
				return w.ID, err
			} // a concurrent request took it: check again
		case known.Amount != w.Amount || known.Schedule.Frequency != w.Schedule.Frequency:
			return "", errs.New(errs.IdempotencyConflict,
				"This reference belongs to a subscription with a different amount or frequency. Send a new reference, or replace that subscription.")
		default:
			return held.Reference, nil
		}
	}
}

func (w Wish) key(kind, key string) claim.Key {
	return claim.Key{MerchantID: w.MerchantID, Livemode: w.Livemode, Kind: kind, Key: keyPrefix + key}
}
