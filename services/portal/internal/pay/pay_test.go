package pay_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/pay"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const ref = "PAY-20260617-0B25921FB72918ED"

// world is the pages before an API that answers what a test wants.
type world struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	status int
	answer string
	at     map[string]said // by the end of the path, before answer
	asked  []string        // method, path and query, key, body
}

type said struct {
	status int
	answer string
}

func setup(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t}
	api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.asked = append(w.asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Idempotency-Key")+" "+string(body))
		rw.Header().Set("Content-Type", "application/json")
		now := said{w.status, w.answer}
		for end, other := range w.at {
			if strings.HasSuffix(r.URL.Path, end) {
				now = other
			}
		}
		rw.WriteHeader(now.status)
		_, _ = io.WriteString(rw, now.answer)
	}))
	t.Cleanup(api.Close)
	site, err := web.New(web.Deps{
		API: eupay.New("", "", eupay.Options{BaseURL: api.URL, Retries: -1}), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		PublicURL: "http://pages.example", APIURL: "http://api.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := pay.Register(site); err != nil {
		t.Fatal(err)
	}
	h, err := site.Handler()
	if err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(h)
	t.Cleanup(pages.Close)
	w.url = pages.URL
	return w
}

func (w *world) answers(status int, answer string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.answer = status, answer
}

// answersAt answers what paths with that end are asked.
func (w *world) answersAt(end, answer string) { w.saysAt(end, said{200, answer}) }

func (w *world) saysAt(end string, s said) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at == nil {
		w.at = map[string]said{}
	}
	w.at[end] = s
}

func refusal(code eupay.Code) string {
	return `{"success":false,"code":"` + string(code) + `","message":"The API says why."}`
}

func (w *world) refuses(code eupay.Code, status int) { w.answers(status, refusal(code)) }

func (w *world) refusesAt(end string, code eupay.Code, status int) {
	w.saysAt(end, said{status, refusal(code)})
}

type page struct {
	status int
	header http.Header
	text   string
}

func (w *world) open(req *http.Request) page {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return page{resp.StatusCode, resp.Header, string(raw)}
}

func (w *world) get(path, agent string) page {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("User-Agent", agent)
	return w.open(req)
}

func (w *world) post(form url.Values) page {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/pay", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.open(req)
}

func preview(change func(map[string]any)) string {
	m := map[string]any{
		"merchantName": "My Store", "amount": 29.99, "fixedAmount": true, "label": nil, "expiresAt": "2036-06-17T12:21:00.000Z", "type": "gateway_qr_payment",
		"livemode": true, "gatewayReference": ref, "status": "pending_sca", "paymentUrl": "https://bank.example/1?a=b",
	}
	change(m)
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func own(m map[string]any) {
	m["type"], m["amount"], m["fixedAmount"] = "powens_qr_payment_request", nil, false
	delete(m, "gatewayReference")
	delete(m, "status")
	delete(m, "paymentUrl")
}

const phone, desk = "Mozilla/5.0 (iPhone; Mobile)", "Mozilla/5.0 (X11; Linux)"

func TestThePageOfACodeSaysHowItStands(t *testing.T) {
	w := setup(t)
	for name, c := range map[string]struct {
		change    func(map[string]any)
		has, hasn string
	}{
		"open":     {func(map[string]any) {}, `href="https://bank.example/1?a=b"`, "Already paid"},
		"paid":     {func(m map[string]any) { m["status"] = "completed" }, "Already paid", "bank.example"},
		"refunded": {func(m map[string]any) { m["status"] = "refunded" }, "Paid and refunded", "bank.example"},
		"failed":   {func(m map[string]any) { m["status"] = "failed" }, "This payment has ended", "bank.example"},
		"ended":    {func(m map[string]any) { m["status"] = "cancelled" }, "This payment has ended", "bank.example"},
		"held":     {func(m map[string]any) { delete(m, "paymentUrl") }, `http-equiv="refresh"`, "bank.example"},
		"a script": {func(m map[string]any) { m["paymentUrl"] = "javascript:alert(1)" }, `http-equiv="refresh"`, "alert(1)"},
		"its own":  {own, `name="amount"`, "bank.example"},
		"test":     {func(m map[string]any) { m["livemode"] = false }, "no real money moves", "Already paid"},
	} {
		w.answers(200, preview(c.change))
		p := w.get("/pay?data=abc", desk)
		if p.status != 200 || !strings.Contains(p.text, c.has) || strings.Contains(p.text, c.hasn) || !strings.Contains(p.text, "My Store") && c.has == "" {
			t.Errorf("%s: %d %s", name, p.status, p.text)
		}
		if p.header.Get("Cache-Control") != "no-store" || p.header.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("%s: may be kept", name)
		}
	}
}

