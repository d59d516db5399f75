package einvoicing

import (
	"net/http"
	"slices"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/flux10"
)

// numbers parses the decimals of a report and collects their problems.
type numbers struct{ problems []document.Problem }

func (n *numbers) read(field string, text document.Number) int64 {
	v, ok := decimal.Parse(string(text), 2)
	if !ok {
		n.problems = append(n.problems, document.Problem{Rule: "DECIMAL", Field: field, Message: "must be a number with at most two decimals"})
	}
	return v
}

type reportHead struct {
	Ref      string `json:"external_ref"`
	Type     string `json:"report_type"`
	SIREN    string `json:"client_siren"`
	Start    string `json:"period_start"`
	End      string `json:"period_end"`
	Document []byte `json:"document"`
}

func (h reportHead) report(kind string) *flux10.Report {
	return &flux10.Report{Kind: kind, Type: h.Type, SIREN: h.SIREN, Start: h.Start, End: h.End}
}

// reportedInvoice is an invoice to a business abroad, paidInvoice what was received for one on one day.
type (
	reportedInvoice struct {
		Number string          `json:"number"`
		Issued string          `json:"issue_date"`
		Type   string          `json:"type_code"`
		Net    document.Number `json:"tax_exclusive_amount"`
		Tax    document.Number `json:"tax_amount"`
	}
	paidInvoice struct {
		Number    string       `json:"number"`
		Issued    string       `json:"issue_date"`
		Date      string       `json:"date"`
		Subtotals []rateAmount `json:"subtotals"`
	}
)

