package eupay

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// Received are the invoices that suppliers send through the e-invoicing platform.
type Received struct{ c *caller }

const (
	receivedPath    = "/einvoice/received"
	oneReceivedPath = receivedPath + "/{}"
)

// ReceivedStatus is what became of a received invoice.
type ReceivedStatus string

// The statuses. All but the first two are answers.
const (
	ReceivedNew               ReceivedStatus = "received"
	ReceivedUnreadable        ReceivedStatus = "unreadable"
	ReceivedAcknowledged      ReceivedStatus = "acknowledged"
	ReceivedApproved          ReceivedStatus = "approved"
	ReceivedPartiallyApproved ReceivedStatus = "partially_approved"
	ReceivedDisputed          ReceivedStatus = "disputed"
	ReceivedSuspended         ReceivedStatus = "suspended"
	ReceivedRefused           ReceivedStatus = "refused"
	ReceivedPaymentSent       ReceivedStatus = "payment_sent"
)

// ReceivedInvoice is an invoice of a supplier. Amounts are in Currency. What the document lacks is empty; what follows Answers is
// only there in an invoice that is read alone.
type ReceivedInvoice struct {
	ID        string         `json:"id"`
	Status    ReceivedStatus `json:"status"`
	Lifecycle LifecycleStep  `json:"lifecycle"`
	Livemode  bool           `json:"livemode"`
	// Format is cii, ubl or factur-x.
	Format        string `json:"format"`
	InvoiceNumber string `json:"invoice_number"`
	TypeCode      string `json:"type_code"`
	IssueDate     string `json:"issue_date"`
	DueDate       string `json:"due_date"`
	Currency      string `json:"currency"`
	TotalHT       Amount `json:"total_ht"`
	TotalVAT      Amount `json:"total_vat"`
	TotalTTC      Amount `json:"total_ttc"`
	AmountDue     Amount `json:"amount_due"`
	SellerName    string `json:"seller_name"`
	SellerSIREN   string `json:"seller_siren"`
	// DuplicateOf is the id of the first invoice with this supplier, number and year.
	DuplicateOf string `json:"duplicate_of"`
	// UnknownSender: you never approved or paid an invoice of this supplier.
	UnknownSender bool `json:"unknown_sender"`
	// Problem is why it is unreadable.
	Problem    string    `json:"problem"`
	ReceivedAt time.Time `json:"received_at"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`

	SHA256 string `json:"sha256"`
	// AllowedStatuses are what may be answered now.
	AllowedStatuses   []ReceivedStatus    `json:"allowed_statuses"`
	Findings          []ReceivedFinding   `json:"findings"`
	Answers           []ReceivedAnswer    `json:"answers"`
	Profile           string              `json:"profile"`
	BusinessProcess   string              `json:"business_process"`
	BuyerReference    string              `json:"buyer_reference"`
	PurchaseOrder     string              `json:"purchase_order"`
	ContractReference string              `json:"contract_reference"`
	DeliveryDate      string              `json:"delivery_date"`
	PeriodStart       string              `json:"period_start"`
	PeriodEnd         string              `json:"period_end"`
	Seller            *ReceivedParty      `json:"seller"`
	Buyer             *ReceivedParty      `json:"buyer"`
	Payee             string              `json:"payee"`
	PaymentMeans      string              `json:"payment_means"`
	PaymentReference  string              `json:"payment_reference"`
	PaymentTerms      string              `json:"payment_terms"`
	Accounts          []ReceivedAccount   `json:"accounts"`
	Notes             []ReceivedNote      `json:"notes"`
	PrecedingInvoices []ReceivedPreceding `json:"preceding_invoices"`
	Items             []ReceivedItem      `json:"items"`
	Allowances        []ReceivedAllowance `json:"allowances"`
	VATBreakdown      []ReceivedVAT       `json:"vat_breakdown"`
	AmountPrepaid     Amount              `json:"amount_prepaid"`
	Rounding          Amount              `json:"rounding"`
	// AmountPayable is what Pay would pay now. When it is 0, NotPayableReason says why.
	AmountPayable    Amount `json:"amount_payable"`
	NotPayableReason string `json:"not_payable_reason"`
	// ConfirmIBANRequired: Pay needs ConfirmIBAN, because you have not paid this supplier on this account before.
	ConfirmIBANRequired bool `json:"confirm_iban_required"`
	// Payments are the newest first.
	Payments []ReceivedPayment `json:"payments"`
	// Replayed: the answer is that of an earlier request with the same key.
	Replayed bool `json:"-"`
}

