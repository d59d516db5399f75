package invoice_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// untaxed is an item without VAT whose reason follows from the customer.
func untaxed(n invoice.Nature) invoice.Item {
	return invoice.Item{Name: "Article", Quantity: invoice.One, UnitPrice: 100_00, Nature: n}
}

func coded(code string, n invoice.Nature) invoice.Item {
	it := untaxed(n)
	it.ExemptCode = code
	return it
}

func TestWhyABusinessAbroadPaysNoVAT(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		customer invoice.Customer
		nature   invoice.Nature
		category invoice.Category
		code     string
	}{
		"goods to Belgium":         {invoicetest.Belgian(), invoice.Goods, invoice.Community, "VATEX-EU-IC"},
		"services to Belgium":      {invoicetest.Belgian(), invoice.Services, invoice.Reverse, "VATEX-EU-AE"},
		"goods to Switzerland":     {invoicetest.Swiss(), invoice.Goods, invoice.Export, "VATEX-EU-G"},
		"services to Switzerland":  {invoicetest.Swiss(), invoice.Services, invoice.OutOfScope, "VATEX-EU-O"},
		"goods to the usual place": {invoicetest.Swiss(), "", invoice.Export, "VATEX-EU-G"},
	} {
		d, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), invoice.Order{Customer: c.customer, Items: []invoice.Item{untaxed(c.nature)}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v := d.VAT[0]; d.Audience != invoice.B2BInternational || d.Lines[0].Category != c.category || v.Category != c.category || v.ReasonCode != c.code || v.Reason == "" || v.Tax != 0 {
			t.Errorf("%s: %s, line %s, VAT %+v", name, d.Audience, d.Lines[0].Category, v)
		}
		if d.Buyer.Electronic.Scheme != invoice.SchemeEmail {
			t.Errorf("%s: sent to %+v", name, d.Buyer.Electronic)
		}
	}
}

func TestADeliveryWithinTheEUHasADayAndACountry(t *testing.T) {
	t.Parallel()
	o := invoice.Order{Customer: invoicetest.Belgian(), Items: []invoice.Item{untaxed(invoice.Goods)}}
	d, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
	if err != nil || d.Delivery == nil || d.Delivery.Date != d.Issued || d.Delivery.Address.Country != "BE" {
		t.Fatalf("delivered %+v, %v", d.Delivery, err)
	}
	o.Delivered, o.DeliveryAddress = "2026-11-10", invoice.Address{City: "Köln", Country: "DE"}
	if d, err = invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o); err != nil || d.Delivery.Date != "2026-11-10" || d.Delivery.Address.City != "Köln" {
		t.Errorf("delivered %+v, %v", d.Delivery, err)
	}
}

func TestWhatIsOutOfScopeNamesNoVATNumber(t *testing.T) {
	t.Parallel()
	d := invoicetest.Find("out-of-scope")
	if d.Seller.VATNumber != "" || d.Buyer.VATNumber != "" || d.Seller.TaxRegistration != "FR11123456782" {
		t.Errorf("seller %q %q, buyer %q", d.Seller.VATNumber, d.Seller.TaxRegistration, d.Buyer.VATNumber)
	}
}

