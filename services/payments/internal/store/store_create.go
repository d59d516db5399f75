package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/outbox"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// How long an idempotency key is held: the merchant's reference by the contract, the header by common practice.
const (
	ReferenceClaim = 30 * time.Minute
	HeaderClaim    = 24 * time.Hour
)

// ErrReferenceReused says that a merchant's reference came with another amount or currency than those of the payment that
// holds it, which is open or paid.
var ErrReferenceReused = errors.New("reference was used with another amount or currency")

// ErrKeyReused says that an Idempotency-Key came with another request than the first time.
var ErrKeyReused = errors.New("idempotency key was used with another request")

// Match tells by what an existing payment was found.
type Match string

// The matches; NoMatch is a payment that was recorded by this call.
const (
	NoMatch     Match = ""
	ByReference Match = "reference"
	ByKey       Match = "header"
)

// Idempotency is what makes two requests the same one.
type Idempotency struct {
	Key         string // of the header; may be empty
	Fingerprint []byte
}

// Create records a new payment with its first history row and event. When the same merchant's reference or idempotency
// key is held by an earlier payment, that one is returned with how it was found and nothing is recorded. A payment that
// ended unpaid holds its reference no more. The same payment recorded twice (a command that was delivered again) counts as
// recorded now. Errors: ErrKeyReused, ErrReferenceReused.
func (s *Store) Create(ctx context.Context, p payment.Payment, idem Idempotency, meta Meta) (recorded payment.Payment, match Match, err error) {
	held, err := s.held(ctx, p, idem)
	if err != nil {
		return payment.Payment{}, NoMatch, err
	}
	if !held {
		recorded, err = s.createFresh(ctx, p, idem, meta)
		if !isTaken(err) { // as it is when somebody else was faster by a moment
			return recorded, NoMatch, err
		}
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		recorded, err = scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, p.Reference))
		if !errors.Is(err, ErrNotFound) {
			return err // delivered again: its reference may be another payment's by now
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
		recorded, err = scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, holder))
		return err
	})
	return recorded, match, err
}

// held reports whether the payment exists or one of its keys is held: PostgreSQL would have an error in its log for each request that
// comes again.
func (s *Store) held(ctx context.Context, p payment.Payment, idem Idempotency) (bool, error) {
	reference := p.MerchantReference
	if p.Kind != payment.KindPayment {
		reference = "" // a refund's is no key
	}
	var held bool
	err := s.pool.QueryRow(ctx, `select exists (select from payments where reference = $1) or exists (select from claims
		where merchant_id = $2 and livemode = $3 and (kind = 'header' and key = $4 or kind = 'reference' and key = $5))`,
		p.Reference, p.MerchantID, p.Livemode, idem.Key, reference).Scan(&held)
	if err != nil {
		return false, fmt.Errorf("look for the keys of payment %s: %w", p.Reference, err)
	}
	return held, nil
}

// claimSQL takes a key that nobody holds; one that is held breaks the transaction off.
const claimSQL = `insert into claims (merchant_id, livemode, kind, key, reference, fingerprint, expires_at) values ($1, $2, $3, $4, $5, $6, $7)`

// createFresh records a payment that nothing stands in the way of, in one round trip and a commit that it may share. A key or a
// reference that exists by now breaks it off.
func (s *Store) createFresh(ctx context.Context, p payment.Payment, idem Idempotency, meta Meta) (payment.Payment, error) {
	now, first := s.clock(), s.first(p)
	e, err := event(first, "", string(p.Kind)+".created", refundOf{}, meta)
	if err != nil {
		return payment.Payment{}, err
	}
	err = s.group.do(ctx, func(b *pgx.Batch) {
		if idem.Key != "" {
			b.Queue(claimSQL, p.MerchantID, p.Livemode, "header", idem.Key, p.Reference, notNil(idem.Fingerprint), now.Add(HeaderClaim))
		}
		if p.Kind == payment.KindPayment && p.MerchantReference != "" {
			b.Queue(claimSQL, p.MerchantID, p.Livemode, "reference", p.MerchantReference, p.Reference, []byte{}, now.Add(ReferenceClaim))
		}
		b.Queue(insertSQL, insertArguments(first)...)
		queueHistory(b, first, "", created(first))
		outbox.Queue(b, e)
	})
	if err != nil {
		return payment.Payment{}, fmt.Errorf("record payment %s: %w", p.Reference, err)
	}
	changes.WithLabelValues(e.Type).Inc()
	s.wake()
	return first, nil
}

