package account

import (
	"context"
	"strings"

	"european-pay.eu/eupay/internal/errs"
)

// Enable opens or closes the gateway for a merchant, in test mode, and in live mode as live says; nil leaves that as it
// is. Who is closed is closed in both. Live mode wants the merchant's data: INVALID_STATE names what is missing.
func (s *Merchants) Enable(ctx context.Context, by Actor, id string, enabled bool, live *bool) (Merchant, error) {
	what := "disabled"
	if enabled {
		what = "enabled"
	}
	return s.change(ctx, by, id, what, func(m *Merchant) map[string]any {
		changed := map[string]any{}
		set := func(field string, target *bool, value bool) {
			if *target != value {
				*target, changed[field] = value, value
			}
		}
		set("gateway_enabled", &m.GatewayEnabled, enabled)
		set("live_enabled", &m.LiveEnabled, enabled && (live != nil && *live || live == nil && m.LiveEnabled))
		return changed
	})
}

// MissingForLive are the fields of the profile that real money wants and the merchant has not filled in: who it is, for the
// bank and the law, and where the money goes to. Test mode needs the IBAN alone.
func (m Merchant) MissingForLive() []string {
	var missing []string
	for _, f := range []struct{ name, value string }{
		{"name", m.Name}, {"legal_status", m.LegalStatus}, {"siren", m.SIREN}, {"iban", m.IBAN},
	} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	return missing
}

// ReadyForLive is nil when nothing is missing for live mode, else INVALID_STATE that names it.
func (m Merchant) ReadyForLive() error {
	if missing := m.MissingForLive(); len(missing) > 0 {
		return errs.New(errs.InvalidState, "Live payments need more of the merchant's profile: %s. Add it in the merchant portal (PATCH /merchant).",
			strings.Join(missing, ", "))
	}
	return nil
}
