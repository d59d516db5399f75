package paymentapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestASummaryIsOfTheLast30DaysInParis(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.sum = &paymentsv1.SummarizePaymentsResponse{
		Statuses: []*paymentsv1.StatusTotal{
			{Status: "cancelled", Count: 1, AmountCents: 100},
			{Status: "completed", Count: 8, AmountCents: 80005},
			{Status: "failed", Count: 2, AmountCents: 1},
			{Status: "pending", Count: 5, AmountCents: 500},
			{Status: "refunded", Count: 1, AmountCents: 10000},
		},
		Banks:         []*paymentsv1.BankTotal{{Bic: "BNPAFRPP", Paid: 8, PaidCents: 80005}, {Paid: 1, PaidCents: 10000}},
		RefundedCents: 12345, MedianMs: 41250, P95Ms: 190000,
		Parts: []*paymentsv1.PartTotal{{Created: 17, Paid: 9, PaidCents: 90005}},
	}
	a := w.call("GET", path+"/summary?metadata=table:7", "", as("pk_test_a")...)
	q := w.reads.sums[0]
	// Now is 17 June, 14:20 in Paris; midnight there is 22:00 UTC.
	if from := q.GetCreatedFrom().AsTime(); from != time.Date(2026, 5, 18, 22, 0, 0, 0, time.UTC) || q.GetCreatedTo() != nil || q.GetMerchantId() != "m-shop" || q.GetLivemode() || q.GetMetadata() != "table:7" {
		t.Errorf("asked %v", q)
	}
	if n := len(q.GetParts()); n != 30 || q.GetParts()[29].AsTime() != time.Date(2026, 6, 16, 22, 0, 0, 0, time.UTC) {
		t.Errorf("%d parts, the last %v", n, q.GetParts()[n-1].AsTime())
	}
	want := `{"success":true,"data":{"from":"2026-05-18T22:00:00.000Z","to":"2026-06-17T12:20:20.979Z","count":17,"paid_count":9,"paid_amount":900.05,` +
		`"refunded_amount":123.45,"success_rate":0.7500,"seconds_to_complete":{"median":41.250,"p95":190.000},"statuses":[{"status":"cancelled","count":1,"amount":1},`
	if a.status != 200 || !strings.HasPrefix(string(a.body), want) || !strings.Contains(string(a.body), `"by_bank":[{"bic":"BNPAFRPP","paid_count":8,"paid_amount":800.05},{"bic":null,"paid_count":1,"paid_amount":100}],"intervals":[{"from":"2026-05-18T22:00:00.000Z","to":"2026-05-19T22:00:00.000Z","count":17,"paid_count":9,"paid_amount":900.05},{`) {
		t.Errorf("got  %s\nwant %s", a.body, want)
	}
}

func TestASummaryOfNothingHasNoRates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	w.reads.sum = &paymentsv1.SummarizePaymentsResponse{Statuses: []*paymentsv1.StatusTotal{{Status: "pending", Count: 1, AmountCents: 100}}}
	a := w.call("GET", path+"/summary?interval=hour", "", as("pk_live_a")...)
	if q := w.reads.sums[0]; !q.GetLivemode() || q.GetCreatedFrom().AsTime() != time.Date(2026, 6, 16, 22, 0, 0, 0, time.UTC) || len(q.GetParts()) != 15 {
		t.Errorf("asked %v", q)
	}
	if strings.Contains(string(a.body), "success_rate") || strings.Contains(string(a.body), "seconds_to_complete") {
		t.Errorf("%s", a.body)
	}
}

func TestTheDaysOfASummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	// The clock goes back on 25 October 2026: that day has 25 hours. The period begins and ends within a day.
	w.call("GET", path+"/summary?from=2026-10-24T10:00:00Z&to=2026-10-26T12:00:00Z", "", as("pk_test_a")...)
	var got []string
	for _, part := range w.reads.sums[0].GetParts() {
		got = append(got, part.AsTime().Format("02T15"))
	}
	if fmt.Sprint(got) != "[24T10 24T22 25T23]" || w.reads.sums[0].GetCreatedTo().AsTime() != time.Date(2026, 10, 26, 12, 0, 0, 0, time.UTC) {
		t.Errorf("got %v", got)
	}
	for query, field := range map[string]string{
		"from=2027-01-01T00:00:00Z": "from", "from=2026-06-02T00:00:00Z&to=2026-06-02T00:00:00Z": "from", "from=2020-01-01T00:00:00Z": "from",
		"from=2026-06-01T00:00:00Z&interval=hour": "from", "interval=week": "interval", "to=x": "to", "from=0001-01-01T00:00:00Z": "from",
	} {
		a := w.call("GET", path+"/summary?"+query, "", as("pk_test_a")...)
		if a.want(t, 400, "VALIDATION_ERROR", ""); len(a.fail.Errors) != 1 || a.fail.Errors[0].Field != field {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	if n := len(w.reads.sums); n != 1 {
		t.Errorf("%d were asked for", n)
	}
	w.call("GET", path+"/summary", "").want(t, 400, "MISSING_CREDENTIALS", "")
}
