package document_test

import (
	"encoding/json"
	"slices"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*document.Document)
		rule  string
	}{
		"profile":            {func(d *document.Document) { d.Spec += "x" }, "BR-01"},
		"currency":           {func(d *document.Document) { d.Currency = "USD" }, "BR-05"},
		"no buyer country":   {func(d *document.Document) { d.Buyer.Country = "" }, "BR-11"},
		"no lines":           {func(d *document.Document) { d.Lines = nil }, "BR-16"},
		"same line id":       {func(d *document.Document) { d.Lines[1].ID = "1" }, "BR-21"},
		"transfer, no IBAN":  {func(d *document.Document) { d.Means[0].IBAN = "" }, "BR-61"},
		"no due date":        {func(d *document.Document) { d.Due, d.Terms = "", "" }, "BR-CO-25"},
		"line off by a cent": {func(d *document.Document) { d.Lines[0].Net++ }, "BR-CO-10"},
		"line sum":           {func(d *document.Document) { d.Totals.LineNet-- }, "BR-CO-10"},
		"allowances":         {func(d *document.Document) { d.Totals.Allowances++ }, "BR-CO-11"},
		"net":                {func(d *document.Document) { d.Totals.Net++ }, "BR-CO-13"},
		"tax":                {func(d *document.Document) { d.VAT[0].Amount++ }, "BR-CO-14"},
		"gross":              {func(d *document.Document) { d.Totals.Gross-- }, "BR-CO-15"},
		"due":                {func(d *document.Document) { d.Totals.Prepaid = 1 }, "BR-CO-16"},
		"base":               {func(d *document.Document) { d.VAT[1].Base++ }, "BR-S-08"},
		"rate without sum":   {func(d *document.Document) { d.Lines[1].Rate = 1000 }, "BR-S-01"},
		"two sums of a rate": {func(d *document.Document) { d.VAT = append(d.VAT, d.VAT[1]) }, "BR-S-01"},
		"tax a euro off":     {func(d *document.Document) { d.VAT[0].Amount += 100 }, "BR-S-09"},
		"exempt at 20 %":     {func(d *document.Document) { d.Lines[0].Category = "E" }, "BR-E-05"},
		"standard at 0 %":    {func(d *document.Document) { d.Lines[0].Rate = 0 }, "BR-S-05"},
		"standard, reason":   {func(d *document.Document) { d.VAT[0].Reason = "x" }, "BR-S-10"},
		"no tax number":      {func(d *document.Document) { d.Seller.VATNumber = "" }, "BR-S-02"},
		"category":           {func(d *document.Document) { d.Lines[0].Category = "L" }, "BR-FR-15"},
		"rate":               {func(d *document.Document) { d.Lines[0].Rate = 1900 }, "BR-FR-16"},
		"number":             {func(d *document.Document) { d.Number = "INV 1" }, "BR-FR-01"},
		"long number":        {func(d *document.Document) { d.Number = "INV-2026-AB12CD-00000100000000000000" }, "BR-FR-01"},
		"date":               {func(d *document.Document) { d.Issued = "2126-11-21" }, "BR-FR-03"},
		"type":               {func(d *document.Document) { d.Type = "383" }, "BR-FR-04"},
		"no PMT":             {func(d *document.Document) { d.Notes = d.Notes[1:] }, "BR-FR-05"},
		"two AAB":            {func(d *document.Document) { d.Notes = append(d.Notes, d.Notes[2]) }, "BR-FR-05"},
		"process":            {func(d *document.Document) { d.Process = "B3" }, "BR-FR-08"},
		"SIRET":              {func(d *document.Document) { d.Seller.SIRET = "55210055400005" }, "BR-FR-09"},
		"no SIREN":           {func(d *document.Document) { d.Seller.SIREN = "" }, "BR-FR-10"},
		"no buyer SIREN":     {func(d *document.Document) { d.Buyer.SIREN = "" }, "BR-FR-11"},
		"no buyer address":   {func(d *document.Document) { d.Buyer.Address = "" }, "BR-FR-12"},
		"no seller address":  {func(d *document.Document) { d.Seller.Address = "" }, "BR-FR-13"},
		"B2B by e-mail":      {func(d *document.Document) { d.Buyer.Scheme, d.Buyer.Address = "EM", "a@example.com" }, "BR-FR-21"},
		"another's address":  {func(d *document.Document) { d.Buyer.Address = sample.SellerSIREN }, "BR-FR-21"},
		"audience":           {func(d *document.Document) { d.Notes[3].Text = "B2X" }, "BR-FR-31"},
		"free price":         {func(d *document.Document) { d.Lines[0].Price = 0 }, "BR-FR-DEC-03"},
		"due before issue":   {func(d *document.Document) { d.Due = "2026-11-20" }, "BR-FR-CO-07"},
		"paid, but due":      {func(d *document.Document) { d.Process = "B2" }, "BR-FR-CO-09"},
		"correction of none": {func(d *document.Document) { d.Type = "384" }, "BR-FR-CO-04"},
		"credit for nothing": {func(d *document.Document) { d.Type = "381" }, "BR-FR-CO-05"},
		"Luhn of SIREN":      {func(d *document.Document) { d.Buyer.SIREN = "552100555" }, "LUHN"},
		"Luhn of SIRET":      {func(d *document.Document) { d.Seller.SIRET = "12345678200003" }, "LUHN"},
		"VAT key":            {func(d *document.Document) { d.Seller.VATNumber = "FR12123456782" }, "VAT-KEY"},
		"another's VAT":      {func(d *document.Document) { d.Seller.VATNumber = "FR96552100554" }, "VAT-KEY"},
		"address form":       {func(d *document.Document) { d.Buyer.Address += " 1" }, "BR-FR-23"},
	} {
		d := sample.Invoice()
		if p := d.Check(); len(p) > 0 {
			t.Fatalf("the sample is wrong: %+v", p)
		}
		c.spoil(d)
		problems := d.Check()
		if !slices.ContainsFunc(problems, func(p document.Problem) bool { return p.Rule == c.rule }) {
			t.Errorf("%s: no %s in %+v", name, c.rule, problems)
		}
	}
}

