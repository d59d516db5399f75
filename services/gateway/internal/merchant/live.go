package merchant

import (
	"context"

	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
)

// Enable opens or closes the gateway for a merchant, in test mode, and in live mode as live says; nil leaves live mode as it
// is. A closed gateway is closed in both modes. Live mode needs the merchant's data: INVALID_STATE names what is missing.
func (s *Merchants) Enable(ctx context.Context, by audit.Actor, id string, enabled bool, live *bool) (Merchant, error) {
	what := "disabled"
	if enabled {
		what = "enabled"
	}
	return s.change(ctx, by, id, what, device.Device{}, func(m *Merchant) map[string]any {
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
