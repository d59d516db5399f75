package stockapi

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const variants = "/product/" + someID + "/variants"

var csv = []string{"Content-Type", "text/csv"}

func desk(t *testing.T) (*gatewaytest.Desk, *gatewaytest.Backend) {
	t.Helper()
	d, b := gatewaytest.NewDesk(t), gatewaytest.NewBackend(t)
	New(Deps{
		Stock: qrv1.NewStockServiceClient(b.Conn), Access: d.Access, Limiter: d.Limits, ProductView: func(*qrv1.Product) any { return nil },
	}).Register(d.Group)
	b.Answer(
		&qrv1.ExportCatalogResponse{Data: []byte("name\r\n")}, &qrv1.CreateVariantResponse{Variant: &qrv1.Variant{Id: someID}},
		&qrv1.UpdateVariantResponse{Variant: &qrv1.Variant{Id: someID}},
	)
	return d, b
}

func TestWhatHoldsForAllCalls(t *testing.T) {
	t.Parallel()
	d, b := desk(t)
	staff, files := gatewaytest.As(rights.RoleStaff), []string{"catalog-files:" + gatewaytest.Ours}
	gatewaytest.CheckRoutes(t, d, b, []gatewaytest.Route{
		{Token: staff, Method: "POST", Path: variants, Body: `{"name":"M"}`},
		{Token: staff, Method: "PATCH", Path: variants + "/" + someID, Body: `{"name":"M"}`},
		{Token: staff, Method: "DELETE", Path: variants + "/" + someID},
		{Token: staff, Method: "GET", Path: "/product/by-ean/4006381333931"},
		{Token: staff, Method: "POST", Path: "/product/imports?dry_run=true", Body: "name\n", Headers: csv, Limits: files},
		{Token: staff, Method: "GET", Path: "/product/export", Limits: files},
		{Token: staff, Method: "POST", Path: "/stock/movements", Body: `{"product_id":"` + someID + `","reason":"loss","quantity":-1}`},
		{Token: staff, Method: "GET", Path: "/stock/movements?product_id=" + someID},
		{Token: staff, Method: "GET", Path: "/stock/low"},
	})
}

func TestBodiesOfShopsAreReadStrictly(t *testing.T) {
	t.Parallel()
	d, b := desk(t)
	staff := gatewaytest.As(rights.RoleStaff)
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "POST", Path: variants}, map[string]string{
		`{"name":"M","price_ttc":19.90}`: "", `{"name":"M","price_ttc":1e1}`: "price_ttc", `{"name":"M","price_ttc":1.999}`: "price_ttc", `{"name":"M","price":1}`: "price",
		`{"name":"M","stock_quantity":1.5}`: "stock_quantity", `{"name":"M","stock_quantity":3000000000}`: "stock_quantity", `{"name":"M","attributes":[]}`: "attributes",
		`{"name":"M","ean":4006381333931}`: "ean", `{"name":"M","low_stock_at":-1}`: "low_stock_at", ``: "body",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "POST", Path: "/stock/movements"}, map[string]string{
		`{"product_id":"x","reason":"loss","quantity":-1}`: "", `{"reason":"loss"}`: "product_id", `{"product_id":"x","reason":"loss","quantity":-1e3}`: "quantity",
		`{"product_id":"x","reason":"count","counted":"4"}`: "counted", `{"product_id":"x","reason":"loss","actor":"me"}`: "actor",
	})
	b.Asked()
	if r := d.Call(t, staff, "POST", "/product/imports?dry_run=maybe", "name\n", csv...); r.Code() != errs.ValidationError || len(b.Asked()) > 0 {
		t.Errorf("%d %s", r.Status, r.Text)
	}
}

func TestProductsOfNobody(t *testing.T) {
	t.Parallel()
	d, b := desk(t)
	staff, long := gatewaytest.As(rights.RoleStaff), strings.Repeat("a", 65)
	gatewaytest.CheckNobodys(t, d, b, []gatewaytest.Route{
		{Token: staff, Method: "POST", Path: "/product/" + long + "/variants", Body: `{"name":"M"}`},
		{Token: staff, Method: "PATCH", Path: variants + "/a.b", Body: `{"name":"M"}`},
		{Token: staff, Method: "DELETE", Path: variants + "/" + long},
		{Token: staff, Method: "GET", Path: "/product/by-ean/" + long},
	})
	if r := d.Call(t, gatewaytest.As(rights.RoleAccountant), "POST", "/product/imports", "name\n", csv...); r.Code() != errs.Forbidden {
		t.Errorf("an accountant imports: %d %s", r.Status, r.Text)
	}
}
