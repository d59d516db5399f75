package flux10

import (
	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// profile of a reported invoice (TT-29, S1.12).
const profile = "urn.cpro.gouv.fr:1p0:ereporting"

// The schemes of businesses abroad (G2.19): by their VAT number in the EU, otherwise by their country and name.
const (
	schemeEU      = "0223"
	schemeOutside = "0227"
	// mostOfName is how much of a name the scheme 0227 takes.
	mostOfName = 16
)

// reported writes an invoice to a business abroad (10.1, TG-8).
func reported(w *writer, d invoice.Document) {
	w.text("ID", d.Number)
	w.text("IssueDate", d.Issued.Compact())
	w.text("TypeCode", string(d.Type))
	w.text("CurrencyCode", currency)
	w.text("DueDate", d.Due.Compact())
	w.in("BusinessProcess", func() {
		w.text("ID", d.Process)
		w.text("TypeID", profile)
	})
	if p := d.Preceding; p != nil {
		w.in("ReferencedDocument", func() {
			w.text("ID", p.Number)
			w.text("IssueDate", p.Issued.Compact())
		})
	}
	w.in("Seller", func() { seller(w, d.Seller) })
	w.in("Buyer", func() { buyer(w, d.Buyer) })
	delivered(w, d)
	for _, a := range d.Allowances {
		w.with("AllowanceCharge", `ChargeIndicator="false"`, func() {
			w.text("Amount", amount(a.Net))
			w.text("TaxCategoryCode", string(a.Category))
			w.text("TaxPercent", a.VATPerMill.String())
		})
	}
	w.in("MonetaryTotal", func() {
		w.text("TaxExclusiveAmount", amount(d.Totals.Net))
		w.attributed("TaxAmount", `CurrencyCode="`+currency+`"`, amount(d.Totals.Tax))
	})
	for _, v := range d.VAT {
		w.in("TaxSubTotal", func() { subtotal(w, v) })
	}
	for _, l := range d.Lines {
		w.in("Line", func() { line(w, l) })
	}
}

func seller(w *writer, p invoice.Party) {
	w.identifier("CompanyId", schemeSIREN, p.SIREN)
	number := p.VATNumber
	if number == "" && p.TaxRegistration != p.SIREN {
		number = p.TaxRegistration // of a document out of scope
	}
	taxed(w, number)
	w.in("PostalAddress", func() { w.text("CountryId", p.Address.Country) })
}

func buyer(w *writer, p invoice.Party) {
	scheme, id := companyOf(p)
	w.identifier("CompanyId", scheme, id)
	taxed(w, p.VATNumber)
	w.in("PostalAddress", func() { w.text("CountryId", p.Address.Country) })
}

// companyOf identifies a business abroad.
func companyOf(p invoice.Party) (scheme, id string) {
	if ident.IsEUVATNumber(p.VATNumber) {
		return schemeEU, p.VATNumber
	}
	name := []rune(p.Name)
	return schemeOutside, p.Address.Country + string(name[:min(mostOfName, len(name))])
}

func taxed(w *writer, number string) {
	if number != "" {
		w.attributed("TaxRegistrationId", `qualifyingId="VAT"`, number)
	}
}

func delivered(w *writer, d invoice.Document) {
	if to := d.Delivery; to != nil {
		w.in("Delivery", func() {
			if to.Date != "" {
				w.text("Date", to.Date.Compact())
			}
			if to.Address != nil {
				w.in("Location", func() { location(w, *to.Address) })
			}
		})
	}
	if p := d.Period; p != nil {
		w.in("InvoicePeriod", func() {
			w.text("StartDate", p.From.Compact())
			w.text("EndDate", p.To.Compact())
		})
	}
}

func location(w *writer, a invoice.Address) {
	for _, f := range []struct{ name, value string }{
		{"LineOne", a.Street}, {"LineTwo", a.More}, {"CityName", a.City}, {"PostalZone", a.PostCode}, {"CountryId", a.Country},
	} {
		if f.value != "" {
			w.text(f.name, f.value)
		}
	}
}

func subtotal(w *writer, v invoice.VAT) {
	w.text("TaxableAmount", amount(v.Base))
	w.text("TaxAmount", amount(v.Tax))
	w.in("TaxCategory", func() {
		w.text("Code", string(v.Category))
		w.text("Percent", v.VATPerMill.String())
		if v.Reason != "" {
			w.text("TaxExemptionReason", v.Reason)
		}
		if v.ReasonCode != "" {
			w.text("TaxExemptionReasonCode", v.ReasonCode)
		}
	})
}

func line(w *writer, l invoice.Line) {
	w.attributed("BilledQuantity", `UnitCode="`+l.Unit+`"`, l.Quantity.String())
	w.in("Price", func() { w.text("PriceAmount", l.UnitNet().String()) })
	w.in("Product", func() { w.text("Name", l.Name) })
}

// paid writes what was received for one invoice on one day (10.2).
func paid(w *writer, p platform.InvoicePayments) {
	w.text("InvoiceID", p.Number)
	w.text("IssueDate", p.Issued.Compact())
	w.in("Payment", func() { payments(w, p.PaymentsDay) })
}
