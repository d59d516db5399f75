package eupay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// shelf serves a list of n, by pages or after an element.
func shelf(n int, id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		page, _ := strconv.Atoi(q.Get("page"))
		page = max(page, 1)
		first := (page - 1) * limit
		after := q.Get("starting_after")
		if after != "" {
			last, _ := strconv.Atoi(after)
			first = last
		}
		list := "["
		for i := first; i < min(first+limit, n); i++ {
			list += fmt.Sprintf(`%s{%q:"%d"}`, map[bool]string{true: ",", false: ""}[i > first], id, i+1)
		}
		if after != "" {
			fmt.Fprintf(w, `{"data":%s],"has_more":%t}`, list, first+limit < n)
			return
		}
		fmt.Fprintf(w, `{"data":%s],"pagination":{"page":%d,"limit":%d,"total":%d,"pages":%d}}`, list, page, limit, n, (n+limit-1)/limit)
	}
}

func queries(s *api) (list []string) {
	for _, r := range s.requests() {
		list = append(list, r.query)
	}
	return list
}

func TestAllReadsAListAfterItsLastElement(t *testing.T) {
	t.Parallel()
	s := serve(t, shelf(5, "reference"))
	var got string
	params := PaymentListParams{ListParams: ListParams{Limit: 2}, Status: PaymentCompleted, MinAmount: 50}
	for p, err := range s.client(Options{}).Payments.All(t.Context(), params) {
		if err != nil {
			t.Fatal(err)
		}
		got += p.Reference
	}
	const common = "limit=2&min_amount=0.50&"
	want := fmt.Sprint([]string{common + "status=completed", common + "starting_after=2&status=completed", common + "starting_after=4&status=completed"})
	if got != "12345" || fmt.Sprint(queries(s)) != want {
		t.Errorf("got %s by %v", got, queries(s))
	}
}

func TestAllReadsAListByItsPages(t *testing.T) {
	t.Parallel()
	s := serve(t, shelf(101, "id"))
	c := s.client(Options{}).WithToken("t")
	all := c.Tables.All(t.Context(), ListParams{})
	for range 2 { // an iterator can be used again
		n := 0
		for _, err := range all {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 101 {
			t.Errorf("%d tables", n)
		}
	}
	if want := "[limit=100 limit=100&page=2 limit=100 limit=100&page=2]"; fmt.Sprint(queries(s)) != want {
		t.Errorf("by %v", queries(s))
	}
}

// TestAllReadsBeyondATotalThatIsAMinimum: the server counts no further than 2, of 5.
func TestAllReadsBeyondATotalThatIsAMinimum(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		list := map[string]string{"": `{"id":"1"},{"id":"2"}`, "2": `{"id":"3"},{"id":"4"}`, "3": `{"id":"5"}`}[r.URL.Query().Get("page")]
		fmt.Fprintf(w, `{"data":[%s],"pagination":{"page":%s,"limit":2,"total":2,"pages":1,"total_is_minimum":true}}`, list, cmp.Or(r.URL.Query().Get("page"), "1"))
	})
	n := 0
	for _, err := range s.client(Options{}).WithToken("t").Tables.All(t.Context(), ListParams{Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 5 {
		t.Errorf("%d tables", n)
	}
}

func TestWhoStopsIsAskedForNoFurtherPage(t *testing.T) {
	t.Parallel()
	s := serve(t, shelf(50, "id"))
	for range s.client(Options{}).Events.All(t.Context(), EventListParams{Limit: 10}) {
		break
	}
	if len(s.requests()) != 1 {
		t.Errorf("%d pages", len(s.requests()))
	}
}

func TestAnErrorEndsTheList(t *testing.T) {
	t.Parallel()
	s := serve(t, shelf(50, "id"), refuses(401, "INVALID_API_KEY"))
	n, ends := 0, 0
	for _, err := range s.client(Options{}).WebhookDeliveries.All(t.Context(), DeliveryListParams{ListParams: ListParams{Limit: 10}}) {
		n++
		if errors.Is(err, ErrInvalidAPIKey) {
			ends++
		}
	}
	if n != 11 || ends != 1 {
		t.Errorf("%d elements, %d errors", n, ends)
	}
}

// TestAListThatNeverEndsIsLeft: a server that promises more pages and sends empty ones must not cause an endless loop.
func TestAListThatNeverEndsIsLeft(t *testing.T) {
	t.Parallel()
	s := serve(t, says(200, `{"data":[],"has_more":true}`))
	for range s.client(Options{}).Events.All(t.Context(), EventListParams{}) {
		t.Error("an element of an empty list")
	}
	if len(s.requests()) != 1 {
		t.Errorf("%d pages", len(s.requests()))
	}
}

func TestFiltersAreWritten(t *testing.T) {
	t.Parallel()
	s := serve(t, says(200, `{"data":[]}`))
	at := time.Date(2026, 6, 17, 14, 0, 0, 5e6, time.FixedZone("", 7200))
	if _, err := s.client(Options{}).Orders.List(t.Context(), OrderListParams{From: at, Table: "a b&c"}); err != nil {
		t.Fatal(err)
	}
	if q, err := url.ParseQuery(s.requests()[0].query); err != nil || q.Get("from") != "2026-06-17T12:00:00.005Z" || q.Get("table") != "a b&c" || len(q) != 2 {
		t.Errorf("%s, %v", s.requests()[0].query, err)
	}
}

func TestAStreamGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	const stream = "id: 41\n\n: still here\n\nid: 42\nevent: webhook\ndata: {\"id\":\"e\",\ndata: \"type\":\"payment.completed\"}\n\nevent: later\ndata: x\n\n"
	s := serve(t, says(200, stream), says(200, "id: 43\nevent: webhook\ndata: {\"id\":\"f\"}\n\nevent: error\ndata: {\"code\":\"RATE_LIMIT_EXCEEDED\",\"message\":\"Gone.\",\"retry_after\":5}\n\n"), breaks)
	l := s.client(Options{}).Listener
	st, err := l.Open(t.Context(), ListenParams{EventTypes: []string{"a", "b"}, Latest: true})
	if err != nil || st.Position() != "41" || s.requests()[0].query != "event_types=a%2Cb&latest=true" {
		t.Fatal(err, st.Position(), s.requests()[0].query)
	}
	if w, err := st.Next(); err != nil || w.ID != "e" || w.Raw != "{\"id\":\"e\",\n\"type\":\"payment.completed\"}" || w.Type != "payment.completed" || st.Position() != "42" {
		t.Errorf("%+v, %v at %s", w, err, st.Position())
	}
	if _, err := st.Next(); !errors.Is(err, io.EOF) || st.Close() != nil {
		t.Errorf("the end: %v", err)
	}
	st, err = l.Open(t.Context(), ListenParams{After: st.Position()})
	if err != nil || st.Position() != "42" || s.requests()[1].header.Get("Last-Event-ID") != "42" {
		t.Fatal(err, st.Position())
	}
	if w, err := st.Next(); err != nil || w.ID != "f" || st.Position() != "43" {
		t.Errorf("%+v, %v at %s", w, err, st.Position())
	}
	var refused *Error
	if _, err := st.Next(); !errors.As(err, &refused) || refused.Code != ErrRateLimitExceeded || refused.RetryAfter != 5*time.Second || st.Close() != nil {
		t.Errorf("an error of the stream: %v", err)
	}
}
