package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// How long an idempotency key is held: the merchant's reference as the API reference says, the header as is common practice.
const (
	ReferenceClaim = 30 * time.Minute
	HeaderClaim    = 24 * time.Hour
)

// ErrReferenceReused is returned when a merchant's reference is held by an open or paid payment with another amount or currency.
var ErrReferenceReused = errors.New("reference was used with another amount or currency")

// ErrKeyReused is returned when an Idempotency-Key was used with a different request.
var ErrKeyReused = errors.New("idempotency key was used with another request")

// Match is how an existing payment was found.
type Match string

// The matches. NoMatch means that this call recorded the payment.
const (
	NoMatch     Match = ""
	ByReference Match = "reference"
	ByKey       Match = "header"
)

// Idempotency identifies repeated requests.
type Idempotency struct {
	Key         string // of the header; may be empty
	Fingerprint []byte
}

// Create records a new payment with its first history row and event. If an earlier payment holds the merchant's reference or the
// idempotency key, that payment is returned with its match and nothing is recorded. A payment that ended unpaid no longer holds
// its reference. A redelivered command returns its payment with NoMatch. Errors: ErrKeyReused, ErrReferenceReused.
func (s *Store) Create(ctx context.Context, p payment.Payment, idem Idempotency, meta Meta) (recorded payment.Payment, match Match, err error) {
	recorded, fresh, err := s.createFresh(ctx, p, idem, meta)
	if fresh || err != nil {
		return recorded, NoMatch, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		recorded, err = s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, p.Reference))
		if !errors.Is(err, ErrNotFound) {
			return err // redelivered: another payment may hold its reference by now
		}
		holder, found, err := s.claimAll(ctx, tx, p, idem)
		if err != nil {
			return err
		}
		if holder == p.Reference {
			recorded, err = s.insert(ctx, tx, p, meta)
			return err
		}
		match = found
		recorded, err = s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, holder))
		return err
	})
	return recorded, match, err
}

// Known reports whether Create would return a payment that exists: p itself, of a redelivered command, or one that holds the merchant's
// reference or the idempotency key.
func (s *Store) Known(ctx context.Context, p payment.Payment, idem Idempotency) (bool, error) {
	if _, err := s.ByReference(ctx, p.Reference); !errors.Is(err, ErrNotFound) {
		return err == nil, err
	}
	if idem.Key != "" {
		if _, found, err := claim.Find(ctx, s.pool, keyOf(p, kindHeader, idem.Key), s.clock()); found || err != nil {
			return found, err
		}
	}
	if p.MerchantReference == "" {
		return false, nil
	}
	held, found, err := claim.Find(ctx, s.pool, keyOf(p, kindReference, p.MerchantReference), s.clock())
	if !found || err != nil {
		return false, err
	}
	holder, err := s.ByReference(ctx, held.Reference)
	return err == nil && !holder.Unpaid(), err
}

// isUniqueViolation reports whether a row with one of the keys already exists.
func isUniqueViolation(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "23505" // unique_violation
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// claimAll claims the header's key and then the merchant's reference, always in this order. It returns the reference of the
// payment that holds them and which of the two matched.
func (s *Store) claimAll(ctx context.Context, tx pgx.Tx, p payment.Payment, idem Idempotency) (string, Match, error) {
	now := s.clock()
	if idem.Key != "" {
		mine := claim.Claim{Reference: p.Reference, Fingerprint: idem.Fingerprint, ExpiresAt: now.Add(HeaderClaim)}
		holder, err := claim.Take(ctx, tx, keyOf(p, kindHeader, idem.Key), mine, now)
		switch {
		case err != nil:
			return "", NoMatch, err
		case !holder.Same(idem.Fingerprint):
			return "", NoMatch, ErrKeyReused
		case holder.Reference != p.Reference:
			return holder.Reference, ByKey, nil
		}
	}
	if p.Kind != payment.KindPayment || p.MerchantReference == "" {
		return p.Reference, NoMatch, nil
	}
	holder, err := s.claimReference(ctx, tx, p)
	if err != nil || holder == p.Reference || idem.Key == "" {
		return holder, ByReference, err
	}
	// The key came with a reference that another payment holds. From now on the key refers to that payment.
	return holder, ByReference, claim.Point(ctx, tx, keyOf(p, kindHeader, idem.Key), holder)
}

// claimReference claims the merchant's reference if it is free or its payment ended unpaid. An order has exactly one payment,
// whatever its outcome.
func (s *Store) claimReference(ctx context.Context, tx pgx.Tx, p payment.Payment) (string, error) {
	now, key := s.clock(), keyOf(p, kindReference, p.MerchantReference)
	mine := claim.Claim{Reference: p.Reference, ExpiresAt: now.Add(ReferenceClaim)}
	for {
		held, err := claim.Take(ctx, tx, key, mine, now)
		holder := held.Reference
		if err != nil || holder == p.Reference {
			return holder, err
		}
		known, err := s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, holder))
		switch {
		case err != nil:
			return "", err
		case known.Unpaid() && p.Origin != payment.OriginOrder:
			if moved, err := claim.Move(ctx, tx, key, holder, mine); moved || err != nil {
				return p.Reference, err
			} // a concurrent request took it: check again
		case known.Amount != p.Amount || known.Currency != p.Currency:
			return "", ErrReferenceReused
		default:
			return holder, nil
		}
	}
}

