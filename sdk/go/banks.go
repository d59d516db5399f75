package eupay

import (
	"context"
	"iter"
)

// Banks are those that payments can be made from.
type Banks struct{ c *caller }

// Settlement is whether a bank reports that a transfer was executed.
type Settlement string

// The values of Settlement. A payment from an untracked bank may end as accepted, after which nobody hears of it again.
const (
	Tracked   Settlement = "tracked"
	Untracked Settlement = "untracked"
)

// Bank is a bank and what it can do.
type Bank struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// A square picture.
	LogoURL string `json:"logo_url"`
	// ISO 3166-1 alpha-2.
	Countries []string       `json:"countries"`
	Transfers []BankTransfer `json:"transfers"`
	// A payment can be cancelled after the payer has authorised it.
	Cancellable bool `json:"cancellable"`
	// False: there is trouble with this bank.
	Stable bool `json:"stable"`
	// Why the bank cannot do what was asked; empty: it can. Only with Incompatible of the list.
	Incompatible string `json:"incompatible"`
}

// BankTransfer is a kind of transfer that a bank makes.
type BankTransfer struct {
	ExecutionType ExecutionType `json:"execution_type"`
	// 0: none is known. The maximum is what the bank usually allows.
	MinimumAmount Amount     `json:"minimum_amount"`
	MaximumAmount Amount     `json:"maximum_amount"`
	Settlement    Settlement `json:"settlement"`
	// The payer must have registered you as a beneficiary at the bank before.
	TrustedBeneficiaryRequired bool `json:"trusted_beneficiary_required"`
	// Of deferred and periodic: from and up to how many days ahead; 0: no bound is known.
	EarliestDays int `json:"earliest_days"`
	LatestDays   int `json:"latest_days"`
	// Of periodic.
	Frequencies []string `json:"frequencies"`
}

// BankListParams choose banks. What is empty chooses nothing.
type BankListParams struct {
	ListParams
	// Country is ISO 3166-1 alpha-2.
	Country string
	// Search is a part of the name.
	Search string
	// ExecutionType: only banks that make this kind of transfer.
	ExecutionType ExecutionType
	// Amount: only banks whose minimum is not above it.
	Amount Amount
	// Incompatible: also the banks that cannot do what is asked, which say why.
	Incompatible bool
}

func (s Banks) listing(p BankListParams) listing[Bank] {
	q := p.query()
	q.text("country", p.Country)
	q.text("search", p.Search)
	q.text("execution_type", string(p.ExecutionType))
	q.amount("amount", p.Amount)
	if p.Incompatible {
		q.flag("incompatible", true)
	}
	return listing[Bank]{s.c, call{path: "/gateway/banks", query: q, moded: true}, nil}
}

// List reads one page of the banks, by name.
func (s Banks) List(ctx context.Context, p BankListParams) (*Page[Bank], error) {
	return s.listing(p).page(ctx)
}

// All reads the banks to their end, by name.
func (s Banks) All(ctx context.Context, p BankListParams) iter.Seq2[Bank, error] {
	return s.listing(p).all(ctx)
}
