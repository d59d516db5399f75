// Package invoice defines invoices: the document of EN 16931 with the French requirements, its amounts, and the rules by which it
// is issued, paid, cancelled and credited. It does no I/O.
//
// Terms in parentheses such as (BT-1) and (BG-25) are those of EN 16931-1.
package invoice

import (
	"slices"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
)

// TypeCode is the kind of a document (BT-3, UNTDID 1001).
type TypeCode string

// The kinds of documents that are issued here.
const (
	// TypeInvoice is an ordinary invoice.
	TypeInvoice TypeCode = "380"
	// TypeCorrected replaces one earlier invoice with its own content (BR-FR-CO-04).
	TypeCorrected TypeCode = "384"
	// TypeCreditNote credits an invoice; its amounts are positive.
	TypeCreditNote TypeCode = "381"
	// TypeDeposit is an invoice for a part that is paid before anything is delivered. A final invoice deducts it.
	TypeDeposit TypeCode = "386"
	// TypeDepositCredit credits a deposit invoice; its amounts are positive.
	TypeDepositCredit TypeCode = "503"
	// TypeRebate gives back something for a period and a contract, not for one invoice; its amounts are positive (BR-FR-CO-03).
	TypeRebate TypeCode = "262"
)

// IsInvoice reports whether a document of this kind asks for money.
func (t TypeCode) IsInvoice() bool { return t == TypeInvoice || t == TypeDeposit }

// IsCredit reports whether a document of this kind gives money back, with positive amounts.
func (t TypeCode) IsCredit() bool {
	return t == TypeCreditNote || t == TypeDepositCredit || t == TypeRebate
}

// Audience is the kind of buyer, which determines the legal obligations (note BAR of BR-FR-20).
type Audience string

const (
	// B2B is between businesses in France: the document goes to the buyer's platform.
	B2B Audience = "B2B"
	// B2BInternational is a sale to a business abroad: each invoice is reported (flux 10.1 and 10.2).
	B2BInternational Audience = "B2BINT"
	// B2C is any other buyer: sums are reported (flux 10.3 and 10.4).
	B2C Audience = "B2C"
)

// Document is an invoice or a credit note with all its sums, from which the XML, the PDF and the platform's JSON are made. It is
// stored as issued, so it can be written again byte for byte.
type Document struct {
	// Number (BT-1), e.g. INV-2026-AB12CD-000001.
	Number string `json:"number"`
	// Issued (BT-2) and Due (BT-9) are days in France. Due of an invoice that was paid before is the day of the payment.
	Issued Date `json:"issued"`
	Due    Date `json:"due"`
	// Type (BT-3).
	Type TypeCode `json:"type"`
	// Process (BT-23): B, S or M for goods, services or both, and 1 for ordinary, 2 for already paid, 4 for final after a deposit.
	Process string `json:"process"`
	// Audience is written as note BAR.
	Audience Audience `json:"audience"`
	// BuyerReference (BT-10) is the buyer's, such as the service code of a public body; may be empty. Documents that were
	// issued before there was SellerOrder have the merchant's own reference here, and keep it.
	BuyerReference string `json:"buyer_reference,omitempty"`
	References
	// Notes (BG-1), without BAR.
	Notes []Note `json:"notes,omitempty"`
	// Preceding (BG-3) is the invoice that this document corrects or credits; nil for an invoice.
	Preceding *Preceding `json:"preceding,omitempty"`
	// About (BG-3) are invoices that a rebate names; empty for others.
	About []Preceding `json:"about,omitempty"`
	// Deductions are the deposits that a final invoice deducts; empty for others.
	Deductions []Deduction `json:"deductions,omitempty"`
	Seller     Party       `json:"seller"`
	Buyer      Party       `json:"buyer"`
	// Delivery (BG-13) and Period (BG-14); nil if the day of the invoice and the buyer's address say all.
	Delivery *Delivery `json:"delivery,omitempty"`
	Period   *Period   `json:"period,omitempty"`
	Payment  Payment   `json:"payment"`
	Lines    []Line    `json:"lines"`
	// Allowances (BG-20) are the discount on the whole, one for each rate.
	Allowances []Allowance `json:"allowances,omitempty"`
	// VAT (BG-23), the highest rate first.
	VAT    []VAT  `json:"vat"`
	Totals Totals `json:"totals"`
}

