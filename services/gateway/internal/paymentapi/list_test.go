package paymentapi

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAListContinuesAfterAPayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.put(completed())
	a := w.call("GET", path+"?starting_after="+payRef+"&limit=1", "", as("pk_test_a")...)
	if q := w.reads.lists[0]; a.status != 200 || q.GetStartingAfter() != payRef || q.GetLimit() != 1 {
		t.Errorf("%d %s, asked %v", a.status, a.body, q)
	}
	var got struct {
		HasMore    *bool `json:"has_more"`
		Pagination any
	}
	if err := json.Unmarshal(a.body, &got); err != nil || got.HasMore == nil || got.Pagination != nil {
		t.Errorf("%s, %v", a.body, err)
	}
	w.call("GET", path+"?starting_after="+payRef+"&page=1", "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "starting_after cannot be combined with page.")
}

func TestFiltersOfAList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.call("GET", path+"?to=2026-06-18T00:00Z&reference="+payRef+"&merchant_reference=ORDER+1042&min_amount=1.50&max_amount=20&search=caf%C3%A9&metadata=table:7&settled=unsettled&payment_link_id=plink_1", "", as("pk_test_a")...)
	w.call("GET", path+"?amount=29.99", "", as("pk_test_a")...)
	q, exact := w.reads.lists[0], w.reads.lists[1]
	if q.GetCreatedTo().AsTime() != time.Date(2026, 6, 18, 0, 0, 0, 0, time.UTC) || q.GetReference() != payRef || q.GetMerchantReference() != "ORDER 1042" ||
		q.GetMinAmountCents() != 150 || q.GetMaxAmountCents() != 2000 || q.GetSearch() != "café" || q.GetMetadata() != "table:7" {
		t.Errorf("asked %v", q)
	}
	if exact.GetMinAmountCents() != 2999 || exact.GetMaxAmountCents() != 2999 {
		t.Errorf("asked %v", exact)
	}
	for query, field := range map[string]string{
		"to=tomorrow": "to", "amount=0": "amount", "amount=-1": "amount", "amount=1.999": "amount", "min_amount=x": "min_amount", "max_amount=": "max_amount",
		"search=" + strings.Repeat("x", 101): "search", "search=a%00b": "search", "metadata=": "metadata", "metadata=" + strings.Repeat("x", 542): "metadata", "merchant_reference=%FF": "merchant_reference", "settled=maybe": "settled", "payment_link_id=": "payment_link_id", "reference=" + strings.Repeat("x", 65): "reference",
	} {
		a := w.call("GET", path+"?"+query, "", as("pk_test_a")...)
		if a.want(t, 400, "VALIDATION_ERROR", ""); len(a.fail.Errors) != 1 || a.fail.Errors[0].Field != field {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

// TestAFilterWithATypoIsRefused: such a filter was ignored, and the list contained everything.
func TestAFilterWithATypoIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for query, message := range map[string]string{
		"?staus=completed": "staus is not a query parameter of this endpoint, which takes amount, from, limit, livemode, max_amount, merchant_reference, metadata, min_amount, page, payment_link_id, reference, search, settled, starting_after, status, status_detail, to, total.",
		"?limit=1&limit=2": "limit is given more than once.", "?limit=%zz": "The query of the URL is not valid: escape what is not a letter or a digit with %.",
		"?a;b=1": "The query of the URL is not valid: escape what is not a letter or a digit with %.",
	} {
		w.call("GET", path+query, "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", message)
	}
	w.call("GET", path+"/"+payRef+"?expand=refunds", "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "")
	w.call("POST", path+"?amount=5", documented, as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "")
	if len(w.bank.commands()) != 0 || w.reads.calls != 0 || len(w.reads.lists) != 0 {
		t.Error("a refused request reached a backend")
	}
	// A caller without access gets that error first.
	w.call("GET", path+"?staus=completed", "").want(t, 400, "MISSING_CREDENTIALS", "")
}

func TestAnswersSayHowManyCallsAreLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for i, want := range []string{"99", "98"} {
		a := w.call("GET", path+"/"+unknownRef, "", as("pk_test_std")...)
		h := a.header
		if h.Get("RateLimit-Limit") != "100" || h.Get("RateLimit-Remaining") != want || h.Get("RateLimit-Reset") != "60" || h.Get("RateLimit-Policy") != "100;w=60" {
			t.Errorf("call %d: %v", i+1, h)
		}
	}
	a := w.call("GET", path+"/"+payRef+"/status", "")
	if a.header.Get("RateLimit-Remaining") != "29" {
		t.Errorf("without a key: %v", a.header)
	}
}

// TestFieldsThatAreNullOrEmptyAreAbsent: that is how forms send empty fields.
func TestFieldsThatAreNullOrEmptyAreAbsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for _, nothing := range []string{`null`, `""`} {
		body := strings.ReplaceAll(`{"amount":1,"description":"x","currency":-,"reference":-,"success_url":-,"cancel_url":-,"execution_type":-,"execution_date":-,"metadata":null,"customer":null}`, "-", nothing)
		if a := w.call("POST", path, body, as("pk_test_a")...); a.status != 201 {
			t.Errorf("%s: %d %s", nothing, a.status, a.body)
		}
	}
	w.call("POST", path, `{"amount":null,"description":""}`, as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "")
}

func TestLargeAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	get := func(query, accept string) *http.Response {
		r, err := http.NewRequest(http.MethodGet, w.url+path+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		h := as("pk_test_a")
		for i := 0; i < len(h); i += 2 {
			r.Header.Set(h[i], h[i+1])
		}
		r.Header.Set("Accept-Encoding", accept)
		resp, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	if resp := get("", "gzip"); resp.Header.Get("Content-Encoding") != "" || resp.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("a small answer: %v", resp.Header)
	}
	p := completed()
	p.Description = strings.Repeat("x", 2000)
	w.reads.put(p)
	plain, err := io.ReadAll(get("", "gzip;q=0, *").Body)
	if err != nil || len(plain) < 2000 {
		t.Fatalf("%d bytes, %v", len(plain), err)
	}
	resp := get("", "br, GZIP;q=0.5")
	if resp.Header.Get("Content-Encoding") != "gzip" || resp.ContentLength < 100 || resp.ContentLength > 1500 {
		t.Fatalf("%d bytes, %v", resp.ContentLength, resp.Header)
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != string(plain) {
		t.Errorf("%s, %v", got, err)
	}
}
