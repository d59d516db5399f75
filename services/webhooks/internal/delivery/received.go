package delivery

import (
	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// receivedData is an invoice of a supplier right after the change, with the field names of the REST API and without its contents.
// What is null of an invoice that cannot be read is null here.
type receivedData struct {
	ID            string          `json:"id"`
	Status        string          `json:"status"`
	Lifecycle     invoiceStep     `json:"lifecycle"`
	Format        *string         `json:"format"`
	Number        *string         `json:"invoice_number"`
	TypeCode      *string         `json:"type_code"`
	IssueDate     *string         `json:"issue_date"`
	DueDate       *string         `json:"due_date"`
	Currency      *string         `json:"currency"`
	TotalTTC      *money.Cents    `json:"total_ttc"`
	AmountDue     *money.Cents    `json:"amount_due"`
	SellerName    *string         `json:"seller_name"`
	SellerSIREN   *string         `json:"seller_siren"`
	DuplicateOf   *string         `json:"duplicate_of"`
	UnknownSender bool            `json:"unknown_sender"`
	Problem       *string         `json:"problem"`
	Answer        *receivedAnswer `json:"answer,omitempty"`
}

// receivedAnswer is the status that the buyer gave.
type receivedAnswer struct {
	Code    int32   `json:"code"`
	Label   string  `json:"label"`
	Reason  *string `json:"reason_code"`
	State   string  `json:"state"`
	Problem *string `json:"problem"`
}

func receivedMessage(e events.Event, c *eventsv1.ReceivedInvoiceChanged) (Message, error) {
	v := c.GetInvoice()
	if v.GetMerchantId() != e.Merchant || v.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: v.GetId(), Sequence: v.GetSequence(), at: happened(e, c.GetOccurredAt()), data: func(string) any { return receivedBody(c) },
	}, nil
}

func receivedBody(c *eventsv1.ReceivedInvoiceChanged) receivedData {
	v := c.GetInvoice()
	d := receivedData{
		ID: v.GetId(), Status: v.GetStatus(), Lifecycle: invoiceStep{Code: v.GetLifecycleCode(), Label: lifecycle.Label(v.GetLifecycleCode())},
		Format: unlessEmpty(v.GetFormat()), Number: unlessEmpty(v.GetNumber()), TypeCode: unlessEmpty(v.GetTypeCode()),
		IssueDate: unlessEmpty(v.GetIssueDate()), DueDate: unlessEmpty(v.GetDueDate()), Currency: unlessEmpty(v.GetCurrency()),
		SellerName: unlessEmpty(v.GetSellerName()), SellerSIREN: unlessEmpty(v.GetSellerSiren()), DuplicateOf: unlessEmpty(v.GetDuplicateOf()),
		UnknownSender: v.GetUnknownSender(), Problem: unlessEmpty(v.GetProblem()),
	}
	if v.GetNumber() != "" {
		total, due := money.Cents(v.GetTotalCents()), money.Cents(v.GetDueCents())
		d.TotalTTC, d.AmountDue = &total, &due
	}
	if a := c.GetAnswer(); a != nil {
		d.Answer = &receivedAnswer{a.GetCode(), lifecycle.Label(a.GetCode()), unlessEmpty(a.GetReasonCode()), a.GetState(), unlessEmpty(a.GetProblem())}
	}
	return d
}