// ReceivedPayment is a payment of a received invoice, which you authorise at your own bank.
type ReceivedPayment struct {
	Reference string        `json:"reference"`
	Status    PaymentStatus `json:"status"`
	Amount    Amount        `json:"amount"`
	Currency  string        `json:"currency"`
	// IBAN, BeneficiaryName and Description are what the invoice says.
	IBAN            string `json:"iban"`
	BeneficiaryName string `json:"beneficiary_name"`
	Description     string `json:"description"`
	// PaymentURL is where you authorise it, while it is pending_sca.
	PaymentURL  string      `json:"payment_url"`
	FailureCode FailureCode `json:"failure_code"`
	CreatedAt   time.Time   `json:"created_at"`
	// EndedAt is when it was completed, failed or cancelled.
	EndedAt time.Time `json:"ended_at"`
	// AuthorisationURL is where you approve a cancellation at your bank; only in the answer of CancelPayment.
	AuthorisationURL string `json:"authorisation_url"`
	// Replayed: the payment was made before.
	Replayed bool `json:"-"`
}

// ReceivedFinding is something to look at before an invoice is approved or paid.
type ReceivedFinding struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ReceivedAnswer is a status that you gave.
type ReceivedAnswer struct {
	ID string `json:"id"`
	LifecycleStep
	Status     ReceivedStatus `json:"status"`
	ReasonCode string         `json:"reason_code"`
	Reason     string         `json:"reason"`
	// State is sending, sent or refused; Problem is why the platform refused it.
	State     string    `json:"state"`
	Problem   string    `json:"problem"`
	CreatedAt time.Time `json:"created_at"`
	SentAt    time.Time `json:"sent_at"`
}

// ReceivedParty is a seller or a buyer.
type ReceivedParty struct {
	Name              string `json:"name"`
	TradingName       string `json:"trading_name"`
	SIREN             string `json:"siren"`
	SIRET             string `json:"siret"`
	VATNumber         string `json:"vat_number"`
	LegalID           string `json:"legal_id"`
	ElectronicAddress string `json:"electronic_address"`
	Street            string `json:"street"`
	PostCode          string `json:"post_code"`
	City              string `json:"city"`
	Country           string `json:"country"`
	ContactName       string `json:"contact_name"`
	Phone             string `json:"phone"`
	Email             string `json:"email"`
}

// ReceivedAccount is an account of the seller.
type ReceivedAccount struct {
	IBAN string `json:"iban"`
	BIC  string `json:"bic"`
	Name string `json:"name"`
	// SeenBefore: an earlier invoice of this supplier that you approved or paid names this account.
	SeenBefore bool `json:"seen_before"`
}

// ReceivedNote is a note with its subject code.
type ReceivedNote struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// ReceivedPreceding is an earlier invoice that the document is about.
type ReceivedPreceding struct {
	InvoiceNumber string `json:"invoice_number"`
	IssueDate     string `json:"issue_date"`
}

// ReceivedItem is a line. Numbers are as in the document; empty: none.
type ReceivedItem struct {
	ID           string      `json:"id"`
	ProductName  string      `json:"product_name"`
	Description  string      `json:"description"`
	Quantity     json.Number `json:"quantity"`
	Unit         string      `json:"unit"`
	UnitPriceHT  json.Number `json:"unit_price_ht"`
	BaseQuantity json.Number `json:"base_quantity"`
	TotalHT      Amount      `json:"total_ht"`
	VATCategory  string      `json:"vat_category"`
	VATRate      json.Number `json:"vat_rate"`
}

// ReceivedAllowance is a discount of the document, or a charge.
type ReceivedAllowance struct {
	Charge      bool        `json:"charge"`
	Amount      Amount      `json:"amount"`
	Reason      string      `json:"reason"`
	VATCategory string      `json:"vat_category"`
	VATRate     json.Number `json:"vat_rate"`
}

// ReceivedVAT is the VAT of one rate.
type ReceivedVAT struct {
	VATCategory        string      `json:"vat_category"`
	VATRate            json.Number `json:"vat_rate"`
	BaseHT             Amount      `json:"base_ht"`
	VATAmount          Amount      `json:"vat_amount"`
	VATExemptionReason string      `json:"vat_exemption_reason"`
	VATExemptionCode   string      `json:"vat_exemption_code"`
}

