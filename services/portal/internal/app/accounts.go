package app

import (
	"errors"
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// bankCookie keeps which bank this browser is linking, and where it goes on afterwards. The API knows whose the connection is: nobody
// can confirm another's.
const bankCookie = "eupay-bank"

// linking is how long a customer has to come back from the bank with the code, in seconds.
const linking = 45 * 60

// pending is a bank that is being linked.
type pending struct{ ID, Next string }

func remember(r *web.Request, p pending) {
	setBankCookie(r, url.Values{"id": {p.ID}, "next": {p.Next}}.Encode(), linking)
}

func forget(r *web.Request) { setBankCookie(r, "", -1) }

func setBankCookie(r *web.Request, value string, seconds int) {
	r.SetCookie(bankCookie, value, start, seconds)
}

// remembered is the bank that this browser is linking; its ID is empty if there is none.
func remembered(r *web.Request) pending {
	c, err := r.Cookie(bankCookie)
	if err != nil {
		return pending{}
	}
	v, err := url.ParseQuery(c.Value)
	if err != nil {
		return pending{}
	}
	return pending{ID: v.Get("id"), Next: web.Local(v.Get("next"), "/app/accounts")}
}

func accounts(r *web.Request) error {
	got, err := r.API.Customers.Accounts(r.Ctx(), r.ListPage(perPage))
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "app/accounts", struct {
		Accounts []eupay.CustomerAccount
		web.Paging
		// Waits: a bank waits for its code. Declined: the customer came back without one.
		Waits, Declined bool
	}{got.Data, web.PagingOf(got.Pagination), remembered(r).ID != "", r.URL.Query().Get("status") == "declined"})
}

// connect begins to link a bank, on the pages of the provider.
func connect(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	got, err := r.API.Customers.Connect(r.Ctx(), r.Site.PublicURL+"/app/accounts/confirm")
	if errors.Is(err, eupay.ErrValidation) {
		// The API does not lead back to this address: the customer sees the code on a page of its own and types it.
		got, err = r.API.Customers.Connect(r.Ctx(), "")
	}
	if err != nil {
		return err
	}
	remember(r, pending{ID: got.ID, Next: web.Local(f.Get("next"), "/app/accounts")})
	return leave(r, got.ConnectURL)
}

// bank is what the page shows on which a linked bank is confirmed.
type bank struct {
	*web.Form
	pending
	// Returned: the code came with the customer and need not be typed.
	Returned bool
}

func confirmPage(r *web.Request) error {
	q := r.URL.Query()
	if q.Get("status") == "declined" {
		forget(r)
		return r.Redirect("/app/accounts?status=declined", "")
	}
	return r.Render(http.StatusOK, "app/bank", bank{
		Form: web.NewForm("bank_code", q.Get("code")), pending: remembered(r), Returned: q.Get("code") != "",
	})
}

func confirm(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	b := bank{Form: f, pending: pending{ID: f.Get("id"), Next: r.Next("/app/accounts")}}
	if f.Get("bank_code") == "" {
		f.Wrong("bank_code", r.Text.T("app.code_needed"))
	}
	if f.OK() {
		if err = r.API.Customers.Confirm(r.Ctx(), b.ID, eupay.Secret(f.Get("bank_code"))); err == nil {
			forget(r)
			return r.Redirect(b.Next, "app_bank_linked")
		}
		if !refused(r, f, err) {
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, "app/bank", b)
}

func remove(r *web.Request) error {
	if err := r.API.Customers.RemoveAccount(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect("/app/accounts", "app_bank_removed")
}
