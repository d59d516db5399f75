package eupay

import (
	"encoding/json"
	"time"
)

// Credentials is who logs in.
type Credentials struct {
	Email    string `json:"email"`
	Password Secret `json:"password"`
}

// Registration is a merchant to register.
type Registration struct {
	Email string `json:"email"`
	// 12 to 72 bytes.
	Password Secret `json:"password"`
	// The merchant's name, which payers see.
	Name        string `json:"name"`
	LegalStatus string `json:"legal_status,omitzero"`
	SIREN       string `json:"siren,omitzero"`
	IBAN        string `json:"iban,omitzero"`
	BIC         string `json:"bic,omitzero"`
	// The account's holder as your bank knows it, when that is not name: it stands on every transfer, and the payer's bank
	// compares it with the account (Verification of Payee). At most 70 characters once it is in Latin letters; empty for name.
	// Required when name has letters that no SEPA transfer can carry, such as Chinese or Arabic ones; Greek and Cyrillic are
	// transliterated.
	AccountName string `json:"account_name,omitzero"`
	// The name in the register of companies, when that is not name; empty for name.
	LegalName string `json:"legal_name,omitzero"`
	// The registered office, lines separated by line feeds.
	Address string `json:"address,omitzero"`
}

// Session is a login.
type Session struct {
	// For the header Authorization: Bearer.
	Token Secret `json:"token"`
	// Good for one use, until 30 days after the login.
	RefreshToken Secret `json:"refresh_token"`
	// Seconds that the token is good for.
	ExpiresIn int  `json:"expires_in"`
	Role      Role `json:"role"`
	// None for admins and customers.
	MerchantID string `json:"merchant_id"`
}

// User is somebody who can log in.
type User struct {
	ID         string `json:"id"`
	Email      string `json:"email"`
	Name       string `json:"name"`
	Role       Role   `json:"role"`
	MerchantID string `json:"merchant_id"`
	// False: the user may only verify the address.
	EmailVerified bool `json:"email_verified"`
	// True: the user cannot log in.
	Disabled  bool      `json:"disabled"`
	CreatedAt time.Time `json:"created_at"`
}

