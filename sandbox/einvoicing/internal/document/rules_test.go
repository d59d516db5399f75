package document_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// spoilt is a document with one thing wrong, the rule that must say so, and the field that it must name.
type spoilt struct {
	spoil       func(*document.Document)
	rule, field string
}

// refused wants each rule to refuse what is wrong by it, at its own field: another rule that refuses too proves nothing.
func refused(t *testing.T, right func() *document.Document, all map[string]spoilt) {
	t.Helper()
	for name, c := range all {
		d := right()
		if p := d.Check(); len(p) > 0 {
			t.Fatalf("%s: it is wrong before it is spoilt: %+v", name, p)
		}
		c.spoil(d)
		problems := d.Check()
		if !slices.ContainsFunc(problems, func(p document.Problem) bool { return p.Rule == c.rule && p.Field == c.field && p.Message != "" }) {
			t.Errorf("%s: no %s at %s in %+v", name, c.rule, c.field, problems)
		}
	}
}

// taken wants nothing said against documents that go to the bound of a rule and not over it.
func taken(t *testing.T, right func() *document.Document, all map[string]func(*document.Document)) {
	t.Helper()
	for name, change := range all {
		d := right()
		change(d)
		if p := d.Check(); len(p) > 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestWhatMustBeThereIsMissed(t *testing.T) {
	t.Parallel()
	refused(t, sample.Invoice, map[string]spoilt{
		"profile":            {func(d *document.Document) { d.Spec = "" }, "BR-01", "specification_identifier"},
		"number":             {func(d *document.Document) { d.Number = "" }, "BR-02", "invoice_number"},
		"date":               {func(d *document.Document) { d.Issued = "" }, "BR-03", "issue_date"},
		"type":               {func(d *document.Document) { d.Type = "" }, "BR-04", "type_code"},
		"currency":           {func(d *document.Document) { d.Currency = "" }, "BR-05", "currency_code"},
		"seller's name":      {func(d *document.Document) { d.Seller.Name = "" }, "BR-06", "seller.name"},
		"buyer's name":       {func(d *document.Document) { d.Buyer.Name = "" }, "BR-07", "buyer.name"},
		"seller's country":   {func(d *document.Document) { d.Seller.Country = "FRA" }, "BR-09", "seller.postal_address.country_code"},
		"buyer's country":    {func(d *document.Document) { d.Buyer.Country = "F" }, "BR-11", "buyer.postal_address.country_code"},
		"lines":              {func(d *document.Document) { d.Lines = nil }, "BR-16", "lines"},
		"VAT":                {func(d *document.Document) { d.VAT = nil }, "BR-CO-18", "vat_breakdown"},
		"a line's id":        {func(d *document.Document) { d.Lines[0].ID = "" }, "BR-21", "lines"},
		"another's id":       {func(d *document.Document) { d.Lines[0].ID = d.Lines[1].ID }, "BR-21", "lines"},
		"a line's unit":      {func(d *document.Document) { d.Lines[1].Unit = "" }, "BR-23", "lines"},
		"a line's name":      {func(d *document.Document) { d.Lines[1].Name = "" }, "BR-25", "lines"},
		"a line's category":  {func(d *document.Document) { d.Lines[1].Category = "" }, "BR-CO-04", "lines"},
		"a reason":           {func(d *document.Document) { d.Allowances[0].Reason = "" }, "BR-33", "allowances"},
		"means":              {func(d *document.Document) { d.Means[0].Code = "" }, "BR-49", "payment_means.code"},
		"IBAN":               {func(d *document.Document) { d.Means[0].IBAN = "" }, "BR-61", "payment_means.iban"},
		"IBAN of SEPA":       {func(d *document.Document) { d.Means[0] = document.Means{Code: "58"} }, "BR-61", "payment_means.iban"},
		"when to pay a cent": {func(d *document.Document) { d.Totals.Due, d.Due, d.Terms = 1, "", "" }, "BR-CO-25", "due_date"},
		"when to pay":        {func(d *document.Document) { d.Due, d.Terms = "", "" }, "BR-CO-25", "due_date"},
	})
	taken(t, sample.Invoice, map[string]func(*document.Document){
		"terms are enough":      func(d *document.Document) { d.Due = "" },
		"a date is enough":      func(d *document.Document) { d.Terms = "" },
		"a card needs no IBAN":  func(d *document.Document) { d.Means[0] = document.Means{Code: "48"} },
		"no means are said":     func(d *document.Document) { d.Means = nil },
		"nothing due, no terms": func(d *document.Document) { d.Totals.Prepaid, d.Totals.Due, d.Due, d.Terms = 3880, 0, "", "" },
		"two means":             func(d *document.Document) { d.Means = append(d.Means, document.Means{Code: "10"}) },
		"no buyer reference":    func(d *document.Document) { d.BuyerReference = "" },
		"a buyer abroad":        func(d *document.Document) { d.Buyer.Country = "BE" },
	})
}

func TestSumsAreRightToTheCent(t *testing.T) {
	t.Parallel()
	for _, cent := range []int64{-1, 1} {
		refused(t, sample.Invoice, map[string]spoilt{
			"lines":      {func(d *document.Document) { d.Totals.LineNet += cent }, "BR-CO-10", "totals.line_net"},
			"one line":   {func(d *document.Document) { d.Lines[1].Net += cent }, "BR-CO-10", "totals.line_net"},
			"allowances": {func(d *document.Document) { d.Totals.Allowances += cent }, "BR-CO-11", "totals.allowances"},
			"one of it":  {func(d *document.Document) { d.Allowances[0].Amount += cent }, "BR-CO-11", "totals.allowances"},
			"charges":    {func(d *document.Document) { d.Totals.Charges += cent }, "BR-CO-12", "totals.charges"},
			"a charge": {func(d *document.Document) {
				d.Allowances = append(d.Allowances, document.Allowance{Charge: true, Amount: cent, Reason: "Frais", Tax: d.Lines[0].Tax})
			}, "BR-CO-12", "totals.charges"},
			"net":         {func(d *document.Document) { d.Totals.Net += cent }, "BR-CO-13", "totals.tax_exclusive"},
			"tax":         {func(d *document.Document) { d.Totals.Tax += cent }, "BR-CO-14", "totals.tax"},
			"one tax":     {func(d *document.Document) { d.VAT[1].Amount += cent }, "BR-CO-14", "totals.tax"},
			"gross":       {func(d *document.Document) { d.Totals.Gross += cent }, "BR-CO-15", "totals.tax_inclusive"},
			"due":         {func(d *document.Document) { d.Totals.Due += cent }, "BR-CO-16", "totals.due"},
			"prepaid":     {func(d *document.Document) { d.Totals.Prepaid += cent }, "BR-CO-16", "totals.due"},
			"rounding":    {func(d *document.Document) { d.Totals.Rounding += cent }, "BR-CO-16", "totals.due"},
			"a rate's":    {func(d *document.Document) { d.VAT[0].Base += cent }, "BR-S-08", "vat_breakdown.taxable_amount"},
			"a line's":    {func(d *document.Document) { d.Lines[0].Net += cent }, "BR-S-08", "vat_breakdown.taxable_amount"},
			"allowance's": {func(d *document.Document) { d.Allowances[0].Rate = 550 }, "BR-S-08", "vat_breakdown.taxable_amount"},
		})
	}
}

// charged is the sample with a charge of 2.00 on the high rate.
func charged() *document.Document {
	d := sample.Invoice()
	d.Allowances = append(d.Allowances, document.Allowance{Charge: true, Amount: 200, Reason: "Livraison", Tax: d.Lines[0].Tax})
	d.VAT[0].Base, d.VAT[0].Amount = 2600, 520
	d.Totals = document.Totals{LineNet: 3448, Allowances: 100, Charges: 200, Net: 3548, Tax: 572, Gross: 4120, Due: 4120}
	return d
}

func TestAChargeIsAddedWhereAnAllowanceIsTaken(t *testing.T) {
	t.Parallel()
	taken(t, charged, map[string]func(*document.Document){"as it is": func(*document.Document) {}})
	refused(t, charged, map[string]spoilt{
		"counted as an allowance": {func(d *document.Document) { d.Allowances[1].Charge = false }, "BR-CO-12", "totals.charges"},
		"not in its rate":         {func(d *document.Document) { d.VAT[0].Base -= 200 }, "BR-S-08", "vat_breakdown.taxable_amount"},
		"not in the net":          {func(d *document.Document) { d.Totals.Net -= 200 }, "BR-CO-13", "totals.tax_exclusive"},
		"at another rate":         {func(d *document.Document) { d.Allowances[1].Rate = 1000 }, "BR-S-01", "vat_breakdown"},
	})
}

// The tax may be off by less than a euro, as the official rules have it.
func TestTheTaxOfARateIsRightWithinAEuro(t *testing.T) {
	t.Parallel()
	off := func(cents int64) func(*document.Document) {
		return func(d *document.Document) {
			d.VAT[0].Amount += cents
			d.Totals.Tax += cents
			d.Totals.Gross += cents
			d.Totals.Due += cents
		}
	}
	taken(t, sample.Invoice, map[string]func(*document.Document){"99 more": off(99), "99 less": off(-99)})
	refused(t, sample.Invoice, map[string]spoilt{
		"a euro more": {off(100), "BR-S-09", "vat_breakdown.tax_amount"}, "a euro less": {off(-100), "BR-S-09", "vat_breakdown.tax_amount"},
	})
}

func TestTheBreakdownHasEveryRateOnce(t *testing.T) {
	t.Parallel()
	refused(t, sample.Invoice, map[string]spoilt{
		"one is missing": {func(d *document.Document) { d.VAT = d.VAT[:1] }, "BR-S-01", "vat_breakdown"},
		"one too many": {func(d *document.Document) {
			d.VAT = append(d.VAT, document.VAT{Tax: document.Tax{Category: "S", Rate: 1000}})
		}, "BR-S-01", "vat_breakdown"},
		"one twice": {func(d *document.Document) { d.VAT = append(d.VAT, document.VAT{Tax: d.VAT[1].Tax}) }, "BR-S-01", "vat_breakdown"},
		"of a category that no line has": {func(d *document.Document) {
			d.VAT = append(d.VAT, document.VAT{Tax: document.Tax{Category: "Z"}})
		}, "BR-Z-01", "vat_breakdown"},
	})
}

// in makes a document whose only line is of a category without tax.
func in(category, reason string) func() *document.Document {
	return func() *document.Document {
		d := sample.Invoice()
		tax := document.Tax{Category: category}
		d.Allowances = nil
		d.Lines = []document.Line{{ID: "1", Name: "Cours", Unit: "C62", Quantity: 10000, Price: 50_000000, Net: 5000, Tax: tax}}
		d.VAT = []document.VAT{{Tax: tax, Base: 5000, Reason: reason}}
		d.Totals = document.Totals{LineNet: 5000, Net: 5000, Gross: 5000, Due: 5000}
		switch category {
		case "K":
			d.Buyer.VATNumber = "BE0123456749"
		case "O":
			d.Seller.TaxID, d.Seller.VATNumber = d.Seller.VATNumber, ""
		}
		return d
	}
}

func TestWhatEachCategoryDemands(t *testing.T) {
	t.Parallel()
	for category, reason := range map[string]string{"E": "Exonéré", "AE": "Autoliquidation", "K": "Livraison intra-UE", "G": "Export", "O": "Hors champ", "Z": ""} {
		rule := "BR-" + category
		other := map[bool]string{true: "", false: "X"}[reason != ""]
		right := in(category, reason)
		taken(t, right, map[string]func(*document.Document){category: func(*document.Document) {}})
		refused(t, right, map[string]spoilt{
			category + " with a rate": {func(d *document.Document) { d.Lines[0].Rate, d.VAT[0].Rate = 2000, 2000 }, rule + "-05", "vat_rate"},
			category + " and reason":  {func(d *document.Document) { d.VAT[0].Reason = other }, rule + "-10", "vat_breakdown.exemption_reason"},
			category + " base":        {func(d *document.Document) { d.VAT[0].Base++ }, rule + "-08", "vat_breakdown.taxable_amount"},
			category + " tax":         {func(d *document.Document) { d.VAT[0].Amount += 100 }, rule + "-09", "vat_breakdown.tax_amount"},
		})
		noNumber := func(d *document.Document) { d.Seller.VATNumber = "" }
		if category == "E" || category == "Z" {
			refused(t, right, map[string]spoilt{category + " without a number": {noNumber, rule + "-02", "seller.vat_identifier"}})
		}
	}
	taken(t, in("E", ""), map[string]func(*document.Document){
		"a code is a reason": func(d *document.Document) { d.VAT[0].ReasonCode = "VATEX-FR-FRANCHISE" },
		"a number at the tax office": func(d *document.Document) {
			d.VAT[0].ReasonCode, d.Seller.VATNumber, d.Seller.TaxID = "VATEX-FR-FRANCHISE", "", "123456782"
		},
		"the JSON has no such number": func(d *document.Document) {
			d.VAT[0].ReasonCode, d.Seller.VATNumber, d.XML = "VATEX-FR-FRANCHISE", "", false
		},
	})
	refused(t, sample.Invoice, map[string]spoilt{
		"S, also in the JSON":      {func(d *document.Document) { d.XML, d.Seller.VATNumber = false, "" }, "BR-S-02", "seller.vat_identifier"},
		"S without a rate":         {func(d *document.Document) { d.Lines[0].Rate = 0 }, "BR-S-05", "vat_rate"},
		"an allowance of S at 0":   {func(d *document.Document) { d.Allowances[0].Rate = 0 }, "BR-S-05", "vat_rate"},
		"S with a reason":          {func(d *document.Document) { d.VAT[1].ReasonCode = "X" }, "BR-S-10", "vat_breakdown.exemption_reason"},
		"a category of nowhere":    {func(d *document.Document) { d.Lines[0].Category = "M" }, "BR-FR-15", "vat_category"},
		"one in the breakdown":     {func(d *document.Document) { d.VAT[0].Category = "s" }, "BR-FR-15", "vat_category"},
		"one of an allowance":      {func(d *document.Document) { d.Allowances[0].Category = "" }, "BR-FR-15", "vat_category"},
		"a rate of nowhere":        {func(d *document.Document) { d.Lines[0].Rate = 2001 }, "BR-FR-16", "vat_rate"},
		"one of an allowance's":    {func(d *document.Document) { d.Allowances[0].Rate = 1999 }, "BR-FR-16", "vat_rate"},
		"one in the breakdown too": {func(d *document.Document) { d.VAT[0].Rate = 500 }, "BR-FR-16", "vat_rate"},
	})
}

// All rates of France are taken, and what lies beside them is not (BR-FR-16).
func TestTheRatesOfFrance(t *testing.T) {
	t.Parallel()
	rates := []int64{90, 105, 175, 210, 550, 700, 850, 920, 960, 1000, 1300, 1960, 2000, 2060}
	at := func(rate int64) *document.Document {
		d := in("S", "")()
		d.Lines[0].Rate, d.VAT[0].Rate = rate, rate
		tax := (5000*rate + 5000) / 10000
		d.VAT[0].Amount, d.Totals.Tax, d.Totals.Gross, d.Totals.Due = tax, tax, 5000+tax, 5000+tax
		return d
	}
	for rate := int64(1); rate <= 2100; rate++ {
		if ok := len(at(rate).Check()) == 0; ok != slices.Contains(rates, rate) {
			t.Errorf("%d.%02d %%: %v", rate/100, rate%100, ok)
		}
	}
}

// long is a text of n letters.
func long(n int) string { return strings.Repeat("A", n) }

func fields(all []document.Problem) string {
	var b strings.Builder
	for _, p := range all {
		fmt.Fprintf(&b, "%s@%s ", p.Rule, p.Field)
	}
	return b.String()
}

func TestAFinalInvoiceDeductsADeposit(t *testing.T) {
	t.Parallel()
	final := func() *document.Document {
		d := sample.Invoice()
		d.Process, d.Preceding = "B4", []document.Preceding{{Number: "INV-2026-AB12CD-000000", Issued: d.Issued}}
		d.Totals.Prepaid, d.Totals.Due = 1_00, d.Totals.Due-1_00
		return d
	}
	taken(t, final, map[string]func(*document.Document){
		"services": func(d *document.Document) { d.Process = "S4" }, "both": func(d *document.Document) { d.Process = "M4" },
	})
	refused(t, final, map[string]spoilt{
		"a deposit":           {func(d *document.Document) { d.Type = "386" }, "BR-FR-CO-08", "business_process_type"},
		"its credit note":     {func(d *document.Document) { d.Type = "503" }, "BR-FR-CO-08", "business_process_type"},
		"no deposit is named": {func(d *document.Document) { d.Preceding = nil }, "DEPOSIT", "preceding_invoices"},
		"nothing is deducted": {func(d *document.Document) { d.Totals.Due += d.Totals.Prepaid; d.Totals.Prepaid = 0 }, "DEPOSIT", "totals.prepaid"},
	})
}
