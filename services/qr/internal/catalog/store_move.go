package catalog

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

const (
	// keyLife is how long an Idempotency-Key refers to its movement.
	keyLife      = 24 * time.Hour
	maxReference = 100
)

// Move is a movement of the stock that a merchant records.
type Move struct {
	MerchantID, ProductID string
	// VariantID is empty for the product's own stock.
	VariantID string
	Reason    stock.Reason
	// Quantity is what the stock changes by. Of a Count there are Counted instead, where the merchant believed that there were Expected.
	Quantity          int32
	Counted, Expected *int32
	Reference, Actor  string
	// Key makes a repetition harmless; empty: none.
	Key string
}

// check cleans and validates the movement.
func (m *Move) check() error {
	var bad refusals
	switch n := m.Quantity; m.Reason {
	case stock.Delivery, stock.Return:
		bad.unless(n >= 1 && n <= MaxStock, "quantity", "must be from 1 to %d for a %s", MaxStock, m.Reason)
	case stock.Loss:
		bad.unless(n <= -1 && n >= -MaxStock, "quantity", "must be from -%d to -1 for a loss", MaxStock)
	case stock.Correction:
		bad.unless(n != 0 && n >= -MaxStock && n <= MaxStock, "quantity", "must be from -%d to %d and not 0", MaxStock, MaxStock)
	case stock.Count:
		bad.unless(n == 0, "quantity", "is not part of a count: give counted and expected")
	default:
		bad.unless(false, "reason", "must be delivery, return, loss, correction or count")
	}
	for field, n := range map[string]*int32{"counted": m.Counted, "expected": m.Expected} {
		if m.Reason == stock.Count {
			bad.unless(n != nil && *n >= 0 && *n <= MaxStock, field, "must be from 0 to %d", MaxStock)
		} else {
			bad.unless(n == nil, field, "is only part of a count")
		}
	}
	s, ok := plaintext.Line(m.Reference, maxReference)
	bad.unless(ok, "reference", "must have at most %d visible characters", maxReference)
	m.Reference = s
	return bad.err()
}

// fingerprint tells requests with the same key apart.
func (m *Move) fingerprint() []byte {
	counted, expected := int32(-1), int32(-1)
	if m.Counted != nil && m.Expected != nil {
		counted, expected = *m.Counted, *m.Expected
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d %d %q", m.ProductID, m.VariantID, m.Reason, m.Quantity, counted, expected, m.Reference))
	return sum[:]
}

// Move records a movement, or returns the one that its key refers to.
func (s *Store) Move(ctx context.Context, m Move) (moved stock.Movement, replayed bool, err error) {
	if err := m.check(); err != nil {
		return stock.Movement{}, false, err
	}
	now, id := s.now(), events.NewID()
	err = s.change(ctx, func(tx pgx.Tx) error {
		if m.Key != "" {
			k := claim.Key{MerchantID: m.MerchantID, Livemode: true, Kind: "stock", Key: m.Key}
			holder, err := claim.Take(ctx, tx, k, claim.Claim{Reference: id, Fingerprint: m.fingerprint(), ExpiresAt: now.Add(keyLife)}, now)
			if err != nil {
				return fmt.Errorf("claim a movement: %w", err)
			}
			if !holder.Same(m.fingerprint()) {
				return errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with a different request. Use a new key for a new request.")
			}
			if replayed = holder.Reference != id; replayed {
				moved, err = stock.Get(ctx, tx, m.MerchantID, holder.Reference)
				return err
			}
		}
		moved, err = s.move(ctx, tx, m, id)
		return err
	})
	return moved, replayed, err
}

// move locks the product, changes its stock or that of its variant, and returns the movement.
func (s *Store) move(ctx context.Context, tx pgx.Tx, m Move, id string) (stock.Movement, error) {
	p, err := readOne(ctx, tx, m.MerchantID, m.ProductID, "for no key update")
	if err != nil {
		return stock.Movement{}, err
	}
	item, before := p.ID, p.Stock
	switch v := p.variant(m.VariantID); {
	case m.VariantID != "" && v == nil:
		return stock.Movement{}, errs.NotFound(variantNoun)
	case v != nil:
		item, before = v.ID, v.Stock
	case p.hasVariants:
		return stock.Movement{}, errs.Invalid(errs.Field{Field: "variant_id", Message: "variant_id is required: the product's stock is that of its variants."})
	}
	after, err := m.after(before)
	if err != nil {
		return stock.Movement{}, err
	}
	if err := s.setStock(ctx, tx, m, item, after, stock.Cause{ID: id, Reason: m.Reason, Reference: m.Reference, Actor: m.Actor, At: s.now()}); err != nil {
		return stock.Movement{}, err
	}
	moved, err := stock.Latest(ctx, tx, item)
	if err != nil {
		return stock.Movement{}, err
	}
	if err := stock.Announce(ctx, tx, m.MerchantID, s.now()); err != nil {
		return stock.Movement{}, err
	}
	if (before == 0) == (after == 0) {
		return moved, nil
	}
	return moved, Bump(ctx, tx, m.MerchantID)
}

// after is what the stock becomes.
func (m *Move) after(before int32) (int32, error) {
	if m.Reason == stock.Count {
		if before != *m.Expected {
			return 0, errs.New(errs.InvalidState, "The stock is %d and not %d: it moved since you looked. Count again with expected %d.", before, *m.Expected, before)
		}
		return *m.Counted, nil
	}
	after := before + m.Quantity
	if after < 0 {
		return 0, errs.New(errs.InvalidState, "Only %d are in stock.", before)
	}
	if after > MaxStock {
		return 0, errs.New(errs.InvalidState, "The stock would be above %d.", MaxStock)
	}
	return after, nil
}

// setStock writes the stock of a locked product or variant. A count is a movement also when it finds what was expected.
func (s *Store) setStock(ctx context.Context, tx pgx.Tx, m Move, item string, after int32, cause stock.Cause) error {
	b := &pgx.Batch{}
	cause.Queue(b)
	if m.VariantID != "" {
		b.Queue(`update product_variants set stock_quantity = $2, stock_sequence = stock_sequence + 1 where id = $1`, item, after)
	} else {
		b.Queue(`update products set stock_quantity = $2, stock_sequence = stock_sequence + 1 where id = $1`, item, after)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("move stock: %w", err)
	}
	return nil
}