// LoginSession is where somebody is logged in.
type LoginSession struct {
	ID string `json:"id"`
	// Browser and system, as far as the User-Agent tells.
	Device    string `json:"device"`
	UserAgent string `json:"user_agent"`
	// Where the login came from.
	IP         string    `json:"ip"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	// When the session ends at the latest.
	ExpiresAt time.Time `json:"expires_at"`
	// It is the session of this request.
	Current bool `json:"current"`
}

// PasswordParams is a password to change.
type PasswordParams struct {
	CurrentPassword Secret `json:"current_password"`
	// 12 to 72 bytes.
	NewPassword Secret `json:"new_password"`
}

// ResetParams is a password to set anew.
type ResetParams struct {
	Token Secret `json:"token"`
	// 12 to 72 bytes.
	Password Secret `json:"password"`
}

// TOTP is the secret for an authenticator app.
type TOTP struct {
	Secret     Secret `json:"secret"`
	OTPAuthURL Secret `json:"otpauth_url"`
}

// FactorState is how it stands with the second factor.
type FactorState struct {
	Enabled   bool      `json:"enabled"`
	EnabledAt time.Time `json:"enabled_at"`
	// An authenticator app, and how many passkeys.
	App               bool `json:"app"`
	Passkeys          int  `json:"passkeys"`
	RecoveryCodesLeft int  `json:"recovery_codes_left"`
	Required          bool `json:"required"`
}

// Merchant is the profile of a merchant.
type Merchant struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	LegalStatus string `json:"legal_status"`
	SIREN       string `json:"siren"`
	// The account that payments go to.
	IBAN string `json:"iban"`
	BIC  string `json:"bic"`
	// The account's holder; empty: name.
	AccountName string `json:"account_name"`
	// The name in the register of companies; empty: name.
	LegalName string `json:"legal_name"`
	// The registered office.
	Address string `json:"address"`
	// An account that replaces the present one at effective_at. Any owner can stop it until then.
	IBANChange *IBANChange `json:"iban_change"`
	// Fields of the profile that must be filled in before live payments are possible.
	LiveMissing []string `json:"live_missing"`
	Email       string   `json:"email"`
	// Set by an admin: payments may be taken, in test mode at least.
	GatewayEnabled bool `json:"gateway_enabled"`
	// Set by an admin: payments may be taken in live mode too.
	LiveEnabled bool `json:"live_enabled"`
	// Complete a payment only when the money has moved, not when the bank has accepted the order.
	WaitForSettlement bool `json:"wait_for_settlement"`
	// Customers of the app earn points with what they pay to the merchant.
	LoyaltyEligible bool `json:"loyalty_eligible"`
	// Offer codes of plain SEPA transfers (type=epc): you see for yourself whether they were paid.
	EPCEnabled bool `json:"epc_enabled"`
	// What a login gives back of one payment beyond it, all refunds together, takes a fresh proof; nil: never.
	RefundStepUpAbove *Amount   `json:"refund_step_up_above"`
	CreatedAt         time.Time `json:"created_at"`
}

// IBANChange is a bank account that will be paid.
type IBANChange struct {
	IBAN        string    `json:"iban"`
	BIC         string    `json:"bic"`
	EffectiveAt time.Time `json:"effective_at"`
}

// MerchantChange is what becomes different about the profile; nil: nothing.
type MerchantChange struct {
	Name        *string `json:"name,omitzero"`
	LegalStatus *string `json:"legal_status,omitzero"`
	// 9 digits with a valid check digit; empty to remove it.
	SIREN *string `json:"siren,omitzero"`
	IBAN  *string `json:"iban,omitzero"`
	// 8 or 11 characters; empty to remove it.
	BIC *string `json:"bic,omitzero"`
	// The account's holder as your bank knows it, when that is not name: it stands on every transfer, and the payer's bank
	// compares it with the account (Verification of Payee). At most 70 characters once it is in Latin letters; empty for name.
	// Required when name has letters that no SEPA transfer can carry, such as Chinese or Arabic ones; Greek and Cyrillic are
	// transliterated.
	AccountName *string `json:"account_name,omitzero"`
	// The name in the register of companies, when that is not name; empty for name.
	LegalName *string `json:"legal_name,omitzero"`
	// The registered office, lines separated by line feeds.
	Address           *string `json:"address,omitzero"`
	WaitForSettlement *bool   `json:"wait_for_settlement,omitzero"`
	LoyaltyEligible   *bool   `json:"loyalty_eligible,omitzero"`
	// Needs an IBAN.
	EPCEnabled *bool `json:"epc_enabled,omitzero"`
	// Beyond it a login's refund takes a fresh proof; &Bound{} asks for every refund, &Bound{None: true} for none. It takes a fresh proof itself.
	RefundStepUpAbove *Bound `json:"refund_step_up_above,omitzero"`
}

// Bound is an amount, or none.
type Bound struct {
	Amount Amount
	None   bool
}

// MarshalJSON implements json.Marshaler: an amount in euros, or null.
func (b Bound) MarshalJSON() ([]byte, error) {
	if b.None {
		return []byte("null"), nil
	}
	return b.Amount.MarshalJSON()
}

// MemberParams is somebody to add to the team.
type MemberParams struct {
	Email string `json:"email"`
	// 12 to 72 bytes.
	Password Secret `json:"password"`
	Name     string `json:"name,omitzero"`
	// Staff runs the shop and sees no keys; an accountant only reads.
	Role Role `json:"role"`
}

// MemberChange is what becomes different about a member; nil: nothing.
type MemberChange struct {
	Role     *Role `json:"role,omitzero"`
	Disabled *bool `json:"disabled,omitzero"`
}

// AuditEntry is something that was done to an account.
type AuditEntry struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	// user:, key: or system: and who.
	Actor string `json:"actor"`
	// The user's address.
	ActorEmail string `json:"actor_email"`
	Action     string `json:"action"`
	// The id of what was changed.
	Target string `json:"target"`
	// One of success, failure.
	Outcome string `json:"outcome"`
	// What is new, or from where; never a credential.
	Detail json.RawMessage `json:"detail"`
}

// APIKey is a key of the API.
type APIKey struct {
	ID string `json:"id"`
	// For the header X-Api-Key.
	APIKey     string    `json:"api_key"`
	Livemode   bool      `json:"livemode"`
	Name       string    `json:"name"`
	Scopes     []Scope   `json:"scopes"`
	AllowedIPs []string  `json:"allowed_ips"`
	PerMinute  int       `json:"per_minute"`
	CreatedAt  time.Time `json:"created_at"`
	// To the minute.
	LastUsedAt time.Time `json:"last_used_at"`
	// Where that use came from.
	LastUsedIP string    `json:"last_used_ip"`
	ExpiresAt  time.Time `json:"expires_at"`
	RevokedAt  time.Time `json:"revoked_at"`
	// For the header X-Api-Secret. Shown only once.
	APISecret Secret `json:"api_secret"`
}

// APIKeyParams is a key to make.
type APIKeyParams struct {
	Name     string `json:"name"`
	Livemode bool   `json:"livemode,omitzero"`
	// Empty: all of them.
	Scopes []Scope `json:"scopes,omitzero"`
	// Addresses and networks that may use the key; empty for all.
	AllowedIPs []string `json:"allowed_ips,omitzero"`
	// Requests within 60 seconds.
	PerMinute int `json:"per_minute,omitzero"`
	// Zero: never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// APIKeyChange is what becomes different about a key; nil: nothing.
type APIKeyChange struct {
	Name   *string  `json:"name,omitzero"`
	Scopes *[]Scope `json:"scopes,omitzero"`
	// Addresses and networks that may use the key; empty for all.
	AllowedIPs *[]string `json:"allowed_ips,omitzero"`
	// Requests within 60 seconds.
	PerMinute *int `json:"per_minute,omitzero"`
}

// Role is what somebody who can log in is.
type Role string

// The values of Role.
const (
	RoleMerchant   Role = "merchant"
	RoleStaff      Role = "staff"
	RoleAccountant Role = "accountant"
	RoleAdmin      Role = "admin"
	RoleCustomer   Role = "customer"
)

// Scope is what a key may do.
type Scope string

// The values of Scope.
const (
	ScopePaymentsRead       Scope = "payments:read"
	ScopePaymentsWrite      Scope = "payments:write"
	ScopePaymentsConfirm    Scope = "payments:confirm"
	ScopeRefundsWrite       Scope = "refunds:write"
	ScopeInvoicesRead       Scope = "invoices:read"
	ScopeInvoicesWrite      Scope = "invoices:write"
	ScopeWebhooksRead       Scope = "webhooks:read"
	ScopeWebhooksWrite      Scope = "webhooks:write"
	ScopeLinksRead          Scope = "links:read"
	ScopeLinksWrite         Scope = "links:write"
	ScopeSubscriptionsRead  Scope = "subscriptions:read"
	ScopeSubscriptionsWrite Scope = "subscriptions:write"
	ScopeRewardsRead        Scope = "rewards:read"
	ScopeRewardsWrite       Scope = "rewards:write"
	ScopeSettlementRead     Scope = "settlement:read"
	ScopeExportsRead        Scope = "exports:read"
	ScopeOrdersRead         Scope = "orders:read"
	ScopeOrdersWrite        Scope = "orders:write"
)
