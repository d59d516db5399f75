package merchant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/form"
)

// Columns are those of a merchant in a query that calls its table m.
const Columns = `m.id::text, m.name, m.legal_status, m.siren, m.iban, m.bic, m.email, m.gateway_enabled, m.live_enabled,
	m.wait_for_settlement, m.loyalty_eligible, m.epc_enabled, m.account_name, m.legal_name, m.address, m.created_at, m.version,
	m.next_iban, m.next_bic, m.next_at, m.refund_step_up_above, m.reads_per_minute, m.writes_per_minute, m.key_calls_per_minute`

// Fields are where the Columns of a merchant are scanned to.
func (m *Merchant) Fields() []any {
	return []any{
		&m.ID, &m.Name, &m.LegalStatus, &m.SIREN, &m.IBAN, &m.BIC, &m.Email, &m.GatewayEnabled, &m.LiveEnabled,
		&m.WaitForSettlement, &m.LoyaltyEligible, &m.EPCEnabled, &m.AccountName, &m.LegalName, &m.Address, &m.CreatedAt, &m.Version,
		&m.NextIBAN, &m.NextBIC, &m.NextAt, &m.RefundStepUpAbove, &m.Limits.Reads, &m.Limits.Writes, &m.Limits.KeyCalls,
	}
}

func read(ctx context.Context, db pg.DB, id string) (Merchant, error) {
	return query(ctx, db, `select `+Columns+` from merchants m where m.id = $1`, id)
}

// Lock reads a merchant for a change, or NOT_FOUND. References to it are still allowed meanwhile.
func Lock(ctx context.Context, tx pg.DB, id string) (Merchant, error) {
	return query(ctx, tx, `select `+Columns+` from merchants m where m.id = $1 for no key update`, id)
}

func query(ctx context.Context, db pg.DB, sql, id string) (Merchant, error) {
	if !form.IsID(id) {
		return Merchant{}, errs.NotFound("Merchant")
	}
	var m Merchant
	err := db.QueryRow(ctx, sql, id).Scan(m.Fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Merchant{}, errs.NotFound("Merchant")
	}
	if err != nil {
		return Merchant{}, fmt.Errorf("read merchant: %w", err)
	}
	return m, nil
}

// insert stores a new merchant, whose version is then 1.
func insert(ctx context.Context, tx pg.DB, m *Merchant) error {
	m.Version = 1
	_, err := tx.Exec(ctx, `insert into merchants
		(id, name, legal_status, siren, iban, bic, email, gateway_enabled, wait_for_settlement, epc_enabled,
		account_name, legal_name, address, live_enabled, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $12, $13, $14, $15, $11, $11)`,
		m.ID, m.Name, m.LegalStatus, m.SIREN, m.IBAN, m.BIC, m.Email, m.GatewayEnabled, m.WaitForSettlement, m.EPCEnabled, m.CreatedAt,
		m.AccountName, m.LegalName, m.Address, m.LiveEnabled)
	if err != nil {
		return fmt.Errorf("insert merchant: %w", err)
	}
	return nil
}

// update stores what was changed and counts its version.
func update(ctx context.Context, tx pg.DB, m *Merchant, now time.Time) error {
	err := tx.QueryRow(ctx, `update merchants set name = $2, legal_status = $3, siren = $4, iban = $5, bic = $6,
		gateway_enabled = $7, wait_for_settlement = $8, loyalty_eligible = $9, epc_enabled = $10, updated_at = $11,
		account_name = $12, legal_name = $13, address = $14, live_enabled = $15, next_iban = $16, next_bic = $17,
		next_at = $18, refund_step_up_above = $19, reads_per_minute = $20, writes_per_minute = $21, key_calls_per_minute = $22,
		version = version + 1 where id = $1 returning version`,
		m.ID, m.Name, m.LegalStatus, m.SIREN, m.IBAN, m.BIC, m.GatewayEnabled, m.WaitForSettlement, m.LoyaltyEligible, m.EPCEnabled, now,
		m.AccountName, m.LegalName, m.Address, m.LiveEnabled, m.NextIBAN, m.NextBIC, m.NextAt, m.RefundStepUpAbove,
		m.Limits.Reads, m.Limits.Writes, m.Limits.KeyCalls).Scan(&m.Version)
	if err != nil {
		return fmt.Errorf("update merchant: %w", err)
	}
	return nil
}

