// Package rights has the scopes of API keys, the roles of users, and which scopes each role stands for.
package rights

import "slices"

// Scope is a right of an API key.
type Scope string

// The scopes. A new key has all of them unless its merchant chooses some.
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
	LinksRead       Scope = "links:read"
	LinksWrite      Scope = "links:write"
	// SubscriptionsWrite asks payers for mandates and ends them.
	SubscriptionsRead  Scope = "subscriptions:read"
	SubscriptionsWrite Scope = "subscriptions:write"
	RewardsRead        Scope = "rewards:read"
	RewardsWrite       Scope = "rewards:write"
	// SettlementRead shows what came to the merchant's own bank account.
	SettlementRead Scope = "settlement:read"
	// ExportsRead makes and fetches accounting files.
	ExportsRead Scope = "exports:read"
	// OrdersRead follows a kitchen, and OrdersWrite works in it.
	OrdersRead  Scope = "orders:read"
	OrdersWrite Scope = "orders:write"
)

// AllScopes in the order of the API reference.
var AllScopes = []Scope{
	PaymentsRead, PaymentsWrite, PaymentsConfirm, RefundsWrite, InvoicesRead, InvoicesWrite, WebhooksRead, WebhooksWrite,
	LinksRead, LinksWrite, SubscriptionsRead, SubscriptionsWrite, RewardsRead, RewardsWrite, SettlementRead, ExportsRead,
	OrdersRead, OrdersWrite,
}

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

// roleScopes is what a login may do of what API keys do, by role: the table of ADR 15. Only the owner may move
// money and make credentials; an accountant only reads.
var roleScopes = map[Role][]Scope{
	RoleMerchant: {
		PaymentsRead, PaymentsWrite, PaymentsConfirm, RefundsWrite, LinksRead, LinksWrite, SubscriptionsRead, SubscriptionsWrite,
		RewardsRead, RewardsWrite, SettlementRead, ExportsRead, OrdersRead, OrdersWrite,
	},
	RoleStaff:      {PaymentsRead, LinksRead, SubscriptionsRead, RewardsRead, OrdersRead, OrdersWrite},
	RoleAccountant: {PaymentsRead, LinksRead, SubscriptionsRead, RewardsRead, SettlementRead, ExportsRead, OrdersRead},
}

// Allows reports whether users with the role may do what the scope stands for.
func Allows(r Role, s Scope) bool { return slices.Contains(roleScopes[r], s) }

// RolesWith are the roles whose users may do what the scope stands for, in a fixed order.
func RolesWith(s Scope) []Role {
	var roles []Role
	for _, r := range []Role{RoleMerchant, RoleStaff, RoleAccountant} {
		if Allows(r, s) {
			roles = append(roles, r)
		}
	}
	return roles
}
