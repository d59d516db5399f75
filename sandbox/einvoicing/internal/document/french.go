package document

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	numberForm  = regexp.MustCompile(`^[A-Za-z0-9+\-_/]{1,35}$`)
	addressForm = regexp.MustCompile(`^[A-Za-z0-9\-_.]{1,125}$`)

	types = []string{
		"380", "389", "393", "501", "386", "500", "384", "471", "472", "473", "261", "262", "381", "396", "502", "503",
	}
	processes = []string{
		"B1", "S1", "M1", "B2", "S2", "M2", "S3", "B4", "S4", "M4", "S5", "S6", "B7", "S7", "B8", "S8", "M8", "B9", "S9", "M9",
	}
	audiences = []string{"B2B", "B2BINT", "B2C", "OUTOFSCOPE", "ARCHIVEONLY"}
)

// french checks the French requirements (BR-FR, flux 2).
func (c *checker) french() {
	d := c.d
	c.demand(numberForm.MatchString(d.Number), "BR-FR-01", "invoice_number", "%q is not 1 to 35 letters, digits or + - _ /", d.Number)
	for _, p := range d.Preceding {
		c.demand(numberForm.MatchString(p.Number), "BR-FR-01", "preceding_invoices", "%q is not 1 to 35 letters, digits or + - _ /", p.Number)
		c.demand(isDate(p.Issued), "BR-FR-03", "preceding_invoices", "%q is not a date", p.Issued)
	}
	c.demand(isDate(d.Issued), "BR-FR-03", "issue_date", "%q is not a date", d.Issued)
	c.demand(d.Due == "" || isDate(d.Due), "BR-FR-03", "due_date", "%q is not a date", d.Due)
	c.demand(slices.Contains(types, d.Type), "BR-FR-04", "type_code", "%q is not taken in France", d.Type)
	c.demand(slices.Contains(processes, d.Process), "BR-FR-08", "business_process_type", "%q is not known", d.Process)
	for _, l := range d.Lines {
		free := strings.HasSuffix(d.Process, "9")
		c.demand(l.Price > 0 || l.Price == 0 && free, "BR-FR-DEC-03", "lines", "the net price of line %s is not above zero", l.ID)
	}
	c.notes()
	c.references()
	c.deposits()
	c.dates()
}

func isDate(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Year() >= 2000 && t.Year() <= 2099
}

func (c *checker) notes() {
	count := map[string]int{}
	for _, n := range c.d.Notes {
		count[n.Subject]++
		c.demand(n.Text != "", "BR-FR-05", "notes", "note %s is empty", n.Subject)
	}
	for _, subject := range []string{"PMT", "PMD", "AAB"} {
		c.demand(count[subject] == 1, "BR-FR-05", "notes", "exactly one note %s is needed, not %d", subject, count[subject])
	}
	c.demand(count["TXD"] <= 1, "BR-FR-06", "notes", "note TXD is there more than once")
	c.demand(count["BAR"] <= 1, "BR-FR-20", "notes", "note BAR is there more than once")
	if count["BAR"] > 0 {
		c.demand(slices.Contains(audiences, c.d.Audience()), "BR-FR-31", "notes", "%q is not a value of note BAR", c.d.Audience())
	}
}

func (c *checker) references() {
	n := len(c.d.Preceding)
	switch c.d.Type {
	case "384":
		c.demand(n == 1, "BR-FR-CO-04", "preceding_invoices", "a corrected invoice names exactly one, not %d", n)
	case "381", "261", "396", "502", "503":
		c.demand(n > 0, "BR-FR-CO-05", "preceding_invoices", "a credit note names the invoice that it credits")
	}
}

