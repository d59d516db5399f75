package merchant

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/form"
)

// SeedNew makes the merchant of a demo, with the gateway enabled.
func (s *Merchants) SeedNew(ctx context.Context, tx pgx.Tx, m Merchant) (Merchant, error) {
	m.ID, m.Email, m.IBAN, m.GatewayEnabled, m.CreatedAt = events.NewID(), form.NormalEmail(m.Email), ident.Compact(m.IBAN), true, s.instant()
	profile := Change{Name: &m.Name, LegalStatus: &m.LegalStatus, SIREN: &m.SIREN, IBAN: &m.IBAN, BIC: &m.BIC}
	if err := profile.check(); err != nil {
		return Merchant{}, err
	}
	if err := Register(ctx, tx, audit.BySeed, &m, false); err != nil {
		return Merchant{}, err
	}
	return m, nil
}

// SeedExisting enables the gateway for the merchant of a demo, and keeps what was changed in the profile since.
func (s *Merchants) SeedExisting(ctx context.Context, tx pgx.Tx, id string) (Merchant, error) {
	m, err := Lock(ctx, tx, id)
	if err != nil || m.GatewayEnabled {
		return m, err
	}
	now := s.instant()
	m.GatewayEnabled = true
	if err := update(ctx, tx, &m, now); err != nil {
		return Merchant{}, err
	}
	if err := announce(ctx, tx, m, "enabled", now); err != nil {
		return Merchant{}, err
	}
	return m, audit.Record(ctx, tx, now, audit.BySeed, "merchant.enabled", m.ID, nil)
}