// isTaken reports whether a row with one of the keys exists already.
func isTaken(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "23505" // unique_violation
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// claimAll claims the header's key and the merchant's reference, always in this order, and returns the reference of
// the payment that holds them, and by which of the two.
func (s *Store) claimAll(ctx context.Context, tx pgx.Tx, p payment.Payment, idem Idempotency) (string, Match, error) {
	now := s.clock()
	if idem.Key != "" {
		holder, fingerprint, err := claim(ctx, tx, p, "header", idem.Key, idem.Fingerprint, now, now.Add(HeaderClaim))
		if err != nil {
			return "", NoMatch, err
		}
		if !bytes.Equal(fingerprint, idem.Fingerprint) {
			return "", NoMatch, ErrKeyReused
		}
		if holder != p.Reference {
			return holder, ByKey, nil
		}
	}
	if p.Kind != payment.KindPayment || p.MerchantReference == "" {
		return p.Reference, NoMatch, nil
	}
	holder, err := s.claimReference(ctx, tx, p)
	if err != nil || holder == p.Reference || idem.Key == "" {
		return holder, ByReference, err
	}
	// The key came with a reference that another payment holds: from now on the key stands for that payment.
	_, err = tx.Exec(ctx, `update claims set reference = $1 where merchant_id = $2 and livemode = $3 and kind = 'header' and key = $4`,
		holder, p.MerchantID, p.Livemode, idem.Key)
	return holder, ByReference, err
}

// claimReference claims the merchant's reference: it is free, or free again because the payment that held it ended unpaid.
// An order has one payment, whatever becomes of it.
func (s *Store) claimReference(ctx context.Context, tx pgx.Tx, p payment.Payment) (string, error) {
	now := s.clock()
	for {
		holder, _, err := claim(ctx, tx, p, "reference", p.MerchantReference, nil, now, now.Add(ReferenceClaim))
		if err != nil || holder == p.Reference {
			return holder, err
		}
		known, err := scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, holder))
		switch {
		case err != nil:
			return "", err
		case known.Unpaid() && p.Origin != payment.OriginOrder:
			took, err := takeOver(ctx, tx, p, holder, now.Add(ReferenceClaim))
			if took || err != nil {
				return p.Reference, err
			} // somebody else took it: look again
		case known.Amount != p.Amount || known.Currency != p.Currency:
			return "", ErrReferenceReused
		default:
			return holder, nil
		}
	}
}

// takeOver takes the merchant's reference from a payment that ended unpaid, unless somebody was faster.
func takeOver(ctx context.Context, tx pgx.Tx, p payment.Payment, from string, until time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `update claims set reference = $1, expires_at = $2
		where merchant_id = $3 and livemode = $4 and kind = 'reference' and key = $5 and reference = $6`,
		p.Reference, until, p.MerchantID, p.Livemode, p.MerchantReference, from)
	if err != nil {
		return false, fmt.Errorf("take over the reference of payment %s: %w", from, err)
	}
	return tag.RowsAffected() == 1, nil
}

// claim takes the key for p unless somebody holds it, and returns who holds it now. A racing claim waits here for the
// other transaction.
func claim(ctx context.Context, tx pgx.Tx, p payment.Payment, kind, key string, fingerprint []byte, now, until time.Time) (string, []byte, error) {
	fingerprint = notNil(fingerprint)
	tag, err := tx.Exec(ctx, `insert into claims (merchant_id, livemode, kind, key, reference, fingerprint, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (merchant_id, livemode, kind, key) do update
		set reference = excluded.reference, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
		where claims.expires_at <= $8`,
		p.MerchantID, p.Livemode, kind, key, p.Reference, fingerprint, until, now)
	if err != nil {
		return "", nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return p.Reference, fingerprint, nil
	}
	var holder string
	err = tx.QueryRow(ctx, `select reference, fingerprint from claims where merchant_id = $1 and livemode = $2 and kind = $3 and key = $4`,
		p.MerchantID, p.Livemode, kind, key).Scan(&holder, &fingerprint)
	if err != nil {
		return "", nil, fmt.Errorf("read idempotency key: %w", err)
	}
	return holder, fingerprint, nil
}

const insertSQL = `insert into payments (reference, kind, original_reference, merchant_id, livemode, amount_cents, currency,
	status, sequence, description, merchant_reference, success_url, cancel_url, metadata, execution_type, execution_date,
	merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_bic, beneficiary_kind, beneficiary_legal,
	beneficiary_siren, payer_name, payer_iban, payer_bic, requested_at, due_at, expires_at, origin, order_id, customer_id, gateway_reference,
	own_session, creates, payer_identity, beneficiary_identity, code_request, created_at, updated_at)
	values ($1, $2, $3, $4, $5, $6, $7, 'pending', 1, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
	$23, $24, $25, $26, $27, $28, $30, $31, $32, $33, $34, $35, $36, $37, $38, $29, $29)`

func insertArguments(p payment.Payment) []any {
	return []any{
		p.Reference, p.Kind, nullable(p.OriginalReference), p.MerchantID, p.Livemode, p.Amount, p.Currency,
		p.Description, p.MerchantReference, p.SuccessURL, p.CancelURL, p.Metadata, p.ExecutionType, p.ExecutionDate,
		p.MerchantName, p.WaitForSettlement, p.Beneficiary.Name, p.Beneficiary.IBAN, p.Beneficiary.BIC, p.Beneficiary.Kind, p.Beneficiary.Legal,
		p.Beneficiary.SIREN, p.Payer.Name, p.Payer.IBAN, p.Payer.BIC, p.RequestedAt, p.DueAt, p.ExpiresAt, p.CreatedAt,
		p.Origin, p.OrderID, p.CustomerID, nullable(p.GatewayReference), p.OwnSession, p.Creates, p.Payer.Identity, p.Beneficiary.Identity, p.CodeRequest,
	}
}

// first is the payment as it is when it is recorded.
func (s *Store) first(p payment.Payment) payment.Payment {
	p.Status, p.Sequence, p.OwnSession = payment.Pending, 1, payment.SessionOpen
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
	p = s.first(p)
	tag, err := tx.Exec(ctx, insertSQL+` on conflict (reference) do nothing`, insertArguments(p)...)
	if err != nil {
		return payment.Payment{}, fmt.Errorf("insert payment %s: %w", p.Reference, err)
	}
	if tag.RowsAffected() == 0 { // the command was delivered again
		return scan(tx.QueryRow(ctx, `select `+columns+` from payments where reference = $1`, p.Reference))
	}
	return p, s.record(ctx, tx, p, "", created(p), refundOf{}, meta)
}
