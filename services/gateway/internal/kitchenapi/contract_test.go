package kitchenapi

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const (
	stationPath = "/kitchen/stations/" + id
	printerPath = "/kitchen/printers/" + id
	orderPath   = "/table-order/orders/" + id
	printing    = "/printers/cloudprnt/" + gatewaytest.Token
)

func desk(t *testing.T) (*gatewaytest.Desk, *gatewaytest.Backend) {
	t.Helper()
	d, b := gatewaytest.NewDesk(t), gatewaytest.NewBackend(t)
	New(Deps{
		Kitchen: qrv1.NewKitchenServiceClient(b.Conn), Access: d.Access, Limiter: d.Limits, Base: "https://api.example/api/v1", OrderView: orderView,
	}).Register(d.Group)
	return d, b
}

func TestWhatHoldsForAllCalls(t *testing.T) {
	t.Parallel()
	d, b := desk(t)
	b.Answer(&qrv1.FetchTicketResponse{MediaType: "text/plain", Content: []byte("x")})
	staff := gatewaytest.As(rights.RoleStaff)
	polled := []string{"ip:cloudprnt:", "printer:"}
	gatewaytest.CheckRoutes(t, d, b, []gatewaytest.Route{
		{Token: staff, Method: "GET", Path: "/kitchen/stations"},
		{Token: staff, Method: "POST", Path: "/kitchen/stations", Body: `{"name":"Bar"}`},
		{Token: staff, Method: "GET", Path: stationPath},
		{Token: staff, Method: "PATCH", Path: stationPath, Body: `{"name":"Bar"}`},
		{Token: staff, Method: "DELETE", Path: stationPath},
		{Token: staff, Method: "GET", Path: "/kitchen/printers"},
		{Token: staff, Method: "POST", Path: "/kitchen/printers", Body: `{"name":"Bar"}`},
		{Token: staff, Method: "GET", Path: printerPath},
		{Token: staff, Method: "PATCH", Path: printerPath, Body: `{"width":32}`},
		{Token: staff, Method: "DELETE", Path: printerPath},
		{Token: staff, Method: "POST", Path: printerPath + "/token"},
		{Token: staff, Method: "POST", Path: printerPath + "/test"},
		{Token: staff, Method: "GET", Path: "/kitchen/print-jobs?printer=" + id},
		{Token: staff, Method: "POST", Path: "/kitchen/print-jobs/" + id + "/print-again"},
		{Token: staff, Method: "PATCH", Path: orderPath + "/lines/1/status", Body: `{"status":"ready"}`},
		{Token: staff, Method: "PATCH", Path: orderPath + "/stations/" + id + "/status", Body: `{"status":"ready"}`},
		{Token: staff, Method: "POST", Path: orderPath + "/courses/1/fire"},
		{Method: "POST", Path: printing, Body: `{"statusCode":"200"}`, Limits: polled},
		{Method: "GET", Path: printing + "?type=text/plain", Limits: polled},
		{Method: "GET", Path: printing + "?delete&code=200", Limits: polled},
		{Method: "DELETE", Path: printing + "?code=200", Limits: polled},
	})
}

func TestBodiesOfKitchensAreReadStrictly(t *testing.T) {
	t.Parallel()
	d, b := desk(t)
	staff := gatewaytest.As(rights.RoleStaff)
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "PATCH", Path: stationPath}, map[string]string{
		`{"products":[]}`: "", `{"product":[]}`: "product", `{"is_default":"yes"}`: "is_default", `{"categories":[1]}`: "categories[0]", ``: "body",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "POST", Path: "/kitchen/printers"}, map[string]string{
		`{"name":"Bar","width":48}`: "", `{"name":"Bar","width":4.8e1}`: "width", `{"name":"Bar","token":"x"}`: "token", `{"name":"Bar","width":99999999999}`: "width",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "PATCH", Path: orderPath + "/lines/1/status"}, map[string]string{
		`{"status":"ready"}`: "", `{"status":7}`: "status", `{}`: "status", `{"status":"ready","livemode":true}`: "livemode",
	})
}

func TestKitchensOfNobody(t *testing.T) {
	t.Parallel()
	d, b := desk(t)
	staff, long := gatewaytest.As(rights.RoleStaff), strings.Repeat("a", 65)
	gatewaytest.CheckNobodys(t, d, b, []gatewaytest.Route{
		{Token: staff, Method: "GET", Path: "/kitchen/stations/" + long},
		{Token: staff, Method: "PATCH", Path: "/kitchen/printers/a.b", Body: `{}`},
		{Token: staff, Method: "POST", Path: "/kitchen/print-jobs/" + long + "/print-again"},
		{Token: staff, Method: "PATCH", Path: orderPath + "/lines/1e1/status", Body: `{"status":"ready"}`},
		{Token: staff, Method: "PATCH", Path: orderPath + "/lines/-1/status", Body: `{"status":"ready"}`},
		{Token: staff, Method: "POST", Path: orderPath + "/courses/99999999999/fire"},
		{Method: "GET", Path: "/printers/cloudprnt/" + long},
	})
}

// TestAPrinterMayPostWhatIsNoText: what it escapes need not be UTF-8, and was an internal error.
func TestAPrinterMayPostWhatIsNoText(t *testing.T) {
	t.Parallel()
	d, b := desk(t)
	if r := d.Call(t, "", "POST", printing, `{"statusCode":"200%FF"}`); r.Status != 200 || gatewaytest.Latest[*qrv1.PollPrinterRequest](b).GetStatusCode() != "200%FF" {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	if r := d.Call(t, "", "DELETE", printing+"?code=%25ff", ""); r.Status != 200 || gatewaytest.Latest[*qrv1.ConfirmTicketRequest](b).GetCode() != "%ff" {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	if r := d.Call(t, "", "POST", printing, `{"statusCode":"`+strings.Repeat("x", 64<<10)+`"}`); r.Code() != errs.ValidationError {
		t.Errorf("%d %s", r.Status, r.Text)
	}
}