// AnswerParams answer a received invoice.
type AnswerParams struct {
	Status ReceivedStatus `json:"status"`
	// ReasonCode is required with partially approved, disputed, suspended and refused.
	ReasonCode string `json:"reason_code,omitempty"`
	Reason     string `json:"reason,omitempty"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// Get reads a received invoice with everything.
func (s Received) Get(ctx context.Context, id string) (*ReceivedInvoice, error) {
	return get[ReceivedInvoice](ctx, s.c, call{method: http.MethodGet, path: oneReceivedPath, ids: []string{id}, moded: true})
}

// Answer tells the supplier what you do with its invoice. It is sent until the platform has accepted it.
func (s Received) Answer(ctx context.Context, id string, p AnswerParams) (*ReceivedInvoice, error) {
	v, a, err := ask[ReceivedInvoice](ctx, s.c, call{
		method: http.MethodPost, path: oneReceivedPath + "/status", ids: []string{id}, body: p, once: true, key: p.IdempotencyKey, moded: true,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// PayParams pay a received invoice.
type PayParams struct {
	// ConfirmIBAN repeats the last four characters of the IBAN on the invoice, after somebody has compared it with a known one. Required
	// with ConfirmIBANRequired.
	ConfirmIBAN string `json:"confirm_iban,omitempty"`
	// SuccessURL and CancelURL are where your browser goes from the bank.
	SuccessURL string `json:"success_url,omitempty"`
	CancelURL  string `json:"cancel_url,omitempty"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// Pay makes the payment of an invoice to the supplier, which you then authorise at your own bank. While one is open it is returned.
func (s Received) Pay(ctx context.Context, id string, p PayParams) (*ReceivedPayment, error) {
	v, a, err := ask[ReceivedPayment](ctx, s.c, call{
		method: http.MethodPost, path: oneReceivedPath + "/pay", ids: []string{id}, body: p, once: true, key: p.IdempotencyKey, moded: true,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// CancelPayment cancels the open payment of an invoice at your bank. Then the invoice can be paid again.
func (s Received) CancelPayment(ctx context.Context, id string) (*ReceivedPayment, error) {
	return get[ReceivedPayment](ctx, s.c, call{method: http.MethodPost, path: oneReceivedPath + "/pay/cancel", ids: []string{id}, body: struct{}{}, moded: true})
}

// PDF is the supplier's own PDF, or a readable page of a document that has none.
func (s Received) PDF(ctx context.Context, id string) (*File, error) {
	return s.c.file(ctx, call{path: oneReceivedPath + "/pdf", ids: []string{id}, moded: true})
}

// XML is what the supplier sent, byte for byte, or what is attached to its PDF. It comes from a stranger.
func (s Received) XML(ctx context.Context, id string) (*File, error) {
	return s.c.file(ctx, call{path: oneReceivedPath + "/xml", ids: []string{id}, moded: true})
}

// ReceivedListParams choose received invoices. What is empty chooses nothing.
type ReceivedListParams struct {
	ListParams
	// StartingAfter is the id of the invoice after which the list goes on, in place of Page.
	StartingAfter string
	Status        ReceivedStatus
	SellerSIREN   string
	// From is inclusive, To is not.
	From, To time.Time
}

func (s Received) listing(p ReceivedListParams) listing[ReceivedInvoice] {
	q := p.query()
	q.text("starting_after", p.StartingAfter)
	q.text("status", string(p.Status))
	q.text("seller_siren", p.SellerSIREN)
	q.time("from", p.From)
	q.time("to", p.To)
	return listing[ReceivedInvoice]{s.c, call{path: receivedPath, query: q, moded: true}, func(i *ReceivedInvoice) string { return i.ID }}
}

// List reads one page of the received invoices, the newest first, without their contents.
func (s Received) List(ctx context.Context, p ReceivedListParams) (*Page[ReceivedInvoice], error) {
	return s.listing(p).page(ctx)
}

// All reads the received invoices to their end, the newest first, without their contents.
func (s Received) All(ctx context.Context, p ReceivedListParams) iter.Seq2[ReceivedInvoice, error] {
	return s.listing(p).all(ctx)
}