// OnDebits reports whether the VAT on the services of a document is due with the document and not with its payment (article 269, 2, c
// CGI): then its payments are not reported.
func (d Document) OnDebits() bool {
	return slices.ContainsFunc(d.Notes, func(n Note) bool { return n.Subject == NoteTaxPayments })
}

// DueDateCode returns BT-8 (UNTDID 2475): 5, the day of issue, for a document whose VAT is due with it; otherwise empty, because then
// the law tells.
func (d Document) DueDateCode() string {
	if d.OnDebits() {
		return DueOnIssue
	}
	return ""
}

// DueOnIssue is BT-8 of documents and TT-80 of e-reports for VAT on debits (UNTDID 2475).
const DueOnIssue = "5"

// Note is a free text (BT-22) with its subject (BT-21); the subject may be empty.
type Note struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
}

// The subjects of the notes that French law requires on every invoice (BR-FR-05), and of a general note.
const (
	NoteRecovery    = "PMT" // the fixed sum of 40 EUR for recovery
	NotePenalties   = "PMD" // penalties for late payment
	NoteDiscount    = "AAB" // discount for early payment, or that there is none
	NoteAudience    = "BAR" // B2B, B2C
	NoteGeneral     = "AAI"
	NoteCapital     = "ABL" // legal form, capital, register
	NoteTaxPayments = "TXD" // VAT on debits
	NoteRegulatory  = "REG" // what another law requires: the consumer mediator
)

// Preceding names an earlier invoice (BT-25, BT-26).
type Preceding struct {
	Number string `json:"number"`
	Issued Date   `json:"issued"`
}