func TestAnExemptSellerAndAPaidInvoice(t *testing.T) {
	t.Parallel()
	d := sample.Private(sample.Invoice())
	exempt := document.Tax{Category: "E"}
	d.Process, d.Due, d.Allowances = "S2", "2026-11-20", nil
	d.Lines = []document.Line{{ID: "1", Name: "Cours", Unit: "C62", Quantity: 10000, Price: 50_000000, Net: 5000, Tax: exempt}}
	d.VAT = []document.VAT{{Tax: exempt, Base: 5000, Reason: "TVA non applicable, art. 293 B du CGI", ReasonCode: "VATEX-FR-FRANCHISE"}}
	d.Totals = document.Totals{LineNet: 5000, Net: 5000, Gross: 5000, Prepaid: 5000}
	if p := d.Check(); len(p) > 0 {
		t.Errorf("%+v", p)
	}
	d.Totals.Prepaid, d.Totals.Due = 0, 5000
	if p := d.Check(); len(p) != 2 {
		t.Errorf("not paid, but said to be: %+v", p)
	}
	d.VAT[0].Reason, d.VAT[0].ReasonCode = "", ""
	if p := d.Check(); len(p) != 3 {
		t.Errorf("exempt without a reason: %+v", p)
	}
}

func TestACancellationWithQuantitiesOfZero(t *testing.T) {
	t.Parallel()
	d := sample.Invoice()
	d.Type, d.Preceding = "384", []document.Preceding{{Number: d.Number, Issued: d.Issued}}
	d.Number, d.Allowances, d.Totals = "CN-2026-AB12CD-000001", nil, document.Totals{}
	for i := range d.Lines {
		d.Lines[i].Quantity, d.Lines[i].Net = 0, 0
	}
	for i := range d.VAT {
		d.VAT[i].Base, d.VAT[i].Amount = 0, 0
	}
	if p := d.Check(); len(p) > 0 {
		t.Errorf("%+v", p)
	}
}

func TestJSONIsReadFromItsDigits(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(sample.Invoice().Wire())
	if err != nil {
		t.Fatal(err)
	}
	var w document.Wire
	if err := document.Decode(text, &w); err != nil {
		t.Fatal(err)
	}
	d, problems := w.Document()
	if problems = append(problems, document.Compare(d, sample.Invoice())...); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
	w.Lines[0].Net = "25.001"
	w.Totals.Due = "3.88e1"
	w.Totals.Net = "33.480" // three decimals, though the third is no more than a zero
	if _, problems = w.Document(); len(problems) != 3 {
		t.Errorf("%+v", problems)
	}
	for _, wrong := range []string{`{"totals":{"due":"1"}}`, `{"number":"1"}`, `{} {}`, `[]`, `{"lines":[{"net_amount":true}]}`} {
		if document.Decode([]byte(wrong), &document.Wire{}) == nil {
			t.Errorf("%s was read", wrong)
		}
	}
}

func TestJSONAndXMLMustSayTheSame(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*document.Document){
		"Number": func(d *document.Document) { d.Number += "1" }, "Issued": func(d *document.Document) { d.Issued = "2026-11-22" },
		"Due": func(d *document.Document) { d.Due = "2026-12-22" }, "Totals": func(d *document.Document) { d.Totals.Due++ },
		"Seller": func(d *document.Document) { d.Seller.Name += "x" }, "Buyer": func(d *document.Document) { d.Buyer.SIREN = "" },
		"Lines": func(d *document.Document) { d.Lines[1].Price++ }, "VAT": func(d *document.Document) { d.VAT[0].Rate++ },
		"Notes": func(d *document.Document) { d.Notes[0].Text = "x" }, "Means": func(d *document.Document) { d.Means = nil },
		"Preceding": func(d *document.Document) { d.Preceding = []document.Preceding{{Number: "1", Issued: "2026-01-01"}} },
	} {
		d := sample.Invoice()
		spoil(d)
		if p := document.Compare(sample.Invoice(), d); len(p) != 1 || p[0].Field != field {
			t.Errorf("%s: %+v", field, p)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"732829320": true, "732829321": false, "73282932": false, "73282932a": false} {
		if document.ValidSIREN(s) != want {
			t.Errorf("SIREN %s", s)
		}
	}
	for s, want := range map[string]bool{
		"73282932000074": true, "73282932000075": false, "35600000000048": true, "35600000049837": true,
		"7328293200007": false, "7328293200007A": false, "732829320000740": false, "35600000049838": false, "73282932100073": false,
	} {
		if document.ValidSIRET(s) != want {
			t.Errorf("SIRET %s", s)
		}
	}
	for s, want := range map[string]bool{
		"FR44732829320": true, "FR45732829320": false, "FRK7732829320": true, "DE123456789": false,
		"FR47732829321": false, "DE44732829320": false, "FRO7732829320": false, "FR4473282932": false, "FR447328293200": false,
	} {
		if document.ValidFrenchVAT(s) != want {
			t.Errorf("VAT number %s", s)
		}
	}
}