func (p *Platform) reportSales(c *call) (any, error) {
	var in struct {
		reportHead
		Transactions []struct {
			Date      string          `json:"date"`
			Currency  string          `json:"currency"`
			DueCode   string          `json:"tax_due_date_type_code"`
			Category  string          `json:"category"`
			Net       document.Number `json:"tax_exclusive_amount"`
			Tax       document.Number `json:"tax_amount"`
			Count     *int64          `json:"count"`
			Subtotals []struct {
				Rate document.Number `json:"rate"`
				Net  document.Number `json:"taxable_amount"`
				Tax  document.Number `json:"tax_amount"`
			} `json:"subtotals"`
		} `json:"transactions"`
		Invoices []reportedInvoice `json:"invoices"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	n := numbers{}
	r := in.report(flux10.KindSales)
	for _, t := range in.Transactions {
		s := flux10.Sale{
			Date: t.Date, Currency: t.Currency, Category: t.Category, DueCode: t.DueCode, Count: -1,
			Net: n.read("tax_exclusive_amount", t.Net), Tax: n.read("tax_amount", t.Tax),
		}
		if t.Count != nil {
			s.Count = *t.Count
		}
		for _, x := range t.Subtotals {
			s.Rates = append(s.Rates, flux10.SaleRate{Rate: n.read("rate", x.Rate), Net: n.read("taxable_amount", x.Net), Tax: n.read("tax_amount", x.Tax)})
		}
		r.Sales = append(r.Sales, s)
	}
	for _, i := range in.Invoices {
		r.Invoices = append(r.Invoices, flux10.Invoice{
			Number: i.Number, Issued: i.Issued, Type: i.Type, Net: n.read("tax_exclusive_amount", i.Net), Tax: n.read("tax_amount", i.Tax),
		})
	}
	made, err := p.takeReport(c, "rpt", in.reportHead, r, n.problems)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": made.ID, "status": statusName(codeDeposited)}, nil
}

// takeReport checks a report and its XML, and stores it. The first report of a period is accepted once; later ones replace it.
func (p *Platform) takeReport(c *call, prefix string, head reportHead, r *flux10.Report, problems []document.Problem) (*report, error) {
	if !upTo(head.Ref, 100) {
		return nil, wrong("external_ref", "must have 1 to 100 characters")
	}
	problems = append(problems, r.Check()...)
	fromXML, more := flux10.Read(head.Document)
	problems = append(problems, more...)
	if fromXML != nil {
		problems = append(problems, fromXML.Check()...)
		problems = append(problems, flux10.Compare(r, fromXML)...)
		r.ID = fromXML.ID
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := p.state.refs[refKey(prefix, c.client.ID, head.Ref)]; id != "" {
		return nil, conflict("there is a report with this external_ref", id)
	}
	if len(problems) == 0 {
		problems = p.checkTurn(c.client.ID, r)
	}
	if len(problems) > 0 {
		return nil, refused(problems...)
	}
	if err := p.mayIssue(c.client.ID, r.SIREN); err != nil {
		return nil, err
	}
	made := &report{ID: newID(prefix), Client: c.client.ID, Ref: head.Ref, Kind: r.Kind, Made: p.cfg.Now().UTC(), Period: r}
	for _, before := range p.ofPeriod(r) {
		if !before.Replaced {
			before.Replaced = true
			if err := p.save(line{Report: before}); err != nil {
				return nil, err
			}
		}
	}
	c.status = http.StatusCreated
	return made, p.save(line{Report: made})
}

// checkTurn compares a report with earlier ones.
func (p *Platform) checkTurn(clientID string, r *flux10.Report) []document.Problem {
	var problems []document.Problem
	add := func(rule, field, message string) {
		problems = append(problems, document.Problem{Rule: rule, Field: field, Message: message})
	}
	for _, x := range p.state.reports {
		if x.Period != nil && x.Period.SIREN == r.SIREN && x.Period.ID == r.ID {
			add("TT-1", "Id", "the id "+r.ID+" was used before by this declarant")
		}
	}
	before := p.ofPeriod(r)
	switch {
	case r.Type == "IN" && len(before) > 0:
		add("TT-4", "report_type", "the period was reported before: only RE can follow")
	case r.Type == "IN" && len(r.Sales)+len(r.Payments)+len(r.Invoices)+len(r.Paid) == 0:
		add("TG-31", "transactions", "a first report says something")
	case r.Type == "RE" && len(before) == 0:
		add("TT-4", "report_type", "there is nothing to replace: the first report of a period is IN")
	}
	for _, x := range before {
		if x.Client != clientID {
			add("TT-4", "client_siren", "the period was reported by another client")
		}
	}
	return problems
}

// ofPeriod returns the reports of the same kind, declarant and period.
func (p *Platform) ofPeriod(r *flux10.Report) []*report {
	var found []*report
	for _, x := range p.state.reports {
		if x.Period != nil && x.Kind == r.Kind && x.Period.SIREN == r.SIREN && x.Period.Start == r.Start && x.Period.End == r.End {
			found = append(found, x)
		}
	}
	return found
}

type rateAmount struct {
	Rate   document.Number `json:"rate"`
	Amount document.Number `json:"amount"`
}

// reportPayments accepts a payment of an invoice, or the payments of a period.
func (p *Platform) reportPayments(c *call) (any, error) {
	var in struct {
		reportHead
		Date      string          `json:"payment_date"`
		Amount    document.Number `json:"amount"`
		Currency  string          `json:"currency"`
		Invoice   string          `json:"invoice_number"`
		Breakdown []rateAmount    `json:"breakdown"`
		Payments  []struct {
			Date      string       `json:"date"`
			Subtotals []rateAmount `json:"subtotals"`
		} `json:"payments"`
		Invoices []paidInvoice `json:"invoices"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	n := numbers{}
	if in.Type == "" {
		x := &collection{Invoice: in.Invoice, SIREN: in.SIREN, Date: in.Date, Amount: n.read("amount", in.Amount), Rates: n.parts(in.Breakdown)}
		if in.Currency != "EUR" {
			n.problems = append(n.problems, document.Problem{Rule: "TT-98", Field: "currency", Message: "must be EUR"})
		}
		return p.collect(c, in.Ref, x, n.problems)
	}
	r := in.report(flux10.KindPayments)
	for _, day := range in.Payments {
		r.Payments = append(r.Payments, flux10.Payment{Date: day.Date, Rates: n.parts(day.Subtotals)})
	}
	for _, i := range in.Invoices {
		r.Paid = append(r.Paid, flux10.Paid{Number: i.Number, Issued: i.Issued, Payment: flux10.Payment{Date: i.Date, Rates: n.parts(i.Subtotals)}})
	}
	made, err := p.takeReport(c, "pay", in.reportHead, r, n.problems)
	if err != nil {
		return nil, err
	}
	return paymentView(made, in.Start), nil
}

func paymentView(r *report, day string) map[string]any {
	return map[string]any{"payment_id": r.ID, "period": day[:len("2006-01")], "created_at": timestamp(r.Made)}
}

func (n *numbers) parts(from []rateAmount) []flux10.PaymentRate {
	var all []flux10.PaymentRate
	for _, x := range from {
		all = append(all, flux10.PaymentRate{Rate: n.read("rate", x.Rate), Amount: n.read("amount", x.Amount)})
	}
	return all
}

// collect gives an invoice the status 212.
func (p *Platform) collect(c *call, ref string, x *collection, problems []document.Problem) (any, error) {
	if !upTo(ref, 100) {
		return nil, wrong("external_ref", "must have 1 to 100 characters")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := p.state.refs[refKey("pay", c.client.ID, ref)]; id != "" {
		return nil, conflict("there is a payment with this external_ref", id)
	}
	i := p.invoiceNumbered(c.client.ID, x.SIREN, x.Invoice)
	if problems = append(problems, checkCollection(x, i)...); len(problems) > 0 {
		return nil, refused(problems...)
	}
	if err := p.mayIssue(c.client.ID, x.SIREN); err != nil {
		return nil, err
	}
	made := &report{ID: newID("pay"), Client: c.client.ID, Ref: ref, Kind: "collection", Made: p.cfg.Now().UTC(), Collection: x}
	i.Collected += x.Amount
	if i.CollectedAt == nil {
		i.CollectedAt = map[int64]int64{}
	}
	for _, part := range x.Rates {
		i.CollectedAt[part.Rate] += part.Amount
	}
	if err := p.enterStatus(line{Report: made}, i, wish{Code: codeCollected}, made.Made); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return paymentView(made, x.Date), nil
}

func (p *Platform) invoiceNumbered(clientID, siren, number string) *invoice {
	for _, i := range p.state.invoices {
		if i.Client == clientID && i.SIREN == siren && i.Number == number {
			return i
		}
	}
	return nil
}

// checkCollection checks that the parts add up, and that the invoice could have been paid like this. What was given back is below zero,
// and never more than was collected, in all and at each rate; it may follow the end of the invoice.
func checkCollection(x *collection, i *invoice) []document.Problem {
	var problems []document.Problem
	demand := func(ok bool, rule, field, message string) {
		if !ok {
			problems = append(problems, document.Problem{Rule: rule, Field: field, Message: message})
		}
	}
	_, err := time.Parse(time.DateOnly, x.Date)
	demand(err == nil, "DATE", "payment_date", "is not a date")
	demand(i != nil, "REJ_COH", "invoice_number", "is not an invoice of this client")
	var sum int64
	seen, more := map[int64]bool{}, false
	for _, part := range x.Rates {
		sum += part.Amount
		demand(!seen[part.Rate], "MDT-224", "breakdown", "a rate is there twice")
		seen[part.Rate] = true
		demand(i == nil || slices.Contains(i.Rates, part.Rate), "MDT-224", "breakdown", "a rate is not one of the invoice")
		demand(i == nil || i.CollectedAt[part.Rate]+part.Amount >= 0, "MDT-215", "breakdown", "more is given back at a rate than was collected")
		demand(part.Amount != 0, "MDT-215", "breakdown", "a part is nothing")
		more = more || part.Amount > 0
	}
	demand(len(x.Rates) > 0 && sum == x.Amount, "MDT-215", "amount", "is not the sum of the breakdown, or nothing")
	if i != nil {
		demand(i.Audience != "B2C" && i.Audience != "B2BINT", "G7", "invoice_number", "payments of private customers and from abroad are reported by period")
		demand(!i.ended() || !more, "STATUS", "invoice_number", "the invoice was refused or rejected")
		total := i.Collected + x.Amount
		demand(total >= 0 && total <= i.Gross, "MDT-215", "amount", "more than the invoice was collected, or less than nothing")
	}
	return problems
}
