package admin

import (
	"net/http"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// limitText is a limit as a field shows it; empty: that of every merchant.
func limitText(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// limits sets all limits of a merchant.
func limits(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	number := func(name string) *int {
		text := f.Get(name)
		if text == "" {
			return nil
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			f.Wrong(name, r.Text.T("admin.limit_wrong"))
			return nil
		}
		return &n
	}
	p := eupay.MerchantLimitsParams{Reads: number("reads_per_minute"), Writes: number("writes_per_minute"), KeyCalls: number("key_calls_per_minute")}
	if f.OK() {
		_, err := r.API.Admin.SetLimits(r.Ctx(), r.PathValue("id"), p)
		if err == nil {
			return r.Redirect("/portal/admin/merchants/"+r.PathValue("id"), "saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return show(r, http.StatusUnprocessableEntity, view{Limit: f})
}
