package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// FindIn returns the payment that a repeated request means: the one with the reference, or the one that holds the idempotency key. It
// returns ErrNotFound if there is none, and ErrKeyReused.
func (s *Store) FindIn(ctx context.Context, tx pgx.Tx, p payment.Payment, idem Idempotency) (payment.Payment, Match, error) {
	reference, match := p.Reference, ByReference
	if idem.Key != "" {
		held, found, err := claim.Find(ctx, tx, keyOf(p, kindHeader, idem.Key), s.clock())
		switch {
		case err != nil:
			return payment.Payment{}, NoMatch, err
		case found && !held.Same(idem.Fingerprint):
			return payment.Payment{}, NoMatch, ErrKeyReused
		case found:
			reference, match = held.Reference, ByKey
		}
	}
	known, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, reference))
	return known, match, err
}

// CreateIn records a new payment in the caller's transaction, with its first history row, its event and its idempotency key. The merchant's
// reference is not claimed: several payments of a link have the same one. The caller has looked for an earlier payment with FindIn under a
// lock that all requests with the same key take, and wakes the relay after the commit.
func (s *Store) CreateIn(ctx context.Context, tx pgx.Tx, p payment.Payment, idem Idempotency, meta Meta) (payment.Payment, error) {
	now := s.clock()
	if idem.Key != "" {
		mine := claim.Claim{Reference: p.Reference, Fingerprint: idem.Fingerprint, ExpiresAt: now.Add(HeaderClaim)}
		held, err := claim.Take(ctx, tx, keyOf(p, kindHeader, idem.Key), mine, now)
		if err != nil {
			return payment.Payment{}, err
		}
		if held.Reference != p.Reference {
			return payment.Payment{}, fmt.Errorf("record payment %s: its key was taken concurrently", p.Reference)
		}
	}
	return s.insert(ctx, tx, p, meta)
}

// AdoptIn records a payment that the provider made without us, with its ProviderID, in the caller's transaction. It is pending until the
// provider's state is applied to it, and due like any other. It returns an error if the provider's payment is recorded already.
func (s *Store) AdoptIn(ctx context.Context, tx pgx.Tx, p payment.Payment) (payment.Payment, error) {
	recorded, err := s.insert(ctx, tx, p, Meta{})
	if err != nil {
		return payment.Payment{}, err
	}
	tag, err := tx.Exec(ctx, `update payments set provider_payment_id = $2 where reference = $1 and provider_payment_id is null`, p.Reference, p.ProviderID)
	if err != nil {
		return payment.Payment{}, fmt.Errorf("adopt payment %s: %w", p.Reference, err)
	}
	if tag.RowsAffected() != 1 {
		return payment.Payment{}, fmt.Errorf("adopt payment %s: it is recorded already", p.Reference)
	}
	return recorded, nil
}
