// Package store keeps payments in PostgreSQL. Every change of a payment is one transaction with its history row and
// its event.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// ErrNotFound is returned when the merchant has no such payment in the mode.
var ErrNotFound = errors.New("payment not found")

// Store reads and writes the payments schema.
type Store struct {
	pool *pgxpool.Pool
	// reads is where lists and summaries are read.
	reads *pg.Reads
	vault *vault.Vault
	group *group
	now   func() time.Time
	wake  func()
	// onMandate follows mandates, see OnMandate.
	onMandate func(context.Context, pg.DB, payment.Payment, payment.Change) error
}

// New returns a store. v seals the account numbers of payers and the provider's responses. wake is called after each commit that
// recorded an event.
func New(pool *pgxpool.Pool, v *vault.Vault, now func() time.Time, wake func()) *Store {
	return &Store{pool: pool, reads: pg.ReadsOf(pool), vault: v, group: newGroup(pool), now: now, wake: wake, onMandate: unfollowed}
}

// ReadFrom makes lists and summaries be read from r. Call it before anything else.
func (s *Store) ReadFrom(r *pg.Reads) { s.reads = r }

// Run batches the commits of new and opened payments until ctx ends. Without it each is committed separately.
func (s *Store) Run(ctx context.Context) error {
	s.group.run(ctx)
	return nil
}

// Meta is passed from a command to the events it causes. Their trace is that of the context.
type Meta struct{ RequestID string }

// clock returns the time in the precision of the database.
func (s *Store) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

const columns = `reference, kind, coalesce(original_reference, ''), merchant_id::text, livemode, amount_cents, currency,
	status, status_detail, failure_code, sequence, description, merchant_reference, success_url, cancel_url, metadata,
	execution_type, execution_date, merchant_name, wait_for_settlement,
	beneficiary_name, beneficiary_iban, beneficiary_iban_key_id, beneficiary_iban_sealed, beneficiary_bic, beneficiary_kind, beneficiary_legal, beneficiary_siren,
	payer_name, payer_iban, payer_iban_key_id, payer_iban_sealed, payer_bic, payer_identity, beneficiary_identity,
	coalesce(provider_payment_id, ''), provider_state, payment_url, requested_at, cancel_requested,
	origin, order_id, customer_id, coalesce(gateway_reference, ''), code_request, coalesce(paid_by, ''), received_by, received_at, received_note, own_session,
	amount_refunded_cents, amount_reserved_cents, settle_by, approval_url, creates, lookups, coalesce(late_cents, 0), late_at, late_booked_at,
	due_at, quiet_polls, expires_at, created_at, updated_at, completed_at, stalled_at, coalesce(bank_id::text, ''), settlement,
	payment_link_id, subscription_id, settled_at, unsettled_at, trace`

func (s *Store) scan(row pgx.Row) (payment.Payment, error) {
	var p payment.Payment
	var payer, beneficiary sealedText
	err := row.Scan(&p.Reference, &p.Kind, &p.OriginalReference, &p.MerchantID, &p.Livemode, &p.Amount, &p.Currency,
		&p.Status, &p.Detail, &p.Failure, &p.Sequence, &p.Description, &p.MerchantReference, &p.SuccessURL, &p.CancelURL, &p.Metadata,
		&p.ExecutionType, &p.ExecutionDate, &p.MerchantName, &p.WaitForSettlement,
		&p.Beneficiary.Name, &p.Beneficiary.IBAN, &beneficiary.keyID, &beneficiary.data, &p.Beneficiary.BIC, &p.Beneficiary.Kind, &p.Beneficiary.Legal, &p.Beneficiary.SIREN,
		&p.Payer.Name, &p.Payer.IBAN, &payer.keyID, &payer.data, &p.Payer.BIC, &p.Payer.Identity, &p.Beneficiary.Identity,
		&p.ProviderID, &p.ProviderState, &p.PaymentURL, &p.RequestedAt, &p.CancelRequested,
		&p.Origin, &p.OrderID, &p.CustomerID, &p.GatewayReference, &p.CodeRequest, &p.PaidBy, &p.Received.By, &p.Received.At, &p.Received.Note, &p.OwnSession,
		&p.AmountRefunded, &p.AmountReserved, &p.SettleBy, &p.ApprovalURL, &p.Creates, &p.Lookups, &p.Late.Amount, &p.Late.At, &p.Late.BookedAt,
		&p.DueAt, &p.QuietPolls, &p.ExpiresAt, &p.CreatedAt, &p.UpdatedAt, &p.CompletedAt, &p.StalledAt, &p.BankID, &p.Settlement,
		&p.PaymentLinkID, &p.SubscriptionID, &p.SettledAt, &p.UnsettledAt, &p.Trace)
	if errors.Is(err, pgx.ErrNoRows) {
		return payment.Payment{}, ErrNotFound
	}
	if err != nil {
		return payment.Payment{}, fmt.Errorf("scan payment: %w", err)
	}
	err = errors.Join(
		s.open(&p.Payer.IBAN, payer, payerOwner(p.Reference)), s.open(&p.Beneficiary.IBAN, beneficiary, beneficiaryOwner(p.Reference)))
	return p, err
}

func (s *Store) collect(rows pgx.Rows, err error) ([]payment.Payment, error) {
	if err != nil {
		return nil, fmt.Errorf("query payments: %w", err)
	}
	defer rows.Close()
	var all []payment.Payment
	for rows.Next() {
		p, err := s.scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// inTx runs fn in a transaction and wakes the relay after the commit.
func (s *Store) inTx(ctx context.Context, fn func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, s.pool, fn); err != nil {
		return err
	}
	s.wake()
	return nil
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
