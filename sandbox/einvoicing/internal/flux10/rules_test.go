package flux10

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// says reports whether a rule refuses at a field.
func says(problems []document.Problem, rule, field string) bool {
	return slices.ContainsFunc(problems, func(p document.Problem) bool { return p.Rule == rule && p.Field == field && p.Message != "" })
}

// Each rule of a report's XML, by the one thing that breaks it.
func TestEachRuleOfTheXMLRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ kind, old, with, rule, field string }{
		"no id":                  {KindSales, "<Id>R-1</Id>", "<Id/>", "TT-1", "Id"},
		"an id of 51":            {KindSales, "<Id>R-1", "<Id>" + strings.Repeat("é", 51), "TT-1", "Id"},
		"a time without seconds": {KindSales, "20261201080000", "202612010800", "TT-3", "IssueDateTime"},
		"no such hour":           {KindSales, "20261201080000", "20261201250000", "TT-3", "IssueDateTime"},
		"a type in small":        {KindSales, "<TypeCode>IN", "<TypeCode>in", "TT-4", "TypeCode"},
		"a platform of 5":        {KindSales, `"0238">0000<`, `"0238">00000<`, "TG-3", "Sender"},
		"the sender's scheme":    {KindSales, `"0238"`, `"0002"`, "TG-3", "Sender"},
		"the sender's role":      {KindSales, "<RoleCode>WK", "<RoleCode>SE", "TG-3", "Sender"},
		"the issuer's scheme":    {KindSales, `schemeId="0002"`, `schemeId="0009"`, "TG-5", "Issuer"},
		"the issuer's number":    {KindSales, `"0002">` + sample.SellerSIREN, `"0002">123456783`, "TG-5", "Issuer"},
		"the issuer's role":      {KindSales, "<RoleCode>SE", "<RoleCode>WK", "TG-5", "Issuer/RoleCode"},
		"no such day":            {KindSales, "<Date>20261122", "<Date>20261131", "DATE", "Date"},
		"a day with dashes":      {KindPayments, "<Date>20261122", "<Date>2026-11-22", "DATE", "Date"},
		"a start that is none":   {KindSales, "<StartDate>20261121", "<StartDate>20261100", "DATE", "ReportPeriod/StartDate"},
		"an end that is none":    {KindPayments, "<EndDate>20261130", "<EndDate>20261131", "DATE", "ReportPeriod/EndDate"},
		"three decimals":         {KindSales, "<TaxExclusiveAmount>15.00", "<TaxExclusiveAmount>15.001", "DECIMAL", "TaxExclusiveAmount"},
		"of a rate":              {KindSales, "<TaxPercent>5.5", "<TaxPercent>5.555", "DECIMAL", "TaxPercent"},
		"of a payment":           {KindPayments, "<Amount>12.00", "<Amount>12.001", "DECIMAL", "Amount"},
		"fewer than none":        {KindSales, "<TransactionsCount>3", "<TransactionsCount>-3", "TT-85", "TransactionsCount"},
		"dollars":                {KindPayments, ">EUR<", ">USD<", "TT-98", "CurrencyCode"},
		"a minus":                {KindPayments, "<Amount>12.00", "<Amount>-12.00", "G1.16", "Amount"},
		"a minus before nothing": {KindPayments, "<Amount>12.00", "<Amount>-0.00", "G1.16", "Amount"},
		"neither":                {KindPayments, sample.Payments(), "", "G6", "/Report"},
		"both":                   {KindSales, sample.Sales(), sample.Sales() + sample.Payments(), "G6", "/Report"},
		"no XML":                 {KindSales, "<Report>", "<Report", "XML", "/"},
		"goods on debits":        {KindSales, "<CategoryCode>TLB1", "<TaxDueDateTypeCode>5</TaxDueDateTypeCode><CategoryCode>TLB1", "TT-80", "tax_due_date_type_code"},
		"half a count":           {KindSales, "<TransactionsCount>3", "<TransactionsCount>3.5", "XSD", "/Report/TransactionsReport/Transactions/TransactionsCount"},
		"an order":               {KindSales, "<TypeCode>IN</TypeCode>", "", "XSD", "/Report/ReportDocument"},
	} {
		text := both()[c.kind]
		if !strings.Contains(text, c.old) {
			t.Fatalf("%s: %q is not in the sample", name, c.old)
		}
		if p := check(strings.Replace(text, c.old, c.with, 1)); !says(p, c.rule, c.field) {
			t.Errorf("%s: no %s at %s in %+v", name, c.rule, c.field, p)
		}
	}
	for name, c := range map[string][3]string{
		"an id of 50":        {KindSales, "<Id>R-1", "<Id>" + strings.Repeat("é", 50)},
		"the buyer's report": {KindSales, "<RoleCode>SE", "<RoleCode>BY"},
		"on debits":          {KindSales, "<CategoryCode>TLB1", "<TaxDueDateTypeCode>5</TaxDueDateTypeCode><CategoryCode>TPS1"},
		"no count":           {KindSales, "<TransactionsCount>3</TransactionsCount>", ""},
		"a count of zero":    {KindSales, "<TransactionsCount>3", "<TransactionsCount>0"},
		"no currency":        {KindPayments, "<CurrencyCode>EUR</CurrencyCode>", ""},
		"no name":            {KindSales, "<Id>R-1</Id>", "<Id>R-1</Id><Name>N</Name>"},
	} {
		if p := check(strings.Replace(both()[c[0]], c[1], c[2], 1)); len(p) > 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func aSale() *Report {
	return &Report{
		ID: "R-1", Type: "IN", SIREN: sample.SellerSIREN, Start: "2026-11-21", End: "2026-11-30", Kind: KindSales,
		Sales: []Sale{{
			Date: "2026-11-22", Currency: "EUR", Category: "TLB1", Net: 1500, Tax: 228, Count: 3,
			Rates: []SaleRate{{Rate: 2000, Net: 1000, Tax: 200}, {Rate: 550, Net: 500, Tax: 28}},
		}},
	}
}

func aPayment() *Report {
	r := aSale()
	r.Kind, r.Sales = KindPayments, nil
	r.Payments = []Payment{{Date: "2026-11-22", Rates: []PaymentRate{{Rate: 2000, Amount: 1200}}}}
	return r
}

// Each rule of what a report says, however it came.
func TestEachRuleOfTheContentRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of          func() *Report
		spoil       func(*Report)
		rule, field string
	}{
		"no start":             {aSale, func(r *Report) { r.Start = "" }, "PERIOD", "period_end"},
		"no end":               {aSale, func(r *Report) { r.End = "" }, "PERIOD", "period_end"},
		"an end before":        {aSale, func(r *Report) { r.End = "2026-11-20" }, "PERIOD", "period_end"},
		"a period of a day":    {aSale, func(r *Report) { r.End = r.Start }, "PERIOD", "period_end"},
		"a day before":         {aSale, func(r *Report) { r.Sales[0].Date = "2026-11-20" }, "PERIOD", "date"},
		"a day after":          {aPayment, func(r *Report) { r.Payments[0].Date = "2026-12-01" }, "PERIOD", "date"},
		"a sale twice":         {aSale, func(r *Report) { r.Sales = append(r.Sales, r.Sales[0]) }, "G1.52", "date"},
		"a day's payments too": {aPayment, func(r *Report) { r.Payments = append(r.Payments, r.Payments[0]) }, "G1.52", "date"},
		"a rate twice":         {aSale, func(r *Report) { r.Sales[0].Rates[1].Rate = 2000 }, "G1.52", "rate"},
		"a payment's too": {aPayment, func(r *Report) {
			r.Payments[0].Rates = append(r.Payments[0].Rates, r.Payments[0].Rates[0])
		}, "G1.52", "rate"},
		"a rate of nowhere":   {aSale, func(r *Report) { r.Sales[0].Rates[0].Rate = 1900 }, "G1.24", "rate"},
		"a payment's":         {aPayment, func(r *Report) { r.Payments[0].Rates[0].Rate = 2100 }, "G1.24", "rate"},
		"a negative payment":  {aPayment, func(r *Report) { r.Payments[0].Rates[0].Amount = -1 }, "G1.16", "amount"},
		"a day without parts": {aPayment, func(r *Report) { r.Payments[0].Rates = nil }, "TG-39", "subtotals"},
		"a sale without":      {aSale, func(r *Report) { r.Sales[0].Rates = nil }, "TG-32", "subtotals"},
		"another currency":    {aSale, func(r *Report) { r.Sales[0].Currency = "CHF" }, "TT-78", "currency"},
		"no category":         {aSale, func(r *Report) { r.Sales[0].Category = "" }, "TT-81", "category"},
		"net, 3 cents more":   {aSale, func(r *Report) { r.Sales[0].Net += 3 }, "G1.53", "tax_exclusive_amount"},
		"net, 3 cents less":   {aSale, func(r *Report) { r.Sales[0].Net -= 3 }, "G1.53", "tax_exclusive_amount"},
		"tax, 3 cents more":   {aSale, func(r *Report) { r.Sales[0].Tax += 3 }, "G1.53", "tax_amount"},
		"tax, 3 cents less":   {aSale, func(r *Report) { r.Sales[0].Tax -= 3 }, "G1.53", "tax_amount"},
	} {
		r := c.of()
		c.spoil(r)
		if p := r.Check(); !says(p, c.rule, c.field) {
			t.Errorf("%s: no %s at %s in %+v", name, c.rule, c.field, p)
		}
	}
	for name, change := range map[string]func(*Report){
		"as it is": func(*Report) {}, "net, 2 cents more": func(r *Report) { r.Sales[0].Net += 2 }, "tax, 2 cents less": func(r *Report) { r.Sales[0].Tax -= 2 },
		"the first day": func(r *Report) { r.Sales[0].Date = r.Start }, "the last day": func(r *Report) { r.Sales[0].Date = r.End },
		"goods and services": func(r *Report) { r.Sales = append(r.Sales, r.Sales[0]); r.Sales[1].Category = "TPS1" },
		"another day":        func(r *Report) { r.Sales = append(r.Sales, r.Sales[0]); r.Sales[1].Date = "2026-11-23" },
		"not taxable":        func(r *Report) { r.Sales[0].Category = "TNT1" }, "margin": func(r *Report) { r.Sales[0].Category = "TMA1" },
		"a sale taken back": func(r *Report) {
			r.Sales[0].Net, r.Sales[0].Tax, r.Sales[0].Rates = -100, -20, []SaleRate{{Rate: 2000, Net: -100, Tax: -20}}
		},
		"nothing sold": func(r *Report) { r.Sales = nil },
	} {
		r := aSale()
		change(r)
		if p := r.Check(); len(p) > 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// The JSON and the XML of one report say the same; the order of what has none is not compared.
func TestBothSayTheSame(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Report){
		"report": func(r *Report) { r.Kind = KindPayments }, "report_type": func(r *Report) { r.Type = "RE" }, "client_siren": func(r *Report) { r.SIREN = "1" },
		"period_start": func(r *Report) { r.Start = "2026-11-20" }, "period_end": func(r *Report) { r.End = "2026-12-01" },
	} {
		r := aSale()
		change(r)
		if p := Compare(aSale(), r); len(p) != 1 || !says(p, "COHERENCE", field) {
			t.Errorf("%s: %+v", field, p)
		}
	}
	for n, change := range []func(*Report){
		func(r *Report) { r.Sales[0].Net++ }, func(r *Report) { r.Sales[0].Tax++ }, func(r *Report) { r.Sales[0].Count++ }, func(r *Report) { r.Sales[0].Date = "2026-11-23" },
		func(r *Report) { r.Sales[0].Category = "TPS1" }, func(r *Report) { r.Sales[0].Currency = "CHF" }, func(r *Report) { r.Sales[0].Rates[1].Rate++ },
		func(r *Report) { r.Sales[0].Rates[0].Net++ }, func(r *Report) { r.Sales[0].Rates[1].Tax++ }, func(r *Report) { r.Sales = nil },
		func(r *Report) { r.Sales = append(r.Sales, r.Sales[0]) },
	} {
		r := aSale()
		change(r)
		for _, p := range [][]document.Problem{Compare(aSale(), r), Compare(r, aSale())} {
			if len(p) != 1 || !says(p, "COHERENCE", "transactions") {
				t.Errorf("change %d of a sale: %+v", n, p)
			}
		}
	}
	for n, change := range []func(*Report){
		func(r *Report) { r.Payments[0].Date = "2026-11-23" }, func(r *Report) { r.Payments[0].Rates[0].Rate = 550 },
		func(r *Report) { r.Payments[0].Rates[0].Amount++ }, func(r *Report) { r.Payments = nil },
	} {
		r := aPayment()
		change(r)
		if p := Compare(aPayment(), r); len(p) != 1 || !says(p, "COHERENCE", "payments") {
			t.Errorf("change %d of a payment: %+v", n, p)
		}
	}
}

