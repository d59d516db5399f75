package tableapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const tableNoun = "Table"

type tableJSON struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Zone      string `json:"zone"`
	Capacity  int32  `json:"capacity"`
	Status    string `json:"status"`
	QRToken   string `json:"qr_token"`
	QRURL     string `json:"qr_url"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

func tableView(t *qrv1.Table) tableJSON {
	return tableJSON{
		ID: t.GetId(), Name: t.GetName(), Zone: t.GetZone(), Capacity: t.GetCapacity(), Status: t.GetStatus(), QRToken: t.GetToken(), QRURL: t.GetUrl(),
		CreatedAt: web.Time(t.GetCreatedAt().AsTime()), UpdatedAt: web.Time(t.GetUpdatedAt().AsTime()),
	}
}

type tableRequest struct {
	Name     *string `json:"name"`
	Zone     *string `json:"zone"`
	Capacity *int32  `json:"capacity"`
	Status   *string `json:"status"`
}

func (r tableRequest) fields() *qrv1.TableFields {
	return &qrv1.TableFields{Name: r.Name, Zone: r.Zone, Capacity: r.Capacity, Status: r.Status}
}

func (a *API) tables(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.ListTables(ctx, &qrv1.ListTablesRequest{MerchantId: caller.Of(c).MerchantID(), Page: int32(number), Limit: int32(limit)})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetTables(), tableView, number, limit, res.GetTotal()))
}

func (a *API) createTable(c echo.Context) error {
	var in tableRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	m, err := a.Merchants.Get(ctx, caller.Of(c).MerchantID())
	if err != nil {
		return err
	}
	res, err := a.Tables.CreateTable(ctx, &qrv1.CreateTableRequest{MerchantId: m.ID, MerchantName: m.Name, Fields: in.fields()})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, tableView(res.GetTable()))
}

func (a *API) table(c echo.Context) error {
	id, err := web.PathID(c, "id", tableNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.GetTable(ctx, &qrv1.GetTableRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, tableView(res.GetTable()))
}

func (a *API) updateTable(c echo.Context) error {
	id, err := web.PathID(c, "id", tableNoun)
	if err != nil {
		return err
	}
	var in tableRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.UpdateTable(ctx, &qrv1.UpdateTableRequest{MerchantId: caller.Of(c).MerchantID(), Id: id, Fields: in.fields()})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, tableView(res.GetTable()))
}

func (a *API) deleteTable(c echo.Context) error {
	id, err := web.PathID(c, "id", tableNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	if _, err := a.Tables.DeleteTable(ctx, &qrv1.DeleteTableRequest{MerchantId: caller.Of(c).MerchantID(), Id: id}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *API) refreshTable(c echo.Context) error {
	id, err := web.PathID(c, "id", tableNoun)
	if err != nil {
		return err
	}
	if err := web.DecodeOptional(c, &struct{}{}); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.RefreshTableToken(ctx, &qrv1.RefreshTableTokenRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, tableView(res.GetTable()))
}