// The kinds of keys.
const (
	kindHeader    = "header"
	kindReference = "reference"
	kindScan      = "scan"
)

// keyOf returns a claim key of the merchant that owns p.
func keyOf(p payment.Payment, kind, key string) claim.Key {
	return claim.Key{MerchantID: p.MerchantID, Livemode: p.Livemode, Kind: kind, Key: key}
}

// insertSQL ends with its values as a select, so that a condition may follow.
const insertSQL = `insert into payments (reference, kind, original_reference, merchant_id, livemode, amount_cents, currency,
	status, sequence, description, merchant_reference, success_url, cancel_url, metadata, execution_type, execution_date,
	merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_bic, beneficiary_kind, beneficiary_legal,
	beneficiary_siren, payer_name, payer_iban_key_id, payer_bic, requested_at, due_at, expires_at, origin, order_id, customer_id, gateway_reference,
	own_session, creates, payer_identity, beneficiary_identity, code_request, payer_iban_sealed, beneficiary_iban_key_id, beneficiary_iban_sealed,
	metadata_terms, bank_id, settlement, payment_link_id, subscription_id, trace, created_at, updated_at)
	select $1, $2, $3, $4::uuid, $5::boolean, $6, $7, 'pending', 1, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
	$23, $24, $25, $26, $27, $28, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42::bigint[], $43::uuid, $44, $45, $46, $47, $29::timestamptz, $29`

func (s *Store) insertArguments(p payment.Payment) []any {
	payer := s.seal(p.Payer.IBAN, payerOwner(p.Reference))
	iban, beneficiary := s.beneficiary(p)
	return []any{
		p.Reference, p.Kind, nullable(p.OriginalReference), p.MerchantID, p.Livemode, p.Amount, p.Currency,
		p.Description, p.MerchantReference, p.SuccessURL, p.CancelURL, p.Metadata, p.ExecutionType, p.ExecutionDate,
		p.MerchantName, p.WaitForSettlement, p.Beneficiary.Name, iban, p.Beneficiary.BIC, p.Beneficiary.Kind, p.Beneficiary.Legal,
		p.Beneficiary.SIREN, p.Payer.Name, payer.keyID, p.Payer.BIC, p.RequestedAt, p.DueAt, p.ExpiresAt, p.CreatedAt,
		p.Origin, p.OrderID, p.CustomerID, nullable(p.GatewayReference), p.OwnSession, p.Creates, p.Payer.Identity, p.Beneficiary.Identity, p.CodeRequest,
		payer.data, beneficiary.keyID, beneficiary.data, metadataTerms(p.MerchantID, p.Livemode, p.Metadata), nullable(p.BankID), p.Settlement,
		p.PaymentLinkID, p.SubscriptionID, p.Trace,
	}
}

// initial returns the payment in its initial state, with the trace of ctx.
func (s *Store) initial(ctx context.Context, p payment.Payment) payment.Payment {
	p.Status, p.Sequence, p.OwnSession, p.Trace = payment.Pending, 1, payment.SessionOpen, trace.Parent(ctx)
	if p.Origin == "" {
		p.Origin = payment.OriginAPI
	}
	if p.RequestedAt != nil {
		p.Creates = 1
	}
	p.CreatedAt = s.clock()
	p.UpdatedAt = p.CreatedAt
	return p
}

func created(p payment.Payment) payment.Change {
	return payment.Change{To: payment.Pending, Cause: payment.CauseAPI, Event: string(p.Kind) + ".created"}
}

func (s *Store) insert(ctx context.Context, tx pgx.Tx, p payment.Payment, meta Meta) (payment.Payment, error) {
	p = s.initial(ctx, p)
	tag, err := tx.Exec(ctx, insertSQL+` on conflict (reference) do nothing`, s.insertArguments(p)...)
	if err != nil {
		return payment.Payment{}, fmt.Errorf("insert payment %s: %w", p.Reference, err)
	}
	if tag.RowsAffected() == 0 { // the command was redelivered
		return s.scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, p.Reference))
	}
	return p, s.record(ctx, tx, p, "", created(p), meta)
}
