// Package flux10 parses the reports of sales and payments (flux 10 of the DGFiP specifications) and checks them. It accepts only
// the sums of sales and payments for private customers (10.3 and 10.4), not individual invoices (10.1 and 10.2).
package flux10

import "european-pay.eu/eupay/sandbox/einvoicing/internal/grammar"

var structure = grammar.Parse(`
:Report Report
Report = :ReportDocument:Head :TransactionsReport:Sales? :PaymentsReport:Payments?
Head = :Id:Text :Name:Text? :IssueDateTime:Moment :TypeCode:Text :Sender:Party :Issuer:Party
Moment = :DateTimeString:Text
Party = :Id:ID :Name:Text :RoleCode:Text :URIUniversalCommunication:Address?
Address = :URIID:Text
Sales = :ReportPeriod:Period :Transactions:Transactions*
Period = :StartDate:Text :EndDate:Text
Transactions = :Date:Text :TransactionsCurrency:Text :TaxDueDateTypeCode:Text? :CategoryCode:Text :TaxExclusiveAmount:Decimal ` +
	`:TaxTotal:Decimal :TransactionsCount:Integer? :TaxSubtotal:Subtotal+
Subtotal = :TaxPercent:Decimal :TaxableAmount:Decimal :TaxTotal:Decimal
Payments = :ReportPeriod:Period :Transactions:PaymentsOfDay*
PaymentsOfDay = :Payment:Payment
Payment = :Date:Text :SubTotals:Part+
Part = :TaxPercent:Decimal :CurrencyCode:Text? :Amount:Decimal
ID : any @schemeId!
Text : any
Decimal : decimal
Integer : integer
`)
