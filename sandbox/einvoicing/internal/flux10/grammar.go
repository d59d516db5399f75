// Package flux10 parses the reports of sales and payments (flux 10 of the DGFiP specifications) and checks them. It takes
// invoices to businesses abroad and their payments (10.1 and 10.2), and the sums of sales and payments for private customers (10.3 and 10.4).
package flux10

import "european-pay.eu/eupay/sandbox/einvoicing/internal/grammar"

var structure = grammar.Parse(`
:Report Report
Report = :ReportDocument:Head :TransactionsReport:Sales? :PaymentsReport:Payments?
Head = :Id:Text :Name:Text? :IssueDateTime:Moment :TypeCode:Text :Sender:Party :Issuer:Party
Moment = :DateTimeString:Text
Party = :Id:ID :Name:Text :RoleCode:Text :URIUniversalCommunication:Address?
Address = :URIID:Text
Sales = :ReportPeriod:Period :Invoice:Invoice* :Transactions:Transactions*
Period = :StartDate:Text :EndDate:Text
Transactions = :Date:Text :TransactionsCurrency:Text :TaxDueDateTypeCode:Text? :CategoryCode:Text :TaxExclusiveAmount:Decimal ` +
	`:TaxTotal:Decimal :TransactionsCount:Integer? :TaxSubtotal:Subtotal+
Subtotal = :TaxPercent:Decimal :TaxableAmount:Decimal :TaxTotal:Decimal
Invoice = :ID:Text :IssueDate:Text :TypeCode:Text :CurrencyCode:Text :DueDate:Text? :TaxDueDateTypeCode:Text? :IncludedNote:Note* ` +
	`:BusinessProcess:Process :ReferencedDocument:Reference* :Seller:Company :Buyer:Buyer? :Delivery:Delivery* :InvoicePeriod:Days? ` +
	`:AllowanceCharge:Allowance* :MonetaryTotal:Total :TaxSubTotal:Tax+ :Line:Line*
Note = :Subject:Text? :Content:Text?
Process = :ID:Text :TypeID:Text
Reference = :ID:Text :IssueDate:Text?
Company = :CompanyId:ID :TaxRegistrationId:TaxID? :PostalAddress:Country?
Buyer = :CompanyId:ID? :TaxRegistrationId:TaxID? :PostalAddress:Country?
Country = :CountryId:Text
Delivery = :Date:Text? :Location:Location?
Location = :LineOne:Text? :LineTwo:Text? :LineThree:Text? :CityName:Text? :PostalZone:Text? :CountrySubentity:Text? :CountryId:Text?
Days = :StartDate:Text? :EndDate:Text?
Allowance = @ChargeIndicator! :Amount:Decimal? :TaxCategoryCode:Text? :TaxPercent:Decimal?
Total = :TaxExclusiveAmount:Decimal? :TaxAmount:Money
Tax = :TaxableAmount:Decimal :TaxAmount:Decimal :TaxCategory:Category
Category = :Code:Text? :Percent:Decimal :TaxExemptionReason:Text? :TaxExemptionReasonCode:Text?
Line = :BilledQuantity:Quantity? :Price:Price? :Product:Product?
Price = :PriceAmount:Decimal?
Product = :Name:Text
Payments = :ReportPeriod:Period :Invoice:PaidInvoice* :Transactions:PaymentsOfDay*
PaidInvoice = :InvoiceID:Text :IssueDate:Text :Payment:Payment
PaymentsOfDay = :Payment:Payment
Payment = :Date:Text :SubTotals:Part+
Part = :TaxPercent:Decimal :CurrencyCode:Text? :Amount:Decimal
ID : any @schemeId!
TaxID : any @qualifyingId!
Money : decimal @CurrencyCode!
Quantity : decimal @UnitCode
Text : any
Decimal : decimal
Integer : integer
`)