func TestTheAppIsOfferedOnAPhone(t *testing.T) {
	w := setup(t)
	w.answers(200, preview(func(map[string]any) {}))
	const data = `a"b&c`
	path := "/pay?data=" + url.QueryEscape(data)
	if p := w.get(path, phone); !strings.Contains(p.text, `href="eupay://pay?data=a%22b%26c"`) {
		t.Error(p.text)
	}
	if p := w.get(path, desk); strings.Contains(p.text, "eupay://") {
		t.Error("a desk has no app")
	}
}

func TestWhatOthersWroteIsText(t *testing.T) {
	w := setup(t)
	long := strings.Repeat("é", 300)
	w.answers(200, preview(func(m map[string]any) {
		m["merchantName"] = "<script>alert(1)</script>" + long
		m["label"] = `"><img src=x>🍵 שלום`
	}))
	p := w.get("/pay?data=%3Cscript%3Ealert(2)%3C/script%3E", desk)
	if strings.Contains(p.text, "<script>alert") || strings.Contains(p.text, "<img src=x") || !strings.Contains(p.text, "🍵 שלום") || !strings.Contains(p.text, long) {
		t.Error(p.text)
	}
}

func TestACodeThatCannotBePaidIsExplained(t *testing.T) {
	w := setup(t)
	for code, c := range map[eupay.Code]struct {
		status int
		title  string
	}{
		eupay.ErrQRInvalid: {400, "This code is not genuine"}, eupay.ErrQRExpired: {400, "This code has expired"}, eupay.ErrMerchantNotEnabled: {409, "This merchant cannot be paid now"},
		eupay.ErrLiveNotConfigured: {409, "This merchant cannot be paid now"}, eupay.ErrRateLimitExceeded: {429, "Too many requests"}, "SOMETHING_NEW": {418, "The API says why."},
	} {
		w.refuses(code, c.status)
		if p := w.get("/pay?data=abc", desk); p.status != c.status || !strings.Contains(p.text, c.title) {
			t.Errorf("%s: %d %s", code, p.status, p.text)
		}
	}
	w.answers(502, "<html>a proxy</html>")
	if p := w.get("/pay?data=abc", desk); p.status != 502 || !strings.Contains(p.text, "EU Pay does not answer") || !strings.Contains(p.text, `href="/pay?data=abc"`) {
		t.Errorf("away: %d %s", p.status, p.text)
	}
	if p := w.get("/pay", desk); p.status != 404 || !strings.Contains(p.text, "No code here") {
		t.Errorf("no code: %d", p.status)
	}
}

func TestAGuestIsLedToTheBank(t *testing.T) {
	w := setup(t)
	w.answers(201, `{"reference":"`+ref+`","amount":12.5,"currency":"EUR","status":"pending_sca","livemode":true,"paymentUrl":"https://bank.example/2"}`)
	p := w.post(url.Values{"data": {"abc"}, "amount": {"12,50"}, "key": {"k1"}})
	if p.status != 200 || !strings.Contains(p.text, `content="0;url=https://bank.example/2"`) || !strings.Contains(p.text, `href="https://bank.example/2"`) {
		t.Errorf("%d %s", p.status, p.text)
	}
	if got := w.asked[0]; got != `POST /api/v1/qr/checkout k1 {"qrData":"abc","amount":12.50}` && got != `POST /api/v1/qr/checkout k1 {"qrData":"abc","amount":12.5}` {
		t.Errorf("asked %s", got)
	}
	w.answers(201, `{"reference":"`+ref+`","amount":12.5,"currency":"EUR","status":"pending","livemode":true}`)
	if p := w.post(url.Values{"data": {"abc"}, "amount": {"1"}}); p.status != 303 || p.header.Get("Location") != "/pay/result?reference="+ref {
		t.Errorf("no page of the bank yet: %d %s", p.status, p.header.Get("Location"))
	}
	w.answers(200, preview(own))
	if p := w.post(url.Values{"data": {"abc"}, "amount": {"1.999"}, "key": {"k2"}}); p.status != 422 || !strings.Contains(p.text, `value="1.999"`) || !strings.Contains(p.text, `value="k2"`) {
		t.Errorf("what was typed is lost: %d %s", p.status, p.text)
	}
}