// Party is the seller (BG-4) or the buyer (BG-7). A private buyer may have only Name, Email and country.
type Party struct {
	// Name (BT-27, BT-44).
	Name string `json:"name"`
	// TradingName (BT-28); seller only, may be empty.
	TradingName string `json:"trading_name,omitempty"`
	// LegalInfo (BT-33), legal form and capital; seller only, may be empty.
	LegalInfo string `json:"legal_info,omitempty"`
	// SIREN (BT-30, BT-47), nine digits, scheme 0002; empty for a private buyer.
	SIREN string `json:"siren,omitempty"`
	// SIRET (BT-29, BT-46), fourteen digits, scheme 0009; may be empty.
	SIRET string `json:"siret,omitempty"`
	// VATNumber (BT-31, BT-48), e.g. FR32123456789; may be empty.
	VATNumber string `json:"vat_number,omitempty"`
	// TaxRegistration (BT-32, scheme FC) is the SIREN of a seller without a VAT number, otherwise empty: BR-E-02 and BR-Z-02
	// require one of the two.
	TaxRegistration string `json:"tax_registration,omitempty"`
	// Electronic is the address that documents are sent to (BT-34, BT-49).
	Electronic ElectronicAddress `json:"electronic"`
	Address    Address           `json:"address"`
	// Email and Phone of the contact (BT-43, BT-42; BT-58, BT-57); may be empty.
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// ElectronicAddress is an address in a scheme: 0225 for French businesses, EM for e-mail.
type ElectronicAddress struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

// The schemes of identifiers and addresses (EAS, ICD).
const (
	SchemeSIREN      = "0002"
	SchemeSIRET      = "0009"
	SchemeElectronic = "0225"
	SchemeEmail      = "EM"
)

// Address is a postal address (BG-5, BG-8). Only the country is mandatory.
type Address struct {
	// Street and More (BT-35, BT-36; BT-50, BT-51).
	Street   string `json:"street,omitempty"`
	More     string `json:"more,omitempty"`
	PostCode string `json:"post_code,omitempty"`
	City     string `json:"city,omitempty"`
	// Country is ISO 3166-1 alpha-2.
	Country string `json:"country"`
}

// Payment is how the document is paid (BG-16).
type Payment struct {
	// Means (BT-81, UNTDID 4461): 10 cash, 30 transfer, 48 card, 58 SEPA transfer, ZZZ other.
	Means string `json:"means"`
	// IBAN (BT-84) and BIC (BT-86), only for a transfer.
	IBAN string `json:"iban,omitempty"`
	BIC  string `json:"bic,omitempty"`
	// Reference (BT-83) is the payer's remittance reference; may be empty.
	Reference string `json:"reference,omitempty"`
	// Terms (BT-20) in words.
	Terms string `json:"terms,omitempty"`
}

// Nature is what a line sells. It determines BT-23 and the category of an e-report.
type Nature string

const (
	// Goods are reported as TLB1.
	Goods Nature = "goods"
	// Services are reported as TPS1, and so are their payments.
	Services Nature = "services"
)

// Line is an invoice line (BG-25). Its amounts are positive on credit notes too.
type Line struct {
	// ID (BT-126), from 1.
	ID string `json:"id"`
	// Name (BT-153) and Description (BT-154).
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Nature      Nature   `json:"nature"`
	Quantity    Quantity `json:"quantity"`
	// Unit (BT-130, UN/ECE Recommendation 20), C62 for pieces.
	Unit string `json:"unit"`
	// NetPrice (BT-146) without VAT, of PriceBase (BT-149) units; of one unit if that is 0.
	NetPrice  Price    `json:"net_price"`
	PriceBase Quantity `json:"price_base,omitempty"`
	// Net (BT-131), without VAT.
	Net money.Cents `json:"net"`
	// Gross is the price of the line including VAT, before a discount on the whole; UnitGross is that of one unit. Neither is in
	// the XML, both are on the page.
	Gross     money.Cents `json:"gross"`
	UnitGross money.Cents `json:"unit_gross"`
	// Category (BT-151) and VATPerMill (BT-152).
	Category   Category `json:"category"`
	VATPerMill vat.Rate `json:"rate"`
	// Credits is the ID of the invoice's line that a line of a credit note credits, and Returned how many units of it come back:
	// 0 if it credits an amount. Credits is empty on a line that credits everything of a rate in proportion, and on other documents.
	Credits  string   `json:"credits,omitempty"`
	Returned Quantity `json:"returned,omitempty"`
}

// Allowance is a discount on everything with one category and rate (BG-20).
type Allowance struct {
	// Net (BT-92), without VAT; Gross, including VAT.
	Net   money.Cents `json:"net"`
	Gross money.Cents `json:"gross"`
	// Reason (BT-97) in words.
	Reason     string   `json:"reason"`
	Category   Category `json:"category"`
	VATPerMill vat.Rate `json:"rate"`
}

// Category is a VAT category (UNTDID 5305).
type Category string

const (
	// Standard is for every rate above zero.
	Standard Category = "S"
	// ZeroRated is a rate of zero without an exemption, which France does not have. Only documents issued before a reason was demanded
	// have it.
	ZeroRated Category = "Z"
	// Exempt requires a reason (BT-120, BT-121), as do all categories below, and the seller's VAT number.
	Exempt Category = "E"
	// Reverse is reverse charge: the buyer declares the VAT.
	Reverse Category = "AE"
	// Community is a delivery of goods to a business in another country of the EU.
	Community Category = "K"
	// Export is a delivery of goods outside of the EU.
	Export Category = "G"
	// OutOfScope is a service that is not taxed in France. It has no rate, and nothing else is on its document.
	OutOfScope Category = "O"
)

// VAT is the sum for one category and rate (BG-23).
type VAT struct {
	Category   Category `json:"category"`
	VATPerMill vat.Rate `json:"rate"`
	// Base (BT-116) and Tax (BT-117). Base + Tax is the gross amount at this rate.
	Base money.Cents `json:"base"`
	Tax  money.Cents `json:"tax"`
	// Reason (BT-120) and ReasonCode (BT-121, VATEX) of an exemption.
	Reason     string `json:"reason,omitempty"`
	ReasonCode string `json:"reason_code,omitempty"`
}

// Totals are the sums of a document (BG-22).
type Totals struct {
	// LineNet (BT-106) is the sum of the lines.
	LineNet money.Cents `json:"line_net"`
	// Allowances (BT-107).
	Allowances money.Cents `json:"allowances"`
	// Net (BT-109) = LineNet − Allowances.
	Net money.Cents `json:"net"`
	// Tax (BT-110).
	Tax money.Cents `json:"tax"`
	// Gross (BT-112) = Net + Tax: the amount to pay.
	Gross money.Cents `json:"gross"`
	// Prepaid (BT-113), deposits included.
	Prepaid money.Cents `json:"prepaid"`
	// Due (BT-115) = Gross − Prepaid. Negative if money goes back to the buyer.
	Due money.Cents `json:"due"`
}
