// Package cii parses a Cross Industry Invoice of the Factur-X profile EN 16931.
package cii

import "european-pay.eu/eupay/sandbox/einvoicing/internal/grammar"

// structure is the profile EN 16931 of Factur-X 1.0: each parent's children, their order and their number.
var structure = grammar.Parse(`
@ rsm urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100
@ ram urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100
@ udt urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100
@ qdt urn:un:unece:uncefact:data:standard:QualifiedDataType:100
rsm:CrossIndustryInvoice Invoice
Invoice = rsm:ExchangedDocumentContext:Context rsm:ExchangedDocument:Document rsm:SupplyChainTradeTransaction:Transaction
Context = ram:BusinessProcessSpecifiedDocumentContextParameter:Parameter? ram:GuidelineSpecifiedDocumentContextParameter:Parameter
Parameter = ram:ID:ID
Document = ram:ID:ID ram:TypeCode:Token ram:IssueDateTime:DateTime ram:IncludedNote:Note*
Note = ram:Content:Text ram:SubjectCode:Code?
Transaction = ram:IncludedSupplyChainTradeLineItem:Line+ ram:ApplicableHeaderTradeAgreement:Agreement ` +
	`ram:ApplicableHeaderTradeDelivery:Delivery ram:ApplicableHeaderTradeSettlement:Settlement
Agreement = ram:BuyerReference:Text? ram:SellerTradeParty:Party ram:BuyerTradeParty:Party ram:SellerTaxRepresentativeTradeParty:Party? ` +
	`ram:SellerOrderReferencedDocument:Reference? ram:BuyerOrderReferencedDocument:Reference? ram:ContractReferencedDocument:Reference? ` +
	`ram:AdditionalReferencedDocument:Reference* ram:SpecifiedProcuringProject:Project?
Delivery = ram:ShipToTradeParty:Party? ram:ActualDeliverySupplyChainEvent:Event? ram:DespatchAdviceReferencedDocument:Reference? ` +
	`ram:ReceivingAdviceReferencedDocument:Reference?
Settlement = ram:CreditorReferenceID:ID? ram:PaymentReference:Text? ram:TaxCurrencyCode:Token? ram:InvoiceCurrencyCode:Token ` +
	`ram:PayeeTradeParty:Party? ram:SpecifiedTradeSettlementPaymentMeans:Means* ram:ApplicableTradeTax:Tax+ ` +
	`ram:BillingSpecifiedPeriod:Period? ram:SpecifiedTradeAllowanceCharge:AllowanceCharge* ram:SpecifiedTradePaymentTerms:Terms? ` +
	`ram:SpecifiedTradeSettlementHeaderMonetarySummation:Summation ram:InvoiceReferencedDocument:Reference* ` +
	`ram:ReceivableSpecifiedTradeAccountingAccount:Account?
Line = ram:AssociatedDocumentLineDocument:LineDocument ram:SpecifiedTradeProduct:Product ram:SpecifiedLineTradeAgreement:LineAgreement ` +
	`ram:SpecifiedLineTradeDelivery:LineDelivery ram:SpecifiedLineTradeSettlement:LineSettlement
LineDocument = ram:LineID:ID ram:IncludedNote:Note?
Product = ram:GlobalID:ID? ram:SellerAssignedID:ID? ram:BuyerAssignedID:ID? ram:Name:Text ram:Description:Text? ` +
	`ram:ApplicableProductCharacteristic:Characteristic* ram:DesignatedProductClassification:Classification* ram:OriginTradeCountry:Country?
Characteristic = ram:Description:Text ram:Value:Text
Classification = ram:ClassCode:Code?
Country = ram:ID:Token
LineAgreement = ram:BuyerOrderReferencedDocument:Reference? ram:GrossPriceProductTradePrice:Price? ram:NetPriceProductTradePrice:Price
LineDelivery = ram:BilledQuantity:Quantity
LineSettlement = ram:ApplicableTradeTax:Tax ram:BillingSpecifiedPeriod:Period? ram:SpecifiedTradeAllowanceCharge:AllowanceCharge* ` +
	`ram:SpecifiedTradeSettlementLineMonetarySummation:LineSummation ram:AdditionalReferencedDocument:Reference? ` +
	`ram:ReceivableSpecifiedTradeAccountingAccount:Account?
LineSummation = ram:LineTotalAmount:Amount
Price = ram:ChargeAmount:Amount ram:BasisQuantity:Quantity? ram:AppliedTradeAllowanceCharge:AllowanceCharge?
Party = ram:ID:ID* ram:GlobalID:ID* ram:Name:Text? ram:Description:Text? ram:SpecifiedLegalOrganization:Organisation? ` +
	`ram:DefinedTradeContact:Contact? ram:PostalTradeAddress:Address? ram:URIUniversalCommunication:Communication? ` +
	`ram:SpecifiedTaxRegistration:Registration{2}
Organisation = ram:ID:ID? ram:TradingBusinessName:Text?
Contact = ram:PersonName:Text? ram:DepartmentName:Text? ram:TelephoneUniversalCommunication:Communication? ` +
	`ram:EmailURIUniversalCommunication:Communication?
Address = ram:PostcodeCode:Code? ram:LineOne:Text? ram:LineTwo:Text? ram:LineThree:Text? ram:CityName:Text? ram:CountryID:Token ` +
	`ram:CountrySubDivisionName:Text?
Communication = ram:URIID:ID? ram:CompleteNumber:Text?
Registration = ram:ID:ID
Reference = ram:IssuerAssignedID:ID? ram:URIID:ID? ram:LineID:ID? ram:TypeCode:Token? ram:Name:Text? ram:AttachmentBinaryObject:Binary? ` +
	`ram:ReferenceTypeCode:Token? ram:FormattedIssueDateTime:Formatted?
Project = ram:ID:ID ram:Name:Text
Event = ram:OccurrenceDateTime:DateTime
Means = ram:TypeCode:Token ram:Information:Text? ram:ApplicableTradeSettlementFinancialCard:Card? ram:PayerPartyDebtorFinancialAccount:Debtor? ` +
	`ram:PayeePartyCreditorFinancialAccount:Creditor? ram:PayeeSpecifiedCreditorFinancialInstitution:Institution?
Card = ram:ID:ID ram:CardholderName:Text?
Debtor = ram:IBANID:ID
Creditor = ram:IBANID:ID? ram:AccountName:Text? ram:ProprietaryID:ID?
Institution = ram:BICID:ID
Tax = ram:CalculatedAmount:Amount? ram:TypeCode:Token ram:ExemptionReason:Text? ram:BasisAmount:Amount? ram:CategoryCode:Token ` +
	`ram:ExemptionReasonCode:Code? ram:TaxPointDate:Date? ram:DueDateTypeCode:Token? ram:RateApplicablePercent:Decimal?
Period = ram:StartDateTime:DateTime? ram:EndDateTime:DateTime?
AllowanceCharge = ram:ChargeIndicator:Indicator ram:CalculationPercent:Decimal? ram:BasisAmount:Amount? ram:ActualAmount:Amount ` +
	`ram:ReasonCode:Token? ram:Reason:Text? ram:CategoryTradeTax:Tax?
Terms = ram:Description:Text? ram:DueDateDateTime:DateTime? ram:DirectDebitMandateID:ID?
Summation = ram:LineTotalAmount:Amount ram:ChargeTotalAmount:Amount? ram:AllowanceTotalAmount:Amount? ram:TaxBasisTotalAmount:Amount ` +
	`ram:TaxTotalAmount:Amount{2} ram:RoundingAmount:Amount? ram:GrandTotalAmount:Amount ram:TotalPrepaidAmount:Amount? ram:DuePayableAmount:Amount
Account = ram:ID:ID
Indicator = udt:Indicator:Boolean
DateTime = udt:DateTimeString:DateString
Date = udt:DateString:DateString
Formatted = qdt:DateTimeString:DateString
DateString : any @format!
ID : any @schemeID
Text : any
Token : any
Code : any @listID @listVersionID
Amount : decimal @currencyID
Quantity : decimal @unitCode
Decimal : decimal
Boolean : boolean
Binary : base64 @mimeCode! @filename!
`)
