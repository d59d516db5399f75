package eupay

import "time"

// CustomerRegistration is a customer of the app to register.
type CustomerRegistration struct {
	Email string `json:"email"`
	// 12 to 72 bytes.
	Password Secret `json:"password"`
	Name     string `json:"name,omitzero"`
}

// CustomerAccount is a bank account that a customer linked.
type CustomerAccount struct {
	ID       string `json:"id"`
	BankName string `json:"bankName"`
	// What the bank calls the account.
	Name       string    `json:"name"`
	IBANMasked string    `json:"ibanMasked"`
	Currency   string    `json:"currency"`
	LinkedAt   time.Time `json:"linkedAt"`
}

// Connection is the page where a customer links bank accounts.
type Connection struct {
	// Confirm the accounts by it.
	ID         string    `json:"id"`
	ConnectURL string    `json:"connectUrl"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

// LoyaltyEntry is points that were earned or taken back.
type LoyaltyEntry struct {
	ID string `json:"id"`
	// Earned or taken back; of merchants with a program of their own also another RewardEntryKind.
	Kind string `json:"kind"`
	// Below 0 when taken back.
	Points int `json:"points"`
	// After this entry.
	Balance      int    `json:"balance"`
	MerchantID   string `json:"merchant_id"`
	MerchantName string `json:"merchant_name"`
	// The payment; empty if it was none.
	Reference  string    `json:"reference"`
	OccurredAt time.Time `json:"occurred_at"`
}