func TestOrderSaysNothing(t *testing.T) {
	t.Parallel()
	r, days := aSale(), aPayment()
	for n := range 5 {
		s := r.Sales[0]
		s.Date = fmt.Sprintf("2026-11-2%d", n+3)
		r.Sales = append(r.Sales, s)
		d := Payment{Date: s.Date, Rates: []PaymentRate{{Rate: 2000, Amount: 1}, {Rate: 550, Amount: 2}, {Rate: 1000, Amount: 3}}}
		days.Payments = append(days.Payments, d)
	}
	for _, x := range []*Report{r, days} {
		y := *x
		y.Sales, y.Payments = slices.Clone(x.Sales), slices.Clone(x.Payments)
		slices.Reverse(y.Sales)
		slices.Reverse(y.Payments)
		for n := range y.Sales {
			y.Sales[n].Rates = slices.Clone(y.Sales[n].Rates)
			slices.Reverse(y.Sales[n].Rates)
		}
		for n := range y.Payments {
			y.Payments[n].Rates = slices.Clone(y.Payments[n].Rates)
			slices.Reverse(y.Payments[n].Rates)
		}
		if p := Compare(x, &y); len(p) > 0 {
			t.Errorf("%s: %+v", x.Kind, p)
		}
	}
	none := aPayment()
	if none.Payments[0].Rates[0].Amount = 0; len(none.Check()) > 0 {
		t.Errorf("payments that add up to nothing: %+v", none.Check())
	}
	zero := aSale()
	if zero.Sales[0].Count = 0; len(Compare(aSale(), zero)) != 1 {
		t.Error("a count of zero is a count")
	}
	uncounted := aSale()
	uncounted.Sales[0].Count = -1
	if p := append(Compare(aSale(), uncounted), Compare(uncounted, aSale())...); len(p) > 0 {
		t.Errorf("a count that one of them leaves out: %+v", p)
	}
}
