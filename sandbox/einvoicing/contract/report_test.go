package contract

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// report is the request of a report, with its XML.
func report(said, ref, xml string) string {
	return sample.With(said, fmt.Sprintf(`"external_ref":%q,"document":%q`, ref, base64.StdEncoding.EncodeToString([]byte(xml))))
}

func (p *platform) sales(id, kind string) string {
	return report(sample.SalesJSON(kind, sample.SellerSIREN), p.ref(id), sample.Report(p.ref(id), kind, sample.SellerSIREN, sample.Sales()))
}

func (p *platform) payments(id, kind string) string {
	return report(sample.PaymentsJSON(kind, sample.SellerSIREN), p.ref(id), sample.Report(p.ref(id), kind, sample.SellerSIREN, sample.Payments()))
}

func reportedSales(p *platform) {
	p.enrol("sales")
	a := p.reportedOnce("/reporting/b2c-transactions", p.sales)
	if !strings.HasPrefix(a.at("id"), "rpt_") || a.at("status") != "DEPOSITED" {
		p.Errorf("%s", a.text)
	}
	for what, c := range map[string]struct{ old, with, rule string }{
		"a sum": {"15.00", "15.03", "G1.53"}, "a tax": {"2.28", "2.31", "G1.53"}, "a category": {"TLB1", "TLB2", "TT-81"}, "a currency": {`"EUR"`, `"USD"`, "TT-78"},
		"a rate": {`"rate":20,`, `"rate":19,`, "G1.24"}, "a rate twice": {`"rate":5.5,`, `"rate":20,`, "G1.52"}, "a day": {"2026-11-22", "2026-12-22", "PERIOD"},
		"a period": {"2026-11-30", "2026-11-21", "PERIOD"}, "a count": {`"count":3`, `"count":4`, "COHERENCE"}, "a type": {`"report_type":"IN"`, `"report_type":"RE"`, "COHERENCE"},
		"decimals": {"10.00", "10.001", "DECIMAL"}, "a text": {"15.00", `"15.00"`, "SCHEMA"}, "a name": {`"count"`, `"number"`, "SCHEMA"},
		"another's SIREN": {sample.SellerSIREN, sample.BuyerSIREN, "COHERENCE"}, "no parts": {`"subtotals":[`, `"subtotals":[],"x":[`, "SCHEMA"},
	} {
		p.refuseBy(what, p.as(p.key, p.client, "POST", "/reporting/b2c-transactions", strings.Replace(p.sales(what, "IN"), c.old, c.with, 1)), c.rule)
	}
	said := sample.SalesJSON("IN", sample.SellerSIREN)
	p.refuseBy("no XML", p.as(p.key, p.client, "POST", "/reporting/b2c-transactions", sample.With(said, `"external_ref":"x"`)), "XML")
	p.refuseBy("another kind", p.as(p.key, p.client, "POST", "/reporting/b2c-transactions", report(said, "x", sample.Report("x", "IN", sample.SellerSIREN, sample.Payments()))), "COHERENCE")
	p.refuseBy("no reference", p.as(p.key, p.client, "POST", "/reporting/b2c-transactions", report(said, "", sample.Report("x", "IN", sample.SellerSIREN, sample.Sales()))), "SCHEMA")
}

// nothingSold: a first report says something; one that replaces it may take everything back.
func nothingSold(p *platform) {
	p.enrol("nothing")
	empty := func(kind string) string {
		said := fmt.Sprintf(`{"report_type":%q,"client_siren":%q,"period_start":"2026-11-21","period_end":"2026-11-30","transactions":[]}`, kind, sample.SellerSIREN)
		xml := `<TransactionsReport><ReportPeriod><StartDate>20261121</StartDate><EndDate>20261130</EndDate></ReportPeriod></TransactionsReport>`
		return report(said, p.ref("empty-"+kind), sample.Report(p.ref("empty-"+kind), kind, sample.SellerSIREN, xml))
	}
	p.refuseBy("a first one", p.as(p.key, p.client, "POST", "/reporting/b2c-transactions", empty("IN")), "TG-31")
	p.call(201, "POST", "/reporting/b2c-transactions", p.sales("something", "IN"))
	p.call(201, "POST", "/reporting/b2c-transactions", empty("RE"))
	p.hold("it replaces the first", p.control(200, "GET", "/reports", nil), object{"reports.0.replaced": true, "reports.1.cents": 0, "reports.1.replaced": false})
}

