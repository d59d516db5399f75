// Package shape has the JSON form of merchants, users, API keys, variants of products and the audit log, which several parts of the API share.
package shape

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Merchant is a merchant in an answer.
type Merchant struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	LegalStatus       string `json:"legal_status"`
	SIREN             string `json:"siren"`
	IBAN              string `json:"iban"`
	BIC               string `json:"bic"`
	AccountName       string `json:"account_name"`
	LegalName         string `json:"legal_name"`
	Address           string `json:"address"`
	Email             string `json:"email"`
	GatewayEnabled    bool   `json:"gateway_enabled"`
	LiveEnabled       bool   `json:"live_enabled"`
	WaitForSettlement bool   `json:"wait_for_settlement"`
	LoyaltyEligible   bool   `json:"loyalty_eligible"`
	EPCEnabled        bool   `json:"epc_enabled"`
	// LiveMissing names what the profile lacks before the merchant may take live money; empty if nothing.
	LiveMissing []string `json:"live_missing"`
	CreatedAt   string   `json:"created_at"`
	// RefundStepUpAbove: null means that refunds never require a proof.
	RefundStepUpAbove *money.Cents `json:"refund_step_up_above"`
	// IBANChange is a new account that is waiting; null if there is none.
	IBANChange *IBANChange `json:"iban_change"`
}

// IBANChange is an account that is waiting to replace the current one.
type IBANChange struct {
	IBAN        string `json:"iban"`
	BIC         string `json:"bic"`
	EffectiveAt string `json:"effective_at"`
}

// MerchantOf shows a merchant.
func MerchantOf(m merchant.Merchant) Merchant {
	var change *IBANChange
	if m.NextAt != nil {
		change = &IBANChange{IBAN: m.NextIBAN, BIC: m.NextBIC, EffectiveAt: web.Time(*m.NextAt)}
	}
	return Merchant{
		IBANChange: change, RefundStepUpAbove: m.RefundStepUpAbove,
		ID: m.ID, Name: m.Name, LegalStatus: m.LegalStatus, SIREN: m.SIREN, IBAN: m.IBAN, BIC: m.BIC, Email: m.Email,
		GatewayEnabled: m.GatewayEnabled, LiveEnabled: m.GatewayEnabled && m.LiveEnabled, WaitForSettlement: m.WaitForSettlement,
		LoyaltyEligible: m.LoyaltyEligible, EPCEnabled: m.EPCEnabled, CreatedAt: web.Time(m.CreatedAt),
		AccountName: m.AccountName, LegalName: m.LegalName, Address: m.Address, LiveMissing: append([]string{}, merchant.LiveMissing(m)...),
	}
}
