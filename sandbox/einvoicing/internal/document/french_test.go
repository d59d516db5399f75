package document_test

import (
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

func TestNumbersAndDatesOfFrance(t *testing.T) {
	t.Parallel()
	before := func(number, issued string) func(*document.Document) {
		return func(d *document.Document) { d.Preceding = []document.Preceding{{Number: number, Issued: issued}} }
	}
	refused(t, sample.Invoice, map[string]spoilt{
		"a space":               {func(d *document.Document) { d.Number = "F 1" }, "BR-FR-01", "invoice_number"},
		"an accent":             {func(d *document.Document) { d.Number = "É1" }, "BR-FR-01", "invoice_number"},
		"36 characters":         {func(d *document.Document) { d.Number = long(36) }, "BR-FR-01", "invoice_number"},
		"a line break":          {func(d *document.Document) { d.Number = "F1\n" }, "BR-FR-01", "invoice_number"},
		"of the invoice before": {before("F 1", "2026-01-01"), "BR-FR-01", "preceding_invoices"},
		"no number before":      {before("", "2026-01-01"), "BR-FR-01", "preceding_invoices"},
		"date before":           {before("F1", "2026-02-30"), "BR-FR-03", "preceding_invoices"},
		"no date before":        {before("F1", ""), "BR-FR-03", "preceding_invoices"},
		"no such day":           {func(d *document.Document) { d.Issued = "2026-11-31" }, "BR-FR-03", "issue_date"},
		"the last century":      {func(d *document.Document) { d.Issued = "1999-12-31" }, "BR-FR-03", "issue_date"},
		"the next century":      {func(d *document.Document) { d.Issued, d.Due = "2100-01-01", "2100-01-02" }, "BR-FR-03", "issue_date"},
		"due on no day":         {func(d *document.Document) { d.Due = "2026-13-01" }, "BR-FR-03", "due_date"},
		"due in a century":      {func(d *document.Document) { d.Due = "2100-01-01" }, "BR-FR-03", "due_date"},
		"type of elsewhere":     {func(d *document.Document) { d.Type = "326" }, "BR-FR-04", "type_code"},
		"process of nowhere":    {func(d *document.Document) { d.Process = "X1" }, "BR-FR-08", "business_process_type"},
		"process in small":      {func(d *document.Document) { d.Process = "b1" }, "BR-FR-08", "business_process_type"},
		"no process":            {func(d *document.Document) { d.Process = "" }, "BR-FR-08", "business_process_type"},
		"a price of zero":       {func(d *document.Document) { d.Lines[1].Price = 0 }, "BR-FR-DEC-03", "lines"},
		"another price":         {func(d *document.Document) { d.Lines[1].Price += 2001 }, "PEPPOL-EN16931-R120", "lines"},
		"a price for less":      {func(d *document.Document) { d.Lines[1].Base = 9_000 }, "PEPPOL-EN16931-R120", "lines"},
		"a price for nothing":   {func(d *document.Document) { d.Lines[1].Base = -1 }, "PEPPOL-EN16931-R121", "lines"},
		"a price below zero":    {func(d *document.Document) { d.Lines[1].Price = -1 }, "BR-FR-DEC-03", "lines"},
		"below zero, for free": {func(d *document.Document) {
			d.Process, d.Lines[1].Price = "B9", -1
		}, "BR-FR-DEC-03", "lines"},
	})
	taken(t, sample.Invoice, map[string]func(*document.Document){
		"35 characters":     func(d *document.Document) { d.Number = long(35) },
		"every sign":        func(d *document.Document) { d.Number = "aZ09+-_/" },
		"an invoice before": before("F-1", "2000-01-01"),
		"the first day":     func(d *document.Document) { d.Issued = "2000-01-01" },
		"the last day":      func(d *document.Document) { d.Issued, d.Due = "2099-12-31", "2099-12-31" },
		"due at once":       func(d *document.Document) { d.Due = d.Issued },
		"a price of zero": func(d *document.Document) {
			d.Process = "B9"
			d.Lines = append(d.Lines, document.Line{ID: "3", Name: "Sac", Unit: "C62", Quantity: 10_000, Tax: d.Lines[1].Tax})
		},
		"the least price": func(d *document.Document) { d.Lines[1].Price, d.Lines[1].Quantity = 1, 9_480_000*10_000 },
		"a price of 1000": func(d *document.Document) { d.Lines[1].Price, d.Lines[1].Base = 948_000000, 1000*10_000 },
	})
}

// The types and processes are those of the list, and each of them is taken where nothing else speaks against it.
func TestTypesAndProcesses(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"380", "389", "393", "501", "386", "500", "384", "471", "472", "473", "261", "262", "381", "396", "502", "503"} {
		d := sample.Invoice()
		d.Type, d.Preceding = kind, []document.Preceding{{Number: "F1", Issued: "2026-01-01"}}
		if p := d.Check(); len(p) > 0 {
			t.Errorf("type %s: %s", kind, fields(p))
		}
	}
	for _, process := range []string{"B1", "S1", "M1", "S3", "S5", "S6", "B7", "S7", "B8", "S8", "M8", "B9", "S9", "M9"} {
		d := sample.Invoice()
		d.Process = process
		if p := d.Check(); len(p) > 0 {
			t.Errorf("process %s: %s", process, fields(p))
		}
	}
	for _, process := range []string{"B2", "S2", "M2"} {
		d := paid()
		d.Process = process
		if p := d.Check(); len(p) > 0 {
			t.Errorf("process %s: %s", process, fields(p))
		}
	}
}

