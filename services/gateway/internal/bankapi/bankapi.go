// Package bankapi lists the banks that a payer can pay from.
package bankapi

import (
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	readTimeout = 5 * time.Second
	// maxSearch is the longest part of a name, in characters.
	maxSearch = 100
)

// kinds are the values of execution_type.
var kinds = []string{"instant", "first_open_day", "deferred", "periodic"}

// Deps are what New needs.
type Deps struct {
	Banks  paymentsv1.BanksServiceClient
	Access *caller.Access
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	g.GET("/gateway/banks", a.list, a.Access.ForAccount(rights.PaymentsRead))
}

// bank is a bank in an answer.
type bank struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	LogoURL     string     `json:"logo_url"`
	Countries   []string   `json:"countries"`
	Transfers   []transfer `json:"transfers"`
	Cancellable bool       `json:"cancellable"`
	Stable      bool       `json:"stable"`
}

type transfer struct {
	ExecutionType string       `json:"execution_type"`
	Minimum       *money.Cents `json:"minimum_amount,omitempty"`
	Maximum       *money.Cents `json:"maximum_amount,omitempty"`
	Settlement    string       `json:"settlement"`
	Trusted       bool         `json:"trusted_beneficiary_required"`
	EarliestDays  *int32       `json:"earliest_days,omitempty"`
	LatestDays    *int32       `json:"latest_days,omitempty"`
	Frequencies   []string     `json:"frequencies,omitempty"`
}

func (a *API) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &paymentsv1.ListBanksRequest{
		Livemode: caller.AccountOf(c).Livemode, Country: f.Country("country"), Search: f.Text("search", maxSearch),
		ExecutionType: f.OneOf("execution_type", kinds), AmountCents: int64(f.Amount("amount")), Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, readTimeout, a.Banks.ListBanks, req)
	if err != nil {
		return fmt.Errorf("list banks: %w", err)
	}
	banks := make([]bank, len(got.GetBanks()))
	for i, b := range got.GetBanks() {
		banks[i] = view(b)
	}
	return web.List(c, banks, web.Pagination{Page: page, Limit: limit, Total: got.GetTotal()})
}

func view(b *paymentsv1.Bank) bank {
	v := bank{
		ID: b.GetId(), Name: b.GetName(), LogoURL: b.GetLogoUrl(), Countries: b.GetCountries(), Cancellable: b.GetCancellable(), Stable: !b.GetUnstable(),
		Transfers: make([]transfer, len(b.GetTransfers())),
	}
	for i, t := range b.GetTransfers() {
		v.Transfers[i] = transfer{
			ExecutionType: t.GetExecutionType(), Minimum: bound[money.Cents](t.GetMinimumCents()), Maximum: bound[money.Cents](t.GetMaximumCents()),
			Settlement: settlement(t.GetTracked()), Trusted: t.GetTrustedBeneficiary(),
			EarliestDays: bound[int32](int64(t.GetEarliestDays())), LatestDays: bound[int32](int64(t.GetLatestDays())), Frequencies: t.GetFrequencies(),
		}
	}
	return v
}

// bound returns nil for a bound that is not known.
func bound[T money.Cents | int32](n int64) *T {
	if n == 0 {
		return nil
	}
	v := T(n)
	return &v
}

// settlement says whether the bank reports that a transfer was executed.
func settlement(tracked bool) string {
	if tracked {
		return "tracked"
	}
	return "untracked"
}
