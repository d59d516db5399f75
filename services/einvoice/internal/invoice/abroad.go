package invoice

import (
	"cmp"
	"regexp"
	"slices"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/vat"
)

// trade validates the customer, and returns the sale that the items belong to.
func (p *problems) trade(o Order, s Settings) trade {
	x := trade{seller: s}
	x.buyer, x.audience = p.customer(o.Customer, s)
	if d := o.delivery(); d != nil {
		x.to = d.Address
	}
	return x
}

// registered is a number that begins with the code of a country, as EN 16931 demands of every VAT number (BR-CO-09).
var registered = regexp.MustCompile(`^[A-Z]{2}[A-Z0-9]{2,28}$`)

// foreign validates a business abroad: its address, and its VAT number if it has one.
func (p *problems) foreign(party *Party, c Customer, s Settings) {
	country := c.Address.Country
	if c.SIREN+c.SIRET+c.ElectronicAddress != "" {
		p.Add("customer_address.country", "must be FR, an overseas department or MC for a customer with a SIREN: a business abroad has a customer_vat_number")
		return
	}
	if c.Address.City == "" {
		p.Add("customer_address.city", "is required for a business abroad")
	}
	switch {
	case c.VATNumber == "":
	case europe[country] && !ident.IsEUVATNumber(c.VATNumber):
		p.Add("customer_vat_number", "must be a VAT number of the EU: the letters of the country and its characters, such as DE123456789")
	case !europe[country] && (!registered.MatchString(c.VATNumber) || !countries[c.VATNumber[:2]]):
		p.Add("customer_vat_number", "must begin with the code of the country and have only letters and digits, such as CHE123456789")
	}
	party.VATNumber, party.Electronic = c.VATNumber, privateAddress(c, s)
}

// countryOf returns the country of a customer: the one of its address, or of its VAT number, or France.
func countryOf(c Customer) string {
	return cmp.Or(c.Address.Country, ident.CountryOfVATNumber(c.VATNumber), france)
}

// DueByBuyer reports whether all that a document sells of a nature at a rate is taxed in the buyer's hands: reverse charge, and services that
// are not taxed in France.
func (d *Document) DueByBuyer(n Nature, r vat.Rate) bool {
	return r == 0 && !slices.ContainsFunc(d.Lines, func(l Line) bool {
		return l.Nature == n && l.VATPerMill == r && l.Category != Reverse && l.Category != OutOfScope
	})
}

// abroad completes the document as its VAT categories demand. A delivery within the EU has a day and a country (BR-IC-11, BR-IC-12). What is
// out of scope names no VAT number in the terms of EN 16931 (BR-O-02): the seller's, which French law wants on it, is its tax registration.
func (d *Document) abroad() {
	for _, v := range d.VAT {
		switch v.Category {
		case Community:
			var to Delivery
			if d.Delivery != nil {
				to = *d.Delivery
			}
			if to.Date == "" && d.Period == nil {
				to.Date = d.Issued
			}
			if to.Address == nil {
				address := d.Buyer.Address
				to.Address = &address
			}
			d.Delivery = &to
		case OutOfScope:
			d.Seller.TaxRegistration = cmp.Or(d.Seller.VATNumber, d.Seller.TaxRegistration)
			d.Seller.VATNumber, d.Buyer.VATNumber = "", ""
		}
	}
}
