package e2e

import (
	"net/http"
	"testing"
)

// abroadInvoice is what the API says of an invoice beyond its states.
type abroadInvoice struct {
	Audience     string `json:"audience"`
	SeqinoStatus string `json:"seqino_status"`
	Problem      string `json:"problem"`
	Buyer        string `json:"buyer_reference"`
	Items        []struct {
		Unit     string `json:"unit"`
		Category string `json:"vat_category"`
	} `json:"items"`
	VAT []struct {
		Code string `json:"vat_exemption_code"`
	} `json:"vat_breakdown"`
	Delivery *struct {
		City    string `json:"city"`
		Country string `json:"country"`
	} `json:"delivery_address"`
}

// The platform judges each document by its own code.
func TestABusinessAbroadIsInvoiced(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	belgian := object{
		"customer_name": "Voorbeeld NV", "customer_vat_number": "BE 0123 456 749", "customer_email": "facturen@voorbeeld.example",
		"customer_address": object{"street": "Voorbeeldstraat 1", "post_code": "1000", "city": "Brussel", "country": "BE"},
		"buyer_reference":  "SERVICE-42", "purchase_order": "BC-7", "delivery_address": object{"city": "Gent", "country": "BE"},
	}
	american := object{"customer_name": "Example Inc.", "customer_type": "business", "customer_address": object{"city": "Boston", "country": "US"}}
	for code, c := range map[string]struct {
		customer object
		item     object
		category string
	}{
		"VATEX-EU-IC": {belgian, object{"type": "goods", "unit": "kg"}, "K"}, "VATEX-EU-AE": {belgian, object{"type": "service", "unit": "hour"}, "AE"},
		"VATEX-EU-G": {american, object{"type": "goods"}, "G"}, "VATEX-EU-O": {american, object{"type": "service"}, "O"},
	} {
		item := object{"product_name": "Article", "quantity": 2, "unit_price_ttc": 90, "vat_rate": 0}
		for name, value := range c.item {
			item[name] = value
		}
		body := object{"items": []object{item}}
		for name, value := range c.customer {
			body[name] = value
		}
		i := must[abroadInvoice](t, m.api.do(t, http.MethodPost, "/einvoice/invoices", body.json()), http.StatusCreated)
		if i.Audience != "B2BINT" || i.SeqinoStatus != "submitted" || i.Items[0].Category != c.category || i.VAT[0].Code != code {
			t.Errorf("%s: %+v", code, i)
		}
		if c.category == "K" && (i.Buyer != "SERVICE-42" || i.Items[0].Unit != "KGM" || i.Delivery.City != "Gent") {
			t.Errorf("%s: %+v", code, i)
		}
	}
}
