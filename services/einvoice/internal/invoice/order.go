package invoice

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// Order is a merchant's request for an invoice. Prices include VAT, as everywhere in the public API.
type Order struct {
	Customer Customer
	Items    []Item
	// Deposit makes it a deposit invoice (386): VAT is due when it is paid.
	Deposit bool
	// Deposits are the ids or numbers of the deposits that this final invoice deducts; Deductions are what New deducts.
	Deposits   []string
	Deductions []Deduction
	// KeepUnreachable issues the invoice also if its buyer cannot receive e-invoices yet; it is sent later.
	KeepUnreachable bool
	// Discount on the whole, including VAT.
	Discount money.Cents
	// Notes and Reference are the merchant's own.
	Notes     string
	Reference string
	// BuyerReference, PurchaseOrder and Contract are the buyer's references; may be empty.
	BuyerReference string
	PurchaseOrder  string
	Contract       string
	// Delivered is the day of the delivery; Served is the period of the services. Empty if it is the day of the invoice.
	Delivered Date
	Served    Period
	// DeliveryAddress is where goods went; zero if it is the customer's address.
	DeliveryAddress Address
	// Due day. Default: by the settings.
	Due Date
	// PaidOn is the day on which the total was paid; empty if it was not. Method is how it was paid.
	PaidOn Date
	Method Method
	// PaymentReference is the payment that pays or has paid it; may be empty.
	PaymentReference string
	// AutoCredit makes it follow its payment: what is given back of it, or cancelled of the order that it paid, is credited. Paid is what was paid with
	// it in all; 0: what the payment says.
	AutoCredit bool
	Paid       money.Cents
}

// Customer is the buyer as the merchant knows it. Only Name is mandatory. A SIREN, SIRET, VAT number or electronic address makes it a
// business, and so does Business, which in France then requires one of them.
type Customer struct {
	Name  string
	Email string
	Phone string
	// Business and Individual are the merchant's explicit statements about the buyer.
	Business   bool
	Individual bool
	SIREN      string
	SIRET      string
	VATNumber  string
	// ElectronicAddress in scheme 0225. Default: the SIREN.
	ElectronicAddress string
	Address           Address
}

// Item is one line of an order.
type Item struct {
	Name        string
	Description string
	Quantity    Quantity
	// UnitPrice of one unit, including VAT.
	UnitPrice  money.Cents
	VATPerMill vat.Rate
	// Unit is a word such as hour or kg, or a code of UN/ECE Recommendation 20. Default: pieces.
	Unit string
	// Nature. Default: the merchant's activity.
	Nature Nature
	// ExemptCode (VATEX) and ExemptReason are why there is no VAT. Both empty: it follows from the buyer, or the rate is above 0.
	ExemptCode   string
	ExemptReason string
}

// Method is how an invoice was paid, in the terms of the public API.
type Method string

// The methods of mark-paid.
const (
	MethodCash     Method = "cash"
	MethodCard     Method = "card"
	MethodBank     Method = "bank"
	MethodTerminal Method = "terminal"
	MethodOther    Method = "other"
)
