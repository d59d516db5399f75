package customerapi

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// points stands in for the points of the qr service. Its answer contains what it was asked.
type points struct {
	qrv1.UnimplementedLoyaltyServiceServer
}

func (p points) client(t *testing.T) qrv1.LoyaltyServiceClient {
	t.Helper()
	return qrv1.NewLoyaltyServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) { qrv1.RegisterLoyaltyServiceServer(r, p) }))
}

func (points) GetLoyalty(_ context.Context, r *qrv1.GetLoyaltyRequest) (*qrv1.GetLoyaltyResponse, error) {
	live := int64(0)
	if r.GetLivemode() {
		live = 1000
	}
	return &qrv1.GetLoyaltyResponse{
		Balance: live + int64(r.GetPage())*100 + int64(r.GetLimit()), Total: 21,
		Entries: []*qrv1.LoyaltyEntry{{
			Id: "01a1feba-d541-77de-a9e2-54fbd9a51511", Kind: "earned", Points: 29, Balance: 29, MerchantId: r.GetCustomerId(), MerchantName: "My Store",
			Reference: "PAY-20260617-0B25921FB72918ED", OccurredAt: timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)),
		}},
	}, nil
}

func TestCustomersSeeTheirOwnPoints(t *testing.T) {
	t.Parallel()
	f := portaltest.New(t)
	New(Deps{Loyalty: points{}.client(t), Access: f.Access, Limiter: f.Limiter, Log: portaltest.Quiet}).Register(f.Group)
	people := f.People(t)
	f.Refused(t, errs.Unauthenticated, people[rights.RoleMerchant], "GET", "/customer/loyalty", "")
	jane := people[rights.RoleCustomer]
	r := f.Must(t, jane, "GET", "/customer/loyalty?page=2&limit=20", "")
	data, _ := r.JSON["data"].([]any)
	if r.JSON["balance"] != 220.0 || len(data) != 1 {
		t.Fatalf("%s", r.Text)
	}
	if e := data[0].(map[string]any); e["points"] != 29.0 || e["occurred_at"] != "2026-06-17T12:00:00.000Z" || e["merchant_id"] == "" {
		t.Errorf("%v", e)
	}
	if r := f.Must(t, jane, "GET", "/customer/loyalty?livemode=true", ""); r.JSON["balance"] != 1120.0 {
		t.Errorf("%s", r.Text)
	}
	f.Refused(t, errs.ValidationError, jane, "GET", "/customer/loyalty?livemode=maybe", "")
	f.Refused(t, errs.ValidationError, jane, "GET", "/customer/loyalty?limit=101", "")
}
