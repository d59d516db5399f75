package rewardapi

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const someID = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"

// rewards stands in for the qr service. It notes what it is asked.
type rewards struct {
	qrv1.UnimplementedRewardsServiceServer
	mu   sync.Mutex
	last proto.Message
	// parts is how many parts an export has.
	parts int
}

func (s *rewards) note(m proto.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = m
}

func (s *rewards) ReplaceProgram(_ context.Context, r *qrv1.ReplaceProgramRequest) (*qrv1.ReplaceProgramResponse, error) {
	s.note(r)
	p := proto.CloneOf(r.GetProgram())
	p.Version, p.ChangedBy, p.ChangedAt = 1, r.GetActor(), timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	return &qrv1.ReplaceProgramResponse{Program: p}, nil
}

func (s *rewards) CreateMember(_ context.Context, r *qrv1.CreateMemberRequest) (*qrv1.CreateMemberResponse, error) {
	s.note(r)
	m := &qrv1.RewardMember{Id: someID, CustomerNumber: r.GetCustomerNumber(), Balance: -5, Held: 3, CreatedAt: timestamppb.Now()}
	return &qrv1.CreateMemberResponse{Member: m, Existed: r.GetCustomerNumber() == "known"}, nil
}

func (s *rewards) HoldPoints(_ context.Context, r *qrv1.HoldPointsRequest) (*qrv1.HoldPointsResponse, error) {
	s.note(r)
	return &qrv1.HoldPointsResponse{Redemption: &qrv1.Redemption{
		Id: someID, MemberId: r.GetMemberId(), Status: "held", Points: 60, AmountCents: r.GetAmountCents(), Actor: r.GetActor(),
		CreatedAt: timestamppb.Now(), ExpiresAt: timestamppb.Now(),
	}}, nil
}

func (s *rewards) CaptureRedemption(_ context.Context, r *qrv1.CaptureRedemptionRequest) (*qrv1.CaptureRedemptionResponse, error) {
	s.note(r)
	return nil, errs.New(errs.InvalidState, "This redemption is released and cannot be captured. Create a new one.")
}

func (s *rewards) ListRewardEntries(_ context.Context, r *qrv1.ListRewardEntriesRequest) (*qrv1.ListRewardEntriesResponse, error) {
	s.note(r)
	s.parts--
	e := &qrv1.RewardEntry{Id: someID, MemberId: someID, Kind: "adjusted", Points: -5, Balance: 7, Reason: "=1+1", OccurredAt: timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))}
	return &qrv1.ListRewardEntriesResponse{Entries: []*qrv1.RewardEntry{e}, HasMore: s.parts > 0}, nil
}

func setup(t *testing.T) (*portaltest.Portal, *rewards, portaltest.As) {
	t.Helper()
	f, s := portaltest.New(t), &rewards{}
	client := qrv1.NewRewardsServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) { qrv1.RegisterRewardsServiceServer(r, s) }))
	New(Deps{Rewards: client, Access: f.Access, Limiter: f.Limiter}).Register(f.Group)
	return f, s, f.People(t)[rights.RoleMerchant]
}

