package tillapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxTime is the length of a time of day: 04:00.
const maxTime = 5

type settingsJSON struct {
	DayStartsAt string `json:"day_starts_at"`
	// InForce is the same for the day that is open, which ends at DayEndsAt.
	InForce   string `json:"in_force"`
	DayEndsAt string `json:"day_ends_at"`
}

func settingsView(x *qrv1.TillSettings) settingsJSON {
	return settingsJSON{x.GetDayStartsAt(), x.GetInForce(), web.Stamp(x.GetDayEndsAt())}
}

func (a *API) settings(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Till.GetTillSettings, &qrv1.GetTillSettingsRequest{MerchantId: of.MerchantID, Livemode: of.Livemode})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, settingsView(res.GetSettings()))
}

func (a *API) setSettings(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	var in struct {
		DayStartsAt string `json:"day_starts_at"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	text := in.DayStartsAt
	res, err := web.Call(c, callTimeout, a.Till.SetTillSettings, &qrv1.SetTillSettingsRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, DayStartsAt: text[:min(len(text), maxTime+1)],
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, settingsView(res.GetSettings()))
}