// deposits checks the final invoice after a deposit: it is no deposit itself, and names and deducts what was paid.
func (c *checker) deposits() {
	final := strings.HasSuffix(c.d.Process, "4")
	deposit := slices.Contains([]string{"386", "500", "503"}, c.d.Type)
	c.demand(!final || !deposit, "BR-FR-CO-08", "business_process_type", "%s is that of a final invoice, and this is a deposit", c.d.Process)
	if final && c.d.Type == "380" {
		c.demand(len(c.d.Preceding) > 0, "DEPOSIT", "preceding_invoices", "a final invoice names the deposits that it deducts")
		c.demand(c.d.Totals.Prepaid > 0, "DEPOSIT", "totals.prepaid", "a final invoice deducts a deposit")
	}
}

func (c *checker) dates() {
	d := c.d
	paid := strings.HasSuffix(d.Process, "2")
	early := paid || slices.Contains([]string{"386", "500", "503"}, d.Type)
	c.demand(early || d.Due == "" || d.Due >= d.Issued, "BR-FR-CO-07", "due_date", "is before the date of issue")
	if paid {
		c.demand(d.Totals.Prepaid == d.Totals.Gross, "BR-FR-CO-09", "totals.prepaid", "all of it is paid with %s", d.Process)
		c.demand(d.Totals.Due == 0, "BR-FR-CO-09", "totals.due", "nothing is due with %s", d.Process)
		c.demand(d.Due != "", "BR-FR-CO-09", "due_date", "the day of the payment is missing with %s", d.Process)
	}
}

// parties checks the identities: numbers with their check digits, and addresses.
func (c *checker) parties() {
	d := c.d
	c.party("seller", &d.Seller)
	c.party("buyer", &d.Buyer)
	c.demand(d.Seller.SIREN != "", "BR-FR-10", "seller.siren", "is missing")
	c.demand(d.Seller.Address != "", "BR-FR-13", "seller.electronic_address", "is missing")
	c.demand(d.Buyer.Address != "", "BR-FR-12", "buyer.electronic_address", "is missing")
	if d.Audience() == "B2B" {
		c.demand(d.Buyer.SIREN != "", "BR-FR-11", "buyer.siren", "is missing")
		selfBilled := slices.Contains([]string{"389", "501", "500", "471", "473", "261", "502"}, d.Type)
		c.demand(selfBilled || d.Buyer.Scheme == "0225" && strings.HasPrefix(d.Buyer.Address, d.Buyer.SIREN), "BR-FR-21",
			"buyer.electronic_address", "must have scheme 0225 and begin with the SIREN")
	}
}

func (c *checker) party(who string, p *Party) {
	if p.SIREN != "" {
		c.demand(len(p.SIREN) == 9 && digits(p.SIREN), "BR-FR-32", who+".siren", "%q is not nine digits", p.SIREN)
		c.demand(ValidSIREN(p.SIREN), "LUHN", who+".siren", "the check digit of %q is wrong", p.SIREN)
	}
	if p.SIRET != "" {
		c.demand(len(p.SIRET) == 14 && digits(p.SIRET) && strings.HasPrefix(p.SIRET, p.SIREN), "BR-FR-09", who+".siret",
			"%q is not fourteen digits that begin with the SIREN", p.SIRET)
		c.demand(ValidSIRET(p.SIRET), "LUHN", who+".siret", "the check digit of %q is wrong", p.SIRET)
	}
	if v := p.VATNumber; v != "" {
		c.demand(len(v) > 2 && strings.Trim(v[:2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "", "BR-CO-09", who+".vat_identifier", "%q has no country", v)
		if strings.HasPrefix(v, "FR") {
			c.demand(ValidFrenchVAT(v), "VAT-KEY", who+".vat_identifier", "the key of %q is wrong", v)
			c.demand(p.SIREN == "" || strings.HasSuffix(v, p.SIREN), "VAT-KEY", who+".vat_identifier", "%q does not end with the SIREN", v)
		}
	}
	if p.Address != "" {
		c.demand(p.Scheme != "", "BR-62", who+".electronic_address", "has no scheme")
	}
	if p.Scheme == "0225" {
		c.demand(addressForm.MatchString(p.Address), "BR-FR-23", who+".electronic_address", "%q is not 1 to 125 letters, digits or - _ .", p.Address)
	}
}
