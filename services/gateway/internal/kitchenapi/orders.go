package kitchenapi

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const orderNoun = "Order"

// mode is that of a key; users see the orders of both.
func mode(c echo.Context) *bool {
	key := caller.Of(c).Key
	if key == nil {
		return nil
	}
	return &key.Livemode
}

// statusRequest is the body of what moves lines on.
type statusRequest struct {
	Status string `json:"status"`
}

func readStatus(c echo.Context) (string, error) {
	var in statusRequest
	if err := web.Decode(c, &in); err != nil {
		return "", err
	}
	return in.Status, web.Required("status", in.Status)
}

// number reads a small number in the path: who has none there has nothing.
func number(c echo.Context, param, noun string) (int32, error) {
	n, err := strconv.ParseUint(c.Param(param), 10, 15)
	if err != nil {
		return 0, errs.NotFound(noun)
	}
	return int32(n), nil
}

func (a *API) setLine(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	position, err := number(c, "position", "Line")
	if err != nil {
		return err
	}
	status, err := readStatus(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.SetLineStatus, &qrv1.SetLineStatusRequest{
		MerchantId: merchant(c), OrderId: id, Position: position, Status: status, Livemode: mode(c),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, a.OrderView(res.GetOrder()))
}

func (a *API) setPart(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	position, err := number(c, "position", "Line")
	if err != nil {
		return err
	}
	part, err := number(c, "part", "Part")
	if err != nil {
		return err
	}
	status, err := readStatus(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.SetPartStatus, &qrv1.SetPartStatusRequest{
		MerchantId: merchant(c), OrderId: id, Position: position, Part: part, Status: status, Livemode: mode(c),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, a.OrderView(res.GetOrder()))
}

func (a *API) setStation(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	station, err := web.PathID(c, "station", stationNoun)
	if err != nil {
		return err
	}
	status, err := readStatus(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.SetStationStatus, &qrv1.SetStationStatusRequest{
		MerchantId: merchant(c), OrderId: id, StationId: station, Status: status, Livemode: mode(c),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, a.OrderView(res.GetOrder()))
}

func (a *API) fire(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	course, err := number(c, "course", "Course")
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.FireCourse, &qrv1.FireCourseRequest{
		MerchantId: merchant(c), OrderId: id, Course: course, Livemode: mode(c),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, a.OrderView(res.GetOrder()))
}
