package merchant

import (
	"strings"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/form"
)

// maxRefundStepUp is more than any payment.
const maxRefundStepUp money.Cents = 100_000_000

// Change holds the new values of a profile; nil leaves a value as it is.
type Change struct {
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

// Cleaned returns the change with every value in the form in which it is stored.
func (c Change) Cleaned() Change {
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
	// The bank compares the holder's name, so it is not cleaned: a name that would have to be is refused.
	c.AccountName, c.Address = trim(c.AccountName, strings.TrimSpace), trim(c.Address, strings.TrimSpace)
	return c
}

func (c Change) check() error {
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

// CheckNew refuses the profile of a new merchant that is not valid, or whose account would have no holder that a bank can write.
func (c Change) CheckNew() error {
	if err := c.check(); err != nil || c.Name == nil {
		return err
	}
	var m Merchant
	c.Apply(&m)
	return checkHolder(m)
}

// Apply sets the new values and returns what is new for the audit log.
func (c Change) Apply(m *Merchant) map[string]any {
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
