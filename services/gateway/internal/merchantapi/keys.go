package merchantapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) keys(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	list, total, err := a.accounts.Keys.List(c.Request().Context(), caller.Of(c).MerchantID(), number, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(list, shape.KeyOf, number, limit, total))
}

func (a *API) createKey(c echo.Context) error {
	var in struct {
		Livemode   bool           `json:"livemode"`
		Name       string         `json:"name"`
		Scopes     []rights.Scope `json:"scopes"`
		AllowedIPs []string       `json:"allowed_ips"`
		PerMinute  *int           `json:"per_minute"`
		ExpiresAt  *string        `json:"expires_at"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ips, err := apikey.ParseIPs(in.AllowedIPs)
	if err != nil {
		return err
	}
	ends, err := web.InstantOf("expires_at", in.ExpiresAt)
	if err != nil {
		return err
	}
	who := caller.Of(c).Login
	k, secret, err := a.accounts.Keys.Create(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, apikey.NewKey{
		Livemode: in.Livemode, Name: in.Name, Scopes: in.Scopes, AllowedIPs: ips, PerMinute: in.PerMinute, ExpiresAt: ends,
	})
	if err != nil {
		return err
	}
	return withSecret(c, http.StatusCreated, k, secret)
}

func withSecret(c echo.Context, status int, k apikey.Key, secret string) error {
	v := shape.KeyOf(k)
	v.APISecret = secret
	return web.Answer(c, status, v)
}

func (a *API) updateKey(c echo.Context) error {
	var in struct {
		Name       *string         `json:"name"`
		Scopes     *[]rights.Scope `json:"scopes"`
		AllowedIPs *[]string       `json:"allowed_ips"`
		PerMinute  *int            `json:"per_minute"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	change := apikey.Change{Name: in.Name, Scopes: in.Scopes, PerMinute: in.PerMinute}
	if in.AllowedIPs != nil {
		ips, err := apikey.ParseIPs(*in.AllowedIPs)
		if err != nil {
			return err
		}
		change.AllowedIPs = &ips
	}
	if change == (apikey.Change{}) {
		return web.NothingToDo("name, scopes, allowed_ips, per_minute")
	}
	who := caller.Of(c).Login
	k, err := a.accounts.Keys.Update(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, c.Param("id"), change)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.KeyOf(k))
}

func (a *API) revokeKey(c echo.Context) error {
	who := caller.Of(c).Login
	if err := a.accounts.Keys.Revoke(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, c.Param("id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) rotateKey(c echo.Context) error {
	overlap, err := overlapSeconds(c)
	if err != nil {
		return err
	}
	who := caller.Of(c).Login
	k, secret, err := a.accounts.Keys.Rotate(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, c.Param("id"), overlap)
	if err != nil {
		return err
	}
	return withSecret(c, http.StatusOK, k, secret)
}

// overlapSeconds returns how long the replaced secret stays valid; 0 if the body does not say. Too large a value becomes one that
// is refused, before it can overflow.
func overlapSeconds(c echo.Context) (time.Duration, error) {
	var in struct {
		OverlapSeconds int64 `json:"overlap_seconds"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return 0, err
	}
	most := int64(apikey.MaxOverlap / time.Second)
	return time.Duration(min(max(in.OverlapSeconds, -1), most+1)) * time.Second, nil
}
