package cii

import (
	"cmp"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// party writes what the seller (BG-4) and the buyer (BG-7) have in common: everything except the tax registration, which comes
// last.
func (w *writer) party(p invoice.Party) {
	w.text("ram:GlobalID", p.SIRET, attr{"schemeID", invoice.SchemeSIRET})
	w.text("ram:Name", p.Name)
	w.text("ram:Description", p.LegalInfo)
	if p.SIREN != "" || p.TradingName != "" {
		w.in("ram:SpecifiedLegalOrganization", func() {
			w.text("ram:ID", p.SIREN, attr{"schemeID", invoice.SchemeSIREN})
			w.text("ram:TradingBusinessName", p.TradingName)
		})
	}
	w.contact(p)
	w.in("ram:PostalTradeAddress", func() { w.address(p.Address) })
	if p.Electronic.Value != "" {
		w.in("ram:URIUniversalCommunication", func() {
			w.text("ram:URIID", p.Electronic.Value, attr{"schemeID", p.Electronic.Scheme})
		})
	}
}

// contact (BG-6, BG-9).
func (w *writer) contact(p invoice.Party) {
	if p.Email == "" && p.Phone == "" {
		return
	}
	w.in("ram:DefinedTradeContact", func() {
		if p.Phone != "" {
			w.in("ram:TelephoneUniversalCommunication", func() { w.text("ram:CompleteNumber", p.Phone) })
		}
		if p.Email != "" {
			w.in("ram:EmailURIUniversalCommunication", func() { w.text("ram:URIID", p.Email) })
		}
	})
}

func (w *writer) address(a invoice.Address) {
	w.text("ram:PostcodeCode", a.PostCode)
	w.text("ram:LineOne", a.Street)
	w.text("ram:LineTwo", a.More)
	w.text("ram:CityName", a.City)
	w.text("ram:CountryID", a.Country)
}

// sellerTax is the VAT number (BT-31). A seller exempt from VAT may have none. Then its SIREN is the tax registration (BT-32),
// because BR-S-02, BR-E-02 and BR-Z-02 require one of the two.
func (w *writer) sellerTax(p invoice.Party) {
	if p.VATNumber == "" {
		w.taxRegistration("FC", cmp.Or(p.TaxRegistration, p.SIREN))
		return
	}
	w.taxRegistration("VA", p.VATNumber)
}

func (w *writer) taxRegistration(scheme, value string) {
	if value == "" {
		return
	}
	w.in("ram:SpecifiedTaxRegistration", func() { w.text("ram:ID", value, attr{"schemeID", scheme}) })
}
