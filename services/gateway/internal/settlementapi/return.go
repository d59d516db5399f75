package settlementapi

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// back receives a merchant from the provider's page. The query is not trusted: the state is signed, and the payments service asks the
// provider. The browser goes on to the merchants' pages, which ask for the confirmation; without such pages the answer itself has what
// the confirmation needs. Only pages of ours get the code: it must not reach another site that sent the merchant to its bank.
func (a *API) back(c echo.Context) error {
	ctx, cancel := web.Calling(c, providerTimeout)
	defer cancel()
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	got, err := a.Settlement.CompleteReceiving(ctx, &paymentsv1.CompleteReceivingRequest{
		State: c.QueryParam("state"), ConnectionId: c.QueryParam("connection_id"), Declined: c.QueryParam("error") != "",
	})
	if err != nil {
		return a.refused(c, err)
	}
	status := "pending"
	switch {
	case !got.GetLinked():
		status = "declined"
	case got.GetRenewed():
		status = "renewed"
	}
	out := outcome{ID: got.GetId(), Status: status, Code: got.GetCode()}
	if a.Portal == "" {
		return web.OK(c, http.StatusOK, out)
	}
	return c.Redirect(http.StatusSeeOther, a.page(url.Values{"visit": {out.ID}, "status": {out.Status}, "code": {out.Code}}))
}

// outcome is the result of a visit.
type outcome struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Code   string `json:"code,omitempty"`
}

// refused shows the merchant on its pages why the account is not connected.
func (a *API) refused(c echo.Context, err error) error {
	e := errs.From(err)
	if a.Portal == "" || e.Code == errs.Internal {
		return err
	}
	a.Log.InfoContext(c.Request().Context(), "receiving account not connected", "request_id", web.RequestID(c), "code", e.Code)
	return c.Redirect(http.StatusSeeOther, a.page(url.Values{"status": {"refused"}, "reason": {string(e.Code)}}))
}

func (a *API) page(q url.Values) string {
	for name, values := range q {
		if values[0] == "" {
			q.Del(name)
		}
	}
	return a.Portal + "/settlement/accounts?" + q.Encode()
}
