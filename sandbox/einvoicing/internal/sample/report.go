package sample

import (
	"fmt"
	"strings"
)

// Report wraps the body of a flux 10 report, TransactionsReport or PaymentsReport, in its head.
func Report(id, kind, siren, body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<Report><ReportDocument><Id>` + id + `</Id><IssueDateTime><DateTimeString>20261201080000</DateTimeString></IssueDateTime><TypeCode>` + kind + `</TypeCode>` +
		`<Sender><Id schemeId="0238">0000</Id><Name>EU Pay</Name><RoleCode>WK</RoleCode></Sender>` +
		`<Issuer><Id schemeId="0002">` + siren + `</Id><Name>Boulangerie des Tests</Name><RoleCode>SE</RoleCode></Issuer></ReportDocument>` + body + `</Report>`
}

// Sales returns the sales of one day: 10.00 at 20 % and 5.00 at 5.5 %.
func Sales() string {
	return `<TransactionsReport>` + period + `<Transactions><Date>20261122</Date><TransactionsCurrency>EUR</TransactionsCurrency>` +
		`<CategoryCode>TLB1</CategoryCode><TaxExclusiveAmount>15.00</TaxExclusiveAmount><TaxTotal>2.28</TaxTotal>` +
		`<TransactionsCount>3</TransactionsCount>` +
		`<TaxSubtotal><TaxPercent>20</TaxPercent><TaxableAmount>10.00</TaxableAmount><TaxTotal>2.00</TaxTotal></TaxSubtotal>` +
		`<TaxSubtotal><TaxPercent>5.5</TaxPercent><TaxableAmount>5.00</TaxableAmount><TaxTotal>0.28</TaxTotal></TaxSubtotal>` +
		`</Transactions></TransactionsReport>`
}

// Payments returns the payments of one day: 12.00 at 20 %.
func Payments() string {
	return `<PaymentsReport>` + period + `<Transactions><Payment><Date>20261122</Date>` +
		`<SubTotals><TaxPercent>20</TaxPercent><CurrencyCode>EUR</CurrencyCode><Amount>12.00</Amount></SubTotals></Payment></Transactions></PaymentsReport>`
}

const period = `<ReportPeriod><StartDate>20261121</StartDate><EndDate>20261130</EndDate></ReportPeriod>`

// SalesJSON and PaymentsJSON have the same contents as requests, without external_ref and document.
func SalesJSON(kind, siren string) string {
	return fmt.Sprintf(`{"report_type":%q,"client_siren":%q,"period_start":"2026-11-21","period_end":"2026-11-30","transactions":[{"date":"2026-11-22",`+
		`"currency":"EUR","category":"TLB1","tax_exclusive_amount":15.00,"tax_amount":2.28,"count":3,"subtotals":[`+
		`{"rate":20,"taxable_amount":10.00,"tax_amount":2.00},{"rate":5.5,"taxable_amount":5.00,"tax_amount":0.28}]}]}`, kind, siren)
}

// PaymentsJSON is like SalesJSON.
func PaymentsJSON(kind, siren string) string {
	return fmt.Sprintf(`{"report_type":%q,"client_siren":%q,"period_start":"2026-11-21","period_end":"2026-11-30","payments":[{"date":"2026-11-22",`+
		`"subtotals":[{"rate":20,"amount":12.00}]}]}`, kind, siren)
}

// With adds members to a JSON object.
func With(object, members string) string {
	return strings.TrimSuffix(object, "}") + "," + members + "}"
}
