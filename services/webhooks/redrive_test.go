package webhooks

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func (f *fixture) enable(id string, enabled bool) *webhooksv1.Endpoint {
	f.t.Helper()
	resp, err := f.api.UpdateEndpoint(context.Background(), &webhooksv1.UpdateEndpointRequest{MerchantId: "m_1", Id: id, Enabled: &enabled})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetEndpoint()
}

func (f *fixture) read(id string) *webhooksv1.Endpoint {
	f.t.Helper()
	resp, err := f.api.GetEndpoint(context.Background(), &webhooksv1.GetEndpointRequest{MerchantId: "m_1", Id: id})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetEndpoint()
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.core.Pool.Exec(context.Background(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// past records n finished deliveries of the endpoint, the first one created at the clock's time minus n hours, each an
// hour later than the one before. Its reference ends in its number.
func (f *fixture) past(endpoint, status string, n int) {
	f.t.Helper()
	f.exec(`insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status, attempt_count,
			created_at, next_attempt_at, claimable_at, finished_at)
		select gen_random_uuid(), e.id, e.merchant_id, e.livemode, gen_random_uuid(), 'payment.completed', 'PAST-' || $2::text || '-' || i, 1, '{}', $2::text, 5,
			at, at, at, at
		from endpoints e, generate_series(1, $3::int) i, lateral (select $4::timestamptz - ($3 - i + 1) * interval '1 hour' as at) t where e.id = $1`,
		endpoint, status, n, f.clock.Now())
}

// number returns the number that a query returns.
func (f *fixture) number(sql string) (n int64) {
	f.t.Helper()
	if err := f.core.Pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

func (f *fixture) hoursAgo(n int) *timestamppb.Timestamp {
	return timestamppb.New(f.clock.Now().Add(time.Duration(-n) * time.Hour))
}

func (f *fixture) resend(filter *webhooksv1.DeliveryFilter, dryRun bool) (*webhooksv1.ResendDeliveriesResponse, error) {
	return f.api.ResendDeliveries(context.Background(), &webhooksv1.ResendDeliveriesRequest{MerchantId: "m_1", Filter: filter, DryRun: dryRun})
}

func TestADeliveryIsSentAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var code atomic.Int32
	code.Store(200)
	s := newSink(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(code.Load())) })
	id, _ := f.endpoint(s.URL)
	f.publish(f.changed("payment.completed", payment()))
	first := s.next(t)
	d := f.settled("delivered", 1)
	resend := func() (*webhooksv1.Delivery, error) {
		resp, err := f.api.ResendDelivery(t.Context(), &webhooksv1.ResendDeliveryRequest{MerchantId: "m_1", Id: d.GetId()})
		return resp.GetDelivery(), err
	}
	if got, err := resend(); err != nil || got.GetId() != d.GetId() || got.GetEventId() != d.GetEventId() {
		t.Fatalf("%v, %v", got, err)
	}
	if again := s.next(t); again.header.Get("webhook-id") != first.header.Get("webhook-id") || string(again.body) != string(first.body) {
		t.Errorf("sent %s %v", again.body, again.header)
	}
	d = f.settled("delivered", 2)
	if n := d.GetAttempts()[1].GetNumber(); n != 2 {
		t.Errorf("the second attempt has number %d", n)
	}
	// One that waits for its next attempt is hastened.
	code.Store(500)
	if _, err := resend(); err != nil {
		t.Fatal(err)
	}
	s.next(t)
	eventually(t, "the third attempt failed", func() bool { return f.deliveries()[0].GetAttemptCount() == 3 })
	code.Store(200)
	if _, err := resend(); err != nil {
		t.Fatal(err)
	}
	s.next(t)
	f.settled("delivered", 4)

	f.enable(id, false)
	if _, err := resend(); !errs.Is(err, errs.InvalidState) || !strings.Contains(err.Error(), "Enable it, then") {
		t.Errorf("disabled: %v", err)
	}
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := resend(); !errs.Is(err, errs.InvalidState) {
		t.Errorf("deleted: %v", err)
	}
}

func TestAnEndpointRecoversWhatItMissed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	id, _ := f.endpoint(s.URL)
	f.past(id, "missed", 4)
	f.past(id, "exhausted", 3)
	f.past(id, "delivered", 2)
	since := timestamppb.New(f.clock.Now().Add(-2 * time.Hour))
	recoverSince := func(since *timestamppb.Timestamp, dryRun bool) (*webhooksv1.RecoverEndpointResponse, error) {
		return f.api.RecoverEndpoint(t.Context(), &webhooksv1.RecoverEndpointRequest{MerchantId: "m_1", Id: id, Since: since, DryRun: dryRun})
	}
	f.enable(id, false)
	for _, dryRun := range []bool{true, false} {
		if _, err := recoverSince(since, dryRun); !errs.Is(err, errs.InvalidState) {
			t.Errorf("disabled: %v", err)
		}
	}
	f.enable(id, true)
	for name, at := range map[string]*timestamppb.Timestamp{
		"none": nil, "future": timestamppb.New(f.clock.Now().Add(time.Microsecond)), "no time": {Seconds: math.MaxInt64}, "bad nanos": {Nanos: -1},
	} {
		if _, err := recoverSince(at, true); fields(err) != "since" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := recoverSince(since, true); err != nil || got.GetCount() != 4 || got.GetMore() {
		t.Errorf("would recover %v, %v", got, err)
	}
	if got, err := recoverSince(since, false); err != nil || got.GetCount() != 4 || got.GetMore() {
		t.Errorf("recovers %v, %v", got, err)
	}
	for range 4 {
		s.next(t)
	}
	eventually(t, "all delivered", func() bool { return f.count("delivered") == 6 })
	if got, err := recoverSince(since, false); err != nil || got.GetCount() != 0 {
		t.Errorf("recovers a second time %v, %v", got, err)
	}
	if f.count("missed") != 2 || f.count("exhausted") != 1 {
		t.Error("what is older was recovered")
	}
}

func TestDeliveriesAreSentAgainByFilter(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, _ := f.endpoint("https://a.example.com/")
	b, _ := f.endpoint("https://b.example.com/")
	off, _ := f.endpoint("https://off.example.com/")
	gone, _ := f.endpoint("https://gone.example.com/")
	theirs, _ := f.endpointOf("m_2", "https://a.example.com/")
	live, err := f.api.CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{MerchantId: "m_1", Livemode: true, Url: "https://a.example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{a, b, off, gone, theirs, live.GetEndpoint().GetId()} {
		f.past(id, "missed", 3)
		f.past(id, "exhausted", 2)
		f.past(id, "delivered", 4)
	}
	f.exec(`update deliveries set event_type = 'webhook_endpoint.test' where endpoint_id = $1 and reference = 'PAST-exhausted-1'`, b)
	f.exec(`update deliveries set event_type = 'payment.failed' where endpoint_id = $1 and reference = 'PAST-missed-1'`, b)
	f.enable(off, false)
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: gone}); err != nil {
		t.Fatal(err)
	}
	ago := f.hoursAgo
	for name, c := range map[string]struct {
		filter *webhooksv1.DeliveryFilter
		want   int64
	}{
		"endpoint":            {&webhooksv1.DeliveryFilter{EndpointId: a}, 5},
		"without tests":       {&webhooksv1.DeliveryFilter{EndpointId: b}, 4},
		"tests by their type": {&webhooksv1.DeliveryFilter{EndpointId: b, EventType: "webhook_endpoint.test"}, 0},
		"status":              {&webhooksv1.DeliveryFilter{EndpointId: a, Status: "delivered"}, 4},
		"one status":          {&webhooksv1.DeliveryFilter{EndpointId: a, Status: "missed"}, 3},
		"type":                {&webhooksv1.DeliveryFilter{EndpointId: b, EventType: "payment.failed"}, 1},
		"all since":           {&webhooksv1.DeliveryFilter{CreatedAfter: ago(100)}, 9},
		"since, inclusive":    {&webhooksv1.DeliveryFilter{EndpointId: a, CreatedAfter: ago(2)}, 4},
		"until, exclusive":    {&webhooksv1.DeliveryFilter{EndpointId: a, CreatedAfter: ago(3), CreatedBefore: ago(2)}, 1},
		"reference":           {&webhooksv1.DeliveryFilter{Reference: "PAST-missed-2"}, 2},
		"disabled":            {&webhooksv1.DeliveryFilter{EndpointId: off}, 0},
		"deleted":             {&webhooksv1.DeliveryFilter{EndpointId: gone}, 0},
		"another merchant's":  {&webhooksv1.DeliveryFilter{EndpointId: theirs}, 0},
		"the other mode's":    {&webhooksv1.DeliveryFilter{EndpointId: live.GetEndpoint().GetId()}, 0},
	} {
		got, err := f.resend(c.filter, true)
		if err != nil || got.GetCount() != c.want || got.GetMore() {
			t.Errorf("%s: %v, %v, want %d", name, got, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		filter *webhooksv1.DeliveryFilter
		want   string
	}{
		"nothing":        {nil, "endpoint_id"},
		"only a status":  {&webhooksv1.DeliveryFilter{Status: "delivered"}, "endpoint_id"},
		"only a type":    {&webhooksv1.DeliveryFilter{EventType: "payment.failed", CreatedBefore: ago(1)}, "endpoint_id"},
		"open ones":      {&webhooksv1.DeliveryFilter{EndpointId: a, Status: "pending"}, "status"},
		"cancelled ones": {&webhooksv1.DeliveryFilter{EndpointId: a, Status: "cancelled"}, "status"},
		"no UUID":        {&webhooksv1.DeliveryFilter{EndpointId: "urn:uuid:" + a}, "endpoint_id"},
		"zero bytes":     {&webhooksv1.DeliveryFilter{Reference: "PAY\x00", EventType: "\x00"}, "reference,event_type"},
		"bad times":      {&webhooksv1.DeliveryFilter{CreatedAfter: &timestamppb.Timestamp{Seconds: math.MinInt64}, CreatedBefore: &timestamppb.Timestamp{Nanos: -1}}, "created_after,created_before"},
	} {
		if _, err := f.resend(c.filter, false); fields(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if got, err := f.resend(&webhooksv1.DeliveryFilter{CreatedAfter: ago(100)}, false); err != nil || got.GetCount() != 9 || got.GetMore() {
		t.Errorf("sent again %v, %v", got, err)
	}
	var others int
	err = f.core.Pool.QueryRow(t.Context(), `select count(*) from deliveries where endpoint_id <> all($1::uuid[]) and finished_at is null`, []string{a, b}).Scan(&others)
	if err != nil || others != 0 {
		t.Errorf("%d of others are sent again, %v", others, err)
	}
}

// TestACallAnswersAfter10000AndTheRestFollows: also of delivered ones, which match again as soon as they are delivered again.
func TestACallAnswersAfter10000AndTheRestFollows(t *testing.T) {
	t.Parallel()
	for _, of := range []string{"", "delivered"} {
		t.Run(cmp.Or(of, "undelivered"), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.stop()
			f.cfg.AllowLoopback = false
			f.start()
			id, _ := f.endpoint("https://shop.example.com/")
			f.exec(`update endpoints set url = 'http://127.0.0.1/'`) // nothing leaves: every attempt is refused
			f.past(id, cmp.Or(of, "missed"), 10_003)
			filter := &webhooksv1.DeliveryFilter{EndpointId: id, Status: of}
			most, minimum := int64(10_003), false
			if of != "" { // which has no counter
				most, minimum = 10_000, true
			}
			if got, err := f.resend(filter, true); err != nil || got.GetCount() != most || !got.GetMore() || got.GetCountIsMinimum() != minimum {
				t.Errorf("would send %v, %v", got, err)
			}
			got, err := f.resend(filter, false)
			if err != nil || got.GetCount() != 10_000 || !got.GetMore() {
				t.Errorf("sends %v, %v", got, err)
			}
			// The others follow by themselves.
			f.clock.Advance(10 * time.Second)
			eventually(t, "each is sent again", func() bool { return f.number(`select count(*) from deliveries where attempts_before = 5`) == 10_003 })
			// Whoever asks until nothing is left sends nothing twice.
			if got, err := f.resend(filter, false); err != nil || got.GetCount() != 0 || got.GetMore() {
				t.Errorf("asked again: %v, %v", got, err)
			}
			if n := f.number(`select count from resends`); n != 10_003 {
				t.Errorf("%d were sent again", n)
			}
		})
	}
}

func TestAMerchantCannotTestOrResendForOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(200))
	id, _ := f.endpoint(s.URL)
	f.past(id, "missed", 1)
	delivery := f.deliveries()[0].GetId()
	since := timestamppb.New(f.clock.Now().Add(-time.Hour))
	ctx := t.Context()
	for name, who := range map[string]struct {
		merchant, id, delivery string
		live                   bool
	}{
		"another merchant": {merchant: "m_2", id: id, delivery: delivery},
		"another mode":     {merchant: "m_1", id: id, delivery: delivery, live: true},
		"unknown id":       {merchant: "m_1", id: uuid.NewString(), delivery: uuid.NewString()},
		"no id":            {merchant: "m_1", id: "' or 1=1", delivery: "\x00"},
		"another form":     {merchant: "m_1", id: "urn:uuid:" + id, delivery: "{" + delivery + "}"},
	} {
		_, e1 := f.api.TestEndpoint(ctx, &webhooksv1.TestEndpointRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.id})
		_, e2 := f.api.RecoverEndpoint(ctx, &webhooksv1.RecoverEndpointRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.id, Since: since})
		_, e3 := f.api.ListAttempts(ctx, &webhooksv1.ListAttemptsRequest{MerchantId: who.merchant, Livemode: who.live, EndpointId: who.id})
		_, e4 := f.api.ResendDelivery(ctx, &webhooksv1.ResendDeliveryRequest{MerchantId: who.merchant, Livemode: who.live, Id: who.delivery})
		for i, err := range []error{e1, e2, e3, e4} {
			if !errs.Is(err, errs.NotFoundCode) {
				t.Errorf("%s, call %d: %v", name, i+1, err)
			}
		}
		if uuid.Validate(who.id) != nil || len(who.id) != 36 {
			continue
		}
		got, err := f.api.ResendDeliveries(ctx, &webhooksv1.ResendDeliveriesRequest{
			MerchantId: who.merchant, Livemode: who.live, Filter: &webhooksv1.DeliveryFilter{EndpointId: who.id, CreatedAfter: since},
		})
		if err != nil || got.GetCount() != 0 {
			t.Errorf("%s sends again %v, %v", name, got, err)
		}
	}
	for i, err := range []error{
		func() error { _, err := f.api.TestEndpoint(ctx, &webhooksv1.TestEndpointRequest{Id: id}); return err }(),
		func() error {
			_, err := f.api.RecoverEndpoint(ctx, &webhooksv1.RecoverEndpointRequest{Id: id})
			return err
		}(),
		func() error {
			_, err := f.api.ListAttempts(ctx, &webhooksv1.ListAttemptsRequest{EndpointId: id})
			return err
		}(),
		func() error {
			_, err := f.api.ResendDelivery(ctx, &webhooksv1.ResendDeliveryRequest{Id: delivery})
			return err
		}(),
		func() error { _, err := f.api.ResendDeliveries(ctx, &webhooksv1.ResendDeliveriesRequest{}); return err }(),
	} {
		if fields(err) != "merchant_id" {
			t.Errorf("call %d without a merchant: %v", i+1, err)
		}
	}
	if f.count("missed") != 1 || len(s.hits) != 0 {
		t.Error("somebody else had it sent")
	}
}