func reportedPayments(p *platform) {
	p.enrol("payments")
	a := p.reportedOnce("/reporting/payments", p.payments)
	if !strings.HasPrefix(a.at("payment_id"), "pay_") || a.at("period") != "2026-11" || a.at("created_at") != "2026-12-01T10:00:00Z" {
		p.Errorf("%s", a.text)
	}
	for what, c := range map[string]struct{ old, with, rule string }{
		"a minus": {"12.00", "-12.00", "G1.16"}, "a rate": {`"rate":20,`, `"rate":21,`, "G1.24"}, "an amount": {"12.00", "12.01", "COHERENCE"},
		"a day": {"2026-11-22", "2026-10-22", "PERIOD"}, "no parts": {`{"rate":20,"amount":12.00}`, ``, "TG-39"},
	} {
		p.refuseBy(what, p.as(p.key, p.client, "POST", "/reporting/payments", strings.Replace(p.payments(what, "IN"), c.old, c.with, 1)), c.rule)
	}
}

// reportedOnce: IN comes first and once, RE after it as often as it must, an id and a reference once. It returns the first answer.
func (p *platform) reportedOnce(path string, make func(id, kind string) string) answer {
	p.Helper()
	p.refuseBy("nothing to replace", p.as(p.key, p.client, "POST", path, make("r0", "RE")), "TT-4")
	first := p.call(201, "POST", path, make("r1", "IN"))
	again := p.as(p.key, p.client, "POST", path, make("r1", "IN"))
	p.refuse("the same reference", again, 409)
	p.hold("the same reference", again, object{"existing_id": first.at("id") + first.at("payment_id")})
	p.refuseBy("a second first one", p.as(p.key, p.client, "POST", path, make("r2", "IN")), "TT-4")
	p.call(201, "POST", path, make("r3", "RE"))
	p.call(201, "POST", path, make("r4", "RE"))
	reused := strings.Replace(make("r4", "RE"), fmt.Sprintf(`"external_ref":%q`, p.ref("r4")), fmt.Sprintf(`"external_ref":%q`, p.ref("r5")), 1)
	p.refuseBy("an id again", p.as(p.key, p.client, "POST", path, reused), "TT-1")
	shown := p.control(200, "GET", "/reports", nil)
	p.hold("what counts", shown, object{"reports.0.replaced": true, "reports.1.replaced": true, "reports.2.replaced": false, "reports.3": ""})
	enrolled := p.client
	p.enrol("other-" + path[len("/reporting/"):])
	p.refuseBy("by another client", p.as(p.key, p.client, "POST", path, make("r6", "RE")), "TT-4")
	p.newClient("none-" + path[len("/reporting/"):])
	later := strings.NewReplacer("2026-11-21", "2026-11-11", "2026-11-30", "2026-11-20", "2026-11-22", "2026-11-12")
	xml := later.Replace(strings.NewReplacer("20261121", "20261111", "20261130", "20261120", "20261122", "20261112").Replace(p.xmlOf(make("r7", "IN"))))
	p.refuse("without a mandate", p.as(p.key, p.client, "POST", path, p.withXML(later.Replace(make("r7", "IN")), xml)), 403)
	p.client = enrolled
	return first
}

// xmlOf is the XML in a request of a report.
func (p *platform) xmlOf(request string) string {
	p.Helper()
	var in struct {
		Document []byte `json:"document"`
	}
	if err := json.Unmarshal([]byte(request), &in); err != nil {
		p.Fatal(err)
	}
	return string(in.Document)
}

