package webhooks

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
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
		endpoint, status, n, f.clock.now())
}

func (f *fixture) hoursAgo(n int) *timestamppb.Timestamp {
	return timestamppb.New(f.clock.now().Add(time.Duration(-n) * time.Hour))
}

func (f *fixture) resend(filter *webhooksv1.DeliveryFilter, dryRun bool) (*webhooksv1.ResendDeliveriesResponse, error) {
	return f.api.ResendDeliveries(context.Background(), &webhooksv1.ResendDeliveriesRequest{MerchantId: "m_1", Filter: filter, DryRun: dryRun})
}

func TestADisabledEndpointMissesWhatIsOpen(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusInternalServerError))
	id, _ := f.endpoint(s.URL)
	other, _ := f.endpoint(s.URL)
	later := payment()
	later.Status, later.Sequence = "refunded", 4
	f.publish(f.changed("payment.completed", payment()), f.changed("payment.refunded", later))
	eventually(t, "the first of both failed at both endpoints", func() bool {
		n := 0
		for _, d := range f.deliveries() {
			n += int(d.GetAttemptCount())
		}
		return n == 2 && f.count("waiting") == 2 && f.count("pending") == 2
	})
	f.exec(`insert into endpoint_health (endpoint_id, failing_since, failures, tripped, paused_until) values ($1, $2, 12, true, $2) on conflict do nothing`, id, f.clock.now())
	if e := f.enable(id, false); e.GetEnabled() || e.GetDisabledReason() != "by_merchant" {
		t.Errorf("disabled: %v", e)
	}
	if n := f.count("missed"); n != 2 || f.count("waiting")+f.count("pending") != 2 {
		t.Errorf("%d missed", n)
	}
	var tidy bool
	err := f.core.Pool.QueryRow(t.Context(), `select bool_and(endpoint_id = $1 and finished_at is not null and lease_owner is null)
		from deliveries where status = 'missed'`, id).Scan(&tidy)
	if err != nil || !tidy {
		t.Errorf("missed deliveries are not ended as they should, %v", err)
	}
	if e := f.enable(id, true); !e.GetEnabled() || e.GetDisabledReason() != "" || e.GetHealth().GetState() != "healthy" {
		t.Errorf("enabled: %v", e)
	}
	if n := f.count("missed"); n != 2 {
		t.Errorf("%d missed: enabling sends nothing by itself", n)
	}
	if e := f.read(other); !e.GetEnabled() {
		t.Errorf("the other endpoint: %v", e)
	}
}

func TestADeletedEndpointLeavesNoHealth(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint("https://shop.example.com/")
	f.exec(`insert into endpoint_health (endpoint_id, failing_since, failures) values ($1, $2, 1)`, id, f.clock.now())
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := f.core.Pool.QueryRow(t.Context(), `select count(*) from endpoint_health`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestHealthIsShown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint("https://shop.example.com/")
	now := f.clock.now()
	since, soon := now.Add(-time.Hour), now.Add(time.Minute)
	for name, c := range map[string]struct {
		since, paused *time.Time
		tripped       bool
		want          string
		retry         bool
	}{
		"failing":                   {since: &since, want: "failing"},
		"failing, asked to wait":    {since: &since, paused: &soon, want: "failing", retry: true},
		"failing, waited":           {since: &since, paused: &now, want: "failing"},
		"breaker":                   {since: &since, paused: &soon, tripped: true, want: "open", retry: true},
		"breaker, at this moment":   {since: &since, paused: &now, tripped: true, want: "half_open"},
		"well, but asked for peace": {paused: &soon, want: "healthy", retry: true},
	} {
		f.exec(`delete from endpoint_health`)
		f.exec(`insert into endpoint_health (endpoint_id, failing_since, failures, last_error, tripped, paused_until) values ($1, $2, 12, 'timeout', $3, $4)`,
			id, c.since, c.tripped, c.paused)
		h := f.read(id).GetHealth()
		if h.GetState() != c.want || (h.GetRetryAt() != nil) != c.retry || (h.GetFailingSince() != nil) != (c.since != nil) ||
			h.GetConsecutiveFailures() != 12 || h.GetLastError() != "timeout" {
			t.Errorf("%s: %v", name, h)
		}
		list, err := f.api.ListEndpoints(t.Context(), &webhooksv1.ListEndpointsRequest{MerchantId: "m_1"})
		if err != nil || list.GetEndpoints()[0].GetHealth().GetState() != c.want {
			t.Errorf("%s in the list: %v, %v", name, list, err)
		}
	}
	f.exec(`delete from endpoint_health`)
	if h := f.read(id).GetHealth(); h.GetState() != "healthy" || h.GetFailingSince() != nil || h.GetRetryAt() != nil {
		t.Errorf("without a row: %v", h)
	}
}

func TestTheRateLimitIsKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	made, err := f.api.CreateEndpoint(t.Context(), &webhooksv1.CreateEndpointRequest{MerchantId: "m_1", Url: "https://shop.example.com/", RateLimit: 1000})
	if err != nil || made.GetEndpoint().GetRateLimit() != 1000 {
		t.Fatalf("%v, %v", made, err)
	}
	id := made.GetEndpoint().GetId()
	set := func(limit *int32) (*webhooksv1.Endpoint, error) {
		resp, err := f.api.UpdateEndpoint(t.Context(), &webhooksv1.UpdateEndpointRequest{MerchantId: "m_1", Id: id, RateLimit: limit})
		return resp.GetEndpoint(), err
	}
	zero := int32(0)
	for _, wrong := range []int32{-1, 1001, math.MaxInt32, math.MinInt32} {
		if _, err := set(&wrong); fields(err) != "rate_limit" {
			t.Errorf("%d: %v", wrong, err)
		}
	}
	if e, err := set(nil); err != nil || e.GetRateLimit() != 1000 || f.read(id).GetRateLimit() != 1000 {
		t.Errorf("unchanged: %v, %v", e, err)
	}
	if e, err := set(&zero); err != nil || e.GetRateLimit() != 0 || f.read(id).GetRateLimit() != 0 {
		t.Errorf("no limit: %v, %v", e, err)
	}
}

