package powens

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestPaymentURL(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(200, `{"token":"a+b/c=","scope":"payments:validate","expires_in":604800,"id_payment":42}`)}
	c := connect(t, p)
	got, err := c.PaymentURL(t.Context(), "42", "PAY-1 é&x")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(got)
	if err != nil || !strings.HasPrefix(got, c.cfg.BaseURL+"/2.0/auth/webview/payment?") {
		t.Fatalf("got %s, %v", got, err)
	}
	want := url.Values{"client_id": {"12345678"}, "redirect_uri": {returnURL}, "state": {"PAY-1 é&x"}, "code": {"a+b/c="}, "payment_id": {"42"}}
	if u.Query().Encode() != want.Encode() {
		t.Errorf("got %v, want %v", u.Query(), want)
	}
	if p.calls[0] != "POST /2.0/payments/42/scopedtoken" || p.bodies[0] != `{"scope":["payments:validate"]}` {
		t.Errorf("sent %s %s", p.calls[0], p.bodies[0])
	}
}

func TestAWebviewOnAnotherHostGetsTheDomain(t *testing.T) {
	t.Parallel()
	c := connect(t, &provider{handle: answering(200, `{"token":"t"}`)})
	c.cfg.WebviewURL = "https://webview.example/fr/payment"
	got, err := c.PaymentURL(t.Context(), "42", "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(got)
	if err != nil || u.Host != "webview.example" || u.Query().Get("domain") != c.domain || u.Query().Has("state") {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAResponseWithoutATokenIsUnreadable(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"token":null}`, `[]`, ``} {
		if got, err := connect(t, &provider{handle: answering(200, body)}).PaymentURL(t.Context(), "42", ""); err == nil {
			t.Errorf("%s: got %s", body, got)
		}
	}
}

func TestAnInvalidPaymentIDNeverReachesAPath(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(200, created)}
	c := connect(t, p)
	for _, id := range []string{"", "..", "../clients", "42/scopedtoken", "42?x=y", "42#", "4 2", "é", strings.Repeat("1", 65)} {
		_, getErr := c.GetPayment(t.Context(), id)
		_, urlErr := c.PaymentURL(t.Context(), id, "")
		_, cancelErr := c.CancelPayment(t.Context(), id, "")
		if !IsRefused(getErr) || !IsRefused(urlErr) || !IsRefused(cancelErr) {
			t.Errorf("%q: %v, %v, %v", id, getErr, urlErr, cancelErr)
		}
	}
	if _, calls := p.counts(); calls != 0 {
		t.Errorf("sent %v", p.calls)
	}
}

func TestAnotherPaymentsAnswerIsNotTaken(t *testing.T) {
	t.Parallel()
	c := connect(t, &provider{handle: answering(200, `{"id":43,"state":"done"}`)})
	if got, err := c.GetPayment(t.Context(), "42"); err == nil {
		t.Errorf("got %+v", got)
	}
	if got, err := c.CancelPayment(t.Context(), "42", ""); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestFindByReference(t *testing.T) {
	t.Parallel()
	one := func(id, reference string) string {
		return `{"id":` + id + `,"state":"created","instructions":[{"reference_id":"` + reference + `","amount":1}]}`
	}
	page := strings.Repeat(one("7", "other")+",", pageSize-1) + one("7", "other")
	tests := map[string]struct {
		body string
		want string // ids; "error"
	}{
		"none":                  {`{"payments":[]}`, ""},
		"one":                   {`{"payments":[` + one("1", "R-1") + `],"total":1}`, "1"},
		"filter not exact":      {`{"payments":[` + one("1", "R-10") + `,` + one("2", "r-1") + `,` + one("3", "R-1") + `,` + one("4", "R-1") + `]}`, "3,4"},
		"only others":           {`{"payments":[` + one("1", "R-10") + `],"_links":{"next":null}}`, ""},
		"full page of others":   {`{"payments":[` + page + `]}`, "error"},
		"more by the total":     {`{"payments":[` + one("1", "R-10") + `],"total":"2"}`, "error"},
		"more by the link":      {`{"payments":[],"_links":{"next":{"href":"/x"}}}`, "error"},
		"found on a full page":  {`{"payments":[` + page + `,` + one("9", "R-1") + `]}`, "9"},
		"no list":               {`{}`, "error"},
		"null":                  {`{"payments":null}`, "error"},
		"one cannot be read":    {`{"payments":[` + one("1", "R-1") + `,{"state":"created"}]}`, "error"},
		"bare list":             {`[]`, "error"},
		"instructions left out": {`{"payments":[{"id":1,"state":"created"}]}`, "error"},
	}
	for name, tt := range tests {
		p := &provider{handle: answering(200, tt.body)}
		found, err := connect(t, p).FindByReference(t.Context(), "R-1")
		var ids []string
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		got := strings.Join(ids, ",")
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q (%v)", name, got, tt.want, err)
		}
		if p.calls[0] != "GET /2.0/payments?limit=100&reference_id=R-1" {
			t.Errorf("asked %s", p.calls[0])
		}
	}
}

func TestCancelPayment(t *testing.T) {
	t.Parallel()
	scoped := answering(200, `{"token":"t"}`)
	tests := map[string]struct {
		status  int
		body    string
		want    Outcome
		url     string // prefix
		refused bool
	}{
		"at once":            {200, `{"id":42,"state":"rejected","error_code":"cancelledByUser"}`, Cancelled, "", false},
		"payer, new form":    {200, `{"id":42,"state":"pending","state_detail":"cancelling","validate_uri":"https://b.example/ok"}`, NeedsPayer, "https://b.example/ok", false},
		"payer, older form":  {202, `{"id":42,"state":"pending","state_detail":"cancelling_webauth"}`, NeedsPayer, "http://127.0.0.1", false},
		"payer, odd page":    {200, `{"id":42,"state":"pending","state_detail":"Cancelling","validate_uri":"javascript:1"}`, NeedsPayer, "http://127.0.0.1", false},
		"not supported":      {400, `{"code":"notSupported","description":"Bad request, please check your request parameters."}`, NotSupported, "", false},
		"not supported, 200": {200, `{"code":"NotSupported","description":"x"}`, NotSupported, "", false},
		"already done":       {200, `{"id":42,"state":"done"}`, Undecided, "", false},
		"still pending":      {200, `{"id":42,"state":"pending"}`, Undecided, "", false},
		"refused":            {409, `{"code":"invalidState"}`, 0, "", true},
	}
	for name, tt := range tests {
		p := &provider{handle: inTurn(answering(tt.status, tt.body), scoped)}
		got, err := connect(t, p).CancelPayment(t.Context(), "42", "S")
		if got.Outcome != tt.want || IsRefused(err) != tt.refused || (err != nil) != tt.refused || !strings.HasPrefix(got.URL, tt.url) || (tt.url == "") != (got.URL == "") {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if p.calls[0] != "POST /2.0/payments/42" || p.bodies[0] != `{"cancel":true,"client_redirect_uri":"`+returnURL+`","client_state":"S"}` {
			t.Errorf("%s: sent %s %s", name, p.calls[0], p.bodies[0])
		}
	}
}

func TestACancellationIsSentOnce(t *testing.T) {
	t.Parallel()
	p := &provider{handle: answering(503, ``)}
	_, err := connect(t, p).CancelPayment(t.Context(), "42", "S")
	if _, calls := p.counts(); !IsAmbiguous(err) || calls != 1 {
		t.Errorf("%d calls: %v", calls, err)
	}
}

func TestACancellationWithoutAnApprovalPageStillNeedsThePayer(t *testing.T) {
	t.Parallel()
	p := &provider{handle: inTurn(answering(200, `{"id":42,"state":"pending","state_detail":"cancelling_webauth"}`), answering(404, ``))}
	got, err := connect(t, p).CancelPayment(t.Context(), "42", "S")
	if err != nil || got.Outcome != NeedsPayer || got.URL != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	t.Parallel()
	if err := config("https://x.example").Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no id": func(c *Config) { c.ClientID = "" }, "no secret": func(c *Config) { c.ClientSecret = "" }, "no base": func(c *Config) { c.BaseURL = "x.example" },
		"query":    func(c *Config) { c.RedirectURI += "?a=b" },
		"password": func(c *Config) { c.BaseURL = "https://a:" + secret + "@x.example" }, "webview": func(c *Config) { c.WebviewURL = "ftp://x" },
	} {
		cfg := config("https://x.example")
		spoil(&cfg)
		if err := cfg.Validate(); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	p := &provider{handle: answering(200, created)}
	c := connect(b, p)
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.CreatePayment(b.Context(), order()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestTheListIsReadToItsEnd: the provider returns pages.
func TestTheListIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	one := `{"id":1,"state":"done","instructions":[{"reference_id":"R","amount":1}]}`
	full := `{"payments":[` + strings.Repeat(one+",", pageSize-1) + one + `]}`
	p := &provider{handle: func(w http.ResponseWriter, r *http.Request) {
		body := full
		if r.URL.Query().Get("offset") == "200" {
			body = `{"payments":[` + one + `]}`
		}
		answering(200, body)(w, r)
	}}
	n := 0
	err := connect(t, p).List(t.Context(), time.Date(2026, 6, 17, 23, 0, 0, 0, time.FixedZone("", -7200)), func(Payment) error { n++; return nil })
	if err != nil || n != 2*pageSize+1 {
		t.Errorf("%d payments, %v", n, err)
	}
	if want := "GET /2.0/payments?limit=100&min_date=2026-06-18&offset=0"; p.calls[0] != want {
		t.Errorf("asked %s, want %s", p.calls[0], want)
	}
}