func TestARateOfZeroNeedsARightReason(t *testing.T) {
	t.Parallel()
	private, business := invoicetest.Private(), invoicetest.Business()
	american := invoice.Customer{Name: "Example Inc.", Business: true, Address: invoice.Address{City: "Boston", Country: "US"}}
	german := invoice.Customer{Name: "Beispiel GmbH", Business: true, Address: invoice.Address{City: "Köln", Country: "DE"}}
	home := invoicetest.Belgian()
	home.Address.Country = "BE"
	for name, c := range map[string]struct {
		customer invoice.Customer
		to       string
		items    []invoice.Item
		field    string
	}{
		"none":                        {private, "", []invoice.Item{untaxed("")}, "items[0].vat_exemption_code"},
		"none for a business":         {business, "", []invoice.Item{untaxed("")}, "items[0].vat_exemption_code"},
		"no such code":                {private, "", []invoice.Item{coded("VATEX-FR-NONE", "")}, "items[0].vat_exemption_code"},
		"the margin scheme":           {private, "", []invoice.Item{coded("VATEX-EU-F", "")}, "items[0].vat_exemption_code"},
		"in small letters":            {private, "", []invoice.Item{coded("vatex-fr-cgi261-4", "")}, ""},
		"reverse charge in France":    {business, "", []invoice.Item{coded("VATEX-FR-AE", "")}, ""},
		"reverse charge of a person":  {private, "", []invoice.Item{coded("VATEX-FR-AE", "")}, "items[0].vat_exemption_code"},
		"export to a person":          {private, "", []invoice.Item{coded("VATEX-EU-G", "")}, ""},
		"EU goods to a person":        {private, "", []invoice.Item{coded("VATEX-EU-IC", invoice.Goods)}, "items[0].vat_exemption_code,delivery_address.country"},
		"EU goods within France":      {business, "BE", []invoice.Item{coded("VATEX-EU-IC", invoice.Goods)}, "customer_vat_number"},
		"EU goods that stay":          {home, "FR", []invoice.Item{untaxed(invoice.Goods)}, "delivery_address.country"},
		"EU goods that are services":  {home, "", []invoice.Item{coded("VATEX-EU-IC", invoice.Services)}, "items[0].vat_exemption_code"},
		"EU goods without a number":   {german, "", []invoice.Item{untaxed(invoice.Goods)}, "customer_vat_number"},
		"reverse charge, no number":   {german, "", []invoice.Item{untaxed(invoice.Services)}, "customer_vat_number"},
		"French VAT, no number":       {german, "", []invoice.Item{invoicetest.Item("Repas", 1, 20_00, 100)}, ""},
		"goods to America":            {american, "", []invoice.Item{untaxed(invoice.Goods)}, ""},
		"services and goods, America": {american, "", []invoice.Item{untaxed(invoice.Goods), untaxed(invoice.Services)}, "items[1]"},
		"both reasons and VAT":        {american, "", []invoice.Item{untaxed(invoice.Services), invoicetest.Item("Repas", 1, 20_00, 100)}, "items[0]"},
		"out of scope for a person":   {private, "", []invoice.Item{coded("VATEX-EU-O", "")}, "items[0].vat_exemption_code"},
	} {
		o := invoice.Order{Customer: c.customer, Items: c.items}
		if o.DeliveryAddress.Country = c.to; c.to == "" {
			o.DeliveryAddress = invoice.Address{}
		}
		_, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
		if got := fieldsOf(t, err); got != c.field {
			t.Errorf("%s: refused %q, want %q (%v)", name, got, c.field, err)
		}
	}
}

func TestWhoIsABusinessAbroad(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*invoice.Customer)
		field  string
	}{
		"as it is":                {func(*invoice.Customer) {}, ""},
		"the number says where":   {func(c *invoice.Customer) { c.Address.Country = "" }, ""},
		"with spaces":             {func(c *invoice.Customer) { c.VATNumber = "be 0123 456 749" }, ""},
		"a digit too many":        {func(c *invoice.Customer) { c.VATNumber += "1" }, "customer_vat_number"},
		"a French number":         {func(c *invoice.Customer) { c.VATNumber = "FR14987654324" }, "customer_vat_number"},
		"no city":                 {func(c *invoice.Customer) { c.Address.City = "" }, "customer_address.city"},
		"a SIREN":                 {func(c *invoice.Customer) { c.SIREN = "987654324" }, "customer_address.country"},
		"a person":                {func(c *invoice.Customer) { c.Individual = true }, "customer_type"},
		"Greece":                  {func(c *invoice.Customer) { c.Address.Country, c.VATNumber = "", "EL123456789" }, ""},
		"no number of a country":  {func(c *invoice.Customer) { c.Address.Country, c.VATNumber = "CH", "12-34" }, "customer_vat_number"},
		"a number of its country": {func(c *invoice.Customer) { c.Address.Country, c.VATNumber = "CH", "CHE123456789" }, ""},
	} {
		o := invoice.Order{Customer: invoicetest.Belgian(), Items: []invoice.Item{invoicetest.Item("Lampe", 1, 89_99, 200)}}
		c.change(&o.Customer)
		d, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
		if got := fieldsOf(t, err); got != c.field {
			t.Errorf("%s: refused %q, want %q (%v)", name, got, c.field, err)
		}
		if err == nil && d.Audience != invoice.B2BInternational {
			t.Errorf("%s: %s", name, d.Audience)
		}
	}
}

