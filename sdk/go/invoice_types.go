package eupay

import (
	"encoding/json"
	"time"
)

// Invoice is an invoice, or a document that corrects one.
type Invoice struct {
	// BT-1. CN-… for a document that corrects another.
	InvoiceNumber   string `json:"invoice_number"`
	SeqinoInvoiceID string `json:"seqino_invoice_id"`
	// One of mandate_pending, submitting, submitted, submission_failed, none.
	SeqinoStatus string `json:"seqino_status"`
	TotalTTC     Amount `json:"total_ttc"`
	ID           string `json:"id"`
	// BT-3: invoice, credit note, corrected invoice, deposit, credit note of a deposit, credit note for a period. One of 380, 381, 384,
	// 386, 503, 262.
	TypeCode string        `json:"type_code"`
	Status   InvoiceStatus `json:"status"`
	// The newest step at the platform; none before the first.
	Lifecycle *LifecycleStep `json:"lifecycle"`
	// What the platform, or the way to it, had against the document.
	Problem  string `json:"problem"`
	Livemode bool   `json:"livemode"`
	// B2BINT is a sale to a business abroad. One of B2B, B2BINT, B2C.
	Audience  string `json:"audience"`
	IssueDate string `json:"issue_date"`
	DueDate   string `json:"due_date"`
	Currency  string `json:"currency"`
	// Without VAT.
	TotalHT  Amount `json:"total_ht"`
	TotalVAT Amount `json:"total_vat"`
	// On the whole, VAT included.
	DiscountAmount Amount `json:"discount_amount"`
	AmountPaid     Amount `json:"amount_paid"`
	AmountCredited Amount `json:"amount_credited"`
	// What is still to be paid, without the deposits that it deducts; never below 0.
	AmountDue                 Amount  `json:"amount_due"`
	Reference                 string  `json:"reference"`
	PaymentReference          string  `json:"payment_reference"`
	Notes                     string  `json:"notes"`
	CustomerName              string  `json:"customer_name"`
	CustomerEmail             string  `json:"customer_email"`
	CustomerPhone             string  `json:"customer_phone"`
	CustomerSIREN             string  `json:"customer_siren"`
	CustomerSIRET             string  `json:"customer_siret"`
	CustomerVATNumber         string  `json:"customer_vat_number"`
	CustomerElectronicAddress string  `json:"customer_electronic_address"`
	CustomerAddress           Address `json:"customer_address"`
	// Of a credit note or a corrected invoice: what it corrects, and by how much. None for an invoice.
	Corrects    *CorrectedInvoice `json:"corrects"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
	SubmittedAt time.Time         `json:"submitted_at"`
	// BT-23.
	BusinessProcess string `json:"business_process"`
	// BT-10, BT-13 and BT-12.
	BuyerReference    string `json:"buyer_reference"`
	PurchaseOrder     string `json:"purchase_order"`
	ContractReference string `json:"contract_reference"`
	// BT-72; empty if it was the day of the invoice.
	DeliveryDate string `json:"delivery_date"`
	// BG-14; nil if there is none.
	ServicePeriod *ServicePeriod `json:"service_period"`
	// BG-15; nil if it was the customer's address.
	DeliveryAddress *Address         `json:"delivery_address"`
	Items           []InvoiceLine    `json:"items"`
	VATBreakdown    []InvoiceVAT     `json:"vat_breakdown"`
	Payments        []InvoicePayment `json:"payments"`
	// The deposits that a final invoice deducts.
	Deposits []InvoiceDeposit `json:"deposits"`
	// Oldest first.
	LifecycleEvents []LifecycleEvent `json:"lifecycle_events"`
	// What corrects this invoice, oldest first.
	Corrections []Invoice `json:"corrections"`
	// How the attempt to hand it in went; only what Create and Submit answer has it.
	Seqino *Submission `json:"_seqino"`
	// The reports that the payment is part of; only what MarkPaid answers has them.
	Reports []InvoiceReport `json:"reports"`
	// The corrected invoice (384), nil when none was needed; only what Cancel answers has it.
	CreditNote *Invoice `json:"credit_note"`
	// The invoice as it is after the credit; only what Credit answers has it.
	Original *Invoice `json:"invoice"`
	// What became of the refund; only what Credit with Refund answers has one of them.
	Refund      *CreditRefund `json:"refund"`
	RefundError *RefundError  `json:"refund_error"`
	// Replayed: an earlier request with the same key or reference has done it, and nothing was done now.
	Replayed bool `json:"-"`
}

// LifecycleStep is a step of an invoice with the code and the name of the law.
type LifecycleStep struct {
	Code int `json:"code"`
	// As the law names it.
	Label string `json:"label"`
}

// Address is a postal address.
type Address struct {
	Street   string `json:"street"`
	More     string `json:"more"`
	PostCode string `json:"post_code"`
	City     string `json:"city"`
	Country  string `json:"country"`
}

// ServicePeriod is when services were rendered: YYYY-MM-DD, both days included.
type ServicePeriod struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// CorrectedInvoice is the invoice that a document corrects.
type CorrectedInvoice struct {
	ID            string `json:"id"`
	InvoiceNumber string `json:"invoice_number"`
	Amount        Amount `json:"amount"`
	Reason        string `json:"reason"`
}

// InvoiceLine is a line of an invoice.
type InvoiceLine struct {
	ProductName string      `json:"product_name"`
	Description string      `json:"description"`
	Quantity    json.Number `json:"quantity"`
	// BT-130, a code of UN/ECE Recommendation 20; C62 for pieces.
	Unit         string `json:"unit"`
	UnitPriceTTC Amount `json:"unit_price_ttc"`
	// BT-146, up to six decimals.
	UnitPriceHT json.Number `json:"unit_price_ht"`
	VATRate     json.Number `json:"vat_rate"`
	// BT-151. One of S, E, AE, K, G, O, Z.
	VATCategory string `json:"vat_category"`
	// One of goods, service.
	Type string `json:"type"`
	// BT-131.
	TotalHT Amount `json:"total_ht"`
	// Before a discount on the whole.
	TotalTTC Amount `json:"total_ttc"`
	// The line of the invoice that this line of a credit note credits; absent when it credits a rate in proportion.
	CreditsLine int `json:"credits_line"`
}

// InvoiceVAT is the VAT of one rate.
type InvoiceVAT struct {
	VATRate            json.Number `json:"vat_rate"`
	VATCategory        string      `json:"vat_category"`
	BaseHT             Amount      `json:"base_ht"`
	VATAmount          Amount      `json:"vat_amount"`
	VATExemptionReason string      `json:"vat_exemption_reason"`
	// BT-121.
	VATExemptionCode string `json:"vat_exemption_code"`
	// BT-8: `5` if the VAT is due on the day of the invoice (VAT on debits); null if the law tells when.
	DueDateTypeCode string `json:"due_date_type_code"`
}

// InvoicePayment is money that was received for an invoice.
type InvoicePayment struct {
	ID               string        `json:"id"`
	Amount           Amount        `json:"amount"`
	PaymentDate      string        `json:"payment_date"`
	PaymentMethod    PaymentMethod `json:"payment_method"`
	PaymentReference string        `json:"payment_reference"`
}

// InvoiceDeposit is a deposit that a final invoice deducts.
type InvoiceDeposit struct {
	InvoiceNumber string `json:"invoice_number"`
	IssueDate     string `json:"issue_date"`
	Amount        Amount `json:"amount"`
}

// LifecycleEvent is a step of an invoice at the platforms.
type LifecycleEvent struct {
	Code       int       `json:"code"`
	Label      string    `json:"label"`
	OccurredAt time.Time `json:"occurred_at"`
	Emitter    string    `json:"emitter"`
	ReasonCode string    `json:"reason_code"`
	// The platform's own words.
	Reason string `json:"reason"`
	// What a refusal (210) or rejection (213) means, in plain words. Null for other steps.
	Meaning string `json:"meaning"`
	// What to do about it. Null for other steps.
	Advice string `json:"advice"`
}

// Submission is how an attempt to hand an invoice in went.
type Submission struct {
	Submitted     bool          `json:"submitted"`
	MandateStatus MandateStatus `json:"mandate_status"`
	// Why it was not; absent when there is nothing to say.
	Error string `json:"error"`
}

// InvoiceReport is a report that a payment is part of.
type InvoiceReport struct {
	// sales (flux 10.3) and payments (flux 10.4) of consumers; collection is status 212 of an invoice between businesses. One of
	// sales, payments, collection.
	Kind        string `json:"kind"`
	PeriodStart string `json:"period_start"`
	PeriodEnd   string `json:"period_end"`
	DueDate     string `json:"due_date"`
}

// InvoiceParams is an invoice to issue.
type InvoiceParams struct {
	// BT-44.
	CustomerName string `json:"customer_name"`
	// Where a consumer's invoice is delivered (BT-49).
	CustomerEmail string `json:"customer_email,omitzero"`
	// When absent it follows from what else is given. One of business, individual.
	CustomerType string `json:"customer_type,omitzero"`
	// BT-47, nine digits.
	CustomerSIREN string `json:"customer_siren,omitzero"`
	// BT-46, fourteen digits.
	CustomerSIRET string `json:"customer_siret,omitzero"`
	// BT-48. That of a business in another country of the EU makes VAT-free deliveries and reverse charge possible.
	CustomerVATNumber string  `json:"customer_vat_number,omitzero"`
	CustomerPhone     string  `json:"customer_phone,omitzero"`
	CustomerAddress   Address `json:"customer_address,omitzero"`
	// A business's address in the directory (scheme 0225); its SIREN when absent.
	CustomerElectronicAddress string        `json:"customer_electronic_address,omitzero"`
	Items                     []InvoiceItem `json:"items"`
	Notes                     string        `json:"notes,omitzero"`
	// Yours (BT-14). The same one within 24 hours returns the same invoice; with another total it is refused with
	// IDEMPOTENCY_CONFLICT.
	Reference string `json:"reference,omitzero"`
	// On the whole, VAT included; less than what the items cost.
	DiscountAmount Amount `json:"discount_amount,omitzero"`
	// YYYY-MM-DD, at most a year from today. When empty, by the term of the settings.
	DueDate string `json:"due_date,omitzero"`
	// All of it was paid on that day, at most a year ago; needs PaymentMethod.
	PaidOn        string        `json:"paid_on,omitzero"`
	PaymentMethod PaymentMethod `json:"payment_method,omitzero"`
	// The EU Pay payment that pays it.
	PaymentReference string `json:"payment_reference,omitzero"`
	// With PaymentReference: what is given back of the payment, however that is asked for, is credited by itself.
	AutoCredit bool `json:"auto_credit,omitzero"`
	// The buyer's own (BT-10), such as the service code that a public body demands.
	BuyerReference string `json:"buyer_reference,omitzero"`
	// The number of the buyer's order (BT-13).
	PurchaseOrder string `json:"purchase_order,omitzero"`
	// The number of the contract (BT-12).
	ContractReference string `json:"contract_reference,omitzero"`
	// When goods were delivered or a service was rendered (BT-72), if that is not the day of the invoice.
	DeliveryDate string `json:"delivery_date,omitzero"`
	// The days from and to which services were rendered (BG-14).
	ServicePeriod ServicePeriod `json:"service_period,omitzero"`
	// Where goods went (BG-15), if that is not the customer's address.
	DeliveryAddress Address `json:"delivery_address,omitzero"`
	// deposit issues a deposit invoice (386). One of invoice, deposit.
	Type string `json:"type,omitzero"`
	// The ids or numbers of the paid deposits that this final invoice deducts.
	Deposits []string `json:"deposits,omitzero"`
	// What happens when the buyer cannot receive e-invoices yet: refuse (ErrBuyerUnreachable) or keep, which issues the invoice and
	// sends it later. One of refuse, keep.
	UnreachableBuyer string `json:"unreachable_buyer,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// InvoiceItem is a line of an invoice to issue.
type InvoiceItem struct {
	ProductName string `json:"product_name"`
	Description string `json:"description,omitzero"`
	// At most four decimals.
	Quantity json.Number `json:"quantity,omitzero"`
	// Of one, VAT included, at most two decimals. What is free has no line.
	UnitPriceTTC Amount `json:"unit_price_ttc"`
	// 0, 2.1, 5.5, 10 or 20; in Guadeloupe, Martinique and La Réunion also 1.05, 1.75 or 8.5. A rate of 0 needs VATExemptionCode or
	// VATExemptionReason, except for a business abroad.
	VATRate json.Number `json:"vat_rate,omitzero"`
	// The merchant's activity when absent. One of goods, service.
	Type string `json:"type,omitzero"`
	// Why a rate of 0 is an exemption, in words (BT-120); with VATExemptionCode, in place of its words.
	VATExemptionReason string `json:"vat_exemption_reason,omitzero"`
	// Why a rate of 0 is right (BT-121), such as VATEX-FR-CGI261-4.
	VATExemptionCode string `json:"vat_exemption_code,omitzero"`
	// BT-130: a word such as hour, kg or litre, or a code of UN/ECE Recommendation 20 or 21. Pieces when absent.
	Unit string `json:"unit,omitzero"`
}

// MarkPaidParams is money that was received for an invoice.
type MarkPaidParams struct {
	PaymentMethod PaymentMethod `json:"payment_method"`
	// Today in France when absent; at most a year before the invoice.
	PaymentDate string `json:"payment_date,omitzero"`
	// What was received. All that is due when absent.
	Amount Amount `json:"amount,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// CancelInvoiceParams is why an invoice is owed no more.
type CancelInvoiceParams struct {
	Reason string `json:"reason,omitzero"`
}

// CreditParams is what is credited of an invoice.
type CreditParams struct {
	// VAT included, at most what is left. 0: all that is left.
	Amount Amount `json:"amount,omitzero"`
	// What to credit of which lines, each line once. Not with Amount, nor with cancel.
	Items  []CreditItem `json:"items,omitzero"`
	Reason string       `json:"reason,omitzero"`
	// One of refund, cancel.
	Type string `json:"type,omitzero"`
	// Refund also refunds the amount of the EU Pay payment that paid the invoice. See Invoice.Refund and Invoice.RefundError.
	Refund bool `json:"refund,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// CreditRefund is the refund that was made with a credit note. You authorise it at your bank: PaymentURL.
type CreditRefund struct {
	Reference        string        `json:"reference"`
	PaymentReference string        `json:"payment_reference"`
	Status           PaymentStatus `json:"status"`
	Amount           Amount        `json:"amount"`
	PaymentURL       string        `json:"payment_url"`
	FailureCode      FailureCode   `json:"failure_code"`
}

// RefundError is why the refund of a credit note was refused. The credit note stands.
type RefundError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// CreditItem is a part of one line of an invoice: either Quantity or Amount.
type CreditItem struct {
	// The line, counted from 1 in the invoice's Items (BT-126).
	Line int `json:"line"`
	// How much of it comes back; at most four decimals.
	Quantity json.Number `json:"quantity,omitzero"`
	// VAT included, of what the line costs after the discount on the whole.
	Amount Amount `json:"amount,omitzero"`
}

// Business is what the national directory has of a SIREN.
type Business struct {
	SIREN string `json:"siren"`
	Name  string `json:"name"`
	// One of its lines is addressable.
	Reachable bool `json:"reachable"`
	// Where an invoice goes that names no address; empty if one has to be chosen or none is there.
	ElectronicAddress string          `json:"electronic_address"`
	Lines             []DirectoryLine `json:"lines"`
}

// DirectoryLine is where a business receives its invoices.
type DirectoryLine struct {
	// In scheme 0225: what to send as CustomerElectronicAddress.
	ElectronicAddress string `json:"electronic_address"`
	// The establishment; none for the business as a whole.
	SIRET       string `json:"siret"`
	Suffix      string `json:"suffix"`
	RoutingCode string `json:"routing_code"`
	// Invoices can be sent there now.
	Addressable bool `json:"addressable"`
	// A body of the public sector.
	Public bool `json:"public"`
	// None if the directory does not say.
	Address *Address `json:"address"`
}

// InvoiceStatus is what an invoice is to the merchant and its customer.
type InvoiceStatus string

// The values of InvoiceStatus.
const (
	InvoiceDraft     InvoiceStatus = "draft"
	InvoicePending   InvoiceStatus = "pending"
	InvoicePaid      InvoiceStatus = "paid"
	InvoiceRefunded  InvoiceStatus = "refunded"
	InvoiceCancelled InvoiceStatus = "cancelled"
	InvoiceFailed    InvoiceStatus = "failed"
)

// PaymentMethod is how an invoice was paid.
type PaymentMethod string

// The values of PaymentMethod.
const (
	PaidByCash     PaymentMethod = "cash"
	PaidByCard     PaymentMethod = "card"
	PaidByBank     PaymentMethod = "bank"
	PaidByTerminal PaymentMethod = "terminal"
	PaidByOther    PaymentMethod = "other"
)

// MandateStatus is where the mandate at the e-invoicing platform stands.
type MandateStatus string

// The values of MandateStatus.
const (
	MandatePendingKYB MandateStatus = "pending_kyb"
	MandateActive     MandateStatus = "active"
	MandateExpired    MandateStatus = "expired"
	MandateError      MandateStatus = "error"
)

// InvoiceTrail is how a document came about.
type InvoiceTrail struct {
	ID            string `json:"id"`
	InvoiceNumber string `json:"invoice_number"`
	// The oldest first.
	Steps []TrailStep `json:"steps"`
}

// TrailStep is something that happened, with what proves it.
type TrailStep struct {
	At time.Time `json:"at"`
	// One of order, payment, issued, stored, submitted, lifecycle, received, corrected, refund, reported, sealed.
	Kind string `json:"kind"`
	// The order, payment, document, report or position in the archive that it is about.
	Reference string `json:"reference"`
	// Amount is nil where there is none.
	Amount *Amount `json:"amount"`
	// Of lifecycle the code and its name, of stored the SHA-256 of a file, of sealed the hash of the archive up to this document.
	Detail string `json:"detail"`
}
