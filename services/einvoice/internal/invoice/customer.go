package invoice

import (
	"cmp"

	"european-pay.eu/eupay/internal/ident"
)

// france is the country of an address that states none.
const france = "FR"

// customer validates the buyer, and returns its name on the document and its kind.
func (p *problems) customer(c Customer, s Settings) (Party, Audience) {
	c.Address.Country = countryOf(c)
	p.text("customer_name", c.Name, maxName, true)
	p.email("customer_email", c.Email, false)
	p.phone("customer_phone", c.Phone)
	p.address("customer_address", c.Address, false)
	party := Party{Name: c.Name, Address: c.Address, Email: c.Email, Phone: c.Phone}
	identified := c.SIREN+c.SIRET+c.VATNumber+c.ElectronicAddress != ""
	abroad := !domestic[c.Address.Country]
	switch {
	case c.Business && c.Individual:
		p.Add("customer_type", "must be business or individual")
	case c.Individual && identified:
		p.Add("customer_type", "must be business when customer_siren, customer_siret, customer_vat_number or customer_electronic_address is given")
	case abroad && (c.Business || identified):
		p.foreign(&party, c, s)
		return party, B2BInternational
	case c.Business && !identified:
		p.Add("customer_siren", "is required for a business (or customer_siret, customer_vat_number, customer_electronic_address)")
	case identified:
		p.business(&party, c)
		return party, B2B
	}
	party.Electronic = privateAddress(c, s)
	return party, B2C
}

// privateAddress is the electronic address for a private customer. Without an email address it is the merchant's, who passes the
// document on.
func privateAddress(c Customer, s Settings) ElectronicAddress {
	if c.Email != "" {
		return ElectronicAddress{SchemeEmail, c.Email}
	}
	return s.seller().Electronic
}

// business validates the identifiers, which must all belong to one SIREN, and sets them on the party.
func (p *problems) business(party *Party, c Customer) {
	before := len(p.Problems)
	if c.SIREN != "" && !ident.IsSIREN(c.SIREN) {
		p.Add("customer_siren", "must be a SIREN: nine digits with a valid checksum")
	}
	if c.SIRET != "" && !ident.IsSIRET(c.SIRET) {
		p.Add("customer_siret", "must be a SIRET: fourteen digits with a valid checksum")
	}
	if c.VATNumber != "" && !ident.IsVATNumber(c.VATNumber) {
		p.Add("customer_vat_number", "must be a French VAT number (FR, two check digits and the SIREN): customer_address.country is %s", c.Address.Country)
	}
	if c.ElectronicAddress != "" && !validElectronic(c.ElectronicAddress) {
		p.Add("customer_electronic_address", "must start with the SIREN, optionally followed by _ and letters, digits, - _ or ., with at most %d characters", maxElectronic)
	}
	if len(p.Problems) > before {
		return
	}
	party.SIREN = sirenOf(c)
	party.SIRET, party.VATNumber = c.SIRET, c.VATNumber
	party.Electronic = ElectronicAddress{SchemeElectronic, cmp.Or(c.ElectronicAddress, party.SIREN)}
	p.oneSIREN(party.SIREN, c)
}

// KnownSIREN returns the SIREN of a business if its identifiers are valid, otherwise nothing: New says what is wrong.
func (c Customer) KnownSIREN() string {
	var p problems
	var party Party
	c.Address = Address{Country: france}
	c.ElectronicAddress = trim(c.ElectronicAddress)
	for _, s := range []*string{&c.SIREN, &c.SIRET, &c.VATNumber} {
		*s = ident.Compact(*s)
	}
	if c.SIREN+c.SIRET+c.VATNumber+c.ElectronicAddress == "" || c.Individual {
		return ""
	}
	if p.business(&party, c); len(p.Problems) > 0 {
		return ""
	}
	return party.SIREN
}

// sirenOf returns the SIREN of the first identifier given.
func sirenOf(c Customer) string {
	switch {
	case c.SIREN != "":
		return c.SIREN
	case c.SIRET != "":
		return c.SIRET[:9]
	case c.VATNumber != "":
		return c.VATNumber[4:]
	default:
		return c.ElectronicAddress[:9]
	}
}

func (p *problems) oneSIREN(siren string, c Customer) {
	if c.SIRET != "" && c.SIRET[:9] != siren {
		p.Add("customer_siret", "must start with the SIREN %s", siren)
	}
	if c.VATNumber != "" && c.VATNumber[4:] != siren {
		p.Add("customer_vat_number", "must end with the SIREN %s", siren)
	}
	if c.ElectronicAddress != "" && c.ElectronicAddress[:9] != siren {
		p.Add("customer_electronic_address", "must start with the SIREN %s", siren)
	}
}
