package settlementapi

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// account is a receiving account in an answer.
type account struct {
	ID          string `json:"id"`
	BankName    string `json:"bank_name"`
	Name        string `json:"name"`
	IBANMasked  string `json:"iban_masked"`
	Status      string `json:"status"`
	ConnectedAt string `json:"connected_at"`
	ConsentEnds string `json:"consent_ends_at,omitempty"`
	ReadAt      string `json:"read_at,omitempty"`
}

func accountView(a *paymentsv1.ReceivingAccount) account {
	return account{
		ID: a.GetId(), BankName: a.GetBankName(), Name: a.GetName(), IBANMasked: a.GetIbanMasked(), Status: a.GetState(),
		ConnectedAt: web.Stamp(a.GetConnectedAt()), ConsentEnds: optional(a.GetConsentEndsAt()), ReadAt: optional(a.GetReadAt()),
	}
}

func optional(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return web.Stamp(t)
}

// line is a bank line in an answer.
type line struct {
	ID          string      `json:"id"`
	AccountID   string      `json:"account_id"`
	Amount      money.Cents `json:"amount"`
	Matched     money.Cents `json:"amount_matched"`
	BookedOn    string      `json:"booked_on"`
	Status      string      `json:"status"`
	Reason      string      `json:"reason,omitempty"`
	Explanation string      `json:"explanation,omitempty"`
	Text        string      `json:"text,omitempty"`
	Name        string      `json:"counterparty_name,omitempty"`
	IBAN        string      `json:"counterparty_iban,omitempty"`
	RecordedAt  string      `json:"recorded_at"`
	// SubscriptionID is that of an execution of a standing order, which is matched to no payment.
	SubscriptionID string  `json:"subscription_id,omitempty"`
	Matches        []match `json:"matches"`
	Suggestions    []match `json:"suggestions"`
}

// match is a match or a suggestion, which has no id.
type match struct {
	ID        string      `json:"id,omitempty"`
	Reference string      `json:"reference"`
	Kind      string      `json:"kind"`
	Amount    money.Cents `json:"amount"`
	Rule      string      `json:"rule"`
	Evidence  []evidence  `json:"evidence"`
	Actor     string      `json:"actor,omitempty"`
	CreatedAt string      `json:"created_at,omitempty"`
	UndoneAt  string      `json:"undone_at,omitempty"`
	UndoneBy  string      `json:"undone_by,omitempty"`
}

type evidence struct {
	Kind  string `json:"kind"`
	Value string `json:"value,omitempty"`
}

// explanations say in a sentence why a line is not matched, by its reason.
var explanations = map[string]string{
	"nothing_fits":      "No payment that is expected on this account fits this line.",
	"already_settled":   "The payment that the text names is settled already. This may be a second transfer of the same payer.",
	"unknown_reference": "The text names a payment that is not expected on this account.",
	"ambiguous":         "Several payments fit equally. Choose the one that was paid.",
	"contradiction":     "A payment fits, but something speaks against it: look at the evidence.",
	"weak":              "Only the amount and the day fit.",
	"undone":            "A person undid a match of this line. It is matched again only by a person.",
	"payment_open":      "The payment that the text names is not completed yet. This line is looked at again.",
	"payment_failed":    "The payment that the text names ended unpaid. If this is its money, book a late receipt on it.",
}

func lineView(l *paymentsv1.BankLine) line {
	return line{
		ID: l.GetId(), AccountID: l.GetAccountId(), Amount: money.Cents(l.GetAmountCents()), Matched: money.Cents(l.GetMatchedCents()),
		BookedOn: l.GetBookedOn(), Status: l.GetState(), Reason: l.GetReason(), Explanation: explanations[l.GetReason()], Text: l.GetText(),
		Name: l.GetCounterpartyName(), IBAN: l.GetCounterpartyIban(), RecordedAt: web.Stamp(l.GetRecordedAt()),
		SubscriptionID: l.GetSubscriptionId(),
		Matches:        matchViews(l.GetMatches()), Suggestions: matchViews(l.GetSuggestions()),
	}
}

func matchViews(list []*paymentsv1.LineMatch) []match {
	views := make([]match, len(list))
	for i, m := range list {
		views[i] = match{
			ID: m.GetId(), Reference: m.GetReference(), Kind: m.GetKind(), Amount: money.Cents(m.GetAmountCents()), Rule: m.GetRule(), Evidence: []evidence{},
			Actor: m.GetActor(), UndoneAt: optional(m.GetUndoneAt()), UndoneBy: m.GetUndoneBy(),
		}
		if m.GetId() != "" {
			views[i].CreatedAt = optional(m.GetCreatedAt())
		}
		for _, e := range m.GetEvidence() {
			views[i].Evidence = append(views[i].Evidence, evidence{e.GetKind(), e.GetValue()})
		}
	}
	return views
}

// detail is a line with its history.
type detail struct {
	line
	History []step `json:"history"`
}

type step struct {
	At        string       `json:"at"`
	What      string       `json:"what"`
	Actor     string       `json:"actor,omitempty"`
	Reference string       `json:"reference,omitempty"`
	Amount    *money.Cents `json:"amount,omitempty"`
	Rule      string       `json:"rule,omitempty"`
	Note      string       `json:"note,omitempty"`
}

func stepView(s *paymentsv1.LineStep) step {
	v := step{At: web.Stamp(s.GetOccurredAt()), What: s.GetWhat(), Actor: s.GetActor(), Reference: s.GetReference(), Rule: s.GetRule(), Note: s.GetNote()}
	if cents := money.Cents(s.GetAmountCents()); cents != 0 {
		v.Amount = &cents
	}
	return v
}

// missed is a payment or refund that was not seen in time.
type missed struct {
	Reference         string      `json:"reference"`
	Kind              string      `json:"kind"`
	Amount            money.Cents `json:"amount"`
	Matched           money.Cents `json:"amount_matched"`
	ExpectedOn        string      `json:"expected_on"`
	MerchantReference string      `json:"merchant_reference,omitempty"`
	Description       string      `json:"description,omitempty"`
	UnsettledAt       string      `json:"unsettled_at,omitempty"`
}

func missedView(p *paymentsv1.UnsettledPayment) missed {
	return missed{
		Reference: p.GetReference(), Kind: p.GetKind(), Amount: money.Cents(p.GetAmountCents()), Matched: money.Cents(p.GetMatchedCents()),
		ExpectedOn: p.GetExpectedOn(), MerchantReference: p.GetMerchantReference(), Description: p.GetDescription(), UnsettledAt: optional(p.GetUnsettledAt()),
	}
}