func TestAnEndpointIsTested(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Shop", "blue")
		w.Header().Set("Set-Cookie", "session=secret")
		w.WriteHeader(http.StatusTeapot)
		w.Write([]byte("no tea"))
	})
	id, secret := f.endpoint(s.URL)
	try := func(id string) (*webhooksv1.Delivery, error) {
		resp, err := f.api.TestEndpoint(t.Context(), &webhooksv1.TestEndpointRequest{MerchantId: "m_1", Id: id})
		return resp.GetDelivery(), err
	}
	for _, enabled := range []bool{true, false} {
		f.enable(id, enabled)
		d, err := try(id)
		if err != nil || len(d.GetAttempts()) != 1 || d.GetEventType() != "webhook_endpoint.test" || d.GetStatus() != "exhausted" {
			t.Fatalf("enabled %t: %v, %v", enabled, d, err)
		}
		a := d.GetAttempts()[0]
		if a.GetResponseStatus() != http.StatusTeapot || string(a.GetResponseBody()) != "no tea" || !strings.Contains(a.GetResponseHeaders(), "X-Shop: blue\n") ||
			strings.Contains(a.GetResponseHeaders(), "secret") {
			t.Errorf("attempt: %v", a)
		}
		h := s.next(t)
		if err := standard(h, secret, f.clock.now()); err != nil || h.header.Get("webhook-id") != d.GetEventId() || string(h.body) != string(d.GetBody()) {
			t.Errorf("sent %s %v, %v", h.body, h.header, err)
		}
		_, err = f.api.ResendDelivery(t.Context(), &webhooksv1.ResendDeliveryRequest{MerchantId: "m_1", Id: d.GetId()})
		if !errs.Is(err, errs.InvalidState) {
			t.Errorf("a test is sent again: %v", err)
		}
	}
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := try(id); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("deleted: %v", err)
	}
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
	if _, err := resend(); !errs.Is(err, errs.InvalidState) || !strings.Contains(err.Error(), "Enable it first") {
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
	since := timestamppb.New(f.clock.now().Add(-2 * time.Hour))
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
		"none": nil, "future": timestamppb.New(f.clock.now().Add(time.Microsecond)), "no time": {Seconds: math.MaxInt64}, "bad nanos": {Nanos: -1},
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

func TestACallSendsAtMost10000AgainTheOldestFirst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.stop()
	f.cfg.AllowLoopback = false
	f.start()
	id, _ := f.endpoint("https://shop.example.com/")
	f.exec(`update endpoints set url = 'http://127.0.0.1/'`) // nothing leaves: every attempt is refused
	f.past(id, "missed", 10_003)
	f.past(id, "delivered", 10_001)
	if got, err := f.resend(&webhooksv1.DeliveryFilter{EndpointId: id}, true); err != nil || got.GetCount() != 10_003 || !got.GetMore() {
		t.Errorf("would send %v, %v", got, err)
	}
	if got, err := f.resend(&webhooksv1.DeliveryFilter{EndpointId: id}, false); err != nil || got.GetCount() != 10_000 || !got.GetMore() {
		t.Errorf("sends %v, %v", got, err)
	}
	var left []string
	err := f.core.Pool.QueryRow(t.Context(), `select array_agg(reference order by created_at) from deliveries where status = 'missed'`).Scan(&left)
	if err != nil || !slices.Equal(left, []string{"PAST-missed-10001", "PAST-missed-10002", "PAST-missed-10003"}) {
		t.Errorf("left are %v, %v", left, err)
	}
	if got, err := f.resend(&webhooksv1.DeliveryFilter{EndpointId: id, Status: "missed"}, false); err != nil || got.GetCount() != 3 || got.GetMore() {
		t.Errorf("sends the rest: %v, %v", got, err)
	}
	// What was delivered would match again, so there is no rest to ask for.
	if _, err := f.resend(&webhooksv1.DeliveryFilter{EndpointId: id, Status: "delivered"}, false); fields(err) != "created_before" {
		t.Error(err)
	}
}

