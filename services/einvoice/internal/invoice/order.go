package invoice

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// Order is what a merchant asks an invoice for. Prices include VAT, as everything in the public API.
type Order struct {
	Customer Customer
	Items    []Item
	// Discount on the whole, VAT included.
	Discount money.Cents
	// Notes and Reference are the merchant's own.
	Notes     string
	Reference string
	// Due day; empty means as the settings say.
	Due Date
	// PaidOn is the day on which all of it was paid already; empty means that it was not. Method then says how.
	PaidOn Date
	Method Method
	// PaymentReference is the payment that pays or paid it; may be empty.
	PaymentReference string
}

// Customer is the buyer as the merchant knows it. Only Name is always there. A SIREN, SIRET, French VAT number or
// electronic address makes it a business (B2B), and so does Business, which then needs one of them.
type Customer struct {
	Name  string
	Email string
	Phone string
	// Business: the merchant says that the buyer is a business. Individual: that it is not.
	Business   bool
	Individual bool
	SIREN      string
	SIRET      string
	VATNumber  string
	// ElectronicAddress in scheme 0225; empty means the SIREN.
	ElectronicAddress string
	Address           Address
}

// Item is one line of an order.
type Item struct {
	Name        string
	Description string
	Quantity    Quantity
	// UnitPrice of one unit, VAT included.
	UnitPrice  money.Cents
	VATPerMill vat.Rate
	// Nature; empty means the merchant's activity.
	Nature Nature
	// ExemptReason says in words why a rate of 0 is an exemption; empty means that it is none.
	ExemptReason string
}

// Method is how an invoice was paid, in the words of the public API.
type Method string

// The methods of mark-paid.
const (
	MethodCash     Method = "cash"
	MethodCard     Method = "card"
	MethodBank     Method = "bank"
	MethodTerminal Method = "terminal"
	MethodOther    Method = "other"
)
