// Package merchant holds merchants: their profile, the account that they are paid to, and whether they may take payments.
package merchant

import (
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// Merchant is an account that takes payments.
type Merchant struct {
	ID          string
	Name        string
	LegalStatus string
	SIREN       string
	IBAN        string
	BIC         string
	// AccountName is the account's holder as its bank knows it, LegalName the name in the register of companies; empty: Name.
	// Address is the registered office, its lines separated by line feeds; may be empty.
	AccountName, LegalName, Address string

	// GatewayEnabled: the platform lets the merchant take payments, in test mode at least.
	GatewayEnabled bool
	// LiveEnabled: in live mode too. It means nothing without GatewayEnabled.
	LiveEnabled bool
	// WaitForSettlement: a payment completes when it is settled, not already when the provider has accepted it.
	WaitForSettlement bool
	// LoyaltyEligible: customers earn points with what they pay to the merchant.
	LoyaltyEligible bool
	// EPCEnabled: the merchant wants codes of plain SEPA transfers, and checks itself whether they were paid.
	EPCEnabled bool
	// RefundStepUpAbove: a refund by login needs a fresh proof when all refunds of its payment together exceed this amount. Nil: never.
	RefundStepUpAbove *money.Cents
	// Limits are what an admin has set for the merchant.
	Limits Limits
	// Email is where the platform writes to.
	Email     string
	CreatedAt time.Time
	// Version counts the changes, from 1.
	Version int64

	// NextIBAN and NextBIC replace IBAN and BIC at NextAt (UTC); nil for no change that waits.
	NextIBAN, NextBIC string
	NextAt            *time.Time
}

// EuPayID is the merchant's public id, as "EUP-D0A1C4B8D7E2": it never changes, and is the end of the merchant's id, whose
// beginning is a time and the same for all who registered within a minute.
func (m Merchant) EuPayID() string {
	return "EUP-" + strings.ToUpper(m.ID[max(0, len(m.ID)-12):])
}

// maskIBAN is enough to tell two accounts apart in the audit log.
func maskIBAN(s string) string {
	if len(s) < 8 {
		return s
	}
	return s[:2] + "…" + s[len(s)-4:]
}