func TestAttemptsOfAnEndpointAreListed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var n atomic.Int32
	s := newSink(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Shop", "blue")
		if n.Add(1) == 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	id, _ := f.endpoint(s.URL)
	for i := range 3 {
		p := payment()
		p.Reference = fmt.Sprintf("PAY-20260617-%016X", i)
		f.publish(f.changed("payment.completed", p))
		eventually(t, "attempted", func() bool { list := f.deliveries(); return len(list) == i+1 && list[0].GetAttemptCount() == 1 })
		f.clock.advance(time.Second)
	}
	start := f.clock.now().Add(-3 * time.Second)
	list := func(r *webhooksv1.ListAttemptsRequest) string {
		r.MerchantId, r.EndpointId = "m_1", id
		resp, err := f.api.ListAttempts(t.Context(), r)
		if err != nil {
			return fmt.Sprint(err)
		}
		got := ""
		for _, a := range resp.GetAttempts() {
			got += a.GetReference()[len(a.GetReference())-1:] + " "
			if a.GetEventType() != "payment.completed" || uuid.Validate(a.GetDeliveryId()) != nil || !strings.Contains(a.GetResponseHeaders(), "X-Shop: blue") {
				t.Errorf("attempt: %v", a)
			}
		}
		return got + fmt.Sprint("of ", resp.GetTotal())
	}
	check := func(when string) {
		for name, c := range map[string]struct {
			request *webhooksv1.ListAttemptsRequest
			want    string
		}{
			"all":         {&webhooksv1.ListAttemptsRequest{}, "2 1 0 of 3"},
			"second page": {&webhooksv1.ListAttemptsRequest{Limit: 2, Page: 2}, "0 of 3"},
			"success":     {&webhooksv1.ListAttemptsRequest{Outcome: "success"}, "2 0 of 2"},
			"failure":     {&webhooksv1.ListAttemptsRequest{Outcome: "failure"}, "1 of 1"},
			"from":        {&webhooksv1.ListAttemptsRequest{StartedAfter: timestamppb.New(start.Add(time.Second))}, "2 1 of 2"},
			"until":       {&webhooksv1.ListAttemptsRequest{StartedBefore: timestamppb.New(start.Add(time.Second))}, "0 of 1"},
		} {
			if got := list(c.request); got != c.want {
				t.Errorf("%s, %s: %s, want %s", when, name, got, c.want)
			}
		}
	}
	check("enabled")
	_, err := f.api.ListAttempts(t.Context(), &webhooksv1.ListAttemptsRequest{
		MerchantId: "m_1", EndpointId: id, Page: -1, Limit: 101, Outcome: "ok", StartedAfter: &timestamppb.Timestamp{Nanos: -1}, StartedBefore: &timestamppb.Timestamp{Seconds: math.MaxInt64},
	})
	if got := fields(err); got != "page,limit,outcome,started_after,started_before" {
		t.Errorf("refused fields: %s", got)
	}
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: id}); err != nil {
		t.Fatal(err)
	}
	check("deleted")
}

func TestDeliveriesAreListedByTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint("https://shop.example.com/")
	f.past(id, "missed", 3)
	ago := f.hoursAgo
	for name, c := range map[string]struct {
		request *webhooksv1.ListDeliveriesRequest
		want    string
	}{
		"newest first": {&webhooksv1.ListDeliveriesRequest{}, "3 2 1 of 3"},
		"from":         {&webhooksv1.ListDeliveriesRequest{CreatedAfter: ago(2), Status: "missed"}, "3 2 of 2"},
		"until":        {&webhooksv1.ListDeliveriesRequest{CreatedBefore: ago(2)}, "1 of 1"},
		"between":      {&webhooksv1.ListDeliveriesRequest{CreatedAfter: ago(2), CreatedBefore: ago(1)}, "2 of 1"},
		"none":         {&webhooksv1.ListDeliveriesRequest{CreatedAfter: ago(1), CreatedBefore: ago(2)}, "of 0"},
	} {
		c.request.MerchantId = "m_1"
		resp, err := f.api.ListDeliveries(t.Context(), c.request)
		got := ""
		for _, d := range resp.GetDeliveries() {
			got += d.GetReference()[len(d.GetReference())-1:] + " "
		}
		if got += fmt.Sprint("of ", resp.GetTotal()); err != nil || got != c.want {
			t.Errorf("%s: %s, want %s, %v", name, got, c.want, err)
		}
	}
	_, err := f.api.ListDeliveries(t.Context(), &webhooksv1.ListDeliveriesRequest{
		MerchantId: "m_1", EndpointId: "{" + id + "}", CreatedAfter: &timestamppb.Timestamp{Seconds: math.MaxInt64}, CreatedBefore: &timestamppb.Timestamp{Nanos: -1},
	})
	if got := fields(err); got != "endpoint_id,created_after,created_before" {
		t.Errorf("refused fields: %s", got)
	}
}

func TestNobodyTestsOrSendsAgainWhatIsAnothers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(200))
	id, _ := f.endpoint(s.URL)
	f.past(id, "missed", 1)
	delivery := f.deliveries()[0].GetId()
	since := timestamppb.New(f.clock.now().Add(-time.Hour))
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
