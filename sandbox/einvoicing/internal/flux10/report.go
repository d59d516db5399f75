package flux10

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/xmltree"
)

// Report is a report. Dates are YYYY-MM-DD.
type Report struct {
	ID, Type, SIREN, Start, End string
	// Kind is "sales" (10.1 and 10.3) or "payments" (10.2 and 10.4).
	Kind     string
	Sales    []Sale
	Payments []Payment
	// Invoices are those to businesses abroad (10.1), Paid what was received for them (10.2).
	Invoices []Invoice
	Paid     []Paid
}

// Sale is the sum for a day, a currency, a category and a due date of its VAT, in cents. DueCode is 5 for services whose VAT is due
// with the invoice (TT-80).
type Sale struct {
	Date, Currency, Category, DueCode string
	Net, Tax                          int64
	// Count is -1 if it is absent.
	Count int64
	Rates []SaleRate
}

// SaleRate is the part of a sale at one rate, which is in hundredths of a percent.
type SaleRate struct{ Rate, Net, Tax int64 }

// Payment is the sum for a day.
type Payment struct {
	Date  string
	Rates []PaymentRate
}

// PaymentRate is the part of a payment at one rate, in cents.
type PaymentRate struct{ Rate, Amount int64 }

// The kinds of reports.
const (
	KindSales    = "sales"
	KindPayments = "payments"
)

