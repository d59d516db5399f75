package linkapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxSearch is the longest text that is searched for, in characters.
const maxSearch = 100

var (
	statuses = []string{"active", "paid", "expired", "revoked"}
	hosts    = []string{hostOurs, hostProvider}
	makers   = []string{"merchant", "subscription"}
	idShape  = regexp.MustCompile(`^plink_[0-9a-f]{24}$`)
)

// idOf reads the path parameter; a malformed one is answered like an unknown one.
func idOf(c echo.Context) (string, error) {
	id := c.Param("id")
	if !idShape.MatchString(id) {
		return "", errs.NotFound("Payment link")
	}
	return id, nil
}

func (a *API) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	f, of := web.FiltersOf(c), caller.AccountOf(c)
	req := &paymentsv1.ListLinksRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Status: f.OneOf("status", statuses), Host: f.OneOf("host", hosts),
		Reference: f.Text("reference", paying.MaxReference), Search: f.Text("search", maxSearch), SubscriptionId: f.Text("subscription_id", paying.MaxReference),
		MadeBy: f.OneOf("made_by", makers), From: f.Instant("from"), To: f.Instant("to"), Limit: int32(limit), Offset: int32((page - 1) * limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Links.ListLinks, req)
	if err != nil {
		return fmt.Errorf("list payment links: %w", err)
	}
	links := make([]link, len(got.GetLinks()))
	for i, l := range got.GetLinks() {
		links[i] = view(l)
	}
	return web.List(c, links, web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}

func (a *API) get(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	res, err := web.Call(c, callTimeout, a.Links.GetLink, &paymentsv1.GetLinkRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("read payment link: %w", err)
	}
	v := view(res.GetLink())
	v.History = steps(res.GetHistory())
	return web.OK(c, http.StatusOK, v)
}

func (a *API) payments(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Links.ListLinkPayments, &paymentsv1.ListLinkPaymentsRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id, Limit: int32(limit), Offset: int32((page - 1) * limit),
	})
	if err != nil {
		return fmt.Errorf("list the payments of a payment link: %w", err)
	}
	return web.List(c, paying.Views(got.GetPayments()), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}

// update changes the expiry, the only thing of a link that may change: payers may have it already.
func (a *API) update(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	var req struct {
		// null: it never expires.
		ExpiresAt json.RawMessage `json:"expires_at"`
	}
	if err := web.Decode(c, &req); err != nil {
		return err
	}
	if req.ExpiresAt == nil {
		return web.NothingToDo("expires_at")
	}
	var text *string
	if err := json.Unmarshal(req.ExpiresAt, &text); err != nil {
		return errs.Invalid(web.NotAnInstant("expires_at"))
	}
	at, err := expiry(text, a.Now())
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	res, err := web.Call(c, callTimeout, a.Links.UpdateLink, &paymentsv1.UpdateLinkRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id, ExpiresAt: stamp(at), Actor: string(caller.Of(c).Actor()),
	})
	if err != nil {
		return fmt.Errorf("update payment link: %w", err)
	}
	return web.OK(c, http.StatusOK, view(res.GetLink()))
}

func (a *API) revoke(c echo.Context) error {
	id, err := idOf(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	res, err := web.Call(c, callTimeout, a.Links.RevokeLink, &paymentsv1.RevokeLinkRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id, Actor: string(caller.Of(c).Actor()),
	})
	if err != nil {
		return fmt.Errorf("revoke payment link: %w", err)
	}
	return web.OK(c, http.StatusOK, view(res.GetLink()))
}
