package promotionapi

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

const (
	codes = "/table-order/promotion-codes"
	one   = codes + "/4fc1cd9e-b053-4e95-9e79-14e5080c1b26"
)

func setup(t *testing.T) (*gatewaytest.Desk, *gatewaytest.Backend) {
	t.Helper()
	d, b := gatewaytest.NewDesk(t), gatewaytest.NewBackend(t)
	New(Deps{Promotions: qrv1.NewPromotionServiceClient(b.Conn), Access: d.Access}).Register(d.Group)
	return d, b
}

func TestWhatHoldsForAllCalls(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	staff := gatewaytest.As(rights.RoleStaff)
	gatewaytest.CheckRoutes(t, d, b, []gatewaytest.Route{
		{Token: staff, Method: "GET", Path: codes},
		{Token: staff, Method: "POST", Path: codes, Body: `{"code":"MIDI","name":"Midi","type":"percentage","value":10}`},
		{Token: staff, Method: "GET", Path: one},
		{Token: staff, Method: "PATCH", Path: one, Body: `{"is_active":false}`},
		{Token: staff, Method: "DELETE", Path: one},
	})
}

func TestBodiesOfCodesAreReadStrictly(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	staff := gatewaytest.As(rights.RoleStaff)
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "POST", Path: codes}, map[string]string{
		`{"code":"MIDI","type":"percentage","value":10,"starts_at":"2026-06-17T12:00:00Z","ends_at":null}`: "",
		`{"code":"MIDI","uses":0}`: "uses", `{"code":"MIDI","value":1e1}`: "value", `{"code":"MIDI","value":"10","min_order":0.001}`: "value min_order",
		`{"code":["MIDI"]}`: "code", `{"max_uses":1.5}`: "max_uses", `{"max_uses":9223372036854775808}`: "max_uses", `{"products":"x"}`: "products",
		`{"starts_at":"tomorrow","ends_at":"2026-13-01T00:00:00Z"}`: "starts_at ends_at", ``: "body",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: staff, Method: "PATCH", Path: one}, map[string]string{
		`{"value":0,"products":[]}`: "", `{"code":"OTHER"}`: "code", `{"merchant_id":"x"}`: "merchant_id", `{"value":10.005}`: "value",
	})
	d.Call(t, staff, "PATCH", one, `{"value":0,"min_order":null,"ends_at":"","categories":[]}`)
	got := gatewaytest.Latest[*qrv1.UpdatePromotionCodeRequest](b)
	if got.Value == nil || got.MinOrderCents != nil || !got.GetNoEnd() || got.GetNoStart() || got.GetCategories() == nil || got.GetProducts() != nil {
		t.Errorf("asked for %v", got)
	}
}

func TestCodesOfNobody(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	staff := gatewaytest.As(rights.RoleStaff)
	var routes []gatewaytest.Route
	for _, id := range []string{strings.Repeat("a", 65), "a.b", "a%20b", "%2e%2e"} {
		routes = append(routes, gatewaytest.Route{Token: staff, Method: "GET", Path: codes + "/" + id}, gatewaytest.Route{Token: staff, Method: "DELETE", Path: codes + "/" + id},
			gatewaytest.Route{Token: staff, Method: "PATCH", Path: codes + "/" + id, Body: `{}`})
	}
	gatewaytest.CheckNobodys(t, d, b, routes)
	for _, call := range [][2]string{{"POST", codes}, {"PATCH", one}, {"DELETE", one}} {
		if r := d.Call(t, gatewaytest.As(rights.RoleAccountant), call[0], call[1], `{}`); r.Code() != errs.Forbidden {
			t.Errorf("an accountant: %s answers %d %s", call[0], r.Status, r.Text)
		}
	}
}
