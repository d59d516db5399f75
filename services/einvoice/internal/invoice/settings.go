package invoice

import "european-pay.eu/eupay/internal/vat"

// Regime is how a merchant declares its VAT. It determines when its e-reports are due (DGFiP specifications, section 3.7).
type Regime string

const (
	// RegimeMonthly is the normal regime with monthly returns.
	RegimeMonthly Regime = "monthly"
	// RegimeQuarterly is the normal regime with quarterly returns.
	RegimeQuarterly Regime = "quarterly"
	// RegimeSimplified is the simplified regime.
	RegimeSimplified Regime = "simplified"
	// RegimeFranchise is exempt from VAT (article 293 B CGI): every rate is 0.
	RegimeFranchise Regime = "franchise"
)

// Settings are the merchant's data on its documents and its VAT regime. They are copied into each document when it is issued.
type Settings struct {
	// LegalName is the name in the company register; TradingName is the commercial name, if different.
	LegalName   string `json:"legal_name"`
	TradingName string `json:"trading_name,omitempty"`
	// LegalForm, e.g. "SAS au capital de 10 000 EUR, RCS Paris 123 456 782"; may be empty.
	LegalForm string `json:"legal_form,omitempty"`
	// SIRET of the establishment; its first nine digits are the SIREN.
	SIRET string `json:"siret"`
	// VATNumber has FR and eleven characters. It is optional only in the regime franchise.
	VATNumber string  `json:"vat_number,omitempty"`
	Address   Address `json:"address"`
	Email     string  `json:"email"`
	Phone     string  `json:"phone,omitempty"`
	// ElectronicAddress in scheme 0225. Default: the SIREN.
	ElectronicAddress string `json:"electronic_address,omitempty"`
	// Activity is the default nature of lines.
	Activity Nature `json:"activity"`
	Regime   Regime `json:"vat_regime"`
	// VATOnDebits means that VAT on services is due with the invoice and not with its payment, so payments are not reported.
	VATOnDebits bool `json:"vat_on_debits"`
	// IBAN and BIC for transfers; may be empty.
	IBAN string `json:"iban,omitempty"`
	BIC  string `json:"bic,omitempty"`
	// SalesRate is the VAT rate of payments without an invoice whose VAT is not known otherwise; nil: they are not reported. SalesNature is what
	// they sell. Default: Activity.
	SalesRate   *vat.Rate `json:"sales_rate,omitempty"`
	SalesNature Nature    `json:"sales_nature,omitempty"`
	// SalesByTill means that the merchant reports EU Pay payments in the totals of its tills, so they are not reported again.
	SalesByTill bool `json:"sales_by_till,omitempty"`
	// TermDays from the invoice to its due date, 0 to 60.
	TermDays int `json:"term_days"`
	// Penalties, Recovery and Discount are the mandatory texts (PMD, PMT, AAB). Default: the standard ones.
	Penalties string `json:"penalties,omitempty"`
	Recovery  string `json:"recovery,omitempty"`
	Discount  string `json:"discount,omitempty"`
	// Footer is the merchant's own text on each page; may be empty.
	Footer string `json:"footer,omitempty"`
	// ConsumerMediator has the name and the address of the mediator on whom a consumer can call, which a seller to consumers must
	// state (articles L. 616-1 and R. 616-1 of the consumer code); may be empty.
	ConsumerMediator string `json:"consumer_mediator,omitempty"`
}

// SIREN of the merchant.
func (s Settings) SIREN() string {
	if len(s.SIRET) < 9 {
		return ""
	}
	return s.SIRET[:9]
}
