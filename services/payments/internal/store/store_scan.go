package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// Lock order in this file: the row of a scan before the row of its gateway payment. Only the transaction that records a scan
// locks the gateway payment first, when no other transaction can know the scan.

// Scan records a payment that a customer makes by scanning. requestID identifies the code: if the same customer pays the same
// code and amount again within ReferenceClaim, the earlier payment is returned unless it failed. A key of idem is held for HeaderClaim and
// refers to its payment whatever became of it. A scan of a gateway payment
// takes hold of it in the same transaction and copies its description, beneficiary and execution. Errors: ErrNotFound for an
// unknown gateway payment, INVALID_STATE for one that this customer cannot pay now, ErrKeyReused.
func (s *Store) Scan(ctx context.Context, p payment.Payment, requestID string, idem Idempotency, meta Meta) (recorded payment.Payment, match Match, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var gateway payment.Payment
		if p.Origin == payment.OriginScan {
			if gateway, err = s.lockPayable(ctx, tx, p.GatewayReference, p.MerchantID, p.Livemode); err != nil {
				return err
			}
		}
		recorded, match, err = s.findScan(ctx, tx, p, requestID, idem)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		if p.Origin == payment.OriginScan {
			if err := payment.CheckScannable(gateway, p, s.clock()); err != nil {
				return err
			}
			p = payment.CopyFromGateway(p, gateway)
		}
		if recorded, err = s.insert(ctx, tx, p, meta); err != nil || p.Origin != payment.OriginScan {
			return err
		}
		gateway.PaidBy = p.Reference
		c := payment.Change{To: gateway.Status, Detail: payment.DetailPayingByScan, Cause: payment.CauseScan}
		return s.hold(ctx, tx, gateway, c, meta)
	})
	if isUniqueViolation(err) { // an earlier scan has lost its hold but has not ended yet
		err = errs.New(errs.InvalidState, "%s", payment.MessageHeld)
	}
	return recorded, match, err
}

// lockPayable locks a payment that a scan or the merchant's confirmation may complete.
func (s *Store) lockPayable(ctx context.Context, tx pgx.Tx, reference, merchant string, livemode bool) (payment.Payment, error) {
	return s.scan(tx.QueryRow(ctx, `select `+columns+` from payments
		where reference = $1 and merchant_id = $2 and livemode = $3 and kind = 'payment' and origin in ('api', 'order') for update`,
		reference, merchant, livemode))
}

// findScan returns the payment that already exists for the command, the key or the code, or ErrNotFound.
func (s *Store) findScan(ctx context.Context, tx pgx.Tx, p payment.Payment, requestID string, idem Idempotency) (payment.Payment, Match, error) {
	known, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, p.Reference))
	if !errors.Is(err, ErrNotFound) {
		return known, NoMatch, err // redelivered
	}
	if idem.Key == "" {
		return s.scanOfCode(ctx, tx, p, requestID)
	}
	now, key := s.clock(), keyOf(p, kindHeader, idem.Key)
	holder, err := claim.Take(ctx, tx, key, claim.Claim{Reference: p.Reference, Fingerprint: idem.Fingerprint, ExpiresAt: now.Add(HeaderClaim)}, now)
	switch {
	case err != nil:
		return payment.Payment{}, NoMatch, err
	case !holder.Same(idem.Fingerprint):
		return payment.Payment{}, NoMatch, ErrKeyReused
	case holder.Reference != p.Reference:
		known, err = s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, holder.Reference))
		return known, ByKey, err
	}
	known, match, err := s.scanOfCode(ctx, tx, p, requestID)
	if err != nil {
		return known, match, err
	}
	return known, match, claim.Point(ctx, tx, key, known.Reference)
}

// scanOfCode returns the payment of the customer for the code and amount, or ErrNotFound.
func (s *Store) scanOfCode(ctx context.Context, tx pgx.Tx, p payment.Payment, requestID string) (payment.Payment, Match, error) {
	now, key := s.clock(), keyOf(p, kindScan, scanKey(p, requestID))
	mine := claim.Claim{Reference: p.Reference, ExpiresAt: now.Add(ReferenceClaim)}
	holder, err := claim.Take(ctx, tx, key, mine, now)
	if err != nil {
		return payment.Payment{}, NoMatch, err
	}
	if holder.Reference == p.Reference {
		return payment.Payment{}, NoMatch, ErrNotFound
	}
	known, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, holder.Reference))
	if err != nil || !known.MayPayAgain() {
		return known, ByReference, err
	}
	moved, err := claim.Move(ctx, tx, key, holder.Reference, mine)
	switch {
	case err != nil:
		return payment.Payment{}, NoMatch, err
	case !moved: // a concurrent request retries the same code
		return payment.Payment{}, NoMatch, errs.New(errs.InvalidState, "%s", payment.MessageHeld)
	default:
		return payment.Payment{}, NoMatch, ErrNotFound
	}
}

