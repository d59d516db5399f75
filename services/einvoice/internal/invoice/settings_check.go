package invoice

import (
	"slices"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/vat"
)

// maxTermDays is the limit in article L. 441-10 of the commercial code.
const maxTermDays = 60

// Check validates the settings: it returns one errs.Error that names every field as in JSON. With valid settings, every document
// has all that French law requires of a seller.
func (s Settings) Check() error { return s.check(problems{}) }

func (s Settings) check(p problems) error {
	p.text("legal_name", s.LegalName, maxName, true)
	p.text("trading_name", s.TradingName, maxName, false)
	p.text("legal_form", s.LegalForm, maxName, false)
	p.sellerIDs(s)
	p.address("address", s.Address, true)
	if countries[s.Address.Country] && (!domestic[s.Address.Country] || s.Address.Country == "MC") {
		p.Add("address.country", "must be FR, or GP, MQ, RE, GF or YT for an overseas department: only French businesses can issue e-invoices")
	}
	p.email("email", s.Email, true)
	p.phone("phone", s.Phone)
	if s.Activity != Goods && s.Activity != Services {
		p.Add("activity", "must be goods or services")
	}
	p.account(s)
	p.sales(s)
	if s.TermDays < 0 || s.TermDays > maxTermDays {
		p.Add("term_days", "must be from 0 to %d", maxTermDays)
	}
	p.text("penalties", s.Penalties, maxSentence, false)
	p.text("recovery", s.Recovery, maxSentence, false)
	p.text("discount", s.Discount, maxSentence, false)
	p.text("footer", s.Footer, maxName, false)
	p.text("consumer_mediator", s.ConsumerMediator, maxName, false)
	return p.Err()
}

var regimes = []Regime{RegimeMonthly, RegimeQuarterly, RegimeSimplified, RegimeFranchise}

// sellerIDs validates the merchant's identifiers and its regime, which determines whether a VAT number is required.
func (p *problems) sellerIDs(s Settings) {
	siret := ident.IsSIRET(s.SIRET)
	if !siret {
		p.Add("siret", "must be a SIRET: fourteen digits with a valid checksum")
	}
	switch {
	case s.VATNumber == "" && s.Regime != RegimeFranchise:
		p.Add("vat_number", "is required, except with the vat_regime franchise")
	case s.VATNumber == "":
	case !ident.IsVATNumber(s.VATNumber):
		p.Add("vat_number", "must be a French VAT number: FR, two check digits and the SIREN")
	case siret && s.VATNumber[4:] != s.SIREN():
		p.Add("vat_number", "must end with the SIREN %s", s.SIREN())
	}
	switch {
	case s.ElectronicAddress == "":
	case !validElectronic(s.ElectronicAddress):
		p.Add("electronic_address", "must start with the SIREN, optionally followed by _ and letters, digits, - _ or ., with at most %d characters", maxElectronic)
	case siret && s.ElectronicAddress[:9] != s.SIREN():
		p.Add("electronic_address", "must start with the SIREN %s", s.SIREN())
	}
	if !slices.Contains(regimes, s.Regime) {
		p.Add("vat_regime", "must be monthly, quarterly, simplified or franchise")
	}
}

// sales validates what is said of payments without an invoice.
func (p *problems) sales(s Settings) {
	if s.SalesNature != "" && s.SalesNature != Goods && s.SalesNature != Services {
		p.Add("sales_type", "must be goods or services")
	}
	switch {
	case s.SalesRate == nil:
	case s.Regime == RegimeFranchise && *s.SalesRate != 0:
		p.Add("sales_vat_rate", "must be 0 with the vat_regime franchise")
	case !slices.Contains(vat.Rates, *s.SalesRate):
		p.Add("sales_vat_rate", "must be one of 20, 10, 5.5, 2.1 and 0")
	}
}

func (p *problems) account(s Settings) {
	if s.IBAN != "" && !ident.IsIBAN(s.IBAN) {
		p.Add("iban", "must be an IBAN with a valid checksum")
	}
	switch {
	case s.BIC == "":
	case s.IBAN == "":
		p.Add("bic", "is only allowed with an iban")
	case !ident.IsBIC(s.BIC):
		p.Add("bic", "must have 8 or 11 letters and digits")
	}
}
