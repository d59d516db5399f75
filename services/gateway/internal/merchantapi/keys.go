package merchantapi

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// key shows an API key. The first and the last field are named like the headers in which they are sent.
type key struct {
	ID         string         `json:"id"`
	APIKey     string         `json:"api_key"`
	Livemode   bool           `json:"livemode"`
	Name       string         `json:"name"`
	Scopes     []rights.Scope `json:"scopes"`
	AllowedIPs []string       `json:"allowed_ips"`
	PerMinute  int            `json:"per_minute"`
	CreatedAt  string         `json:"created_at"`
	LastUsedAt *string        `json:"last_used_at"`
	LastUsedIP *string        `json:"last_used_ip"`
	ExpiresAt  *string        `json:"expires_at"`
	RevokedAt  *string        `json:"revoked_at"`
	// APISecret is there only in the answer that makes it.
	APISecret string `json:"api_secret,omitempty"`
}

func keyView(k apikey.Key) key {
	v := key{
		ID: k.ID, APIKey: k.Public, Livemode: k.Livemode, Name: k.Name, Scopes: k.Scopes, AllowedIPs: make([]string, len(k.AllowedIPs)),
		PerMinute: k.PerMinute, CreatedAt: web.Time(k.CreatedAt), LastUsedAt: web.OptionalTime(k.LastUsedAt),
		ExpiresAt: web.OptionalTime(k.ExpiresAt), RevokedAt: web.OptionalTime(k.RevokedAt),
	}
	if k.LastUsedIP != nil {
		from := k.LastUsedIP.String()
		v.LastUsedIP = &from
	}
	for i, p := range k.AllowedIPs {
		v.AllowedIPs[i] = ipText(p)
	}
	return v
}

// ipText prints a single address without its mask.
func ipText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

func (a *API) keys(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	list, total, err := a.accounts.Keys.List(c.Request().Context(), caller.Of(c).MerchantID(), number, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(list, keyView, number, limit, total))
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
	v := keyView(k)
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
	return web.Answer(c, http.StatusOK, keyView(k))
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
