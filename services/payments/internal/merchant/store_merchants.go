package merchant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func (s *Merchants) get(ctx context.Context, id string) (Merchant, error) {
	p := &paymentsv1.Merchant{Id: id}
	m := Merchant{Profile: p}
	err := s.db.QueryRow(ctx, `select version, name, iban, bic, account_name, legal_name, legal_status, siren, address, wait_for_settlement,
		gateway_enabled, live_enabled, epc_enabled from merchants where id = $1`, id).Scan(&p.Version, &p.Name, &p.Iban, &p.Bic, &p.AccountName,
		&p.LegalName, &p.LegalStatus, &p.Siren, &p.Address, &p.WaitForSettlement, &m.GatewayEnabled, &m.LiveEnabled, &m.EPCEnabled)
	if errors.Is(err, pgx.ErrNoRows) {
		return Merchant{}, ErrNotSynced
	}
	if err != nil {
		return Merchant{}, fmt.Errorf("read merchant: %w", err)
	}
	return m, nil
}

func upsert(ctx context.Context, tx pgx.Tx, m *eventsv1.MerchantChanged, at time.Time) error {
	p := m.GetProfile()
	_, err := tx.Exec(ctx, `insert into merchants as m (id, version, name, iban, bic, account_name, legal_name, legal_status, siren, address,
			wait_for_settlement, gateway_enabled, live_enabled, epc_enabled, changed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		on conflict (id) do update set version = excluded.version, name = excluded.name, iban = excluded.iban, bic = excluded.bic,
			account_name = excluded.account_name, legal_name = excluded.legal_name, legal_status = excluded.legal_status, siren = excluded.siren,
			address = excluded.address, wait_for_settlement = excluded.wait_for_settlement, gateway_enabled = excluded.gateway_enabled,
			live_enabled = excluded.live_enabled, epc_enabled = excluded.epc_enabled, changed_at = excluded.changed_at
		where m.version < excluded.version`,
		p.GetId(), p.GetVersion(), p.GetName(), p.GetIban(), p.GetBic(), p.GetAccountName(), p.GetLegalName(), p.GetLegalStatus(), p.GetSiren(),
		p.GetAddress(), p.GetWaitForSettlement(), m.GetGatewayEnabled(), m.GetLiveEnabled(), m.GetEpcEnabled(), at.UTC())
	if err != nil {
		return fmt.Errorf("store merchant: %w", err)
	}
	return nil
}
