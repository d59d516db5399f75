package merchant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/notice"
)

const (
	byHold audit.Actor = "system:iban-hold"
	// changesAtOnce is how many accounts one transaction moves.
	changesAtOnce = 20
)

// holdIBAN makes a new IBAN of a merchant that has one wait: an intruder in an account must not redirect its money before its
// owners know. It reports whether the IBAN waits.
func (s *Merchants) holdIBAN(before Merchant, m *Merchant, now time.Time) bool {
	if s.deps.IBANHold <= 0 || before.IBAN == "" || m.IBAN == before.IBAN {
		return false
	}
	at := now.Add(s.deps.IBANHold)
	if before.NextAt != nil && m.IBAN == before.NextIBAN {
		at = *before.NextAt // asked for again
	}
	m.NextIBAN, m.NextBIC, m.NextAt = m.IBAN, m.BIC, &at
	if m.BIC == before.BIC {
		m.NextBIC = "" // that of the old account says nothing of the new one
	}
	m.IBAN, m.BIC = before.IBAN, before.BIC
	return true
}

// noteHold tells the owners which account waits, and corrects what the audit log says of the change.
func noteHold(ctx context.Context, tx pg.DB, m Merchant, changed map[string]any, from device.Device, now time.Time) error {
	delete(changed, "bic")
	changed["iban_from"] = m.NextAt.Format(time.RFC3339)
	told := map[string]string{"Account": maskIBAN(m.NextIBAN), "Effective": notice.Time(*m.NextAt)}
	return notice.SendToOwners(ctx, tx, m.ID, notice.IBANChanging, from, now, told)
}

// StopIBANChange keeps the account of a merchant; NOT_FOUND when none waits to replace it.
func (s *Merchants) StopIBANChange(ctx context.Context, by audit.Actor, id string, from device.Device) (Merchant, error) {
	now := s.instant()
	var m Merchant
	err := pgx.BeginFunc(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		var err error
		if m, err = Lock(ctx, tx, id); err != nil {
			return err
		}
		if m.NextAt == nil {
			return errs.NotFound("IBAN change")
		}
		account := maskIBAN(m.NextIBAN)
		m.NextIBAN, m.NextBIC, m.NextAt = "", "", nil
		if err := update(ctx, tx, &m, now); err != nil {
			return err
		}
		if err := announce(ctx, tx, m, "updated", now); err != nil {
			return err
		}
		if err := notice.SendToOwners(ctx, tx, id, notice.IBANStopped, from, now, map[string]string{"Account": account}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, "merchant.iban_change_stopped", id, map[string]any{"iban": account})
	})
	if err != nil {
		return Merchant{}, err
	}
	s.deps.Changed(id)
	s.deps.Wake()
	return m, nil
}

// MoveAccounts gives merchants the IBANs that have waited long enough.
func (s *Merchants) MoveAccounts(ctx context.Context) error {
	for {
		moved, err := s.moveSome(ctx)
		if err != nil {
			return fmt.Errorf("change IBANs: %w", err)
		}
		if len(moved) == 0 {
			return nil
		}
		for _, id := range moved {
			s.deps.Changed(id)
		}
		s.deps.Wake()
	}
}

func (s *Merchants) moveSome(ctx context.Context) (moved []string, err error) {
	now := s.instant()
	err = pgx.BeginFunc(ctx, s.deps.Pool, func(tx pgx.Tx) error {
		due, err := lockDue(ctx, tx, now, changesAtOnce)
		if err != nil {
			return err
		}
		for _, m := range due {
			if err := moveAccount(ctx, tx, m, now); err != nil {
				return err
			}
			moved = append(moved, m.ID)
		}
		return nil
	})
	return moved, err
}

func moveAccount(ctx context.Context, tx pgx.Tx, m Merchant, now time.Time) error {
	change := maskIBAN(m.IBAN) + " → " + maskIBAN(m.NextIBAN)
	m.IBAN, m.BIC = m.NextIBAN, m.NextBIC
	m.NextIBAN, m.NextBIC, m.NextAt = "", "", nil
	return errors.Join(
		update(ctx, tx, &m, now),
		announce(ctx, tx, m, "updated", now),
		notice.SendToOwners(ctx, tx, m.ID, notice.IBANChanged, device.Device{}, now, map[string]string{"Account": maskIBAN(m.IBAN)}),
		audit.Record(ctx, tx, now, byHold, "merchant.updated", m.ID, map[string]any{"iban": change}),
	)
}
