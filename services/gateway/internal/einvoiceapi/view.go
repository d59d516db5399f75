package einvoiceapi

import (
	"encoding/json"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// invoice is an invoice, or a document that corrects one. The first five fields and their order are those of the API reference.
type invoice struct {
	Number           string      `json:"invoice_number"`
	SeqinoInvoiceID  *string     `json:"seqino_invoice_id"`
	SeqinoStatus     string      `json:"seqino_status"`
	TotalTTC         money.Cents `json:"total_ttc"`
	Seqino           *submission `json:"_seqino,omitempty"`
	ID               string      `json:"id"`
	TypeCode         string      `json:"type_code"`
	Status           string      `json:"status"`
	Lifecycle        *step       `json:"lifecycle"`
	Problem          *string     `json:"problem"`
	Livemode         bool        `json:"livemode"`
	Audience         string      `json:"audience"`
	IssueDate        string      `json:"issue_date"`
	DueDate          *string     `json:"due_date"`
	Currency         string      `json:"currency"`
	TotalHT          money.Cents `json:"total_ht"`
	TotalVAT         money.Cents `json:"total_vat"`
	DiscountAmount   money.Cents `json:"discount_amount"`
	AmountPaid       money.Cents `json:"amount_paid"`
	AmountCredited   money.Cents `json:"amount_credited"`
	AmountDue        money.Cents `json:"amount_due"`
	Reference        *string     `json:"reference"`
	PaymentReference *string     `json:"payment_reference"`
	Notes            *string     `json:"notes"`
	customer
	Corrects    *corrected `json:"corrects"`
	CreatedAt   string     `json:"created_at"`
	UpdatedAt   string     `json:"updated_at"`
	SubmittedAt *string    `json:"submitted_at"`
	*details
}

// customer uses the field names of the request.
type customer struct {
	Name              string          `json:"customer_name"`
	Email             *string         `json:"customer_email"`
	Phone             *string         `json:"customer_phone"`
	SIREN             *string         `json:"customer_siren"`
	SIRET             *string         `json:"customer_siret"`
	VATNumber         *string         `json:"customer_vat_number"`
	ElectronicAddress *string         `json:"customer_electronic_address"`
	Address           customerAddress `json:"customer_address"`
}

type customerAddress struct {
	Street   *string `json:"street"`
	More     *string `json:"more"`
	PostCode *string `json:"post_code"`
	City     *string `json:"city"`
	Country  *string `json:"country"`
}

// submission is the result of sending the document.
type submission struct {
	Submitted     bool   `json:"submitted"`
	MandateStatus string `json:"mandate_status"`
	Error         string `json:"error,omitempty"`
}

// step of a document's life at the platform.
type step struct {
	Code  int32  `json:"code"`
	Label string `json:"label"`
}

// corrected is the invoice that a credit note or a corrected invoice refers to.
type corrected struct {
	ID     string      `json:"id"`
	Number string      `json:"invoice_number"`
	Amount money.Cents `json:"amount"`
	Reason *string     `json:"reason"`
}

// details are present only in the answer about a single invoice.
type details struct {
	BusinessProcess string `json:"business_process"`
	dealView
	Items       []lineView    `json:"items"`
	VAT         []vatView     `json:"vat_breakdown"`
	Payments    []paymentView `json:"payments"`
	Events      []eventView   `json:"lifecycle_events"`
	Corrections []invoice     `json:"corrections"`
	Deposits    []depositView `json:"deposits,omitempty"`
}

// depositView is a deposit that a final invoice deducts.
type depositView struct {
	Number    string      `json:"invoice_number"`
	IssueDate string      `json:"issue_date"`
	Amount    money.Cents `json:"amount"`
}

type lineView struct {
	ProductName  string      `json:"product_name"`
	Description  *string     `json:"description"`
	Quantity     json.Number `json:"quantity"`
	UnitPriceTTC money.Cents `json:"unit_price_ttc"`
	UnitPriceHT  json.Number `json:"unit_price_ht"`
	VATRate      vat.Percent `json:"vat_rate"`
	VATCategory  string      `json:"vat_category"`
	Type         string      `json:"type"`
	TotalHT      money.Cents `json:"total_ht"`
	TotalTTC     money.Cents `json:"total_ttc"`
	Unit         string      `json:"unit"`
	CreditsLine  int32       `json:"credits_line,omitempty"`
}

type vatView struct {
	VATRate         vat.Percent `json:"vat_rate"`
	VATCategory     string      `json:"vat_category"`
	BaseHT          money.Cents `json:"base_ht"`
	VATAmount       money.Cents `json:"vat_amount"`
	ExemptionReason *string     `json:"vat_exemption_reason"`
	ExemptionCode   *string     `json:"vat_exemption_code"`
	// DueDateType is BT-8: 5 with VAT on debits.
	DueDateType *string `json:"due_date_type_code"`
}

type paymentView struct {
	ID        string      `json:"id"`
	Amount    money.Cents `json:"amount"`
	Date      string      `json:"payment_date"`
	Method    string      `json:"payment_method"`
	Reference *string     `json:"payment_reference"`
}

type eventView struct {
	step
	OccurredAt string  `json:"occurred_at"`
	Emitter    *string `json:"emitter"`
	ReasonCode *string `json:"reason_code"`
	Reason     *string `json:"reason"`
	// Meaning and Advice say what a refusal or rejection means to the merchant, and what to do.
	Meaning *string `json:"meaning"`
	Advice  *string `json:"advice"`
}

// paid, cancelled and credited are the answers to changes.
type (
	paid struct {
		invoice
		Reports []reportDue `json:"reports"`
	}
	cancelled struct {
		invoice
		CreditNote *invoice `json:"credit_note"`
	}
	credited struct {
		invoice
		Invoice invoice `json:"invoice"`
		*refunded
	}
)

type reportDue struct {
	Kind        string  `json:"kind"`
	PeriodStart *string `json:"period_start"`
	PeriodEnd   *string `json:"period_end"`
	DueDate     *string `json:"due_date"`
}

// summary is an invoice in a list.
func summary(v *einvoicev1.Invoice) invoice {
	out := invoice{
		Number: v.GetNumber(), SeqinoInvoiceID: unlessEmpty(v.GetSeqinoInvoiceId()), SeqinoStatus: v.GetSeqinoStatus(),
		TotalTTC: money.Cents(v.GetTotalCents()), ID: v.GetId(), TypeCode: v.GetTypeCode(), Status: v.GetStatus(),
		Problem: unlessEmpty(v.GetProblem()), Livemode: v.GetLivemode(), Audience: v.GetAudience(), IssueDate: v.GetIssueDate(),
		DueDate: unlessEmpty(v.GetDueDate()), Currency: v.GetCurrency(), TotalHT: money.Cents(v.GetTotalNetCents()),
		TotalVAT: money.Cents(v.GetTotalVatCents()), DiscountAmount: money.Cents(v.GetDiscountCents()), AmountPaid: money.Cents(v.GetPaidCents()),
		AmountCredited: money.Cents(v.GetCreditedCents()), AmountDue: money.Cents(v.GetDueCents()), Reference: unlessEmpty(v.GetReference()),
		PaymentReference: unlessEmpty(v.GetPaymentReference()), Notes: unlessEmpty(v.GetNotes()), customer: customerView(v.GetCustomer()),
		CreatedAt: web.Time(v.GetCreatedAt().AsTime()), UpdatedAt: web.Time(v.GetUpdatedAt().AsTime()), SubmittedAt: unlessNever(v.GetSubmittedAt()),
	}
	if code := v.GetLifecycleCode(); code != 0 {
		out.Lifecycle = &step{code, lifecycle.Label(code)}
	}
	if v.GetCorrectsId() != "" {
		out.Corrects = &corrected{v.GetCorrectsId(), v.GetCorrectsNumber(), money.Cents(v.GetCreditCents()), unlessEmpty(v.GetReason())}
	}
	return out
}

// view is an invoice with all details.
func view(v *einvoicev1.Invoice) invoice {
	out := summary(v)
	out.details = &details{
		BusinessProcess: v.GetBusinessProcess(), dealView: dealOf(v), Items: views(v.GetLines(), lineOf), VAT: views(v.GetVat(), vatOf),
		Payments: views(v.GetPayments(), paymentOf), Events: views(v.GetLifecycle(), eventOf), Corrections: views(v.GetCorrections(), summary),
		Deposits: views(v.GetDeposits(), depositOf),
	}
	return out
}

// submitted is an invoice with the result of sending it.
func submitted(v *einvoicev1.Invoice, mandateStatus string) invoice {
	out := view(v)
	out.Seqino = &submission{Submitted: v.GetSeqinoStatus() == "submitted", MandateStatus: mandateStatus, Error: v.GetProblem()}
	if out.Seqino.Error == "" && v.GetSeqinoStatus() == "mandate_pending" {
		out.Seqino.Error = waits[mandateStatus]
	}
	return out
}

// waits returns the hint for an invoice that waits for the mandate.
var waits = map[string]string{
	"pending_kyb": "The mandate is not active yet. Open the onboarding link: merchant portal → Settings → E-Invoicing. The invoice is submitted by itself after that.",
	"expired":     "The mandate has ended. Enroll again: merchant portal → Settings → E-Invoicing → Enroll. The invoice is submitted by itself after that.",
	"error":       "The platform refused the mandate. Check your settings and enroll again: merchant portal → Settings → E-Invoicing → Enroll.",
}

func customerView(p *einvoicev1.Party) customer {
	return customer{
		Name: p.GetName(), Email: unlessEmpty(p.GetEmail()), Phone: unlessEmpty(p.GetPhone()), SIREN: unlessEmpty(p.GetSiren()),
		SIRET: unlessEmpty(p.GetSiret()), VATNumber: unlessEmpty(p.GetVatNumber()), ElectronicAddress: unlessEmpty(p.GetElectronicAddress()),
		Address: addressView(p.GetAddress()),
	}
}

func addressView(a *einvoicev1.Address) customerAddress {
	return customerAddress{
		Street: unlessEmpty(a.GetStreet()), More: unlessEmpty(a.GetMore()), PostCode: unlessEmpty(a.GetPostCode()),
		City: unlessEmpty(a.GetCity()), Country: unlessEmpty(a.GetCountry()),
	}
}

func lineOf(l *einvoicev1.InvoiceLine) lineView {
	return lineView{
		ProductName: l.GetName(), Description: unlessEmpty(l.GetDescription()), Quantity: json.Number(l.GetQuantity()), Unit: l.GetUnit(),
		UnitPriceTTC: money.Cents(l.GetUnitPriceCents()), UnitPriceHT: json.Number(l.GetUnitPriceNet()), VATRate: vat.Percent(l.GetVatRatePerMille()),
		VATCategory: l.GetVatCategory(), Type: itemType(l.GetNature()), TotalHT: money.Cents(l.GetNetCents()), TotalTTC: money.Cents(l.GetTotalCents()),
		CreditsLine: l.GetCreditsLine(),
	}
}

func depositOf(d *einvoicev1.Deposit) depositView {
	return depositView{d.GetNumber(), d.GetIssueDate(), money.Cents(d.GetAmountCents())}
}

func vatOf(v *einvoicev1.InvoiceVAT) vatView {
	return vatView{
		VATRate: vat.Percent(v.GetRatePerMille()), VATCategory: v.GetCategory(), BaseHT: money.Cents(v.GetBaseCents()),
		VATAmount: money.Cents(v.GetTaxCents()), ExemptionReason: unlessEmpty(v.GetExemptionReason()), ExemptionCode: unlessEmpty(v.GetExemptionCode()),
		DueDateType: unlessEmpty(v.GetDueDateTypeCode()),
	}
}

func paymentOf(p *einvoicev1.InvoicePayment) paymentView {
	return paymentView{
		ID: p.GetId(), Amount: money.Cents(p.GetAmountCents()), Date: p.GetPaidOn(), Method: p.GetMethod(), Reference: unlessEmpty(p.GetPaymentReference()),
	}
}

func eventOf(e *einvoicev1.LifecycleEvent) eventView {
	label := e.GetLabel()
	if label == "" {
		label = lifecycle.Label(e.GetCode())
	}
	why := lifecycle.ReasonOf(e.GetCode(), e.GetReasonCode())
	return eventView{
		step: step{e.GetCode(), label}, OccurredAt: web.Time(e.GetOccurredAt().AsTime()), Emitter: unlessEmpty(e.GetEmitter()),
		ReasonCode: unlessEmpty(e.GetReasonCode()), Reason: unlessEmpty(e.GetReason()),
		Meaning: unlessEmpty(why.Meaning), Advice: unlessEmpty(why.Advice),
	}
}

func reportDueView(r *einvoicev1.ReportDue) reportDue {
	return reportDue{r.GetKind(), unlessEmpty(r.GetPeriodStart()), unlessEmpty(r.GetPeriodEnd()), unlessEmpty(r.GetDueDate())}
}

// views never returns nil, so that an empty list is [].
func views[E, T any](list []E, view func(E) T) []T {
	out := make([]T, len(list))
	for i, e := range list {
		out[i] = view(e)
	}
	return out
}

// unlessEmpty returns nil for an empty text.
func unlessEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func unlessNever(t *timestamppb.Timestamp) *string {
	if t == nil {
		return nil
	}
	text := web.Time(t.AsTime())
	return &text
}
