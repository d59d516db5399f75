package seqino

import (
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// SEQINO documents only a part of its API publicly. This file contains everything that this package assumes about the rest, each
// with what is known and what is guessed. What is known is in wire.go; docs/einvoicing-platform.md has both in one table. If the
// real platform differs, this file changes.

// Headers. Known: the bare key in Authorization without "Bearer", and the client's id beside it on every call that is about
// one merchant. Guessed: that creating and looking up clients goes without the client's id.
const (
	headerKey    = "Authorization"
	headerClient = "X-PDP-Client-Id"
)

// Webhook signature. Known: HMAC-SHA256 over the payload under a secret that is shown once. Guessed: the header's name, that
// the payload is the raw body, that the key is the secret as it was shown, and that the sum is bare hex.
const headerSignature = "X-Seqino-Signature"

// Paths. Known: all but the download of a file, which no public page has. Guessed: pathFiles, and that drafts can be looked
// up by our reference as clients can.
const (
	pathClients    = "/clients"
	pathOnboarding = "/clients/onboarding-link"
	pathMandates   = "/mandates"
	pathDrafts     = "/drafts"
	pathFiles      = "/invoicing/files"
	pathInvoices   = "/invoicing/invoices"
	pathLifecycle  = "/lifecycle-events"
	pathDirectory  = "/directory"
	pathSales      = "/reporting/b2c-transactions"
	pathPayments   = "/reporting/payments"
	suffixValidate = "/validate"
	queryRef       = "external_ref"
	queryFormat    = "format"
)

// maxRef is the maximum length of external_ref. Known: 1–100 characters, and that clients have one. Guessed: that mandates,
// drafts and reports have one too, that it is unique per client and kind of object, and that using it again is 409 with
// existing_id. Without that, a draft or a report would have to be looked up in another way after a lost answer.
const maxRef = 100

// Format of what is validated and downloaded. Known: a draft is validated "in a chosen format". Guessed: the word, and that
// the platform takes our own file with it; if it does not, its rendering is what travels.
const formatFacturX = "factur-x"

// formatOriginal downloads a received document as it came. Known: that invoices are received and announced by invoice.received.
// Guessed: the word, and that the answer's media type is that of a PDF or of XML.
const formatOriginal = "original"

// The list of received documents. Guessed: that there is one, with direction=incoming, oldest first, which begins after a
// document; without it only webhooks would tell of documents, and a lost one would be a lost invoice.
const (
	queryDirection    = "direction"
	queryAfter        = "after"
	directionIncoming = "incoming"
)

// formats of received documents. Guessed: the words. Another word is kept as unknown: the document is looked at all the same.
var formats = map[string]string{formatFacturX: formatFacturX, "cii": "cii", "ubl": "ubl"}

// wireInbound is a received document. Guessed: every name.
type wireInbound struct {
	ID     string `json:"invoice_id"`
	Format string `json:"format"`
	At     string `json:"received_at"`
}

// wireAnswer is a status of the buyer. Known: the fields of a lifecycle event. Guessed: that one is created by POST to the same
// path, and external_ref.
type wireAnswer struct {
	Ref        string `json:"external_ref"`
	ObjectType string `json:"object_type"`
	Object     string `json:"object_id"`
	Status     string `json:"status_code"`
	ReasonCode string `json:"rejection_reason,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

// The states of a draft. Known: validation makes it immutable. Guessed: the word, that a draft stays readable after it, and that
// it then names the invoice.
const draftValidated = "validated"

// Report types of flux 10 (DGFiP specifications, section 3.7). Known there; that the JSON has them is guessed.
const (
	reportInitial     = "IN"
	reportReplacement = "RE"
)

// mandateStatus maps a mandate's status. Known: the words. Guessed: that a merchant may issue invoices only with "active", that
// "processing" and "created" wait for the merchant or the platform, and that "expired" and "error" are final. An unknown word
// counts as pending: it permits nothing, and is read again.
var mandateStatus = map[string]platform.MandateStatus{
	"processing":  platform.MandatePending,
	"created":     platform.MandatePending,
	"pending_kyc": platform.MandatePending,
	"active":      platform.MandateActive,
	"expired":     platform.MandateExpired,
	"error":       platform.MandateFailed,
}

// lifecycleNames in the order of their codes, from 200. Known: the names, their order, and that they go one to one with 200
// to 213. They are documented as InvoiceLifecycleStatus.NAME; whether the prefix travels is not known, so both are read,
// and the bare code too.
var lifecycleNames = []string{
	"DEPOSITED", "TRANSMITTED_BY_PLATFORM", "RECEIVED_BY_PLATFORM", "MADE_AVAILABLE", "ACKNOWLEDGED", "APPROVED",
	"PARTIALLY_APPROVED", "IN_DISPUTE", "SUSPENDED", "COMPLETED", "REFUSED", "PAYMENT_TRANSMITTED", "COLLECTED", "REJECTED",
}

const firstLifecycleCode = 200

// list is what every listing answers. Known: nothing. Guessed: the wrapper, that a look-up by external_ref answers with it
// or with the object itself, and that what we list (the mandates of one client, the events of one document) fits one page.
type list[T any] struct {
	Items []T `json:"items"`
}

// wireError is an error. Known: error, code, trace_id, and 422 for validation. Guessed: details and existing_id.
type wireError struct {
	Error      string       `json:"error"`
	TraceID    string       `json:"trace_id"`
	ExistingID string       `json:"existing_id"`
	Details    []wireDetail `json:"details"`
}

type wireDetail struct {
	Rule    string `json:"rule"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// wireLink. Guessed: both names.
type wireLink struct {
	URL     string `json:"url"`
	Expires string `json:"expires_at"`
}

// wireEntry is a line of the directory. Known: SIREN alone, with a suffix, with a SIRET, or with a SIRET and a routing code.
// Guessed: that what a line does not have is missing, null or empty.
type wireEntry struct {
	SIREN   string `json:"siren"`
	SIRET   string `json:"siret,omitempty"`
	Suffix  string `json:"suffix,omitempty"`
	Routing string `json:"routing_identifier,omitempty"`
}

// wireBusiness is what the directory has of a SIREN. Known: siren, name, the fields of a line but its address, and that
// nature is Private or Public. Guessed: entries, and the address of a line.
type wireBusiness struct {
	SIREN   string              `json:"siren"`
	Name    string              `json:"name"`
	Entries []wireDirectoryLine `json:"entries"`
}

type wireDirectoryLine struct {
	SIRET       string      `json:"siret"`
	Suffix      string      `json:"suffix"`
	Routing     string      `json:"routing_identifier"`
	Nature      string      `json:"nature"`
	Addressable bool        `json:"addressable"`
	Address     wireAddress `json:"postal_address"`
}

const natureOfPublic = "Public"

// wireNewMandate. Known: start_date, directory_entry. Guessed: external_ref.
type wireNewMandate struct {
	Start string    `json:"start_date"`
	Entry wireEntry `json:"directory_entry"`
	Ref   string    `json:"external_ref"`
}

// wireDraft. Known: id. Guessed: the rest.
type wireDraft struct {
	ID            string `json:"id"`
	Ref           string `json:"external_ref"`
	Status        string `json:"status"`
	InvoiceID     string `json:"invoice_id"`
	InvoiceNumber string `json:"invoice_number"`
}

// wireValidate. Guessed; see formatFacturX. File is base64 in the JSON.
type wireValidate struct {
	Format string `json:"format"`
	File   []byte `json:"file"`
}

// buyerReference (BT-10). Known: the newer revision of the documentation requires it or purchase_order_reference, the older
// one and EN 16931 do not. Guessed: that the newer one holds, and that where the merchant gave no reference the document's
// number may stand in.
func buyerReference(d invoice.Document) string {
	if d.BuyerReference == "" && d.PurchaseOrder == "" {
		return d.Number
	}
	return d.BuyerReference
}

// wirePaymentMeans and the types below are parts of a document. Known: that the groups of EN 16931 are there. Guessed: the
// names in them, and that a street has one field, into which both of ours go.
type wirePaymentMeans struct {
	Code string `json:"code"`
	IBAN string `json:"iban,omitempty"`
	BIC  string `json:"bic,omitempty"`
}

type wireLine struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Quantity number `json:"quantity"`
	Unit     string `json:"unit_code"`
	NetPrice number `json:"net_price"`
	// PriceBase (BT-149) is sent only if it is not one unit.
	PriceBase number `json:"price_base_quantity,omitempty"`
	Net       amount `json:"net_amount"`
	Category  string `json:"vat_category"`
	Rate      number `json:"vat_rate"`
}

type wireAllowance struct {
	Net      amount `json:"amount"`
	Reason   string `json:"reason"`
	Category string `json:"vat_category"`
	Rate     number `json:"vat_rate"`
}

type wireVAT struct {
	Category   string `json:"category"`
	Rate       number `json:"rate"`
	Base       amount `json:"taxable_amount"`
	Tax        amount `json:"tax_amount"`
	Reason     string `json:"exemption_reason,omitempty"`
	ReasonCode string `json:"exemption_code,omitempty"`
	DueCode    string `json:"due_date_type_code,omitempty"`
}

type wireTotals struct {
	LineNet    amount `json:"line_net"`
	Allowances amount `json:"allowances"`
	Net        amount `json:"tax_exclusive"`
	Tax        amount `json:"tax"`
	Gross      amount `json:"tax_inclusive"`
	Prepaid    amount `json:"prepaid"`
	Due        amount `json:"due"`
}

// wireEvent is a step of a document's life. Known, but for the id.
type wireEvent struct {
	ID         string `json:"id"`
	Status     text   `json:"status_code"`
	At         string `json:"timestamp"`
	Emitter    string `json:"emitter"`
	Reason     string `json:"reason"`
	ReasonCode string `json:"rejection_reason"`
}

// wireReport is what all reports say. Known: client_siren. Guessed: the rest; document is our flux 10 in base64.
type wireReport struct {
	Ref      string `json:"external_ref"`
	Type     string `json:"report_type"`
	SIREN    string `json:"client_siren"`
	Start    string `json:"period_start"`
	End      string `json:"period_end"`
	Document []byte `json:"document"`
}

// wireSales. Known: daily sums. Guessed: every name; they follow flux 10.3.
type wireSales struct {
	wireReport
	Transactions []wireSalesDay `json:"transactions"`
	// Invoices to businesses abroad (10.1). Known: POST /reporting/exempt-invoices for a single one, without its body. Guessed: that a whole
	// report may have them.
	Invoices []wireReportedInvoice `json:"invoices,omitempty"`
}

type wireReportedInvoice struct {
	Number string `json:"number"`
	Issued string `json:"issue_date"`
	Type   string `json:"type_code"`
	Net    amount `json:"tax_exclusive_amount"`
	Tax    amount `json:"tax_amount"`
}

// wireInvoicePayments are the payments of one day for one such invoice (10.2). Guessed.
type wireInvoicePayments struct {
	Number string `json:"number"`
	Issued string `json:"issue_date"`
	wirePaymentsDay
}

type wireSalesDay struct {
	Date      string          `json:"date"`
	Currency  string          `json:"currency"`
	DueCode   string          `json:"tax_due_date_type_code,omitempty"`
	Category  string          `json:"category"`
	Net       amount          `json:"tax_exclusive_amount"`
	Tax       amount          `json:"tax_amount"`
	Count     int             `json:"count,omitempty"`
	Subtotals []wireSalesRate `json:"subtotals"`
}

type wireSalesRate struct {
	Rate number `json:"rate"`
	Net  amount `json:"taxable_amount"`
	Tax  amount `json:"tax_amount"`
}

// wirePayments. Guessed, after flux 10.4.
type wirePayments struct {
	wireReport
	Payments []wirePaymentsDay     `json:"payments"`
	Invoices []wireInvoicePayments `json:"invoices,omitempty"`
}

type wirePaymentsDay struct {
	Date      string           `json:"date"`
	Subtotals []wireRateAmount `json:"subtotals"`
}

type wireRateAmount struct {
	Rate   number `json:"rate"`
	Amount amount `json:"amount"`
}

// wireCollection is status 212 of one invoice. Known: client_siren, payment_date, amount, currency, invoice_number.
// Guessed: external_ref, and breakdown, without which the platform could not split the payment by rate as 212 demands. Guessed
// too: that money which was given back is a second status 212 with amounts below zero, also after a refusal of the invoice.
type wireCollection struct {
	Ref       string           `json:"external_ref"`
	SIREN     string           `json:"client_siren"`
	Date      string           `json:"payment_date"`
	Amount    amount           `json:"amount"`
	Currency  string           `json:"currency"`
	Invoice   string           `json:"invoice_number"`
	Breakdown []wireRateAmount `json:"breakdown"`
}

// wireReported answers a report: id of sales, payment_id of payments. Known: payment_id.
type wireReported struct {
	ID        string `json:"id"`
	PaymentID string `json:"payment_id"`
}

// wireHook is a webhook's body. Known: event_id and event_type. Guessed: what it is about.
type wireHook struct {
	ID         string `json:"event_id"`
	Type       string `json:"event_type"`
	ClientID   string `json:"client_id"`
	ObjectType string `json:"object_type"`
	ObjectID   string `json:"object_id"`
}
