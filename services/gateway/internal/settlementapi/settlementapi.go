// Package settlementapi shows whether the money came: the merchant's own accounts, their lines, what these were matched to, and what was
// not seen. A person confirms suggestions and undoes matches.
package settlementapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/refuse"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	callTimeout = 5 * time.Second
	// providerTimeout is the deadline of a call in which payments calls the provider several times.
	providerTimeout = 25 * time.Second
	// visitsPerMinute limits one address: each visit makes the provider create a page. returnsPerMinute limits who comes back from it.
	visitsPerMinute  = 20
	returnsPerMinute = 60
	// maxParts is how many payments a line is matched to at once, maxNote the longest remark in characters.
	maxParts = 100
	maxNote  = 500
)

// Deps are what New needs.
type Deps struct {
	Settlement paymentsv1.SettlementServiceClient
	Audit      *audit.Log
	Access     *caller.Access
	Limiter    ratelimit.Limiter
	// Portal is the address of the merchants' pages, where a merchant returns from its bank. Empty: there are none.
	Portal string
	Log    *slog.Logger
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read, confirm := a.Access.ForAccount(rights.SettlementRead), a.Access.ForAccount(rights.PaymentsConfirm)
	owner := a.Access.Login(caller.Owner...)
	g.GET("/settlement/accounts", a.accounts, read)
	g.POST("/settlement/accounts/connect", a.connect, web.PerIP(a.Limiter, "receive", visitsPerMinute), owner)
	g.GET("/settlement/accounts/return", a.back, web.PerIP(a.Limiter, "receive-return", returnsPerMinute))
	g.POST("/settlement/accounts/:id/confirm", a.confirmAccount, owner)
	g.DELETE("/settlement/accounts/:id", a.remove, owner)
	g.GET("/settlement/lines", a.lines, read)
	g.GET("/settlement/lines/:id", a.line, read)
	g.POST("/settlement/lines/:id/match", a.match, confirm)
	g.POST("/settlement/matches/:id/undo", a.undo, confirm)
	g.GET("/settlement/unsettled", a.unsettled, read)
}

func (a *API) accounts(c echo.Context) error {
	of := caller.AccountOf(c)
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Settlement.ListReceiving, &paymentsv1.ListReceivingRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode})
	if err != nil {
		return fmt.Errorf("list receiving accounts: %w", err)
	}
	all := got.GetAccounts()
	from := min((page-1)*limit, len(all))
	views := make([]account, 0, limit)
	for _, one := range all[from:min(from+limit, len(all))] {
		views = append(views, accountView(one))
	}
	return web.List(c, views, web.Pagination{Page: page, Limit: limit, Total: int64(len(all))})
}

