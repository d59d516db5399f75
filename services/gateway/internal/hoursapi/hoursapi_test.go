package hoursapi

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const slots = "/table-order/menu/" + gatewaytest.Ours + "/" + gatewaytest.Token + "/slots"

func setup(t *testing.T) (*gatewaytest.Desk, *gatewaytest.Backend) {
	t.Helper()
	d, b := gatewaytest.NewDesk(t), gatewaytest.NewBackend(t)
	New(Deps{Hours: qrv1.NewHoursServiceClient(b.Conn), Access: d.Access, Limiter: d.Limits}).Register(d.Group)
	return d, b
}

func TestWhatHoldsForAllCalls(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	staff := gatewaytest.As(rights.RoleStaff)
	gatewaytest.CheckRoutes(t, d, b, []gatewaytest.Route{
		{Token: staff, Method: "GET", Path: "/table-order/hours"},
		{Token: staff, Method: "PUT", Path: "/table-order/hours", Body: `{"services":[],"exceptions":[]}`},
		{Token: staff, Method: "PUT", Path: "/table-order/pickup", Body: `{"slot_minutes":15,"slot_capacity":4,"preparation_minutes":20,"days_ahead":1}`},
		{Token: staff, Method: "POST", Path: "/table-order/orders/pause", Body: `{"minutes":30}`},
		{Token: staff, Method: "POST", Path: "/table-order/orders/resume"},
		{Method: "GET", Path: slots, Limits: []string{"ip:slots:", "slots:" + gatewaytest.Ours}},
	})
}

func TestBodiesOfHoursAreReadStrictly(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	staff := gatewaytest.As(rights.RoleStaff)
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "PUT", Path: "/table-order/hours"}, map[string]string{
		`{"services":[{"name":"Midi","windows":[{"weekdays":["mon"],"from":"12:00","until":"14:00"}]}]}`: "",
		`{"services":[{"name":"Midi","window":[]}]}`:                                                     "services[0].window",
		`{"services":[{"name":"Midi","windows":[{"weekdays":"mon"}]}]}`:                                  "services[0].windows[0].weekdays",
		`{"services":[{"last_order_minutes":1.5}]}`:                                                      "services[0].last_order_minutes",
		`{"exceptions":[{"date":20261225}]}`:                                                             "exceptions[0].date",
		`{"services":{}}`:                                                                                "services", ``: "body", `null`: "body",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "PUT", Path: "/table-order/pickup"}, map[string]string{
		`{"slot_minutes":15}`: "", `{"slot_minutes":"15"}`: "slot_minutes", `{"slot_minutes":1e1}`: "slot_minutes", `{"slot_capacity":3000000000}`: "slot_capacity",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "POST", Path: "/table-order/orders/pause"}, map[string]string{
		`{"minutes":30,"kind":"takeaway"}`: "", `{"minute":30}`: "minute", `{"minutes":-1e9}`: "minutes", ``: "body",
	})
	if r := d.Call(t, staff, "PUT", "/table-order/hours", `{"services":[`+strings.Repeat(" ", bodyLimit)+`]}`); r.Code() != errs.PayloadTooLarge {
		t.Errorf("a body of 256 KiB: %d %s", r.Status, r.Text)
	}
	if d.Call(t, staff, "POST", "/table-order/orders/resume", ""); gatewaytest.Latest[*qrv1.ResumeOrdersRequest](b).GetKind() != all {
		t.Error("an end of a pause that names no kind is not of both")
	}
}

func TestSlotsOfNoTable(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	gatewaytest.CheckNobodys(t, d, b, []gatewaytest.Route{
		{Method: "GET", Path: "/table-order/menu/" + strings.Repeat("a", 65) + "/" + gatewaytest.Token + "/slots"},
		{Method: "GET", Path: "/table-order/menu/" + gatewaytest.Ours + "/a%2Eb/slots"},
	})
	if r := d.Call(t, gatewaytest.As(rights.RoleAccountant), "PUT", "/table-order/hours", `{}`); r.Code() != errs.Forbidden {
		t.Errorf("an accountant sets hours: %d %s", r.Status, r.Text)
	}
}