// scanKey identifies the customer, the code and the amount. The parts are quoted, so that different inputs cannot collide.
func scanKey(p payment.Payment, requestID string) string {
	text := fmt.Sprintf("%q %q %q %d %s", p.CustomerID, requestID, p.GatewayReference, p.Amount, p.Currency)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// hold writes the holder that is set on p, whose row is locked.
func (s *Store) hold(ctx context.Context, tx pg.DB, p payment.Payment, c payment.Change, meta Meta) error {
	before := p
	if p.OwnSession == payment.SessionOpen {
		p.OwnSession = payment.SessionClosing
	}
	return s.apply(ctx, tx, before, &p, c, meta)
}

// MarkScanRequested records that a create request for the scan is about to be sent. It returns false if the scan does not hold
// its gateway payment, the session of that payment is not closed, or the scan was requested before. After that, the hold is
// released only when the scan ends.
func (s *Store) MarkScanRequested(ctx context.Context, reference string, lease time.Duration) (bool, error) {
	now := s.clock()
	tag, err := s.pool.Exec(ctx, `update payments s set requested_at = $2, due_at = $3
		where reference = $1 and status = 'pending' and provider_payment_id is null and requested_at is null
		and exists (select 1 from payments g where g.reference = s.gateway_reference and g.paid_by = s.reference and g.own_session = 'closed')`,
		reference, now, now.Add(lease))
	if err != nil {
		return false, fmt.Errorf("mark scan %s as requested: %w", reference, err)
	}
	return tag.RowsAffected() == 1, nil
}

// WakeScan makes a scan due that waits for its gateway payment.
func (s *Store) WakeScan(ctx context.Context, reference string) error {
	_, err := s.pool.Exec(ctx, `update payments set due_at = $2
		where reference = $1 and due_at is not null and requested_at is null and provider_payment_id is null`, reference, s.clock())
	if err != nil {
		return fmt.Errorf("wake scan %s: %w", reference, err)
	}
	return nil
}

// settleGateway applies a scan that has ended to the payment it holds.
func (s *Store) settleGateway(ctx context.Context, tx pg.DB, done payment.Payment, why payment.Change, meta Meta) error {
	before, err := s.lock(ctx, tx, done.GatewayReference)
	if err != nil {
		return err
	}
	after, step, err := payment.SettleScan(before, done, why, s.clock())
	if err != nil {
		return err
	}
	return s.take(ctx, tx, before, &after, step, meta)
}

// mirror shows a detail of a scan on the payment it holds.
func (s *Store) mirror(ctx context.Context, tx pg.DB, of payment.Payment, c payment.Change, meta Meta) error {
	before, err := s.lock(ctx, tx, of.GatewayReference)
	if err != nil {
		return err
	}
	after, step := payment.MirrorScan(before, of, c)
	return s.take(ctx, tx, before, &after, step, meta)
}

// Receive takes hold of a payment whose money, as the merchant reports, arrived outside the provider. amount is 0 or the amount
// of the payment; until due the caller processes it. Errors: ErrNotFound; INVALID_STATE for a payment that is not open or that
// somebody is paying.
func (s *Store) Receive(
	ctx context.Context, merchant string, livemode bool, reference string, amount money.Cents, r payment.Received, due time.Time, meta Meta,
) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		p, err := s.lockPayable(ctx, tx, reference, merchant, livemode)
		if err != nil {
			return err
		}
		if p.Held() && p.Received.By == r.By {
			return nil // repeated
		}
		if err := payment.CheckUnheld(p); err != nil {
			return err
		}
		if amount != 0 && amount != p.Amount {
			return errs.New(errs.InvalidState, "The payment is for %s %s. Only the full amount can be confirmed.", p.Amount, p.Currency)
		}
		if r.At == nil {
			now := s.clock()
			r.At = &now
		}
		p.Received, p.DueAt = r, &due
		return s.hold(ctx, tx, p, payment.Change{
			To: p.Status, Detail: payment.DetailReceived, Cause: payment.CauseMerchant, Actor: r.By, Note: r.Note,
		}, meta)
	})
}
