package webhookapi

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// pushes stands in for the push part of the webhooks service.
type pushes struct {
	webhooksv1.UnimplementedPushServiceServer

	mu     sync.Mutex
	off    bool
	kept   []*webhooksv1.PushSubscription
	owners []string
	last   *webhooksv1.SubscribeRequest
}

func (p *pushes) client(t *testing.T) webhooksv1.PushServiceClient {
	t.Helper()
	return webhooksv1.NewPushServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) { webhooksv1.RegisterPushServiceServer(r, p) }))
}

const pointInBase64 = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"

func (p *pushes) GetPushKey(context.Context, *webhooksv1.GetPushKeyRequest) (*webhooksv1.GetPushKeyResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off {
		return nil, errs.New(errs.Unavailable, "Push notifications are not set up on this platform.")
	}
	return &webhooksv1.GetPushKeyResponse{PublicKey: pointInBase64}, nil
}

func (p *pushes) Subscribe(_ context.Context, r *webhooksv1.SubscribeRequest) (*webhooksv1.SubscribeResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = r
	if !strings.HasPrefix(r.GetEndpoint(), "https://") {
		return nil, errs.Invalid(errs.Field{Field: "endpoint", Message: "endpoint must be an https URL."})
	}
	s := &webhooksv1.PushSubscription{
		Id: fmt.Sprintf("subscription-%d", len(p.kept)), PushService: "https://push.example", Description: r.GetDescription(), Livemode: r.GetLivemode(),
		EventTypes: r.GetEventTypes(), Language: r.GetLanguage(),
		CreatedAt: timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)),
	}
	if len(s.EventTypes) == 0 {
		s.EventTypes = []string{"payment.completed"}
	}
	p.kept, p.owners = append(p.kept, s), append(p.owners, r.GetMerchantId()+"/"+r.GetUserId())
	return &webhooksv1.SubscribeResponse{Subscription: s}, nil
}

func (p *pushes) ListSubscriptions(_ context.Context, r *webhooksv1.ListSubscriptionsRequest) (*webhooksv1.ListSubscriptionsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	res := &webhooksv1.ListSubscriptionsResponse{}
	for i, s := range p.kept {
		if p.owners[i] == r.GetMerchantId()+"/"+r.GetUserId() {
			res.Subscriptions = append(res.Subscriptions, s)
		}
	}
	return res, nil
}

// find returns the index of the owner's subscription.
func (p *pushes) find(merchant, user, id string) (int, error) {
	for i, s := range p.kept {
		if p.owners[i] == merchant+"/"+user && s.GetId() == id {
			return i, nil
		}
	}
	return 0, errs.NotFound("Push subscription")
}

func (p *pushes) UpdateSubscription(_ context.Context, r *webhooksv1.UpdateSubscriptionRequest) (*webhooksv1.UpdateSubscriptionResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.find(r.GetMerchantId(), r.GetUserId(), r.GetId())
	if err != nil {
		return nil, err
	}
	if len(r.GetEventTypes()) > 0 {
		p.kept[i].EventTypes = r.GetEventTypes()
	}
	p.kept[i].Language = cmp.Or(r.GetLanguage(), p.kept[i].GetLanguage())
	return &webhooksv1.UpdateSubscriptionResponse{Subscription: p.kept[i]}, nil
}

func (p *pushes) Unsubscribe(_ context.Context, r *webhooksv1.UnsubscribeRequest) (*webhooksv1.UnsubscribeResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.find(r.GetMerchantId(), r.GetUserId(), r.GetId())
	if err != nil {
		return nil, err
	}
	p.owners[i] = ""
	return &webhooksv1.UnsubscribeResponse{}, nil
}

func (p *pushes) TestSubscription(_ context.Context, r *webhooksv1.TestSubscriptionRequest) (*webhooksv1.TestSubscriptionResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, err := p.find(r.GetMerchantId(), r.GetUserId(), r.GetId())
	if err != nil {
		return nil, err
	}
	p.kept[i].LastDeliveredAt = p.kept[i].GetCreatedAt()
	return &webhooksv1.TestSubscriptionResponse{Result: "sent"}, nil
}

const (
	pushKeys   = `"keys":{"p256dh":"` + pointInBase64 + `","auth":"BTBZMqHH6r4Tts7J_aSIgg"}`
	fromToJSON = `{"endpoint":"https://push.example/send/secret","expirationTime":null,` + pushKeys
)

