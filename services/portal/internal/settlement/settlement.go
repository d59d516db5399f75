// Package settlement serves the pages that show whether the money came: the lines of the merchant's own account, what waits for a person,
// and what was not seen.
package settlement

import (
	"embed"
	"net/http"
	"net/url"
	"slices"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home     = "/portal/settlement"
	accounts = "/portal/settlement/accounts"
	perPage  = 25
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Books, "GET /portal/settlement", list)
	s.For(web.Books, "GET /portal/settlement/unsettled", unsettled)
	s.For(web.Books, "GET /portal/settlement/lines/{id}", line)
	s.For(web.Owners, "POST /portal/settlement/lines/{id}/match", match)
	s.For(web.Owners, "POST /portal/settlement/lines/{id}/undo", undo)
	s.For(web.Owners, "GET /portal/settlement/accounts", accountsPage)
	s.For(web.Owners, "POST /portal/settlement/accounts/connect", connect)
	s.For(web.Owners, "POST /portal/settlement/accounts/confirm", confirm)
	s.For(web.Owners, "POST /portal/settlement/accounts/{id}/remove", remove)
	return s.Templates("settlement", templates)
}

// states are the choices of the list; the first is all lines.
var states = []string{"", "suggested", "unmatched", "matched"}

func list(r *web.Request) error {
	state := r.URL.Query().Get("state")
	if !slices.Contains(states, state) {
		state = ""
	}
	got, err := r.API.Settlement.Lines(r.Ctx(), eupay.BankLineParams{ListParams: r.ListPage(perPage), State: state})
	if err != nil {
		return err
	}
	shared, err := r.API.Settlement.Accounts(r.Ctx(), eupay.ListParams{})
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "settlement/list", struct {
		Lines    []eupay.BankLine
		Accounts []eupay.ReceivingAccount
		State    string
		States   []string
		Owner    bool
		web.Paging
	}{got.Data, shared.Data, state, states, owner(r), web.PagingOf(got.Pagination)})
}

func owner(r *web.Request) bool { return r.Session.Role == eupay.RoleMerchant }

func unsettled(r *web.Request) error {
	got, err := r.API.Settlement.Unsettled(r.Ctx(), r.ListPage(perPage))
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "settlement/unsettled", struct {
		Payments []eupay.UnsettledPayment
		web.Paging
	}{got.Data, web.PagingOf(got.Pagination)})
}

func line(r *web.Request) error { return show(r, http.StatusOK, web.NewForm()) }

func show(r *web.Request, status int, f *web.Form) error {
	got, err := r.API.Settlement.Line(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	open := got.Status != "matched" && got.Status != "gone" && got.Status != "coming"
	return r.Render(status, "settlement/line", struct {
		*eupay.BankLineDetail
		Form *web.Form
		// May: a person may match the line.
		Owner, May bool
	}{got, f, owner(r), owner(r) && open})
}

// match matches a line to the payment of a suggestion, or to one whose reference is typed.
func match(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	amount := f.Amount(r, "amount")
	if f.OK() {
		_, err = r.API.Settlement.Match(r.Ctx(), r.PathValue("id"), eupay.BankLineMatch{
			Payments: []eupay.MatchedPayment{{Reference: f.Get("reference"), Amount: amount}}, Note: f.Get("note"),
		})
		if err == nil {
			return r.Redirect(home+"/lines/"+url.PathEscape(r.PathValue("id")), "line_matched")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return show(r, http.StatusUnprocessableEntity, f)
}

func undo(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := r.API.Settlement.Undo(r.Ctx(), f.Get("match"), f.Get("note")); err != nil {
		return err
	}
	return r.Redirect(home+"/lines/"+url.PathEscape(r.PathValue("id")), "match_undone")
}

func accountsPage(r *web.Request) error {
	q := r.URL.Query()
	return showAccounts(r, http.StatusOK, web.NewForm("visit", q.Get("visit"), "bank_code", q.Get("code")))
}

func showAccounts(r *web.Request, status int, f *web.Form) error {
	got, err := r.API.Settlement.Accounts(r.Ctx(), eupay.ListParams{})
	if err != nil {
		return err
	}
	return r.Render(status, "settlement/accounts", struct {
		Accounts []eupay.ReceivingAccount
		Form     *web.Form
		// Came is with which result the owner came back from the bank; empty if from somewhere else.
		Came string
	}{got.Data, f, r.URL.Query().Get("status")})
}

// connect leads to the page of the bank connection.
func connect(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	got, err := r.API.Settlement.Connect(r.Ctx(), f.Get("account"))
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return showAccounts(r, http.StatusUnprocessableEntity, f)
	}
	to, err := url.Parse(got.ConnectURL)
	if err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http" {
		return web.NotFound
	}
	return r.Render(http.StatusOK, "settlement/leave", struct{ URL, Host string }{to.String(), to.Host})
}

// confirm connects the account with which the owner came back.
func confirm(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if f.Get("bank_code") == "" {
		f.Wrong("bank_code", r.Text.T("settlement.code_needed"))
	}
	if f.OK() {
		_, err = r.API.Settlement.Confirm(r.Ctx(), f.Get("visit"), eupay.Secret(f.Get("bank_code")))
		if err == nil {
			return r.Redirect(accounts, "account_connected")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return showAccounts(r, http.StatusUnprocessableEntity, f)
}

func remove(r *web.Request) error {
	if err := r.API.Settlement.Remove(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(accounts, "account_disconnected")
}
