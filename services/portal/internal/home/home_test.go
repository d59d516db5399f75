package home

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

func TestBarsAreWithinTheDrawing(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 24, 30, 366} {
		list := make([]eupay.IntervalSum, n)
		for i := range list {
			list[i].PaidAmount = eupay.Amount(i) * 1_000_000_000_00
		}
		c := chartOf(list)
		end := 0
		for i, b := range c.Bars {
			if b.X < end || b.Width < 0 || b.X+b.Width > c.Width || b.Y < 0 || b.Y+b.Height != c.Height {
				t.Fatalf("%d of %d: %+v", i, n, b)
			}
			if b.PaidAmount > 0 && b.Height < leastBar || b.PaidAmount == 0 && b.Height != 0 {
				t.Errorf("%d of %d is %d high", i, n, b.Height)
			}
			end = b.X + b.Width
		}
	}
	if c := chartOf(nil); c.Most != 0 || len(c.Bars) != 0 {
		t.Errorf("nothing: %+v", c)
	}
}

func TestAPeriodBeginsAtMidnightInParis(t *testing.T) {
	t.Parallel()
	// Half past midnight of 26 October in Paris, the day after a day of 25 hours.
	now := time.Date(2026, 10, 25, 23, 30, 0, 0, time.UTC)
	for i, want := range [][3]string{{"2026-10-25T23", "2026-10-24T22", "hour"}, {"2026-10-19T22", "2026-10-12T22", "day"}, {"2026-09-26T22", "2026-08-27T22", "day"}} {
		p, before := periods[i].params(now)
		got := [3]string{p.From.UTC().Format("2006-01-02T15"), before.From.UTC().Format("2006-01-02T15"), string(p.Interval)}
		if got != want || !before.To.Equal(p.From) || !p.To.IsZero() {
			t.Errorf("%s: %v, want %v", periods[i].Key, got, want)
		}
	}
}

// request asks an API that answers each path as it is given; what is not is refused with 403.
func request(t *testing.T, answers map[string]string) *web.Request {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/api/v1")
		if detail := r.URL.Query().Get("status_detail"); detail != "" {
			key += "?" + detail
		}
		body, ok := answers[key]
		switch {
		case !ok:
			w.WriteHeader(http.StatusForbidden)
			body = `{"success":false,"code":"FORBIDDEN","message":"No."}`
		case body == "":
			w.WriteHeader(http.StatusServiceUnavailable)
			body = `{"success":false,"code":"SERVICE_UNAVAILABLE","message":"Later."}`
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(api.Close)
	catalog, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	client := eupay.New("", "", eupay.Options{BaseURL: api.URL, Retries: -1}).WithToken("t")
	return &web.Request{Request: httptest.NewRequest(http.MethodGet, "/portal/needs", nil), Text: catalog["en"], API: client}
}

func TestWhatNeedsSomebodyIsFound(t *testing.T) {
	t.Parallel()
	r := request(t, map[string]string{
		"/merchant":                          `{"gateway_enabled":false,"live_missing":["siren","new_field"],"iban_change":{"iban":"FR7630006000011234567890189","effective_at":"2026-06-20T10:00:00Z"}}`,
		"/gateway/payments?amount_mismatch":  `{"data":[{"reference":"PAY-1","settlement_deadline":"2026-06-19T10:00:00Z"}],"has_more":false}`,
		"/gateway/payments?accepted_by_bank": `{"data":[{"reference":"PAY-2","settlement_deadline":"2026-06-19T10:00:00Z"},{"reference":"PAY-3","settlement_deadline":"2026-06-18T10:00:00Z"}]}`,
		"/webhook-endpoints": `{"data":[{"id":"1","url":"https://a.example/<b>","enabled":true,"health":{"state":"open","consecutive_failures":4}},{"id":"2","enabled":true,"health":{"state":"healthy"}},
			{"id":"3","enabled":false,"disabled_reason":"by_merchant"},{"id":"4","url":"https://b.example","enabled":false,"disabled_reason":"failing"}]}`,
		"/einvoice/invoices":   `{"data":[{"id":"i","invoice_number":"F-1","customer_name":"ACME"}],"pagination":{"page":1,"limit":1,"total":3,"pages":3}}`,
		"/einvoice/enrollment": `{"mandate_status":"expired"}`,
	})
	found, err := find(r)
	if err != nil {
		t.Fatal(err)
	}
	var hrefs []string
	for _, n := range slices.Concat(found...) {
		hrefs = append(hrefs, n.Href)
		if n.Title == "" || strings.Contains(n.Title, "home.") || strings.Contains(n.Text, "{") {
			t.Errorf("%+v", n)
		}
	}
	want := []string{
		"", "/portal/settings", "/portal/settings", "/portal/payments/PAY-1", "/portal/payments?status=pending_sca&detail=accepted_by_bank",
		"/portal/webhooks/1", "/portal/webhooks/4", "/portal/invoices?status=failed", "/portal/invoices/enrollment",
	}
	if !slices.Equal(hrefs, want) {
		t.Errorf("got %q", hrefs)
	}
	if text := found[2][0].Text; !strings.Contains(text, "18 Jun 2026") {
		t.Errorf("the first deadline: %q", text)
	}
}

// A merchant without e-invoicing has nothing to do there; an API that is away must not look like nothing to do.
func TestWhatCannotBeAskedForIsSaid(t *testing.T) {
	t.Parallel()
	fine := map[string]string{"/merchant": `{"gateway_enabled":true}`, "/gateway/payments?amount_mismatch": `{"data":[]}`, "/gateway/payments?accepted_by_bank": `{"data":[]}`, "/webhook-endpoints": `{"data":[]}`}
	found, err := find(request(t, fine))
	if err != nil || len(slices.Concat(found...)) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	fine["/webhook-endpoints"] = ""
	if _, err := find(request(t, fine)); err == nil {
		t.Error("it is silent")
	}
}

func TestBanksHaveNamesAndShares(t *testing.T) {
	t.Parallel()
	got := banksOf([]eupay.BankSum{{BIC: "BNPAFRPP", PaidAmount: 200}, {BIC: "XYZWDEFF", PaidAmount: 100}, {BIC: "X"}, {PaidAmount: 50}})
	want := []bank{{Name: "BNP Paribas", Share: 100}, {Name: "XYZWDEFF", Share: 50}, {Name: "X"}, {Share: 25}}
	for i, b := range got {
		if b.Name != want[i].Name || b.Share != want[i].Share {
			t.Errorf("%d: %+v", i, b)
		}
	}
}