func TestNotesOfFrance(t *testing.T) {
	t.Parallel()
	more := func(subject, text string) func(*document.Document) {
		return func(d *document.Document) { d.Notes = append(d.Notes, document.Note{Subject: subject, Text: text}) }
	}
	less := func(n int) func(*document.Document) {
		return func(d *document.Document) { d.Notes = append(d.Notes[:n:n], d.Notes[n+1:]...) }
	}
	refused(t, sample.Invoice, map[string]spoilt{
		"no PMT":         {less(0), "BR-FR-05", "notes"},
		"no PMD":         {less(1), "BR-FR-05", "notes"},
		"no AAB":         {less(2), "BR-FR-05", "notes"},
		"two PMT":        {more("PMT", "x"), "BR-FR-05", "notes"},
		"two PMD":        {more("PMD", "x"), "BR-FR-05", "notes"},
		"an empty note":  {more("AAI", ""), "BR-FR-05", "notes"},
		"two TXD":        {func(d *document.Document) { more("TXD", "x")(d); more("TXD", "y")(d) }, "BR-FR-06", "notes"},
		"two BAR":        {more("BAR", "B2B"), "BR-FR-20", "notes"},
		"a word of BAR":  {func(d *document.Document) { d.Notes[3].Text = "b2b" }, "BR-FR-31", "notes"},
		"a public buyer": {func(d *document.Document) { d.Notes[3].Text = "B2G" }, "BR-FR-31", "notes"},
	})
	debits := func(d *document.Document) { *d = *onDebits() }
	changes := map[string]func(*document.Document){"one TXD": debits, "two others": func(d *document.Document) { more("AAI", "x")(d); more("AAI", "y")(d) }, "no BAR": less(3)}
	for _, audience := range []string{"B2B", "B2BINT", "B2C", "OUTOFSCOPE", "ARCHIVEONLY"} {
		changes[audience] = func(d *document.Document) { d.Notes[3].Text = audience }
	}
	taken(t, sample.Invoice, changes)
}

func TestCorrectionsNameWhatTheyCorrect(t *testing.T) {
	t.Parallel()
	before := document.Preceding{Number: "F1", Issued: "2026-01-01"}
	of := func(kind string, preceding ...document.Preceding) func(*document.Document) {
		return func(d *document.Document) { d.Type, d.Preceding = kind, preceding }
	}
	wrong := map[string]spoilt{
		"384 of none": {of("384"), "BR-FR-CO-04", "preceding_invoices"}, "384 of two": {of("384", before, before), "BR-FR-CO-04", "preceding_invoices"},
	}
	right := map[string]func(*document.Document){"384": of("384", before), "380 that names one": of("380", before)}
	for _, credit := range []string{"381", "261", "396", "502", "503"} {
		wrong[credit] = spoilt{of(credit), "BR-FR-CO-05", "preceding_invoices"}
		right[credit], right[credit+" of two"] = of(credit, before), of(credit, before, before)
	}
	refused(t, sample.Invoice, wrong)
	taken(t, sample.Invoice, right)
}

// paid is the sample when it was paid before it was issued.
func paid() *document.Document {
	d := sample.Invoice()
	d.Process, d.Due, d.Totals.Prepaid, d.Totals.Due = "B2", "2026-11-20", 3880, 0
	return d
}

func TestAPaidInvoiceAndItsDates(t *testing.T) {
	t.Parallel()
	refused(t, paid, map[string]spoilt{
		"not all of it": {func(d *document.Document) { d.Totals.Prepaid--; d.Totals.Due++ }, "BR-FR-CO-09", "totals.prepaid"},
		"something due": {func(d *document.Document) { d.Totals.Due++ }, "BR-FR-CO-09", "totals.due"},
		"on no day":     {func(d *document.Document) { d.Due = "" }, "BR-FR-CO-09", "due_date"},
		"it was not":    {func(d *document.Document) { d.Process = "B1" }, "BR-FR-CO-07", "due_date"},
	})
	early := map[string]func(*document.Document){}
	for _, kind := range []string{"386", "500", "503"} {
		early[kind] = func(d *document.Document) {
			d.Type, d.Due, d.Preceding = kind, "2026-11-20", []document.Preceding{{Number: "F1", Issued: "2026-01-01"}}
		}
	}
	taken(t, sample.Invoice, early)
	refused(t, sample.Invoice, map[string]spoilt{"a day early": {func(d *document.Document) { d.Due = "2026-11-20" }, "BR-FR-CO-07", "due_date"}})
}