func (p *platform) withXML(request, xml string) string {
	p.Helper()
	var body object
	if err := json.Unmarshal([]byte(request), &body); err != nil {
		p.Fatal(err)
	}
	body["document"] = base64.StdEncoding.EncodeToString([]byte(xml))
	text, err := json.Marshal(body)
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}

// money is what came in for an invoice, at one rate.
func (p *platform) money(ref, number, amount, rate string) string {
	return fmt.Sprintf(`{"external_ref":%q,"client_siren":%q,"payment_date":"2026-12-01","amount":%s,"currency":"EUR","invoice_number":%q,"breakdown":[{"rate":%s,"amount":%s}]}`,
		p.ref(ref), sample.SellerSIREN, amount, number, rate, amount)
}

// collections: status 212 for each, split by rate, and never more than the invoice.
func collections(p *platform) {
	p.enrol("money")
	number := p.invoice("1").Number
	id := p.issue(p.invoice("1"))
	first := p.call(201, "POST", "/reporting/payments", p.money("m1", number, "28.80", "20"))
	p.hold("taken", first, object{"period": "2026-12", "created_at": "2026-12-01T10:00:00Z"})
	again := p.as(p.key, p.client, "POST", "/reporting/payments", p.money("m1", number, "28.80", "20"))
	p.refuse("the same reference", again, 409)
	p.hold("the same reference", again, object{"existing_id": first.at("payment_id")})
	right := p.money("m2", number, "10.00", "5.5")
	for what, c := range map[string]struct{ old, with, rule string }{
		"too much": {"10.00", "10.01", "MDT-215"}, "the parts": {`"amount":10.00}]`, `"amount":9.99}]`, "MDT-215"}, "no parts": {`{"rate":5.5,"amount":10.00}`, "", "MDT-215"},
		"another rate": {`"rate":5.5`, `"rate":10`, "MDT-224"}, "a rate twice": {`[{"rate":5.5,"amount":10.00}]`, `[{"rate":5.5,"amount":5.00},{"rate":5.5,"amount":5.00}]`, "MDT-224"},
		"another invoice": {number, number + "X", "REJ_COH"}, "dollars": {`"EUR"`, `"USD"`, "TT-98"}, "no day": {"2026-12-01", "2026-12-32", "DATE"},
		"decimals": {`"amount":10.00,`, `"amount":10.001,`, "DECIMAL"}, "another seller": {sample.SellerSIREN, sample.BuyerSIREN, "REJ_COH"},
		"a text": {`"amount":10.00,`, `"amount":"10.00",`, "SCHEMA"},
	} {
		p.refuseBy(what, p.as(p.key, p.client, "POST", "/reporting/payments", strings.ReplaceAll(right, c.old, c.with)), c.rule)
	}
	p.refuseBy("back, more than came", p.as(p.key, p.client, "POST", "/reporting/payments", p.money("m3", number, "-28.81", "20")), "MDT-215")
	p.call(201, "POST", "/reporting/payments", p.money("m4", number, "-28.80", "20"))
	p.call(201, "POST", "/reporting/payments", right)
	if got := p.codes(id); got != "DEPOSITED COLLECTED COLLECTED COLLECTED" {
		p.Errorf("%s", got)
	}
	p.hold("collected", p.control(200, "GET", "/documents?number="+number, nil), object{"documents.0.collected_cents": 1000})
	p.buyer(200, id, object{"status": "213"})
	p.refuseBy("after its end", p.as(p.key, p.client, "POST", "/reporting/payments", p.money("m5", number, "1.00", "20")), "STATUS")
	private := sample.Private(p.invoice("2"))
	p.issue(private)
	p.refuseBy("a private customer's", p.as(p.key, p.client, "POST", "/reporting/payments", p.money("m6", private.Number, "1.00", "20")), "G7")
}
