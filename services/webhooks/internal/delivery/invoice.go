package delivery

import (
	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// invoiceData is the invoice right after the change, with the field names of the REST API. It omits the customer, which can be
// read from the invoice.
type invoiceData struct {
	ID               string       `json:"id"`
	Number           string       `json:"invoice_number"`
	TypeCode         string       `json:"type_code"`
	Status           string       `json:"status"`
	PreviousStatus   *string      `json:"previous_status"`
	SeqinoStatus     string       `json:"seqino_status"`
	SeqinoInvoiceID  *string      `json:"seqino_invoice_id"`
	Lifecycle        *invoiceStep `json:"lifecycle"`
	Problem          *string      `json:"problem"`
	Audience         string       `json:"audience"`
	IssueDate        string       `json:"issue_date"`
	DueDate          *string      `json:"due_date"`
	Currency         string       `json:"currency"`
	TotalTTC         money.Cents  `json:"total_ttc"`
	TotalHT          money.Cents  `json:"total_ht"`
	TotalVAT         money.Cents  `json:"total_vat"`
	AmountPaid       money.Cents  `json:"amount_paid"`
	AmountCredited   money.Cents  `json:"amount_credited"`
	AmountDue        money.Cents  `json:"amount_due"`
	Reference        *string      `json:"reference"`
	PaymentReference *string      `json:"payment_reference"`
	// CorrectsNumber is null for an invoice. CreditNoteNumber is null unless a document has just corrected this one.
	CorrectsNumber   *string         `json:"corrects_number"`
	CreditNoteNumber *string         `json:"credit_note_number"`
	Payment          *invoicePayment `json:"payment,omitempty"`
}

// invoiceStep is the newest step of the life cycle. The reasons are set only if the event is about that step.
type invoiceStep struct {
	Code       int32  `json:"code"`
	Label      string `json:"label"`
	ReasonCode string `json:"reason_code,omitempty"`
	Reason     string `json:"reason,omitempty"`
}

type invoicePayment struct {
	ID        string      `json:"id"`
	Amount    money.Cents `json:"amount"`
	Date      string      `json:"payment_date"`
	Method    string      `json:"payment_method"`
	Reference *string     `json:"payment_reference"`
}

func invoiceBody(c *eventsv1.InvoiceChanged) invoiceData {
	v := c.GetInvoice()
	d := invoiceData{
		ID: v.GetId(), Number: v.GetNumber(), TypeCode: v.GetTypeCode(), Status: v.GetStatus(), PreviousStatus: unlessEmpty(c.GetPreviousStatus()),
		SeqinoStatus: v.GetSeqinoStatus(), SeqinoInvoiceID: unlessEmpty(v.GetSeqinoInvoiceId()), Lifecycle: stepOf(v.GetLifecycleCode(), c.GetStep()),
		Problem: unlessEmpty(v.GetProblem()), Audience: v.GetAudience(), IssueDate: v.GetIssueDate(), DueDate: unlessEmpty(v.GetDueDate()),
		Currency: v.GetCurrency(), TotalTTC: money.Cents(v.GetTotalCents()), TotalHT: money.Cents(v.GetTotalNetCents()),
		TotalVAT: money.Cents(v.GetTotalVatCents()), AmountPaid: money.Cents(v.GetPaidCents()), AmountCredited: money.Cents(v.GetCreditedCents()),
		AmountDue: money.Cents(v.GetDueCents()), Reference: unlessEmpty(v.GetReference()), PaymentReference: unlessEmpty(v.GetPaymentReference()),
		CorrectsNumber: unlessEmpty(v.GetCorrectsNumber()), CreditNoteNumber: unlessEmpty(c.GetCreditNoteNumber()),
	}
	if p := c.GetPayment(); p != nil {
		d.Payment = &invoicePayment{p.GetId(), money.Cents(p.GetAmountCents()), p.GetPaidOn(), p.GetMethod(), unlessEmpty(p.GetPaymentReference())}
	}
	return d
}

// stepOf returns nil before the first step. The step in an event need not be the newest, because steps may arrive late.
func stepOf(newest int32, told *einvoicev1.LifecycleEvent) *invoiceStep {
	switch {
	case told != nil:
		return &invoiceStep{told.GetCode(), lifecycle.Label(told.GetCode()), told.GetReasonCode(), told.GetReason()}
	case newest != 0:
		return &invoiceStep{Code: newest, Label: lifecycle.Label(newest)}
	default:
		return nil
	}
}

// unlessEmpty returns nil, which is encoded as null, for an empty text.
func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