func TestRatesOfOverseasDepartments(t *testing.T) {
	t.Parallel()
	paris, reunion, mayotte := invoicetest.Settings(), invoicetest.Overseas("97400", "Saint-Denis"), invoicetest.Overseas("97600", "Mamoudzou")
	martinique := invoicetest.Settings()
	martinique.Address.Country = "MQ"
	there := invoicetest.Business()
	there.Address.PostCode = "97200"
	bart := invoicetest.Business()
	bart.Address.PostCode = "97133"
	for name, c := range map[string]struct {
		seller   invoice.Settings
		customer invoice.Customer
		rate     vat.Rate
		field    string
	}{
		"8.5 in La Réunion":                 {reunion, invoicetest.Private(), vat.OverseasStandard, ""},
		"1.05 in La Réunion":                {reunion, invoicetest.Private(), vat.OverseasPress, ""},
		"20 from La Réunion":                {reunion, invoicetest.Business(), vat.Standard, ""},
		"by the code of the country":        {martinique, invoicetest.Private(), vat.OverseasLivestock, ""},
		"from Paris to Martinique":          {paris, there, vat.OverseasStandard, ""},
		"8.5 in Paris":                      {paris, invoicetest.Business(), vat.OverseasStandard, "items[0].vat_rate"},
		"Saint-Barthélemy is no Guadeloupe": {paris, bart, vat.OverseasStandard, "items[0].vat_rate"},
		"20 in Mayotte":                     {mayotte, invoicetest.Private(), vat.Standard, "items[0].vat_rate"},
		"20 from Mayotte to Lyon":           {mayotte, invoicetest.Business(), vat.Standard, ""},
		"a rate of Corsica":                 {reunion, invoicetest.Private(), 130, "items[0].vat_rate"},
	} {
		o := invoice.Order{Customer: c.customer, Items: []invoice.Item{invoicetest.Item("Lampe", 1, 89_99, c.rate)}}
		_, err := invoice.New(number, invoicetest.Issued, c.seller, o)
		if got := fieldsOf(t, err); got != c.field {
			t.Errorf("%s: refused %q, want %q (%v)", name, got, c.field, err)
		}
	}
	to := invoice.Order{Customer: there, Items: []invoice.Item{invoicetest.Item("Conseil", 1, 89_99, vat.OverseasStandard)}, DeliveryAddress: invoice.Address{City: "Paris", Country: "FR"}}
	if _, err := invoice.New(number, invoicetest.Issued, paris, to); err != nil {
		t.Errorf("a customer in Martinique, delivered in Paris: %v", err)
	}
	d := invoicetest.Find("mayotte")
	if d.VAT[0].Category != invoice.Exempt || !strings.Contains(d.VAT[0].Reason, "art. 294") {
		t.Errorf("in Mayotte: %+v", d.VAT)
	}
}

// The codes are those of the official list, but for the margin schemes, whose VAT is not zero, and what is set by itself.
func TestTheExemptionsAreThoseOfEN16931(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		t.Skip("EINVOICE_RULES_DIR is not set: the list of exemptions is NOT compared with the official rules")
	}
	rules, err := os.ReadFile(filepath.Join(dir, "EN16931-CII-1.3.16.sch"))
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`VATEX-[A-Z0-9-]+[A-Z0-9]`).FindAllString(string(rules), -1)
	slices.Sort(codes)
	automatic := []string{"VATEX-EU-D", "VATEX-EU-F", "VATEX-EU-I", "VATEX-EU-J", "VATEX-FR-CNWVAT", "VATEX-FR-FRANCHISE"}
	known := 0
	for _, code := range slices.Compact(codes) {
		customer := invoicetest.Business()
		switch code {
		case "VATEX-EU-IC":
			customer = invoicetest.Belgian()
		}
		_, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), invoice.Order{Customer: customer, Items: []invoice.Item{coded(code, invoice.Goods)}})
		if (err != nil) != slices.Contains(automatic, code) {
			t.Errorf("%s: %v", code, err)
		}
		known++
	}
	if known < 80 {
		t.Errorf("only %d codes were tried", known)
	}
}
