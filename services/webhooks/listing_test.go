package webhooks

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

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
		f.clock.Advance(time.Second)
	}
	start := f.clock.Now().Add(-3 * time.Second)
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

func TestAListOfAttemptsContinuesAfterTheLast(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, _ := f.endpoint(newSink(t, status(http.StatusOK)).URL)
	delivered := func(n int) {
		t.Helper()
		f.publish(f.completed(n))
		eventually(t, "delivered", func() bool { return f.counts()["delivered"] == n })
	}
	// The clock stands still: all of them begin at one moment, also the second one of a delivery.
	for n := range 4 {
		delivered(n + 1)
	}
	again := f.deliveries()[1].GetId()
	if _, err := f.api.ResendDelivery(t.Context(), &webhooksv1.ResendDeliveryRequest{MerchantId: "m_1", Id: again}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "sent again", func() bool { return f.deliveries()[1].GetAttemptCount() == 2 })
	ask := func(r *webhooksv1.ListAttemptsRequest) (*webhooksv1.ListAttemptsResponse, error) {
		r.MerchantId, r.EndpointId = "m_1", cmp.Or(r.GetEndpointId(), id)
		return f.api.ListAttempts(t.Context(), r)
	}
	first, err := ask(&webhooksv1.ListAttemptsRequest{Limit: 2})
	if err != nil || len(first.GetAttempts()) != 2 || !first.GetHasMore() || first.GetTotal() != 5 {
		t.Fatalf("first page: %v, %v", first, err)
	}
	seen := make(map[string]bool)
	for _, a := range first.GetAttempts() {
		seen[a.GetId()] = true
	}
	f.clock.Advance(time.Second)
	delivered(5) // between the pages
	last, more := first.GetAttempts()[1].GetId(), true
	for more {
		part, err := ask(&webhooksv1.ListAttemptsRequest{Limit: 2, StartingAfter: last})
		if err != nil || len(part.GetAttempts()) == 0 || part.GetTotal() != 0 {
			t.Fatalf("after %s: %v, %v", last, part, err)
		}
		for _, a := range part.GetAttempts() {
			if seen[a.GetId()] {
				t.Errorf("%s comes twice", a.GetId())
			}
			seen[a.GetId()], last = true, a.GetId()
		}
		more = part.GetHasMore()
	}
	if len(seen) != 5 {
		t.Errorf("%d attempts were read: %v", len(seen), seen)
	}
	other, _ := f.endpoint("https://shop.example.com/")
	for name, r := range map[string]*webhooksv1.ListAttemptsRequest{
		"no attempt's": {StartingAfter: last + "7"}, "a delivery's": {StartingAfter: last[:36]}, "another form": {StartingAfter: last[:37] + "+1"},
		"another endpoint's": {EndpointId: other, StartingAfter: last}, "beside a page": {StartingAfter: last, Page: 2},
	} {
		if _, err := ask(r); fields(err) != "starting_after" {
			t.Errorf("%s: %v", name, err)
		}
	}
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
