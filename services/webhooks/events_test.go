package webhooks

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

// recordedEvents waits until so many events of m_1 are known and returns them, newest first.
func (f *fixture) recordedEvents(n int) []*webhooksv1.Event {
	f.t.Helper()
	var list []*webhooksv1.Event
	eventually(f.t, "the events are recorded", func() bool {
		resp, err := f.api.ListEvents(f.t.Context(), &webhooksv1.ListEventsRequest{MerchantId: "m_1", Limit: 100})
		list = resp.GetEvents()
		return err == nil && len(list) == n
	})
	return list
}

func TestEventsAreStoredWithoutRecipients(t *testing.T) {
	t.Parallel()
	f := setup(t) // no endpoint at all
	first, second := f.completed(1), f.completed(2)
	f.publish(first)
	f.clock.Advance(time.Second)
	second.Time = f.clock.Now()
	p := payment()
	p.MerchantReference, p.Status = "Table 7, café", "failed"
	third := f.changed("payment.failed", p)
	f.publish(second, third)
	list := f.recordedEvents(3)
	if list[0].GetId() != third.ID || list[0].GetMerchantReference() != "Table 7, café" || !strings.HasPrefix(string(list[0].GetBody()), `{"event":"payment.failed","timestamp":`) {
		t.Errorf("the newest is %v", list[0])
	}
	ask := func(r *webhooksv1.ListEventsRequest) []string {
		t.Helper()
		r.MerchantId = "m_1"
		resp, err := f.api.ListEvents(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, e := range resp.GetEvents() {
			ids = append(ids, e.GetId())
		}
		if resp.GetHasMore() {
			ids = append(ids, "more")
		}
		return ids
	}
	for name, c := range map[string]struct {
		ask  *webhooksv1.ListEventsRequest
		want []string
	}{
		"type":               {&webhooksv1.ListEventsRequest{EventType: "payment.failed"}, []string{third.ID}},
		"merchant reference": {&webhooksv1.ListEventsRequest{MerchantReference: "Table 7, café"}, []string{third.ID}},
		"reference":          {&webhooksv1.ListEventsRequest{Reference: "PAY-20260617-0000000000000002"}, []string{second.ID}},
		"first page":         {&webhooksv1.ListEventsRequest{Limit: 1}, []string{third.ID, "more"}},
		"next page":          {&webhooksv1.ListEventsRequest{Limit: 1, StartingAfter: third.ID}, []string{list[1].GetId(), "more"}},
		"last page":          {&webhooksv1.ListEventsRequest{Limit: 1, StartingAfter: list[1].GetId()}, []string{list[2].GetId()}},
		"the other mode":     {&webhooksv1.ListEventsRequest{Livemode: true}, nil},
		"after":              {&webhooksv1.ListEventsRequest{CreatedAfter: timestamppb.New(f.clock.Now())}, []string{third.ID}},
	} {
		if got := ask(c.ask); strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for name, r := range map[string]*webhooksv1.ListEventsRequest{
		"starting_after": {MerchantId: "m_2", StartingAfter: first.ID}, "limit": {MerchantId: "m_1", Limit: 101}, "event_type": {MerchantId: "m_1", EventType: "\x00"},
	} {
		if _, err := f.api.ListEvents(t.Context(), r); fields(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e, err := f.api.GetEvent(t.Context(), &webhooksv1.GetEventRequest{MerchantId: "m_1", Id: first.ID}); err != nil || e.GetEvent().GetReference() != "PAY-20260617-0000000000000001" {
		t.Errorf("%v, %v", e, err)
	}
	for _, r := range []*webhooksv1.GetEventRequest{{MerchantId: "m_2", Id: first.ID}, {MerchantId: "m_1", Livemode: true, Id: first.ID}, {MerchantId: "m_1", Id: "x"}} {
		if _, err := f.api.GetEvent(t.Context(), r); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%v: %v", r, err)
		}
	}
}

// TestANewEndpointIsBackfilled, once, after a dry run that says how much that is.
func TestANewEndpointIsBackfilled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	cancelled := payment()
	cancelled.Status, cancelled.Reference = "cancelled", "PAY-20260617-00000000000000CA"
	f.publish(f.completed(1), f.completed(2), f.changed("payment.cancelled", cancelled), f.changed("payment.created", payment()))
	f.recordedEvents(4)
	s := newSink(t, status(http.StatusOK))
	id, secret := f.endpoint(s.URL)
	since := timestamppb.New(f.clock.Now().Add(-time.Hour))
	f.clock.Advance(time.Second)
	ask := func(r *webhooksv1.BackfillEndpointRequest) (*webhooksv1.BackfillEndpointResponse, error) {
		r.MerchantId, r.Id = "m_1", id
		return f.api.BackfillEndpoint(t.Context(), r)
	}
	dry, err := ask(&webhooksv1.BackfillEndpointRequest{Since: since, DryRun: true})
	if err != nil || dry.GetCount() != 3 || dry.GetMore() || dry.GetToken() == "" || dry.GetFirstAt() == nil || dry.GetLastAt() == nil {
		t.Fatalf("dry run: %v, %v", dry, err)
	}
	for _, token := range []string{"", "x", "a.b", dry.GetToken() + "A", strings.ToUpper(dry.GetToken())} {
		if _, err := ask(&webhooksv1.BackfillEndpointRequest{Token: token}); fields(err) != "token" {
			t.Errorf("token %q: %v", token, err)
		}
	}
	other, _ := f.endpoint("https://other.example.com/")
	if _, err := f.api.BackfillEndpoint(t.Context(), &webhooksv1.BackfillEndpointRequest{MerchantId: "m_1", Id: other, Token: dry.GetToken()}); fields(err) != "token" {
		t.Errorf("the token of another endpoint: %v", err)
	}
	if len(s.hits) != 0 {
		t.Error("a dry run sent something")
	}
	ran, err := ask(&webhooksv1.BackfillEndpointRequest{Token: dry.GetToken()})
	if err != nil || ran.GetCount() != 3 || ran.GetMore() {
		t.Fatalf("real run: %v, %v", ran, err)
	}
	types := map[string]int{}
	for range 3 {
		h := s.next(t)
		types[h.header.Get("X-EuPay-Event")]++
		if err := standard(h, secret, f.clock.Now()); err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(string(h.body), `{"event":"`+h.header.Get("X-EuPay-Event")+`","timestamp":`) {
			t.Errorf("sent %s", h.body)
		}
	}
	// A cancelled payment is announced as the endpoint would have heard of it.
	if types["payment.completed"] != 2 || types["payment.failed"] != 1 {
		t.Errorf("sent %v", types)
	}
	if again, err := ask(&webhooksv1.BackfillEndpointRequest{Token: dry.GetToken()}); err != nil || again.GetCount() != 0 {
		t.Errorf("a second time %v, %v", again, err)
	}
	f.clock.Advance(2 * time.Hour)
	if _, err := ask(&webhooksv1.BackfillEndpointRequest{Token: dry.GetToken()}); fields(err) != "token" {
		t.Errorf("an old token: %v", err)
	}
	for name, r := range map[string]*webhooksv1.BackfillEndpointRequest{
		"since": {DryRun: true}, "until": {DryRun: true, Since: since, Until: since}, "event_types": {DryRun: true, Since: since, EventTypes: []string{"x"}},
	} {
		if _, err := ask(r); fields(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.api.BackfillEndpoint(t.Context(), &webhooksv1.BackfillEndpointRequest{MerchantId: "m_2", Id: id, Since: since, DryRun: true}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("another merchant: %v", err)
	}
	f.enable(id, false)
	if _, err := ask(&webhooksv1.BackfillEndpointRequest{Since: since, DryRun: true}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("disabled: %v", err)
	}
}

func TestAResendToADeletedEndpointNamesOtherEndpoints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	gone, _ := f.endpoint("https://gone.example.com/")
	f.past(gone, "exhausted", 1)
	if _, err := f.api.DeleteEndpoint(t.Context(), &webhooksv1.DeleteEndpointRequest{MerchantId: "m_1", Id: gone}); err != nil {
		t.Fatal(err)
	}
	f.endpoint("https://refunds.example.com/", "payment.refunded")
	resend := func() string {
		_, err := f.api.ResendDelivery(t.Context(), &webhooksv1.ResendDeliveryRequest{MerchantId: "m_1", Id: f.deliveries()[0].GetId()})
		if !errs.Is(err, errs.InvalidState) {
			t.Fatal(err)
		}
		return err.Error()
	}
	if got := resend(); !strings.Contains(got, "no other endpoint receives payment.completed") {
		t.Error(got)
	}
	next, _ := f.endpoint("https://next.example.com/")
	if got := resend(); !strings.Contains(got, next) || !strings.Contains(got, "https://next.example.com/") || strings.Contains(got, "refunds") {
		t.Error(got)
	}
}

// TestADeliveryIsFoundByTheMerchantsOwnReference, by its event, and page by page while new ones come.
func TestADeliveryIsFoundByTheMerchantsOwnReference(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.endpoint(newSink(t, status(http.StatusOK)).URL)
	var list []string
	for i := range 4 {
		p := payment()
		p.Reference, p.MerchantReference = "PAY-20260617-000000000000000"+string(rune('0'+i)), "ORDER-"+string(rune('0'+i))
		e := f.changed("payment.completed", p)
		f.publish(e)
		list = append(list, e.ID)
		eventually(t, "delivered", func() bool { return f.counts()["delivered"] == i+1 })
		f.clock.Advance(time.Second)
	}
	ask := func(r *webhooksv1.ListDeliveriesRequest) *webhooksv1.ListDeliveriesResponse {
		t.Helper()
		r.MerchantId = "m_1"
		resp, err := f.api.ListDeliveries(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	if got := ask(&webhooksv1.ListDeliveriesRequest{MerchantReference: "ORDER-2"}).GetDeliveries(); len(got) != 1 || got[0].GetEventId() != list[2] {
		t.Errorf("by the merchant's reference: %v", got)
	}
	if got := ask(&webhooksv1.ListDeliveriesRequest{EventId: list[1]}).GetDeliveries(); len(got) != 1 || got[0].GetEventId() != list[1] {
		t.Errorf("by the event: %v", got)
	}
	first := ask(&webhooksv1.ListDeliveriesRequest{Limit: 2})
	if !first.GetHasMore() || first.GetTotal() != 4 {
		t.Errorf("first page: %v", first)
	}
	f.publish(f.completed(9)) // between the two pages
	eventually(t, "delivered", func() bool { return f.counts()["delivered"] == 5 })
	rest := ask(&webhooksv1.ListDeliveriesRequest{Limit: 2, StartingAfter: first.GetDeliveries()[1].GetId()})
	if got := rest.GetDeliveries(); len(got) != 2 || got[0].GetEventId() != list[1] || got[1].GetEventId() != list[0] || rest.GetHasMore() {
		t.Errorf("second page: %v", rest)
	}
	for name, r := range map[string]*webhooksv1.ListDeliveriesRequest{
		"event_id": {MerchantId: "m_1", EventId: "x"}, "merchant_reference": {MerchantId: "m_1", MerchantReference: "\x00"},
		"starting_after": {MerchantId: "m_2", StartingAfter: first.GetDeliveries()[0].GetId()},
	} {
		if _, err := f.api.ListDeliveries(t.Context(), r); fields(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	both := &webhooksv1.ListDeliveriesRequest{MerchantId: "m_1", Page: 2, StartingAfter: first.GetDeliveries()[0].GetId()}
	if _, err := f.api.ListDeliveries(t.Context(), both); fields(err) != "starting_after" {
		t.Errorf("a page and a cursor: %v", err)
	}
}