func TestWhoIsWho(t *testing.T) {
	t.Parallel()
	seller := func(change func(*document.Party)) func(*document.Document) {
		return func(d *document.Document) { change(&d.Seller) }
	}
	buyer := func(change func(*document.Party)) func(*document.Document) {
		return func(d *document.Document) { change(&d.Buyer) }
	}
	refused(t, sample.Invoice, map[string]spoilt{
		"no SIREN":               {seller(func(p *document.Party) { p.SIREN = "" }), "BR-FR-10", "seller.siren"},
		"no SIREN of the buyer":  {buyer(func(p *document.Party) { p.SIREN = "" }), "BR-FR-11", "buyer.siren"},
		"no address":             {seller(func(p *document.Party) { p.Address = "" }), "BR-FR-13", "seller.electronic_address"},
		"no address of buyer":    {buyer(func(p *document.Party) { p.Address = "" }), "BR-FR-12", "buyer.electronic_address"},
		"eight digits":           {seller(func(p *document.Party) { p.SIREN = "12345674" }), "BR-FR-32", "seller.siren"},
		"letters":                {buyer(func(p *document.Party) { p.SIREN = "55210055A" }), "BR-FR-32", "buyer.siren"},
		"check digit":            {seller(func(p *document.Party) { p.SIREN = "123456783" }), "LUHN", "seller.siren"},
		"SIRET of 13":            {seller(func(p *document.Party) { p.SIRET = "1234567820000" }), "BR-FR-09", "seller.siret"},
		"SIRET with letters":     {seller(func(p *document.Party) { p.SIRET = "123456782A0002" }), "BR-FR-09", "seller.siret"},
		"another's SIRET":        {buyer(func(p *document.Party) { p.SIRET = "12345678200002" }), "BR-FR-09", "buyer.siret"},
		"SIRET's check digit":    {seller(func(p *document.Party) { p.SIRET = "12345678200001" }), "LUHN", "seller.siret"},
		"VAT number of nowhere":  {seller(func(p *document.Party) { p.VATNumber = "11123456782" }), "BR-CO-09", "seller.vat_identifier"},
		"VAT number, in small":   {seller(func(p *document.Party) { p.VATNumber = "fr11123456782" }), "BR-CO-09", "seller.vat_identifier"},
		"VAT number of a letter": {buyer(func(p *document.Party) { p.VATNumber = "FR" }), "BR-CO-09", "buyer.vat_identifier"},
		"VAT number's key":       {seller(func(p *document.Party) { p.VATNumber = "FR10123456782" }), "VAT-KEY", "seller.vat_identifier"},
		"VAT number's length":    {seller(func(p *document.Party) { p.VATNumber = "FR1112345678" }), "VAT-KEY", "seller.vat_identifier"},
		"another's VAT number":   {buyer(func(p *document.Party) { p.VATNumber = "FR11123456782" }), "VAT-KEY", "buyer.vat_identifier"},
		"no scheme":              {buyer(func(p *document.Party) { p.Scheme = "" }), "BR-62", "buyer.electronic_address"},
		"no scheme of seller":    {seller(func(p *document.Party) { p.Scheme = "" }), "BR-62", "seller.electronic_address"},
		"address with a space":   {seller(func(p *document.Party) { p.Address += " 1" }), "BR-FR-23", "seller.electronic_address"},
		"address of 126":         {seller(func(p *document.Party) { p.Address = long(126) }), "BR-FR-23", "seller.electronic_address"},
		"another scheme":         {buyer(func(p *document.Party) { p.Scheme = "0088" }), "BR-FR-21", "buyer.electronic_address"},
		"another's address":      {buyer(func(p *document.Party) { p.Address = "X" + p.Address }), "BR-FR-21", "buyer.electronic_address"},
	})
	taken(t, sample.Invoice, map[string]func(*document.Document){
		"a line of the directory": buyer(func(p *document.Party) { p.Address += "_COMPTA.1-a" }),
		"an address of 125":       seller(func(p *document.Party) { p.Address = long(125) }),
		"a seller elsewhere":      seller(func(p *document.Party) { p.Scheme, p.Address = "EM", "a@example.com" }),
		"a VAT number of Belgium": buyer(func(p *document.Party) { p.VATNumber = "BE0123456749" }),
		"one with its own key":    buyer(func(p *document.Party) { p.VATNumber = "FR96552100554" }),
		"no SIRET":                seller(func(p *document.Party) { p.SIRET = "" }),
	})
	for _, kind := range []string{"389", "501", "500", "471", "473", "261", "502"} { // the buyer issues them itself
		taken(t, sample.Invoice, map[string]func(*document.Document){kind: func(d *document.Document) {
			d.Type, d.Preceding, d.Buyer.Scheme, d.Buyer.Address = kind, []document.Preceding{{Number: "F1", Issued: "2026-01-01"}}, "EM", "a@example.com"
		}})
	}
	taken(t, func() *document.Document { return sample.Private(sample.Invoice()) }, map[string]func(*document.Document){
		"a person has no SIREN": func(*document.Document) {},
	})
}
