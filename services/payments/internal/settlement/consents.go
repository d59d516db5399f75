package settlement

import (
	"context"
	"time"

	"european-pay.eu/eupay/services/payments/internal/powens"
)

// warnBefore are how long before its end a consent is announced.
var warnBefore = []time.Duration{14 * 24 * time.Hour, 3 * 24 * time.Hour}

// warn announces the end of the consent, each announcement once. One that is made late stands for those before it.
func (s *Settlement) warn(ctx context.Context, a account) error {
	if a.consentEnds == nil || a.state != connected {
		return nil
	}
	now, warnings := s.clock(), a.warnings
	for i, before := range warnBefore {
		if !now.Before(a.consentEnds.Add(-before)) {
			warnings = max(warnings, i+1)
		}
	}
	if warnings == a.warnings {
		return nil
	}
	return s.changeAccount(ctx, a, change{warnings: warnings, state: connected, event: "receiving_account.consent_expiring"})
}

// disconnect records that the account cannot be read any more, and asks about it once a day.
func (s *Settlement) disconnect(ctx context.Context, a account, reason string) error {
	due := s.clock().Add(askDisconnected)
	if a.state == disconnected {
		return s.postpone(ctx, a, due)
	}
	return s.changeAccount(ctx, a, change{state: disconnected, warnings: a.warnings, event: "receiving_account.disconnected", reason: reason, due: &due})
}

// reconnect takes over what the provider says of a consent that works.
func (s *Settlement) reconnect(ctx context.Context, a account, c powens.Connection) error {
	if a.state == connected && (c.Ends.IsZero() || a.consentEnds != nil && a.consentEnds.Equal(c.Ends)) {
		return nil
	}
	return s.renewed(ctx, a, c.Ends)
}

// nextLook is when the account is read when nothing asks for it earlier.
func (s *Settlement) nextLook() time.Time { return s.clock().Add(s.Poll) }