// connect answers with the page where the owner consents: for a new account, or anew for one.
func (a *API) connect(c echo.Context) error {
	var in struct {
		AccountID string `json:"account_id"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	whose, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	action, detail := "connect_asked", map[string]any{}
	if in.AccountID != "" {
		action, detail["account"] = "reconnect_asked", in.AccountID
	}
	if in.AccountID != "" && !form.IsID(in.AccountID) {
		return errs.NotFound("Bank account")
	}
	if err := a.note(c, whose, action, detail); err != nil {
		return err
	}
	got, err := web.Call(c, providerTimeout, a.Settlement.StartReceiving,
		&paymentsv1.StartReceivingRequest{MerchantId: whose.MerchantID, Livemode: whose.Livemode, AccountId: in.AccountID})
	if err != nil {
		return fmt.Errorf("connect a receiving account: %w", err)
	}
	return web.OK(c, http.StatusOK, map[string]string{"id": got.GetId(), "connect_url": got.GetConnectUrl(), "expires_at": web.Stamp(got.GetExpiresAt())})
}

// note writes to the merchant's audit log what its owner does with a receiving account. What is asked for is noted before it is done, so that nothing is
// done without a note; a confirmation, which may be repeated, after it.
func (a *API) note(c echo.Context, whose caller.Whose, action string, detail map[string]any) error {
	detail["livemode"] = whose.Livemode
	err := a.Audit.NoteReceiving(c.Request().Context(), caller.Of(c).Login.ID, whose.MerchantID, action, detail)
	if err != nil {
		return fmt.Errorf("note that a receiving account changes: %w", err)
	}
	return nil
}

// confirmAccount takes the code that the browser received. The owner sends it under its own login, which proves that the same person
// began and finished.
func (a *API) confirmAccount(c echo.Context) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Code == "" {
		return errs.Invalid(errs.Field{Field: "code", Message: "code is required: it is on the page to which your bank returned you."})
	}
	whose, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Settlement.ConfirmReceiving,
		&paymentsv1.ConfirmReceivingRequest{MerchantId: whose.MerchantID, Livemode: whose.Livemode, Id: c.Param("id"), Code: in.Code})
	if err != nil {
		return fmt.Errorf("confirm a receiving account: %w", err)
	}
	one := got.GetAccount()
	err = a.note(c, whose, "connected", map[string]any{"account": one.GetId(), "bank": one.GetBankName(), "iban": one.GetIbanMasked()})
	if err != nil {
		return err
	}
	return web.OK(c, http.StatusOK, accountView(one))
}

func (a *API) remove(c echo.Context) error {
	whose, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	if !form.IsID(c.Param("id")) {
		return errs.NotFound("Bank account")
	}
	if err := a.note(c, whose, "removal_asked", map[string]any{"account": c.Param("id")}); err != nil {
		return err
	}
	_, err = web.Call(c, callTimeout, a.Settlement.RemoveReceiving,
		&paymentsv1.RemoveReceivingRequest{MerchantId: whose.MerchantID, Livemode: whose.Livemode, Id: c.Param("id")})
	if err != nil {
		return fmt.Errorf("remove a receiving account: %w", err)
	}
	return c.NoContent(http.StatusNoContent)
}

var states = []string{"matched", "suggested", "unmatched"}

func (a *API) lines(c echo.Context) error {
	of := caller.AccountOf(c)
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &paymentsv1.ListLinesRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, State: f.OneOf("state", states), Reference: f.Text("reference", len("PAY-20260617-0123456789ABCDEF")),
		Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Settlement.ListLines, req)
	if err != nil {
		return fmt.Errorf("list bank lines: %w", err)
	}
	views := make([]line, len(got.GetLines()))
	for i, one := range got.GetLines() {
		views[i] = lineView(one)
	}
	return web.List(c, views, web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}

func (a *API) line(c echo.Context) error {
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Settlement.GetLine, &paymentsv1.GetLineRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: c.Param("id")})
	if err != nil {
		return fmt.Errorf("read a bank line: %w", err)
	}
	v := detail{line: lineView(got.GetLine()), History: make([]step, len(got.GetHistory()))}
	for i, s := range got.GetHistory() {
		v.History[i] = stepView(s)
	}
	return web.OK(c, http.StatusOK, v)
}

// part is a part of a line that is matched to a payment.
type part struct {
	Reference string       `json:"reference"`
	Amount    *money.Cents `json:"amount"`
}

// match matches a line as a person says.
func (a *API) match(c echo.Context) error {
	var in struct {
		Payments []part `json:"payments"`
		Note     string `json:"note"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	var bad refuse.Problems
	checkNote(&bad, in.Note)
	if len(in.Payments) == 0 || len(in.Payments) > maxParts {
		bad.Add("payments", "must list 1 to %d payments or refunds", maxParts)
	}
	parts, seen := make([]*paymentsv1.MatchLineRequest_Part, len(in.Payments)), map[string]bool{}
	for i, p := range in.Payments {
		parts[i] = &paymentsv1.MatchLineRequest_Part{Reference: p.Reference}
		switch {
		case !reference.Valid(p.Reference):
			bad.Add(fmt.Sprintf("payments[%d].reference", i), "must be the reference of a payment or refund, such as PAY-20260617-0123456789ABCDEF")
		case seen[p.Reference]:
			bad.Add(fmt.Sprintf("payments[%d].reference", i), "is there twice")
		case p.Amount != nil && *p.Amount < 1:
			bad.Add(fmt.Sprintf("payments[%d].amount", i), "must be positive, or absent for as much as possible")
		case p.Amount != nil:
			parts[i].AmountCents = int64(*p.Amount)
		}
		seen[p.Reference] = true
	}
	if err := bad.Err(); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Settlement.MatchLine, &paymentsv1.MatchLineRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: c.Param("id"), Parts: parts, Actor: string(caller.Of(c).Actor()), Note: in.Note,
	})
	if err != nil {
		return fmt.Errorf("match a bank line: %w", err)
	}
	return web.OK(c, http.StatusOK, lineView(got.GetLine()))
}

func (a *API) undo(c echo.Context) error {
	var in struct {
		Note string `json:"note"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	var bad refuse.Problems
	checkNote(&bad, in.Note)
	if err := bad.Err(); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Settlement.UndoMatch, &paymentsv1.UndoMatchRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: c.Param("id"), Actor: string(caller.Of(c).Actor()), Note: in.Note,
	})
	if err != nil {
		return fmt.Errorf("undo a match: %w", err)
	}
	return web.OK(c, http.StatusOK, lineView(got.GetLine()))
}

func checkNote(bad *refuse.Problems, note string) {
	if !utf8.ValidString(note) || utf8.RuneCountInString(note) > maxNote || strings.ContainsRune(note, 0) {
		bad.Add("note", "must be text of at most %d characters", maxNote)
	}
}

func (a *API) unsettled(c echo.Context) error {
	of := caller.AccountOf(c)
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Settlement.ListUnsettled,
		&paymentsv1.ListUnsettledRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Page: int32(page), Limit: int32(limit)})
	if err != nil {
		return fmt.Errorf("list unsettled payments: %w", err)
	}
	views := make([]missed, len(got.GetPayments()))
	for i, p := range got.GetPayments() {
		views[i] = missedView(p)
	}
	return web.List(c, views, web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}
