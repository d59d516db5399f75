package flux10

import (
	"slices"
	"strings"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

// Invoice is an invoice to a business abroad, or a document that corrects one, with what the JSON and the XML have in common. Amounts are
// in cents.
type Invoice struct {
	Number, Issued, Type string
	Net, Tax             int64
}

// Paid is what was received for such an invoice on one day.
type Paid struct {
	Number, Issued string
	Payment
}

// profile of a reported invoice (TT-29).
const profile = "urn.cpro.gouv.fr:1p0:ereporting"

// invoice parses an invoice, and checks what only the XML has.
func (r *reader) invoice(n *xmltree.Node, siren string) Invoice {
	i := Invoice{
		Number: n.Get("ID"), Issued: r.date(n, "IssueDate"), Type: n.Get("TypeCode"),
		Net: r.number(n, "MonetaryTotal/TaxExclusiveAmount"), Tax: r.number(n, "MonetaryTotal/TaxAmount"),
	}
	r.must(n.Get("BusinessProcess/TypeID") == profile, "TT-29", "BusinessProcess/TypeID", n.Get("BusinessProcess/TypeID"))
	r.must(n.Get("CurrencyCode") == "EUR", "TT-22", "CurrencyCode", n.Get("CurrencyCode"))
	seller, buyer := n.At("Seller"), n.At("Buyer")
	r.must(seller.At("CompanyId").Attr("schemeId") == "0002" && seller.Get("CompanyId") == siren, "TT-33", "Seller/CompanyId", seller.Get("CompanyId"))
	r.buyer(buyer)
	r.must(n.At("ReferencedDocument") != nil || i.Type != "381" && i.Type != "384", "TG-11", "ReferencedDocument", i.Number)
	var net, tax int64
	for _, t := range n.All("TaxSubTotal") {
		net, tax = net+r.number(t, "TaxableAmount"), tax+r.number(t, "TaxAmount")
		r.subtotal(n, t)
	}
	r.must(net == i.Net && tax == i.Tax, "G1.53", "MonetaryTotal", decimal.Cents(i.Net)+" and "+decimal.Cents(i.Tax))
	return i
}

// buyer checks that a business abroad is identified as one (G2.19).
func (r *reader) buyer(n *xmltree.Node) {
	country, scheme := n.Get("PostalAddress/CountryId"), n.At("CompanyId").Attr("schemeId")
	r.must(len(country) == 2 && country != "FR", "TT-39", "Buyer/PostalAddress/CountryId", country)
	r.must(slices.Contains([]string{"0002", "0223", "0227", "0228", "0229"}, scheme), "G2.19", "Buyer/CompanyId", scheme)
	r.must(scheme != "0223" || n.Get("CompanyId") == n.Get("TaxRegistrationId"), "G2.19", "Buyer/CompanyId", n.Get("CompanyId"))
	r.must(scheme != "0227" || strings.HasPrefix(n.Get("CompanyId"), country), "G2.19", "Buyer/CompanyId", n.Get("CompanyId"))
}

// subtotal checks the VAT of one category and rate of an invoice.
func (r *reader) subtotal(invoice, n *xmltree.Node) {
	category, percent := n.Get("TaxCategory/Code"), r.number(n, "TaxCategory/Percent")
	r.must(slices.Contains(document.Rates, percent), "G1.24", "TaxCategory/Percent", n.Get("TaxCategory/Percent"))
	r.must((category == "S") == (percent > 0), "TT-56", "TaxCategory/Code", category)
	r.must((category == "S") == (n.Get("TaxCategory/TaxExemptionReason")+n.Get("TaxCategory/TaxExemptionReasonCode") == ""), "TT-58", "TaxCategory", category)
	r.must(category != "K" || invoice.Get("Delivery/Location/CountryId") != "", "TT-44", "Delivery", category)
}

func (r *reader) must(ok bool, rule, field, value string) {
	if !ok {
		r.add(rule, field, "%q is not right", value)
	}
}

// documentType checks the kind of a reported document.
func (r *reader) documentType(i Invoice) {
	r.must(slices.Contains([]string{"380", "381", "384", "386"}, i.Type), "TT-21", "type_code", i.Type)
	r.must(i.Number != "" && len(i.Number) <= 35, "TT-19", "number", i.Number)
}