func TestTheWholeProgramReachesTheService(t *testing.T) {
	t.Parallel()
	f, s, owner := setup(t)
	r := f.Must(t, owner, "PUT", "/rewards/program?livemode=true", `{"points_per_euro":1.5,"minimum_amount":5,"max_points_per_payment":1,"max_points_per_day":2,"max_points_per_member":3,
		"schedule":{"weekdays":["mon"],"from":"11:30","until":"14:00"},"products":["p"],"categories":["c"],
		"multipliers":[{"multiplier":2.25,"schedule":{"weekdays":["tue"]},"products":["q"],"categories":["d"]}],"welcome_points":4,"validity_months":12,"point_value":0.05}`)
	got := s.last.(*qrv1.ReplaceProgramRequest)
	want := &qrv1.RewardProgram{
		Active: true, PointsPerEuroHundredths: 150, MinimumCents: 500, MaxPerPayment: 1, MaxPerDay: 2, MaxPerMember: 3,
		Window: &qrv1.RewardWindow{Weekdays: []string{"mon"}, From: "11:30", Until: "14:00"}, Products: []string{"p"}, Categories: []string{"c"},
		Multipliers:   []*qrv1.RewardMultiplier{{Hundredths: 225, Window: &qrv1.RewardWindow{Weekdays: []string{"tue"}}, Products: []string{"q"}, Categories: []string{"d"}}},
		WelcomePoints: 4, ValidityMonths: 12, PointValueCents: 5,
	}
	if !proto.Equal(got.GetProgram(), want) || !got.GetLivemode() || !strings.HasPrefix(got.GetActor(), "user:") {
		t.Errorf("got %v", got)
	}
	if data := r.JSON["data"].(map[string]any); data["points_per_euro"] != 1.5 || data["point_value"] != 0.05 || data["changed_at"] != "2026-06-17T12:00:00.000Z" {
		t.Errorf("%s", r.Text)
	}
	f.Must(t, owner, "PUT", "/rewards/program", `{"points_per_euro":0,"active":false}`)
	if got := s.last.(*qrv1.ReplaceProgramRequest); got.GetProgram().GetActive() || got.GetLivemode() {
		t.Errorf("got %v", got)
	}
	for _, body := range []string{`{}`, `{"points_per_euro":"1"}`, `{"points_per_euro":1.005}`, `{"points_per_euro":1,"points":2}`} {
		f.Refused(t, errs.ValidationError, owner, "PUT", "/rewards/program", body)
	}
}

func TestMembersAreNamedInOneWay(t *testing.T) {
	t.Parallel()
	f, s, owner := setup(t)
	r := f.Call(t, owner, "POST", "/rewards/members", `{"email":" Jane@Example.com "}`)
	if got := s.last.(*qrv1.CreateMemberRequest); r.Status != 201 || got.GetEmail() != "jane@example.com" {
		t.Errorf("%d, %v", r.Status, got)
	}
	if data := r.JSON["data"].(map[string]any); data["balance"] != -5.0 || data["available"] != 0.0 {
		t.Errorf("%s", r.Text)
	}
	if r := f.Call(t, owner, "POST", "/rewards/members", `{"customer_number":"known"}`); r.Status != 200 || r.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %v", r.Status, r.Header)
	}
	for _, body := range []string{`{"email":"jane"}`, `{"email":"a@example.com","email_sha256":"x"}`, `{"customer_id":"x"}`} {
		f.Refused(t, errs.ValidationError, owner, "POST", "/rewards/members", body)
	}
}

func TestRedemptionsPassTheirKeyAndWhoAsks(t *testing.T) {
	t.Parallel()
	f, s, owner := setup(t)
	key := f.APIKey(t, owner, "false", `["rewards:write"]`)
	r := f.Call(t, key, "POST", "/rewards/redemptions", `{"member_id":"`+someID+`","amount":2.99,"reference":"TILL-7","expires_in_seconds":60}`)
	got := s.last.(*qrv1.HoldPointsRequest)
	if r.Status != 201 || got.GetAmountCents() != 299 || got.GetReference() != "TILL-7" || got.GetExpiresInSeconds() != 60 || !strings.HasPrefix(got.GetActor(), "key:") {
		t.Errorf("%d, %v", r.Status, got)
	}
	f.Refused(t, errs.InvalidState, key, "POST", "/rewards/redemptions/"+someID+"/capture", "")
	f.Refused(t, errs.ValidationError, key, "POST", "/rewards/redemptions/"+someID+"/capture", `{"points":1}`)
	f.Refused(t, errs.NotFoundCode, key, "POST", "/rewards/redemptions/a.b/capture", "")
	f.Refused(t, errs.InsufficientScope, f.APIKey(t, owner, "false", `["rewards:read"]`), "POST", "/rewards/redemptions", `{}`)
}

func TestTheExportComesInParts(t *testing.T) {
	t.Parallel()
	f, s, owner := setup(t)
	s.parts = 3
	r := f.Call(t, owner, "GET", "/rewards/entries/export", "")
	lines := strings.Split(strings.TrimSuffix(r.Text, "\r\n"), "\r\n")
	if r.Status != 200 || len(lines) != 4 || lines[1] != someID+",2026-06-17T12:00:00.000Z,"+someID+",adjusted,,5,7,,,'=1+1,,0," {
		t.Errorf("%d %q", r.Status, lines)
	}
	if got := s.last.(*qrv1.ListRewardEntriesRequest); got.GetStartingAfter() != someID || got.GetMemberId() != "" {
		t.Errorf("%v", got)
	}
}
