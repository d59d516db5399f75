package account

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/form"
)

// Merchants reads and changes merchants. Every change is audited, announced as an event and seen at once by the
// authentication of API keys on every replica.
type Merchants struct {
	pool   *pgxpool.Pool
	now    func() time.Time
	wake   func()
	notify *notifier
	// hold is how long a new IBAN waits; 0: not at all.
	hold time.Duration
}

// maxRefundStepUp is more than any payment.
const maxRefundStepUp money.Cents = 100_000_000

// MerchantChange holds the new values of a profile; nil leaves a value as it is.
type MerchantChange struct {
	Name              *string
	LegalStatus       *string
	SIREN             *string
	IBAN              *string
	BIC               *string
	AccountName       *string
	LegalName         *string
	Address           *string
	WaitForSettlement *bool
	LoyaltyEligible   *bool
	EPCEnabled        *bool
	RefundStepUp      RefundStepUp
}

// RefundStepUp is a new value of Merchant.RefundStepUpAbove; the zero value changes nothing.
type RefundStepUp struct {
	Given bool
	// Above is nil for never.
	Above *money.Cents
}

func (s RefundStepUp) apply(m *Merchant, changed map[string]any) {
	if !s.Given || same(s.Above, m.RefundStepUpAbove) {
		return
	}
	m.RefundStepUpAbove, changed["refund_step_up_above"] = s.Above, s.Above
}

func same(a, b *money.Cents) bool { return a == b || (a != nil && b != nil && *a == *b) }

// Get returns the merchant, or NOT_FOUND.
func (s *Merchants) Get(ctx context.Context, id string) (Merchant, error) {
	return readMerchant(ctx, s.pool, id)
}

// List returns a page of all merchants, newest first, and how many there are: for admins.
func (s *Merchants) List(ctx context.Context, page, limit int) ([]Merchant, int64, error) {
	return listMerchants(ctx, s.pool, page, limit)
}

// Update changes the profile of a merchant. An IBAN can be replaced but not taken away; a new one waits, and the owners are told.
func (s *Merchants) Update(ctx context.Context, by audit.Actor, id string, c MerchantChange, from device.Device) (Merchant, error) {
	c = c.normal()
	if err := c.check(); err != nil {
		return Merchant{}, err
	}
	return s.change(ctx, by, id, "updated", from, c.apply)
}

// change applies do to the locked merchant. What changes nothing leaves no trace.
func (s *Merchants) change(ctx context.Context, by audit.Actor, id, what string, from device.Device, do func(*Merchant) map[string]any) (Merchant, error) {
	now := instant(s.now)
	var m Merchant
	var changed map[string]any
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if m, err = lockMerchant(ctx, tx, id); err != nil {
			return err
		}
		before := m
		if changed = do(&m); len(changed) == 0 {
			return nil
		}
		if s.holdIBAN(before, &m, now) {
			if err := noteHold(ctx, tx, m, changed, from, now); err != nil {
				return err
			}
		}
		if changed["name"] != nil || changed["account_name"] != nil {
			if err := checkHolder(m); err != nil {
				return err
			}
		}
		if m.EPCEnabled && m.IBAN == "" {
			return errs.Invalid(errs.Field{Field: "epc_enabled", Message: "epc_enabled needs an IBAN: add yours first, or in the same request."})
		}
		if what == "enabled" && m.LiveEnabled {
			if err := CheckPayable(m, true); err != nil {
				return err
			}
		}
		if err := updateMerchant(ctx, tx, &m, now); err != nil {
			return err
		}
		if err := announce(ctx, tx, m, what, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, by, "merchant."+what, id, changed)
	})
	if len(changed) > 0 { // also after an error: a commit whose answer was lost may have happened
		s.notify.forget(id)
		s.wake()
	}
	if err != nil {
		return Merchant{}, err
	}
	return m, nil
}

func (c MerchantChange) normal() MerchantChange {
	trim := func(s *string, f func(string) string) *string {
		if s == nil {
			return nil
		}
		v := f(*s)
		return &v
	}
	noBlanks := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	name := func(s string) string { return form.Cleaned(s, form.MaxName) }
	c.Name, c.LegalName, c.LegalStatus = trim(c.Name, name), trim(c.LegalName, name), trim(c.LegalStatus, strings.TrimSpace)
	c.SIREN, c.IBAN, c.BIC = trim(c.SIREN, noBlanks), trim(c.IBAN, ident.Compact), trim(c.BIC, ident.Compact)
	// The bank compares the holder, so that is refused where it would have to be changed.
	c.AccountName, c.Address = trim(c.AccountName, strings.TrimSpace), trim(c.Address, strings.TrimSpace)
	return c
}

func (c MerchantChange) check() error {
	var p refuse.Problems
	if c.Name != nil {
		form.Text(&p, "name", *c.Name, 1, form.MaxName)
	}
	if c.LegalStatus != nil {
		form.Text(&p, "legal_status", *c.LegalStatus, 0, form.MaxLabel)
	}
	if c.SIREN != nil && *c.SIREN != "" && !ident.IsSIREN(*c.SIREN) {
		p.Add("siren", "must be a SIREN of 9 digits with a valid check digit")
	}
	if c.IBAN != nil && !ident.IsIBAN(*c.IBAN) {
		p.Add("iban", "must be the valid IBAN of an account in SEPA")
	}
	if c.BIC != nil && *c.BIC != "" && !ident.IsBIC(*c.BIC) {
		p.Add("bic", "must be a BIC of 8 or 11 characters")
	}
	if a := c.RefundStepUp.Above; a != nil && (*a < 0 || *a > maxRefundStepUp) {
		p.Add("refund_step_up_above", "must be from 0 to %s, or null", maxRefundStepUp)
	}
	c.checkLegal(&p)
	return p.Err()
}

// apply sets the new values and returns what is new for the audit log.
func (c MerchantChange) apply(m *Merchant) map[string]any {
	changed := map[string]any{}
	set := func(field string, target, value *string) {
		if value != nil && *value != *target {
			*target, changed[field] = *value, *value
		}
	}
	before := m.IBAN
	set("name", &m.Name, c.Name)
	set("legal_status", &m.LegalStatus, c.LegalStatus)
	set("siren", &m.SIREN, c.SIREN)
	set("bic", &m.BIC, c.BIC)
	set("account_name", &m.AccountName, c.AccountName)
	set("legal_name", &m.LegalName, c.LegalName)
	set("address", &m.Address, c.Address)
	set("iban", &m.IBAN, c.IBAN)
	if m.IBAN != before {
		changed["iban"] = maskIBAN(before) + " → " + maskIBAN(m.IBAN)
	}
	if c.WaitForSettlement != nil && *c.WaitForSettlement != m.WaitForSettlement {
		m.WaitForSettlement = *c.WaitForSettlement
		changed["wait_for_settlement"] = m.WaitForSettlement
	}
	if c.LoyaltyEligible != nil && *c.LoyaltyEligible != m.LoyaltyEligible {
		m.LoyaltyEligible = *c.LoyaltyEligible
		changed["loyalty_eligible"] = m.LoyaltyEligible
	}
	if c.EPCEnabled != nil && *c.EPCEnabled != m.EPCEnabled {
		m.EPCEnabled = *c.EPCEnabled
		changed["epc_enabled"] = m.EPCEnabled
	}
	c.RefundStepUp.apply(m, changed)
	return changed
}

// instant is now as the database keeps it.
func instant(now func() time.Time) time.Time { return now().UTC().Truncate(time.Microsecond) }
