package eupay

import (
	"encoding/json"
	"time"
)

// Enrollment is where the enrolment of a merchant stands.
type Enrollment struct {
	Enrolled      bool          `json:"enrolled"`
	MandateID     string        `json:"mandate_id"`
	MandateStatus MandateStatus `json:"mandate_status"`
	// Invoices can be submitted now.
	Ready bool   `json:"ready"`
	SIRET string `json:"siret"`
	// Unreported is there when completed payments are in no report.
	Unreported *UnreportedSales `json:"unreported_sales"`
}

// OnboardingLink is the page where a merchant proves who it is.
type OnboardingLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// EInvoiceSettings is what invoices say of their seller.
type EInvoiceSettings struct {
	// As in the register.
	LegalName   string `json:"legal_name"`
	TradingName string `json:"trading_name"`
	LegalForm   string `json:"legal_form"`
	SIRET       string `json:"siret"`
	// Only the regime franchise may have none.
	VATNumber string  `json:"vat_number"`
	Address   Address `json:"address"`
	Email     string  `json:"email"`
	Phone     string  `json:"phone"`
	// In scheme 0225; the SIREN when empty.
	ElectronicAddress string `json:"electronic_address"`
	// What an item sells that does not say it. One of goods, services.
	Activity string `json:"activity"`
	// Decides when reports are due. One of monthly, quarterly, simplified, franchise.
	VATRegime string `json:"vat_regime"`
	// VAT on services is due with the invoice, so that payments are not reported.
	VATOnDebits bool   `json:"vat_on_debits"`
	IBAN        string `json:"iban"`
	BIC         string `json:"bic"`
	// From the invoice to its due date.
	TermDays int `json:"term_days"`
	// The sentence about late payment; the usual one when empty.
	Penalties string `json:"penalties"`
	// The sentence about the 40 EUR for recovery.
	Recovery string `json:"recovery"`
	// The sentence about early payment.
	Discount string `json:"discount"`
	Footer   string `json:"footer"`
	// The mediator that invoices to consumers name: its name, address and website.
	ConsumerMediator string `json:"consumer_mediator"`
	// The VAT rate, such as 20, of payments without an invoice whose VAT no order says; empty: they are not reported.
	SalesVATRate string `json:"sales_vat_rate"`
	// What such payments sell: goods, services, or the activity when empty.
	SalesType string `json:"sales_type"`
	// EU Pay payments are in the totals of the tills, so that they are not reported again.
	SalesByTill bool `json:"sales_by_till"`
}

// EInvoiceSettingsChange is what becomes different about the settings; nil: nothing.
type EInvoiceSettingsChange struct {
	// As in the register.
	LegalName   *string `json:"legal_name,omitzero"`
	TradingName *string `json:"trading_name,omitzero"`
	LegalForm   *string `json:"legal_form,omitzero"`
	SIRET       *string `json:"siret,omitzero"`
	// Only the regime franchise may have none.
	VATNumber *string  `json:"vat_number,omitzero"`
	Address   *Address `json:"address,omitzero"`
	Email     *string  `json:"email,omitzero"`
	Phone     *string  `json:"phone,omitzero"`
	// In scheme 0225; the SIREN when empty.
	ElectronicAddress *string `json:"electronic_address,omitzero"`
	// What an item sells that does not say it. One of goods, services.
	Activity *string `json:"activity,omitzero"`
	// Decides when reports are due. One of monthly, quarterly, simplified, franchise.
	VATRegime *string `json:"vat_regime,omitzero"`
	// VAT on services is due with the invoice, so that payments are not reported.
	VATOnDebits *bool   `json:"vat_on_debits,omitzero"`
	IBAN        *string `json:"iban,omitzero"`
	BIC         *string `json:"bic,omitzero"`
	// From the invoice to its due date.
	TermDays *int `json:"term_days,omitzero"`
	// The sentence about late payment; the usual one when empty.
	Penalties *string `json:"penalties,omitzero"`
	// The sentence about the 40 EUR for recovery.
	Recovery *string `json:"recovery,omitzero"`
	// The sentence about early payment.
	Discount *string `json:"discount,omitzero"`
	Footer   *string `json:"footer,omitzero"`
	// The mediator that invoices to consumers name: its name, address and website.
	ConsumerMediator *string `json:"consumer_mediator,omitzero"`
	// The VAT rate, such as 20, of payments without an invoice whose VAT no order says; empty: they are not reported.
	SalesVATRate *string `json:"sales_vat_rate,omitzero"`
	// What such payments sell: goods, services, or the activity when empty.
	SalesType *string `json:"sales_type,omitzero"`
	// EU Pay payments are in the totals of the tills, so that they are not reported again.
	SalesByTill *bool `json:"sales_by_till,omitzero"`
}

// SalesDayParams are the totals of a till's day.
type SalesDayParams struct {
	// A day in France, up to a year ago: 2026-06-17.
	Date string `json:"date"`
	// Your name of the till.
	Till string `json:"till"`
	// One for each rate and type. An empty list withdraws what was recorded.
	Totals []SalesTotalParams `json:"totals"`
}

// SalesTotalParams is what was sold at one rate.
type SalesTotalParams struct {
	VATRate json.Number `json:"vat_rate"`
	// One of goods, service; the activity of the settings when empty.
	Type string `json:"type,omitzero"`
	// VAT included; below zero when more was returned than sold.
	Amount Amount `json:"amount"`
}

// SalesDay is what a till sold on a day.
type SalesDay struct {
	ID       string       `json:"id"`
	Date     string       `json:"date"`
	Till     string       `json:"till"`
	Totals   []SalesTotal `json:"totals"`
	TotalTTC Amount       `json:"total_ttc"`
	// The VAT in it.
	TotalVAT Amount `json:"total_vat"`
	// How often it was recorded.
	Version int `json:"version"`
	// The platform has a report of this period: another one replaces it when something changes.
	Reported bool `json:"reported"`
	// The report that has it.
	PeriodStart string    `json:"period_start"`
	PeriodEnd   string    `json:"period_end"`
	DueDate     string    `json:"due_date"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// SalesTotal is what was sold at one rate.
type SalesTotal struct {
	VATRate json.Number `json:"vat_rate"`
	// One of goods, service.
	Type   string `json:"type"`
	Amount Amount `json:"amount"`
}

// SalesListParams narrow a list of days of tills.
type SalesListParams struct {
	ListParams
	// First and last day, both included; empty: any.
	From, To string
}

// UnreportedSales are completed payments that no report has, because their VAT is not known.
type UnreportedSales struct {
	Payments int    `json:"payments"`
	Amount   Amount `json:"amount"`
	// Day of the first.
	Since string `json:"since"`
	// What to do.
	Message string `json:"message"`
}

// EReport is a report to the tax authority.
type EReport struct {
	ID string `json:"id"`
	// One of sales, payments.
	Kind        string `json:"kind"`
	PeriodStart string `json:"period_start"`
	PeriodEnd   string `json:"period_end"`
	DueDate     string `json:"due_date"`
	// 1 is the initial report; the others replace it.
	Number int `json:"number"`
	// One of waiting, sent, failed.
	Status     string    `json:"status"`
	PlatformID string    `json:"platform_id"`
	Problem    string    `json:"problem"`
	CreatedAt  time.Time `json:"created_at"`
	SentAt     time.Time `json:"sent_at"`
}
