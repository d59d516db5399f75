// Package customerapi is the API for the app's customers: they link, confirm, list and remove the bank accounts from which they
// pay, and read their points. The accounts belong to the payments service; full account numbers do not pass through here.
package customerapi

import (
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	callTimeout = 5 * time.Second
	// providerTimeout is the deadline of a call in which payments calls the provider several times, each for at most ten seconds
	// by default.
	providerTimeout = 25 * time.Second
	// visitsPerMinute limits one address: each visit makes the provider create a page.
	visitsPerMinute = 20
	// returnsPerMinute limits one address, which customers on one network share.
	returnsPerMinute = 60
	// appScheme is the scheme of links into the app.
	appScheme    = "eupay"
	maxReturnURL = 500
)

// Deps are the dependencies of New.
type Deps struct {
	Accounts paymentsv1.AccountsServiceClient
	Loyalty  qrv1.LoyaltyServiceClient
	Access   *caller.Access
	Limiter  ratelimit.Limiter
	// Pages is where the web app is: links below its /app/ are links into the app too. Empty: there is none.
	Pages string
	// Livemode makes customers' accounts real ones.
	Livemode bool
	Log      *slog.Logger
}

// API has the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	login := a.Access.CustomerLogin()
	g.GET("/customer/accounts", a.list, login)
	g.POST("/customer/accounts/connect", a.connect, web.PerIP(a.Limiter, "connect", visitsPerMinute), login)
	g.POST("/customer/accounts/:id/confirm", a.confirm, login)
	g.DELETE("/customer/accounts/:id", a.remove, login)
	g.GET("/customer/loyalty", a.loyaltyOf, login)
	g.GET("/customer/accounts/return", a.back, a.pages, web.PerIP(a.Limiter, "accounts-return", returnsPerMinute))
}

type bankAccount struct {
	ID         string `json:"id"`
	BankName   string `json:"bankName"`
	Name       string `json:"name"`
	IBANMasked string `json:"ibanMasked"`
	Currency   string `json:"currency"`
	LinkedAt   string `json:"linkedAt"`
}

func bankAccountView(a *paymentsv1.BankAccount) bankAccount {
	return bankAccount{
		ID: a.GetId(), BankName: a.GetBankName(), Name: a.GetName(), IBANMasked: a.GetIbanMasked(), Currency: a.GetCurrency(),
		LinkedAt: web.Time(a.GetLinkedAt().AsTime()),
	}
}

// list pages through the complete list of the service, because a customer has few accounts.
func (a *API) list(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Accounts.ListAccounts(ctx, &paymentsv1.ListAccountsRequest{CustomerId: customer(c), Livemode: a.Livemode})
	if err != nil {
		return err
	}
	all := res.GetAccounts()
	from := min((number-1)*limit, len(all))
	return web.Answer(c, http.StatusOK, web.ListingOf(all[from:min(from+limit, len(all))], bankAccountView, number, limit, int64(len(all))))
}

// connect answers with the page where the customer consents.
func (a *API) connect(c echo.Context) error {
	var in struct {
		ReturnURL *string `json:"returnUrl"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	returnURL := ""
	if in.ReturnURL != nil {
		if returnURL = *in.ReturnURL; !a.isAppLink(returnURL) {
			return errs.Invalid(errs.Field{Field: "returnUrl", Message: "returnUrl must be a link into the app, which begins with eupay:// or is a page of the web app."})
		}
	}
	ctx, cancel := web.Calling(c, providerTimeout)
	defer cancel()
	res, err := a.Accounts.StartConnect(ctx, &paymentsv1.StartConnectRequest{CustomerId: customer(c), Livemode: a.Livemode, ReturnUrl: returnURL})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, map[string]string{"id": res.GetId(), "connectUrl": res.GetConnectUrl(), "expiresAt": web.Time(res.GetExpiresAt().AsTime())})
}

// confirm takes the code that the browser received. The app sends it under its own login, which proves that the same person began
// and finished.
func (a *API) confirm(c echo.Context) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Code == "" {
		return errs.Invalid(errs.Field{Field: "code", Message: "code is required: it is in the link by which you came back to the app."})
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	_, err := a.Accounts.ConfirmConnect(ctx, &paymentsv1.ConfirmConnectRequest{
		CustomerId: customer(c), Livemode: a.Livemode, Id: c.Param("id"), Code: in.Code,
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// isAppLink prevents redirects to other sites.
func (a *API) isAppLink(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Fragment != "" || len(s) > maxReturnURL {
		return false
	}
	return strings.HasPrefix(s, appScheme+"://") || a.isWebApp(s, u)
}

// isWebApp reports whether the link is a page of the web app. Its path is compared as a browser would resolve it.
func (a *API) isWebApp(s string, u *url.URL) bool {
	return a.Pages != "" && strings.HasPrefix(s, a.Pages+"/app/") && path.Clean(u.Path) == u.Path && !strings.ContainsAny(s, "\\\r\n\t")
}

func (a *API) remove(c echo.Context) error {
	ctx, cancel := web.Calling(c, providerTimeout)
	defer cancel()
	_, err := a.Accounts.RemoveAccount(ctx, &paymentsv1.RemoveAccountRequest{CustomerId: customer(c), Livemode: a.Livemode, Id: c.Param("id")})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func customer(c echo.Context) string { return caller.Of(c).Login.ID }
