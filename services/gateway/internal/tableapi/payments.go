package tableapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// payOrder records that an order was paid at the counter: 201, or 200 if the same was recorded before. No money moves with it.
func (a *API) payOrder(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	var in struct {
		Method string     `json:"method"`
		Tip    web.Amount `json:"tip"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("method", in.Method); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Till.PayOrder, &qrv1.PayOrderRequest{
		MerchantId: caller.Of(c).MerchantID(), Id: id, Method: in.Method, TipCents: int64(in.Tip.Cents()),
	})
	if err != nil {
		return err
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
		return web.Answer(c, http.StatusOK, orderView(res.GetOrder()))
	}
	return web.Answer(c, http.StatusCreated, orderView(res.GetOrder()))
}
