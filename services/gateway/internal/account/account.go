// Package account holds merchants, their users and their API keys.
package account

import (
	"net/netip"
	"slices"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// Scope is a right of an API key.
type Scope string

// The scopes; a new key has all of them unless told otherwise.
const (
	PaymentsRead  Scope = "payments:read"
	PaymentsWrite Scope = "payments:write"
	// PaymentsConfirm is the merchant's word that money came, or did not.
	PaymentsConfirm Scope = "payments:confirm"
	RefundsWrite    Scope = "refunds:write"
	InvoicesRead    Scope = "invoices:read"
	InvoicesWrite   Scope = "invoices:write"
	WebhooksRead    Scope = "webhooks:read"
	WebhooksWrite   Scope = "webhooks:write"
)

// AllScopes in the order of the API reference.
var AllScopes = []Scope{PaymentsRead, PaymentsWrite, PaymentsConfirm, RefundsWrite, InvoicesRead, InvoicesWrite, WebhooksRead, WebhooksWrite}

// Role of a user.
type Role string

// The roles. An admin works for the platform and belongs to no merchant.
const (
	RoleMerchant   Role = "merchant"
	RoleStaff      Role = "staff"
	RoleAccountant Role = "accountant"
	RoleAdmin      Role = "admin"
	RoleCustomer   Role = "customer"
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
	// WaitForSettlement: the provider's "accepted" is not enough to complete a payment.
	WaitForSettlement bool
	// LoyaltyEligible: customers earn points with what they pay to the merchant.
	LoyaltyEligible bool
	// EPCEnabled: the merchant wants codes of plain SEPA transfers, and will see to it that they were paid.
	EPCEnabled bool
	// RefundStepUpAbove: what a login gives back of one payment beyond it, all refunds together, wants a fresh proof. Nil: never.
	RefundStepUpAbove *money.Cents
	// Email is where the platform writes to.
	Email     string
	CreatedAt time.Time
	// Version counts the changes, from 1.
	Version int64

	// NextIBAN and NextBIC replace IBAN and BIC at NextAt (UTC); nil for no change that waits.
	NextIBAN, NextBIC string
	NextAt            *time.Time
}

// Key is an authenticated API key with its merchant.
type Key struct {
	ID       string
	Public   string
	Livemode bool
	Scopes   []Scope
	// AllowedIPs is empty when every address may use the key.
	AllowedIPs []netip.Prefix
	// PerMinute is the key's rate limit.
	PerMinute int
	Merchant  Merchant
	// Name is what its merchant calls it.
	Name      string
	CreatedAt time.Time
	// LastUsedAt is right to the minute or so. Nil: never, and likewise for ExpiresAt and RevokedAt.
	LastUsedAt *time.Time
	// LastUsedIP is where that use came from; nil: not known.
	LastUsedIP *netip.Addr
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
}

// Has reports whether the key has the scope.
func (k Key) Has(s Scope) bool { return slices.Contains(k.Scopes, s) }

// Allows reports whether the address may use the key.
func (k Key) Allows(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return len(k.AllowedIPs) == 0 || slices.ContainsFunc(k.AllowedIPs, func(p netip.Prefix) bool { return p.Contains(addr) })
}
