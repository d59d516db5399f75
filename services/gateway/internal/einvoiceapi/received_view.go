package einvoiceapi

import (
	"encoding/json"

	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// received is an invoice of a supplier. Amounts are in its currency.
type received struct {
	ID            string       `json:"id"`
	Status        string       `json:"status"`
	Lifecycle     step         `json:"lifecycle"`
	Livemode      bool         `json:"livemode"`
	Format        *string      `json:"format"`
	Number        *string      `json:"invoice_number"`
	TypeCode      *string      `json:"type_code"`
	IssueDate     *string      `json:"issue_date"`
	DueDate       *string      `json:"due_date"`
	Currency      *string      `json:"currency"`
	TotalHT       *money.Cents `json:"total_ht"`
	TotalVAT      *money.Cents `json:"total_vat"`
	TotalTTC      *money.Cents `json:"total_ttc"`
	AmountDue     *money.Cents `json:"amount_due"`
	SellerName    *string      `json:"seller_name"`
	SellerSIREN   *string      `json:"seller_siren"`
	DuplicateOf   *string      `json:"duplicate_of"`
	UnknownSender bool         `json:"unknown_sender"`
	Problem       *string      `json:"problem"`
	ReceivedAt    string       `json:"received_at"`
	CreatedAt     string       `json:"created_at"`
	UpdatedAt     string       `json:"updated_at"`
	*receivedDetails
}

// receivedDetails are present only in the answer about a single invoice.
type receivedDetails struct {
	SHA256          *string             `json:"sha256"`
	AllowedStatuses []string            `json:"allowed_statuses"`
	Findings        []receivedFinding   `json:"findings"`
	Answers         []receivedAnswer    `json:"answers"`
	Profile         *string             `json:"profile"`
	Process         *string             `json:"business_process"`
	BuyerReference  *string             `json:"buyer_reference"`
	PurchaseOrder   *string             `json:"purchase_order"`
	Contract        *string             `json:"contract_reference"`
	Delivered       *string             `json:"delivery_date"`
	PeriodStart     *string             `json:"period_start"`
	PeriodEnd       *string             `json:"period_end"`
	Seller          *receivedParty      `json:"seller"`
	Buyer           *receivedParty      `json:"buyer"`
	Payee           *string             `json:"payee"`
	PaymentMeans    *string             `json:"payment_means"`
	Reference       *string             `json:"payment_reference"`
	Terms           *string             `json:"payment_terms"`
	Accounts        []receivedAccount   `json:"accounts"`
	Notes           []receivedNote      `json:"notes"`
	Preceding       []receivedPreceding `json:"preceding_invoices"`
	Items           []receivedLine      `json:"items"`
	Allowances      []receivedAllowance `json:"allowances"`
	VAT             []receivedVAT       `json:"vat_breakdown"`
	Prepaid         money.Cents         `json:"amount_prepaid"`
	Rounding        money.Cents         `json:"rounding"`
	Payable         money.Cents         `json:"amount_payable"`
	NotPayable      *string             `json:"not_payable_reason"`
	ConfirmIBAN     bool                `json:"confirm_iban_required"`
	Payments        []receivedPayment   `json:"payments"`
}

type receivedFinding struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type receivedAnswer struct {
	ID string `json:"id"`
	step
	Status     string  `json:"status"`
	ReasonCode *string `json:"reason_code"`
	Reason     *string `json:"reason"`
	State      string  `json:"state"`
	Problem    *string `json:"problem"`
	CreatedAt  string  `json:"created_at"`
	SentAt     *string `json:"sent_at"`
}

type receivedParty struct {
	Name              string  `json:"name"`
	TradingName       *string `json:"trading_name"`
	SIREN             *string `json:"siren"`
	SIRET             *string `json:"siret"`
	VATNumber         *string `json:"vat_number"`
	LegalID           *string `json:"legal_id"`
	ElectronicAddress *string `json:"electronic_address"`
	Street            *string `json:"street"`
	PostCode          *string `json:"post_code"`
	City              *string `json:"city"`
	Country           *string `json:"country"`
	Contact           *string `json:"contact_name"`
	Phone             *string `json:"phone"`
	Email             *string `json:"email"`
}

type receivedAccount struct {
	IBAN       string  `json:"iban"`
	BIC        *string `json:"bic"`
	Name       *string `json:"name"`
	SeenBefore bool    `json:"seen_before"`
}

type receivedNote struct {
	Subject *string `json:"subject"`
	Text    string  `json:"text"`
}

type receivedPreceding struct {
	Number    string  `json:"invoice_number"`
	IssueDate *string `json:"issue_date"`
}

type receivedLine struct {
	ID           string       `json:"id"`
	Name         string       `json:"product_name"`
	Description  *string      `json:"description"`
	Quantity     *json.Number `json:"quantity"`
	Unit         *string      `json:"unit"`
	Price        *json.Number `json:"unit_price_ht"`
	BaseQuantity *json.Number `json:"base_quantity"`
	TotalHT      money.Cents  `json:"total_ht"`
	Category     *string      `json:"vat_category"`
	Rate         *json.Number `json:"vat_rate"`
}

type receivedAllowance struct {
	Charge   bool         `json:"charge"`
	Amount   money.Cents  `json:"amount"`
	Reason   *string      `json:"reason"`
	Category *string      `json:"vat_category"`
	Rate     *json.Number `json:"vat_rate"`
}

type receivedVAT struct {
	Category   string       `json:"vat_category"`
	Rate       *json.Number `json:"vat_rate"`
	Base       money.Cents  `json:"base_ht"`
	Tax        money.Cents  `json:"vat_amount"`
	Reason     *string      `json:"vat_exemption_reason"`
	ReasonCode *string      `json:"vat_exemption_code"`
}

func receivedSummary(v *einvoicev1.ReceivedInvoice) received {
	out := received{
		ID: v.GetId(), Status: v.GetStatus(), Lifecycle: step{v.GetLifecycleCode(), lifecycle.Label(v.GetLifecycleCode())}, Livemode: v.GetLivemode(),
		Format: unlessEmpty(v.GetFormat()), Number: unlessEmpty(v.GetNumber()), TypeCode: unlessEmpty(v.GetTypeCode()),
		IssueDate: unlessEmpty(v.GetIssueDate()), DueDate: unlessEmpty(v.GetDueDate()), Currency: unlessEmpty(v.GetCurrency()),
		SellerName: unlessEmpty(v.GetSellerName()), SellerSIREN: unlessEmpty(v.GetSellerSiren()), DuplicateOf: unlessEmpty(v.GetDuplicateOf()),
		UnknownSender: v.GetUnknownSender(), Problem: unlessEmpty(v.GetProblem()), ReceivedAt: web.Time(v.GetReceivedAt().AsTime()),
		CreatedAt: web.Time(v.GetCreatedAt().AsTime()), UpdatedAt: web.Time(v.GetUpdatedAt().AsTime()),
	}
	if v.GetNumber() != "" { // it was read
		out.TotalHT, out.TotalVAT = centsOf(v.GetTotalNetCents()), centsOf(v.GetTotalVatCents())
		out.TotalTTC, out.AmountDue = centsOf(v.GetTotalCents()), centsOf(v.GetDueCents())
	}
	return out
}

func centsOf(n int64) *money.Cents {
	c := money.Cents(n)
	return &c
}

func receivedView(v *einvoicev1.ReceivedInvoice) received {
	out := receivedSummary(v)
	d := &receivedDetails{
		SHA256: unlessEmpty(v.GetSha256()), AllowedStatuses: []string{}, Profile: unlessEmpty(v.GetProfile()), Process: unlessEmpty(v.GetBusinessProcess()),
		BuyerReference: unlessEmpty(v.GetBuyerReference()), PurchaseOrder: unlessEmpty(v.GetPurchaseOrder()),
		Contract: unlessEmpty(v.GetContractReference()), Delivered: unlessEmpty(v.GetDeliveryDate()), PeriodStart: unlessEmpty(v.GetPeriodStart()),
		PeriodEnd: unlessEmpty(v.GetPeriodEnd()), Payee: unlessEmpty(v.GetPayee()), PaymentMeans: unlessEmpty(v.GetPaymentMeans()),
		Reference: unlessEmpty(v.GetPaymentReference()), Terms: unlessEmpty(v.GetPaymentTerms()), Prepaid: money.Cents(v.GetPrepaidCents()),
		Rounding: money.Cents(v.GetRoundingCents()), Payable: money.Cents(v.GetPayableCents()), NotPayable: unlessEmpty(v.GetPayableProblem()),
		ConfirmIBAN: v.GetConfirmIban(), Payments: views(v.GetPayments(), receivedPaymentOf), Seller: receivedPartyOf(v.GetSeller()), Buyer: receivedPartyOf(v.GetBuyer()),
		Findings: views(v.GetFindings(), func(f *einvoicev1.ReceivedFinding) receivedFinding {
			return receivedFinding{f.GetCode(), f.GetMessage()}
		}),
		Answers: views(v.GetAnswers(), receivedAnswerOf), Items: views(v.GetLines(), receivedLineOf),
		Accounts: views(v.GetAccounts(), func(a *einvoicev1.ReceivedAccount) receivedAccount {
			return receivedAccount{a.GetIban(), unlessEmpty(a.GetBic()), unlessEmpty(a.GetName()), a.GetSeenBefore()}
		}),
		Notes: views(v.GetNotes(), func(n *einvoicev1.ReceivedNote) receivedNote {
			return receivedNote{unlessEmpty(n.GetSubject()), n.GetText()}
		}),
		Preceding: views(v.GetPreceding(), func(p *einvoicev1.ReceivedPreceding) receivedPreceding {
			return receivedPreceding{p.GetNumber(), unlessEmpty(p.GetIssueDate())}
		}),
		Allowances: views(v.GetAllowances(), func(a *einvoicev1.ReceivedAllowance) receivedAllowance {
			return receivedAllowance{a.GetCharge(), money.Cents(a.GetAmountCents()), unlessEmpty(a.GetReason()), unlessEmpty(a.GetCategory()), decimalOf(a.GetRate())}
		}),
		VAT: views(v.GetVat(), func(t *einvoicev1.ReceivedVAT) receivedVAT {
			return receivedVAT{
				t.GetCategory(), decimalOf(t.GetRate()), money.Cents(t.GetBaseCents()), money.Cents(t.GetTaxCents()),
				unlessEmpty(t.GetExemptionReason()), unlessEmpty(t.GetExemptionCode()),
			}
		}),
	}
	for _, name := range receivedStatuses {
		for _, code := range v.GetAllowedCodes() {
			if answers[name] == code {
				d.AllowedStatuses = append(d.AllowedStatuses, name)
			}
		}
	}
	out.receivedDetails = d
	return out
}

func receivedPartyOf(p *einvoicev1.ReceivedParty) *receivedParty {
	if p == nil {
		return nil
	}
	return &receivedParty{
		p.GetName(), unlessEmpty(p.GetTradingName()), unlessEmpty(p.GetSiren()), unlessEmpty(p.GetSiret()), unlessEmpty(p.GetVatNumber()),
		unlessEmpty(p.GetLegalId()), unlessEmpty(p.GetElectronicAddress()), unlessEmpty(p.GetStreet()), unlessEmpty(p.GetPostCode()),
		unlessEmpty(p.GetCity()), unlessEmpty(p.GetCountry()), unlessEmpty(p.GetContactName()), unlessEmpty(p.GetPhone()), unlessEmpty(p.GetEmail()),
	}
}

func receivedAnswerOf(a *einvoicev1.ReceivedAnswer) receivedAnswer {
	out := receivedAnswer{
		ID: a.GetId(), step: step{a.GetCode(), lifecycle.Label(a.GetCode())}, ReasonCode: unlessEmpty(a.GetReasonCode()), Reason: unlessEmpty(a.GetReason()),
		State: a.GetState(), Problem: unlessEmpty(a.GetProblem()), CreatedAt: web.Time(a.GetCreatedAt().AsTime()), SentAt: unlessNever(a.GetSentAt()),
	}
	for name, code := range answers {
		if code == a.GetCode() {
			out.Status = name
		}
	}
	return out
}

func receivedLineOf(l *einvoicev1.ReceivedLine) receivedLine {
	return receivedLine{
		ID: l.GetId(), Name: l.GetName(), Description: unlessEmpty(l.GetDescription()), Quantity: decimalOf(l.GetQuantity()), Unit: unlessEmpty(l.GetUnit()),
		Price: decimalOf(l.GetPrice()), BaseQuantity: decimalOf(l.GetBaseQuantity()), TotalHT: money.Cents(l.GetNetCents()),
		Category: unlessEmpty(l.GetCategory()), Rate: decimalOf(l.GetRate()),
	}
}

// decimalOf writes a decimal as the JSON number that it is; nil for none.
func decimalOf(text string) *json.Number {
	if text == "" {
		return nil
	}
	n := json.Number(text)
	return &n
}
