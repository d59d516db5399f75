package kitchenapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const stationNoun = "Station"

type stationJSON struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Default    bool     `json:"is_default"`
	Categories []string `json:"categories"`
	Products   []string `json:"products"`
	CreatedAt  string   `json:"created_at"`
	UpdatedAt  string   `json:"updated_at"`
}

func stationView(s *qrv1.Station) stationJSON {
	return stationJSON{
		ID: s.GetId(), Name: s.GetName(), Default: s.GetIsDefault(), Categories: texts(s.GetCategories()), Products: texts(s.GetProductIds()),
		CreatedAt: web.Stamp(s.GetCreatedAt()), UpdatedAt: web.Stamp(s.GetUpdatedAt()),
	}
}

// texts is never null.
func texts(list []string) []string { return append([]string{}, list...) }

// stationRequest is what a caller sets; what is absent stays as it is.
type stationRequest struct {
	Name       *string   `json:"name"`
	Default    *bool     `json:"is_default"`
	Categories *[]string `json:"categories"`
	Products   *[]string `json:"products"`
}

func (r stationRequest) message() *qrv1.StationFields {
	return &qrv1.StationFields{Name: r.Name, IsDefault: r.Default, Categories: names(r.Categories), ProductIds: names(r.Products)}
}

func names(list *[]string) *qrv1.Names {
	if list == nil {
		return nil
	}
	return &qrv1.Names{Values: *list}
}

func (a *API) stations(c echo.Context) error {
	res, err := web.Call(c, callTimeout, a.Kitchen.ListStations, &qrv1.ListStationsRequest{MerchantId: merchant(c)})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, listOf(res.GetStations(), stationView))
}

func (a *API) createStation(c echo.Context) error {
	var in stationRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.CreateStation, &qrv1.CreateStationRequest{MerchantId: merchant(c), Fields: in.message()})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, stationView(res.GetStation()))
}

func (a *API) station(c echo.Context) error {
	id, err := web.PathID(c, "id", stationNoun)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.GetStation, &qrv1.GetStationRequest{MerchantId: merchant(c), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, stationView(res.GetStation()))
}

func (a *API) updateStation(c echo.Context) error {
	id, err := web.PathID(c, "id", stationNoun)
	if err != nil {
		return err
	}
	var in stationRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Kitchen.UpdateStation, &qrv1.UpdateStationRequest{MerchantId: merchant(c), Id: id, Fields: in.message()})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, stationView(res.GetStation()))
}

func (a *API) deleteStation(c echo.Context) error {
	id, err := web.PathID(c, "id", stationNoun)
	if err != nil {
		return err
	}
	if _, err := web.Call(c, callTimeout, a.Kitchen.DeleteStation, &qrv1.DeleteStationRequest{MerchantId: merchant(c), Id: id}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