func TestAFormOfAnotherSiteIsNotTaken(t *testing.T) {
	w := setup(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/pay", strings.NewReader("data=abc&amount=1"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if p := w.open(req); p.status != 403 || len(w.asked) != 0 {
		t.Errorf("%d, asked %v", p.status, w.asked)
	}
}

func receipt(status, outcome string) string {
	return `{"success":true,"data":{"reference":"` + ref + `","status":"` + status + `","outcome":"` + outcome + `","amount":29.99,"currency":"EUR","merchant_name":"My <Store>","livemode":true,"created_at":"2026-06-17T12:20:00.000Z"}}`
}

func TestAResultLeadsBackToTheShopOrTheApp(t *testing.T) {
	w := setup(t)
	with := func(more string) string {
		return strings.Replace(receipt("completed", "paid"), `"currency"`, more+`,"currency"`, 1)
	}
	for answer, want := range map[string]string{
		with(`"return_url":"https://shop.example/ok?a=1"`):           `rel="noreferrer" href="https://shop.example/ok?a=1"`,
		with(`"in_app":true`):                                        `href="/app/payments/` + ref + `"`,
		with(`"return_url":"https://shop.example/ok","in_app":true`): `href="/app/payments/` + ref + `"`,
		with(`"return_url":"javascript:alert(1)"`):                   "",
		receipt("completed", "paid"):                                 "",
	} {
		w.answers(200, answer)
		p := w.get("/pay/result?reference="+ref, desk)
		if back := strings.Contains(p.text, `rel="noreferrer"`); p.status != 200 || back != (want != "") || !strings.Contains(p.text, want) || strings.Contains(p.text, "javascript:") {
			t.Errorf("%s: %d %s", answer, p.status, p.text)
		}
	}
}

func TestTheResultIsTheAPIsAndNotTheQuerys(t *testing.T) {
	w := setup(t)
	for outcome, c := range map[string]struct{ status, title string }{
		"open": {"pending_sca", "Payment in progress"}, "paid": {"completed", "Payment complete"}, "refunded": {"refunded", "Payment refunded"}, "not_paid": {"failed", "No money was taken."},
		"unconfirmed": {"failed", "Payment not confirmed"}, "late": {"failed", "Payment received late"},
	} {
		w.answers(200, receipt(c.status, outcome))
		p := w.get("/pay/result?reference="+ref+"&status=completed&next=https://evil.example", desk)
		if p.status != 200 || !strings.Contains(p.text, c.title) || strings.Contains(p.text, `"https://evil.example`) || strings.Contains(p.text, "<Store>") {
			t.Errorf("%s: %d %s", outcome, p.status, p.text)
		}
		if waits := strings.Contains(p.text, `data-poll="http://api.example/api/v1/gateway/payments/`+ref+`/status"`); waits != (outcome == "open") ||
			strings.Contains(p.text, `<noscript><meta http-equiv="refresh"`) != waits {
			t.Errorf("%s looks again: %t", outcome, waits)
		}
		if mails := strings.Contains(p.text, `href="mailto:?subject=`); mails != (outcome == "paid" || outcome == "refunded") {
			t.Errorf("%s: receipt %t", outcome, mails)
		}
		if !strings.Contains(p.header.Get("Content-Security-Policy"), "connect-src 'self' http://api.example;") {
			t.Error(p.header.Get("Content-Security-Policy"))
		}
	}
	w.refuses(eupay.ErrNotFound, 404)
	for _, other := range []string{"", "x", "https://evil.example", "../../qr/merchant.png"} {
		if p := w.get("/pay/result?reference="+url.QueryEscape(other), desk); p.status != 404 || !strings.Contains(p.text, "Payment not found") {
			t.Errorf("%q: %d", other, p.status)
		}
	}
	w.answers(503, `{}`)
	if p := w.get("/pay/result?reference="+ref, desk); p.status != 502 || !strings.Contains(p.text, "Do not pay a second time") {
		t.Errorf("away: %d %s", p.status, p.text)
	}
}
