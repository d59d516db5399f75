package paymentapi

import (
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestAnExportHasAllPaymentsOfTheFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	hostile := completed()
	hostile.Reference, hostile.Description, hostile.MerchantReference = "PAY-20260617-0000000000000002", "=HYPERLINK(\"https://evil.example\")", "a;=1"
	w.reads.pages = []*paymentsv1.ListPaymentsResponse{
		{Payments: []*paymentsv1.Payment{completed()}, HasMore: true}, {Payments: []*paymentsv1.Payment{hostile}},
	}
	a := w.call("GET", path+"/export?status=completed&search=order&min_amount=1", "", as("pk_test_a")...)
	if a.status != 200 || a.header.Get("Content-Type") != "text/csv; charset=utf-8" || a.header.Get("Content-Disposition") != `attachment; filename="payments.csv"` {
		t.Fatalf("%d %v", a.status, a.header)
	}
	rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v, %v", rows, err)
	}
	want := payRef + "|2026-06-17T12:20:20.979Z|completed|29.99|EUR|10.00|Order #1042|ORDER-1042|2026-06-17T12:21:20.979Z|||" + `{"a":1.10}`
	if got := strings.Join(rows[1], "|"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if rows[2][6] != `'=HYPERLINK("https://evil.example")` || rows[2][7] != "a;'=1" {
		t.Errorf("a formula: %q", rows[2])
	}
	first, second := w.reads.lists[0], w.reads.lists[1]
	if first.GetStatus() != "completed" || first.GetSearch() != "order" || first.GetMinAmountCents() != 100 || !first.GetUncounted() || first.GetStartingAfter() != "" ||
		second.GetStartingAfter() != payRef || second.GetStatus() != "completed" || second.GetMerchantId() != "m-shop" {
		t.Errorf("asked %v, then %v", first, second)
	}
	w.call("GET", path+"/export?status=x", "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "")
	for range exportsPerMinute {
		a = w.call("GET", path+"/export", "", as("pk_test_a")...)
	}
	a.want(t, 429, "RATE_LIMIT_EXCEEDED", "")
}

// What is not there when it begins is an error; what fails later breaks the connection.
func TestAnExportThatFailsIsNoFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.pages = []*paymentsv1.ListPaymentsResponse{nil, {Payments: []*paymentsv1.Payment{completed()}, HasMore: true}, nil}
	w.call("GET", path+"/export", "", as("pk_test_a")...).want(t, 503, "SERVICE_UNAVAILABLE", "Later.")
	r, err := http.NewRequest(http.MethodGet, w.url+path+"/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", "pk_test_a")
	r.Header.Set("X-Api-Secret", "sk_pk_test_a")
	resp, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(string(text), payRef) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestAListThatIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.pages = []*paymentsv1.ListPaymentsResponse{{Payments: []*paymentsv1.Payment{completed()}, HasMore: true}}
	a := w.call("GET", path+"?total=false&limit=1", "", as("pk_test_a")...)
	if !w.reads.lists[0].GetUncounted() || !strings.HasSuffix(string(a.body), `"has_more":true}`+"\n") || strings.Contains(string(a.body), "pagination") {
		t.Errorf("asked %v, got %s", w.reads.lists[0], a.body)
	}
	w.call("GET", path+"?total=no", "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "total must be true or false.")
	w.call("GET", path+"?total=false&page=2", "", as("pk_test_a")...).want(t, 400, "VALIDATION_ERROR", "")
}