func TestABrowserIsSubscribedTestedAndRemoved(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.People(t)
	for _, role := range []rights.Role{rights.RoleMerchant, rights.RoleStaff, rights.RoleAccountant} {
		who := people[role]
		if r := f.Must(t, who, "GET", "/push/key", ""); r.Str("public_key") != pointInBase64 {
			t.Errorf("key %s", r.Text)
		}
		made := f.Must(t, who, "POST", "/push/subscriptions", fromToJSON+`,"description":"Till","livemode":true}`)
		if made.Status != 201 || made.Str("push_service") != "https://push.example" || made.JSON["livemode"] != true || made.Str("description") != "Till" ||
			strings.Contains(made.Text, "secret") || strings.Contains(made.Text, "p256dh") {
			t.Errorf("made %s", made.Text)
		}
		if r := f.Must(t, who, "GET", "/push/subscriptions?limit=1", ""); len(r.Rows()) != 1 || r.Rows()[0]["last_delivered_at"] != nil {
			t.Errorf("listed %s", r.Text)
		}
		path := "/push/subscriptions/" + made.Str("id")
		if r := f.Must(t, who, "POST", path+"/test", ""); r.Str("result") != "sent" {
			t.Errorf("tried %s", r.Text)
		}
		if r := f.Must(t, who, "GET", "/push/subscriptions", ""); r.Rows()[0]["last_delivered_at"] != "2026-06-17T12:00:00.000Z" {
			t.Errorf("listed %s", r.Text)
		}
		if r := f.Must(t, who, "DELETE", path, ""); r.Status != 204 {
			t.Errorf("deleted %d", r.Status)
		}
		f.Refused(t, errs.NotFoundCode, who, "DELETE", path, "")
	}
}

func TestPushRequestsPassOnTheBrowsersSubscription(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	for _, body := range []string{fromToJSON + `}`, `{"endpoint":"https://push.example/send/secret","expirationTime":1781700000000,` + pushKeys + `}`} {
		f.Must(t, owner, "POST", "/push/subscriptions", body)
		me := f.Must(t, owner, "GET", "/auth/me", "")
		want := &webhooksv1.SubscribeRequest{
			MerchantId: f.Must(t, owner, "GET", "/merchant", "").Str("id"), UserId: me.Str("id"), Endpoint: "https://push.example/send/secret",
			P256Dh: pointInBase64, Auth: "BTBZMqHH6r4Tts7J_aSIgg", Language: "en", // of the request's Accept-Language
		}
		if !proto.Equal(f.pushes.last, want) {
			t.Errorf("asked for %v\nwant %v", f.pushes.last, want)
		}
	}
}

func TestBadPushRequests(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	for body, field := range map[string]string{
		`{}`: "endpoint keys.p256dh keys.auth",
		`{"endpoint":"http://push.example",` + pushKeys + `}`:                             "endpoint",
		fromToJSON + `,"user_id":"u"}`:                                                    "user_id",
		fromToJSON + `,"event_types":[]}`:                                                 "event_types",
		fromToJSON + `,"livemode":"yes"}`:                                                 "livemode",
		`{"endpoint":"https://push.example","keys":{"p256dh":"x","auth":"y","more":"z"}}`: "keys.more",
	} {
		if r := f.Refused(t, errs.ValidationError, owner, "POST", "/push/subscriptions", body); r.Fields() != field {
			t.Errorf("%s: %q is refused", body, r.Fields())
		}
	}
}

func TestBrowsersOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.People(t)
	owner, stranger := people[rights.RoleMerchant], f.Register(t, "stranger@example.com")
	path := "/push/subscriptions/" + f.Must(t, owner, "POST", "/push/subscriptions", fromToJSON+`}`).Str("id")
	for _, who := range []as{stranger, people[rights.RoleStaff]} {
		f.Refused(t, errs.NotFoundCode, who, "DELETE", path, "")
		f.Refused(t, errs.NotFoundCode, who, "POST", path+"/test", "")
		f.Refused(t, errs.NotFoundCode, who, "PATCH", path, `{"language":"fr"}`)
		if r := f.Must(t, who, "GET", "/push/subscriptions", ""); len(r.Rows()) != 0 {
			t.Errorf("listed %s", r.Text)
		}
	}
	f.Refused(t, errs.Unauthenticated, f.APIKey(t, owner, "false", bothScopes), "GET", "/push/subscriptions", "")
}

func TestPushWithoutConfigurationIsRefusedClearly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.pushes.off = true
	if r := f.Refused(t, errs.Unavailable, f.Register(t, "owner@example.com"), "GET", "/push/key", ""); !strings.Contains(r.Str("message"), "not set up") {
		t.Errorf("got %s", r.Text)
	}
}
