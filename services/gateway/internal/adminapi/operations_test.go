package adminapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/adminapi"
)

// standin answers as the other services do.
type standin struct {
	operationsv1.BacklogServiceClient
	parked map[uint64]string
	down   bool
}

var at = timestamppb.New(time.Date(2026, 6, 17, 11, 0, 0, 0, time.UTC))

func (s *standin) ListStalled(context.Context, *paymentsv1.ListStalledRequest, ...grpc.CallOption) (*paymentsv1.ListStalledResponse, error) {
	return &paymentsv1.ListStalledResponse{Total: 1, Payments: []*paymentsv1.StalledPayment{{
		Reference: "PAY-20260617-0B25921FB72918ED", Kind: "payment", AmountCents: 2999, Status: "pending", Detail: "sca_completed", CreatedAt: at, UpdatedAt: at, StalledAt: at,
	}}}, nil
}

func (s *standin) ListTroubledEndpoints(
	context.Context, *webhooksv1.ListTroubledEndpointsRequest, ...grpc.CallOption,
) (*webhooksv1.ListTroubledEndpointsResponse, error) {
	return &webhooksv1.ListTroubledEndpointsResponse{Total: 1, Endpoints: []*webhooksv1.TroubledEndpoint{{Id: "1", Origin: "https://shop.example", LastError: "timeout"}}}, nil
}

func (s *standin) ListTransmissions(
	_ context.Context, r *einvoicev1.ListTransmissionsRequest, _ ...grpc.CallOption,
) (*einvoicev1.ListTransmissionsResponse, error) {
	if !r.GetLivemode() {
		return &einvoicev1.ListTransmissionsResponse{}, nil
	}
	return &einvoicev1.ListTransmissionsResponse{Counts: []*einvoicev1.SubmissionCount{{Kind: "document", State: "waiting", Count: 3, Oldest: at}}}, nil
}

func (s *standin) ListConsumers(context.Context, *operationsv1.ListConsumersRequest, ...grpc.CallOption) (*operationsv1.ListConsumersResponse, error) {
	if s.down {
		return nil, errs.New(errs.Unavailable, "Down.")
	}
	return &operationsv1.ListConsumersResponse{Consumers: []*operationsv1.Consumer{{Stream: "EUPAY_EVENTS", Name: "webhooks", Lag: 7}}}, nil
}

func (s *standin) ListDeadLetters(context.Context, *operationsv1.ListDeadLettersRequest, ...grpc.CallOption) (*operationsv1.ListDeadLettersResponse, error) {
	if s.down {
		return nil, errs.New(errs.Unavailable, "Down.")
	}
	out := &operationsv1.ListDeadLettersResponse{}
	for n, name := range s.parked {
		out.DeadLetters = append(out.DeadLetters, &operationsv1.DeadLetter{Sequence: n, Consumer: name, ParkedAt: at})
	}
	return out, nil
}

func (s *standin) RequeueDeadLetter(
	_ context.Context, r *operationsv1.RequeueDeadLetterRequest, _ ...grpc.CallOption,
) (*operationsv1.RequeueDeadLetterResponse, error) {
	name, ok := s.parked[r.GetSequence()]
	if !ok {
		return nil, errs.NotFound("Dead letter")
	}
	delete(s.parked, r.GetSequence())
	return &operationsv1.RequeueDeadLetterResponse{DeadLetter: &operationsv1.DeadLetter{Sequence: r.GetSequence(), Consumer: name, ParkedAt: at}}, nil
}

func withOperations(t *testing.T, backlogs ...adminapi.Backlog) *fixture {
	t.Helper()
	f, all := setup(t), &standin{}
	adminapi.NewOperations(adminapi.OperationsDeps{
		Audit: f.Accounts.Audit, Access: f.Access, Payments: all, Webhooks: all, Transmissions: all, Backlogs: backlogs, JS: natstest.New(t).JS,
	}).Register(f.Group)
	return f
}

func TestAnAdminSeesWhatIsStuck(t *testing.T) {
	t.Parallel()
	f := withOperations(t, adminapi.Backlog{Name: "webhooks", Client: &standin{}}, adminapi.Backlog{Name: "qr", Client: &standin{down: true}})
	owner, admin := f.Register(t, "owner@example.com"), f.Admin(t)
	for path, want := range map[string]string{
		"payments": `"amount":29.99`, "webhooks": `"origin":"https://shop.example"`, "transmissions": `"count":3`, "streams": `"lag":7`, "dead-letters": `"unreachable":["qr"]`,
	} {
		f.Refused(t, errs.Forbidden, owner, "GET", "/admin/operations/"+path, "")
		if r := f.Must(t, admin, "GET", "/admin/operations/"+path, ""); !strings.Contains(r.Text, want) {
			t.Errorf("%s: %s", path, r.Text)
		}
	}
	if r := f.Must(t, admin, "GET", "/admin/operations/streams", ""); !strings.Contains(r.Text, `"unreachable":["qr"]`) || !strings.Contains(r.Text, `"name":"EUPAY_EVENTS","missing":false`) {
		t.Errorf("got %s", r.Text)
	}
}

func TestADeadLetterGoesBackOnceAndIsNoted(t *testing.T) {
	t.Parallel()
	f := withOperations(t, adminapi.Backlog{Name: "payments", Client: &standin{}}, adminapi.Backlog{Name: "qr", Client: &standin{parked: map[uint64]string{42: "orders"}}})
	owner, admin := f.Register(t, "owner@example.com"), f.Admin(t)
	const path = "/admin/operations/dead-letters/"
	f.Refused(t, errs.Forbidden, owner, "POST", path+"42/requeue", "")
	for _, none := range []string{"0", "x", "-1", "41"} {
		f.Refused(t, errs.NotFoundCode, admin, "POST", path+none+"/requeue", "")
	}
	if r := f.Must(t, admin, "POST", path+"42/requeue", ""); r.Str("service") != "qr" || r.Str("consumer") != "orders" {
		t.Errorf("got %s", r.Text)
	}
	f.Refused(t, errs.NotFoundCode, admin, "POST", path+"42/requeue", "")
	if rows := f.Rows(t, `select target from audit_log where action = 'dead_letter.requeue_asked' and target = '42'`); len(rows) != 2 {
		t.Errorf("noted %v", rows)
	}
	f.Clock.Advance(time.Hour) // the proof is no longer fresh
	if r := f.Call(t, admin, "POST", path+"42/requeue", ""); r.Code() == "NOT_FOUND" {
		t.Errorf("without a fresh proof: %s", r.Text)
	}
}