// Read parses the XML of a report. It returns nil if the structure is wrong.
func Read(data []byte) (*Report, []document.Problem) {
	root, err := xmltree.Parse(data)
	if err != nil {
		return nil, []document.Problem{{Rule: "XML", Field: "/", Message: err.Error()}}
	}
	r := &reader{}
	for _, p := range structure.Check(root) {
		r.add("XSD", p.Path, "%s", p.Message)
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	report := r.head(root)
	sales, payments := root.At("TransactionsReport"), root.At("PaymentsReport")
	switch {
	case (sales == nil) == (payments == nil):
		r.add("G6", "/Report", "has not exactly one of TransactionsReport and PaymentsReport")
	case sales != nil:
		report.Kind = KindSales
		report.Start, report.End = r.period(sales)
		for _, n := range sales.All("Transactions") {
			report.Sales = append(report.Sales, r.sale(n))
		}
		for _, n := range sales.All("Invoice") {
			report.Invoices = append(report.Invoices, r.invoice(n, report.SIREN))
		}
	default:
		report.Kind = KindPayments
		report.Start, report.End = r.period(payments)
		for _, n := range payments.All("Transactions") {
			report.Payments = append(report.Payments, r.payment(n.At("Payment")))
		}
		for _, n := range payments.All("Invoice") {
			report.Paid = append(report.Paid, Paid{n.Get("InvoiceID"), r.date(n, "IssueDate"), r.payment(n.At("Payment"))})
		}
	}
	return report, r.problems
}

type reader struct{ problems []document.Problem }

func (r *reader) add(rule, field, format string, args ...any) {
	r.problems = append(r.problems, document.Problem{Rule: rule, Field: field, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) head(root *xmltree.Node) *Report {
	head := root.At("ReportDocument")
	report := &Report{ID: head.Get("Id"), Type: head.Get("TypeCode"), SIREN: head.Get("Issuer/Id")}
	if report.ID == "" || len([]rune(report.ID)) > 50 {
		r.add("TT-1", "Id", "has not 1 to 50 characters")
	}
	if text := head.Get("IssueDateTime/DateTimeString"); len(text) != 14 || !parses("20060102150405", text) {
		r.add("TT-3", "IssueDateTime", "%q is not AAAAMMJJHHMMSS", text)
	}
	if report.Type != "IN" && report.Type != "RE" {
		r.add("TT-4", "TypeCode", "%q is not IN or RE", report.Type)
	}
	sender, issuer := head.At("Sender"), head.At("Issuer")
	if sender.At("Id").Attr("schemeId") != "0238" || len(sender.Get("Id")) != 4 || sender.Get("RoleCode") != "WK" {
		r.add("TG-3", "Sender", "must be a platform: four characters in scheme 0238, role WK")
	}
	if issuer.At("Id").Attr("schemeId") != "0002" || !document.ValidSIREN(report.SIREN) {
		r.add("TG-5", "Issuer", "must be a SIREN in scheme 0002")
	}
	if role := issuer.Get("RoleCode"); role != "SE" && role != "BY" {
		r.add("TG-5", "Issuer/RoleCode", "%q is not SE or BY", role)
	}
	return report
}

func parses(layout, text string) bool {
	_, err := time.Parse(layout, text)
	return err == nil
}

func (r *reader) date(n *xmltree.Node, path string) string {
	day, err := time.Parse("20060102", n.Get(path))
	if err != nil {
		r.add("DATE", path, "%q is not AAAAMMJJ", n.Get(path))
		return ""
	}
	return day.Format(time.DateOnly)
}

func (r *reader) period(n *xmltree.Node) (start, end string) {
	return r.date(n, "ReportPeriod/StartDate"), r.date(n, "ReportPeriod/EndDate")
}

func (r *reader) number(n *xmltree.Node, path string) int64 {
	v, ok := decimal.Parse(n.Get(path), 2)
	if !ok {
		r.add("DECIMAL", path, "%q is not a plain number, or has too many decimals", n.Get(path))
	}
	return v
}

func (r *reader) sale(n *xmltree.Node) Sale {
	s := Sale{
		Date: r.date(n, "Date"), Currency: n.Get("TransactionsCurrency"), Category: n.Get("CategoryCode"), Count: -1, DueCode: n.Get("TaxDueDateTypeCode"),
		Net: r.number(n, "TaxExclusiveAmount"), Tax: r.number(n, "TaxTotal"),
	}
	if text := n.Get("TransactionsCount"); text != "" {
		v, ok := decimal.Parse(text, 0)
		if !ok || v < 0 {
			r.add("TT-85", "TransactionsCount", "%q is not a count", text)
		}
		s.Count = v
	}
	for _, sub := range n.All("TaxSubtotal") {
		s.Rates = append(s.Rates, SaleRate{r.number(sub, "TaxPercent"), r.number(sub, "TaxableAmount"), r.number(sub, "TaxTotal")})
	}
	return s
}

func (r *reader) payment(n *xmltree.Node) Payment {
	p := Payment{Date: r.date(n, "Date")}
	for _, sub := range n.All("SubTotals") {
		if c := sub.Get("CurrencyCode"); c != "" && c != "EUR" {
			r.add("TT-98", "CurrencyCode", "%q is not EUR", c)
		}
		if strings.Contains(sub.Get("Amount"), "-") {
			r.add("G1.16", "Amount", "%s has a minus sign", sub.Get("Amount"))
		}
		p.Rates = append(p.Rates, PaymentRate{r.number(sub, "TaxPercent"), r.number(sub, "Amount")})
	}
	return p
}

var categories = []string{"TLB1", "TPS1", "TNT1", "TMA1"}

// Check reports which rules the content breaks, whatever its source.
func (r *Report) Check() []document.Problem {
	c := &reader{}
	if !parses(time.DateOnly, r.Start) || !parses(time.DateOnly, r.End) || r.End <= r.Start {
		c.add("PERIOD", "period_end", "the end of the period is not after its start")
	}
	seen := map[string]bool{}
	for _, s := range r.Sales {
		c.day(r, s.Date, s.Date+s.Currency+s.Category+s.DueCode, seen)
		c.saleSums(s)
	}
	for _, p := range r.Payments {
		c.day(r, p.Date, p.Date, seen)
		c.received(p)
	}
	for _, i := range r.Invoices {
		c.day(r, i.Issued, "invoice "+i.Number, seen)
		c.documentType(i)
	}
	for _, p := range r.Paid {
		c.day(r, p.Date, p.Number+" "+p.Date, seen)
		c.received(p.Payment)
	}
	return c.problems
}

// received checks the parts of the payments of a day.
func (r *reader) received(p Payment) {
	rates := map[int64]bool{}
	for _, x := range p.Rates {
		r.rate(x.Rate, rates)
		if x.Amount < 0 {
			r.add("G1.16", "amount", "%s has a minus sign", decimal.Cents(x.Amount))
		}
	}
	if len(p.Rates) == 0 {
		r.add("TG-39", "subtotals", "the payments of %s have none", p.Date)
	}
}

// day checks that a sum belongs to the period, and is the only one of its kind.
func (r *reader) day(report *Report, date, key string, seen map[string]bool) {
	if date < report.Start || date > report.End {
		r.add("PERIOD", "date", "%s is not in the period", date)
	}
	if seen[key] {
		r.add("G1.52", "date", "%s has two sums of the same kind", date)
	}
	seen[key] = true
}

func (r *reader) rate(rate int64, seen map[int64]bool) {
	if !slices.Contains(document.Rates, rate) {
		r.add("G1.24", "rate", "%s is not a rate of France", decimal.Format(rate, 2, 0))
	}
	if seen[rate] {
		r.add("G1.52", "rate", "the rate %s is there twice", decimal.Format(rate, 2, 0))
	}
	seen[rate] = true
}

// saleSums checks that the parts add up, within a cent for each of them (G1.53).
func (r *reader) saleSums(s Sale) {
	if s.Currency != "EUR" {
		r.add("TT-78", "currency", "%q is not EUR; other currencies are not taken here", s.Currency)
	}
	if !slices.Contains(categories, s.Category) {
		r.add("TT-81", "category", "%q is not known", s.Category)
	}
	if s.DueCode != "" && (s.DueCode != "5" || s.Category != "TPS1") {
		r.add("TT-80", "tax_due_date_type_code", "%q is not the option of %s", s.DueCode, s.Category)
	}
	var net, tax int64
	rates := map[int64]bool{}
	for _, x := range s.Rates {
		r.rate(x.Rate, rates)
		net += x.Net
		tax += x.Tax
	}
	tolerance := int64(len(s.Rates))
	if tolerance == 0 {
		r.add("TG-32", "subtotals", "the sales of %s have none", s.Date)
	}
	if off(net, s.Net) > tolerance {
		r.add("G1.53", "tax_exclusive_amount", "%s is not the sum %s", decimal.Cents(s.Net), decimal.Cents(net))
	}
	if off(tax, s.Tax) > tolerance {
		r.add("G1.53", "tax_amount", "%s is not the sum %s", decimal.Cents(s.Tax), decimal.Cents(tax))
	}
}

func off(a, b int64) int64 { return max(a-b, b-a) }

// Compare reports where the JSON and the XML of a report differ. The id in the JSON is ours and not compared.
func Compare(fromJSON, fromXML *Report) []document.Problem {
	c := &reader{}
	same := func(field string, a, b any) {
		if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
			c.add("COHERENCE", field, "the JSON says %+v, the XML %+v", a, b)
		}
	}
	same("report", fromJSON.Kind, fromXML.Kind)
	same("report_type", fromJSON.Type, fromXML.Type)
	same("client_siren", fromJSON.SIREN, fromXML.SIREN)
	same("period_start", fromJSON.Start, fromXML.Start)
	same("period_end", fromJSON.End, fromXML.End)
	same("transactions", sorted(fromJSON.Sales, fromXML.Sales), sorted(fromXML.Sales, fromJSON.Sales))
	same("payments", sortedPayments(fromJSON.Payments), sortedPayments(fromXML.Payments))
	same("invoices", fromJSON.Invoices, fromXML.Invoices)
	same("paid invoices", fromJSON.Paid, fromXML.Paid)
	return c.problems
}

// sorted returns a list in a canonical order; a count that the other list does not have is omitted.
func sorted(list, other []Sale) []Sale {
	said := !slices.ContainsFunc(other, func(s Sale) bool { return s.Count < 0 })
	list = slices.Clone(list)
	for i := range list {
		if !said {
			list[i].Count = -1
		}
		list[i].Rates = slices.Clone(list[i].Rates)
		slices.SortFunc(list[i].Rates, func(a, b SaleRate) int { return int(a.Rate - b.Rate) })
	}
	slices.SortFunc(list, func(a, b Sale) int {
		return strings.Compare(a.Date+a.Currency+a.Category+a.DueCode, b.Date+b.Currency+b.Category+b.DueCode)
	})
	return list
}

func sortedPayments(list []Payment) []Payment {
	list = slices.Clone(list)
	for i := range list {
		list[i].Rates = slices.Clone(list[i].Rates)
		slices.SortFunc(list[i].Rates, func(a, b PaymentRate) int { return int(a.Rate - b.Rate) })
	}
	slices.SortFunc(list, func(a, b Payment) int { return strings.Compare(a.Date, b.Date) })
	return list
}
