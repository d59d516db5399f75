package eupay

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// SettlementProof is the proof that the money came: your own bank accounts, their lines, and what these were matched to.
type SettlementProof struct{ c *caller }

// ReceivingAccount is a bank account of your own that is read.
type ReceivingAccount struct {
	ID         string `json:"id"`
	BankName   string `json:"bank_name"`
	Name       string `json:"name"`
	IBANMasked string `json:"iban_masked"`
	// connected or disconnected.
	Status        string    `json:"status"`
	ConnectedAt   time.Time `json:"connected_at"`
	ConsentEndsAt time.Time `json:"consent_ends_at"`
	ReadAt        time.Time `json:"read_at"`
}

// ReceivingConnection is the page of the bank connection where the owner consents.
type ReceivingConnection struct {
	ID         string    `json:"id"`
	ConnectURL string    `json:"connect_url"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// BankLine is a line of your account. Credits are positive, debits negative.
type BankLine struct {
	ID            string `json:"id"`
	AccountID     string `json:"account_id"`
	Amount        Amount `json:"amount"`
	AmountMatched Amount `json:"amount_matched"`
	// The day, YYYY-MM-DD.
	BookedOn string `json:"booked_on"`
	// coming, new, unmatched, suggested, partly, matched or gone.
	Status string `json:"status"`
	// Why it is not matched: a word, and a sentence.
	Reason      string `json:"reason"`
	Explanation string `json:"explanation"`
	// What the bank wrote; empty after its retention.
	Text             string      `json:"text"`
	CounterpartyName string      `json:"counterparty_name"`
	CounterpartyIBAN string      `json:"counterparty_iban"`
	RecordedAt       time.Time   `json:"recorded_at"`
	Matches          []BankMatch `json:"matches"`
	Suggestions      []BankMatch `json:"suggestions"`
	// The subscription whose standing order it is an execution of, which is matched to no payment; empty: none.
	SubscriptionID string `json:"subscription_id"`
}

// BankMatch says which part of a line is which payment or refund, or suggests it.
type BankMatch struct {
	// Empty for a suggestion.
	ID        string `json:"id"`
	Reference string `json:"reference"`
	// payment or refund.
	Kind     string         `json:"kind"`
	Amount   Amount         `json:"amount"`
	Rule     string         `json:"rule"`
	Evidence []BankEvidence `json:"evidence"`
	// rule, or the person.
	Actor     string    `json:"actor"`
	CreatedAt time.Time `json:"created_at"`
	UndoneAt  time.Time `json:"undone_at"`
	UndoneBy  string    `json:"undone_by"`
}

// BankEvidence is one observation for or against a match.
type BankEvidence struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// BankLineDetail is a line with its history.
type BankLineDetail struct {
	BankLine
	History []BankLineStep `json:"history"`
}

// BankLineStep is a step of a line's history.
type BankLineStep struct {
	At        time.Time `json:"at"`
	What      string    `json:"what"`
	Actor     string    `json:"actor"`
	Reference string    `json:"reference"`
	Amount    Amount    `json:"amount"`
	Rule      string    `json:"rule"`
	Note      string    `json:"note"`
}

// UnsettledPayment is a payment or refund that was not seen on your account in time.
type UnsettledPayment struct {
	Reference     string `json:"reference"`
	Kind          string `json:"kind"`
	Amount        Amount `json:"amount"`
	AmountMatched Amount `json:"amount_matched"`
	// The day of its execution, YYYY-MM-DD.
	ExpectedOn        string    `json:"expected_on"`
	MerchantReference string    `json:"merchant_reference"`
	Description       string    `json:"description"`
	UnsettledAt       time.Time `json:"unsettled_at"`
}

func (s SettlementProof) accounts(p ListParams) listing[ReceivingAccount] {
	return listing[ReceivingAccount]{s.c, call{path: "/settlement/accounts", query: p.query(), moded: true}, nil}
}

// Accounts reads one page of your connected accounts, the oldest first.
func (s SettlementProof) Accounts(ctx context.Context, p ListParams) (*Page[ReceivingAccount], error) {
	return s.accounts(p).page(ctx)
}

// AllAccounts reads your connected accounts to their end, the oldest first.
func (s SettlementProof) AllAccounts(ctx context.Context, p ListParams) iter.Seq2[ReceivingAccount, error] {
	return s.accounts(p).all(ctx)
}

// Connect begins to connect your account, or to consent anew to the one with that id; empty: a new one. The owner goes on at the
// ConnectURL and comes back with a code. It needs the owner's login.
func (s SettlementProof) Connect(ctx context.Context, account string) (*ReceivingConnection, error) {
	body := struct {
		AccountID string `json:"account_id,omitempty"`
	}{account}
	return get[ReceivingConnection](ctx, s.c, call{method: http.MethodPost, path: "/settlement/accounts/connect", body: body, moded: true, wrapped: true})
}

// Confirm connects the account of a ReceivingConnection, with the code that the owner came back with.
func (s SettlementProof) Confirm(ctx context.Context, connection string, code Secret) (*ReceivingAccount, error) {
	return get[ReceivingAccount](ctx, s.c, call{
		method: http.MethodPost, path: "/settlement/accounts/{}/confirm", ids: []string{connection}, body: codeBody{code}, moded: true, wrapped: true,
	})
}

// Remove disconnects an account. What was matched stays.
func (s SettlementProof) Remove(ctx context.Context, account string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: "/settlement/accounts/{}", ids: []string{account}, moded: true})
}

// BankLineParams choose lines. What is empty chooses nothing.
type BankLineParams struct {
	ListParams
	// State is matched, suggested or unmatched.
	State string
	// Reference: only the lines that are matched to this payment or refund.
	Reference string
}

func (s SettlementProof) lines(p BankLineParams) listing[BankLine] {
	q := p.query()
	q.text("state", p.State)
	q.text("reference", p.Reference)
	return listing[BankLine]{s.c, call{path: "/settlement/lines", query: q, moded: true}, nil}
}

// Lines reads one page of the lines of your accounts, the newest days first.
func (s SettlementProof) Lines(ctx context.Context, p BankLineParams) (*Page[BankLine], error) {
	return s.lines(p).page(ctx)
}

// AllLines reads the lines of your accounts to their end, the newest days first.
func (s SettlementProof) AllLines(ctx context.Context, p BankLineParams) iter.Seq2[BankLine, error] {
	return s.lines(p).all(ctx)
}

// Line reads a line with its history.
func (s SettlementProof) Line(ctx context.Context, id string) (*BankLineDetail, error) {
	return get[BankLineDetail](ctx, s.c, call{method: http.MethodGet, path: "/settlement/lines/{}", ids: []string{id}, moded: true, wrapped: true})
}

// BankLineMatch says which payments or refunds a line is about.
type BankLineMatch struct {
	Payments []MatchedPayment `json:"payments"`
	Note     string           `json:"note,omitempty"`
}

// MatchedPayment is a payment or refund, and how much of the line is its; 0: as much as possible.
type MatchedPayment struct {
	Reference string `json:"reference"`
	Amount    Amount `json:"amount,omitempty"`
}

// Match matches a line to payments or refunds, as you say.
func (s SettlementProof) Match(ctx context.Context, line string, p BankLineMatch) (*BankLine, error) {
	return get[BankLine](ctx, s.c, call{
		method: http.MethodPost, path: "/settlement/lines/{}/match", ids: []string{line}, body: p, moded: true, wrapped: true,
	})
}

// Undo undoes a match, and returns its line. The note is for the history.
func (s SettlementProof) Undo(ctx context.Context, match, note string) (*BankLine, error) {
	body := struct {
		Note string `json:"note,omitempty"`
	}{note}
	return get[BankLine](ctx, s.c, call{
		method: http.MethodPost, path: "/settlement/matches/{}/undo", ids: []string{match}, body: body, moded: true, wrapped: true,
	})
}

func (s SettlementProof) unsettled(p ListParams) listing[UnsettledPayment] {
	return listing[UnsettledPayment]{s.c, call{path: "/settlement/unsettled", query: p.query(), moded: true}, nil}
}

// Unsettled reads one page of what was not seen on your account in time, the newest first.
func (s SettlementProof) Unsettled(ctx context.Context, p ListParams) (*Page[UnsettledPayment], error) {
	return s.unsettled(p).page(ctx)
}

// AllUnsettled reads what was not seen on your account in time to its end, the newest first.
func (s SettlementProof) AllUnsettled(ctx context.Context, p ListParams) iter.Seq2[UnsettledPayment, error] {
	return s.unsettled(p).all(ctx)
}