// merchantList is what the counters of all merchants are called: they are counted as those of the merchant "", the platform.
const merchantList = "merchants"

func list(ctx context.Context, db pg.Reader, page, limit int) ([]Merchant, int64, error) {
	place, err := tally.Find(ctx, db, tally.Filter{List: merchantList}, int64(page-1)*int64(limit))
	if err != nil || place.Beyond {
		return nil, place.Total, err
	}
	rows, err := db.Query(ctx, `select `+Columns+` from merchants m where not m.pending and m.created_at < $1 order by m.created_at desc, m.id desc
		limit $2 offset $3`, place.Before, limit, place.Skip)
	if err != nil {
		return nil, 0, fmt.Errorf("list merchants: %w", err)
	}
	merchants, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, 0, fmt.Errorf("list merchants: %w", err)
	}
	return merchants, place.Total, nil
}

func scan(r pgx.CollectableRow) (Merchant, error) {
	var m Merchant
	return m, r.Scan(m.Fields()...)
}

// Snapshot is what the payments service must know of a merchant, and what a command says of it.
func (m Merchant) Snapshot() *paymentsv1.Merchant {
	return &paymentsv1.Merchant{
		Id: m.ID, Name: m.Name, Iban: m.IBAN, Bic: m.BIC, LegalStatus: m.LegalStatus, Siren: m.SIREN,
		WaitForSettlement: m.WaitForSettlement, AccountName: m.AccountName, LegalName: m.LegalName, Address: m.Address,
		Version: m.Version,
	}
}

// announce writes the merchant.<what> event in the transaction of the change. A merchant has no mode; its events are among
// the live ones.
func announce(ctx context.Context, tx pg.DB, m Merchant, what string, now time.Time) error {
	data, err := proto.Marshal(&eventsv1.MerchantChanged{
		MerchantId: m.ID, Name: m.Name, Email: m.Email, GatewayEnabled: m.GatewayEnabled, LoyaltyEligible: m.LoyaltyEligible,
		OccurredAt: timestamppb.New(now), Profile: m.Snapshot(), LiveEnabled: m.LiveEnabled, EpcEnabled: m.EPCEnabled,
	})
	if err != nil {
		return fmt.Errorf("encode merchant event: %w", err)
	}
	if _, err := tx.Exec(ctx, `update merchants set announced = version where id = $1`, m.ID); err != nil {
		return fmt.Errorf("note what is announced of the merchant: %w", err)
	}
	return outbox.Add(ctx, tx, events.Event{
		ID: events.NewID(), Type: "merchant." + what, Source: "gateway", Merchant: m.ID, Livemode: true, Time: now, Data: data,
	})
}

// lockUnannounced reads merchants with a version that no event has announced, except those that another replica has locked.
func lockUnannounced(ctx context.Context, tx pg.DB, limit int) ([]Merchant, error) {
	rows, err := tx.Query(ctx, `select `+Columns+` from merchants m where m.announced < m.version and not m.pending order by m.id limit $1
		for no key update skip locked`, limit)
	if err != nil {
		return nil, fmt.Errorf("read merchants to announce: %w", err)
	}
	merchants, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read merchants to announce: %w", err)
	}
	return merchants, nil
}

// lockDue reads merchants whose next account has waited long enough, except those that another replica has locked.
func lockDue(ctx context.Context, tx pg.DB, now time.Time, limit int) ([]Merchant, error) {
	rows, err := tx.Query(ctx, `select `+Columns+` from merchants m where m.next_at <= $1 order by m.next_at limit $2
			for no key update skip locked`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("read merchants whose IBAN changes: %w", err)
	}
	merchants, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read merchants whose IBAN changes: %w", err)
	}
	return merchants, nil
}
