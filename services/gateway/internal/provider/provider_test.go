package provider

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	liveSecret = "live-secret"
	testSecret = "test-secret"
	date       = "2022-06-27T11:08:52.577831Z"
	ref        = "PAY-20260617-0B25921FB72918ED"
	signedPath = "/edge/api/v1/webhooks/powens"
)

type world struct {
	t      *testing.T
	url    string
	bus    *bus.Bus
	client *http.Client
	valid  *apidoctest.Validator
	syncs  *syncs
	taken  chan *paymentsv1.ProviderUpdate
}

// newWorld runs the provider's routes. reply answers each hint; nil leaves it without an answer.
func newWorld(t *testing.T, wait time.Duration, reply *paymentsv1.CommandReply) *world {
	t.Helper()
	w := &world{t: t, bus: natstest.New(t), valid: apidoctest.New(t), taken: make(chan *paymentsv1.ProviderUpdate, 100), syncs: &syncs{}}
	w.client = &http.Client{Transport: &http.Transport{DisableCompression: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.consume(reply)
	commands, err := command.NewClient(w.bus, "gateway")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(commands.Close)
	quiet := slog.New(slog.DiscardHandler)
	e := web.New(quiet, nil)
	p := &Provider{
		Receipts: true,
		Commands: gate.NewCommands(commands), Limiter: ratelimit.NewMemory(func() time.Time { return time.Unix(0, 0) }), Log: quiet,
		Settlement: w.syncs,
		SignedPath: SignedPath("https://api.example/edge", apidoctest.Base), LiveSecret: liveSecret, TestSecret: testSecret, ReturnWait: wait,
	}
	p.Register(apidoctest.API(t, e))
	srv := httptest.NewServer(web.Handler(e))
	t.Cleanup(func() { w.client.CloseIdleConnections(); srv.Close() })
	w.url = srv.URL + apidoctest.Base
	return w
}

// syncs stands for the payments service, which hears of news of connections.
type syncs struct {
	paymentsv1.SettlementServiceClient
	heard []string
	fails error
}

// NoteSync implements SettlementServiceClient.
func (s *syncs) NoteSync(_ context.Context, r *paymentsv1.NoteSyncRequest, _ ...grpc.CallOption) (*paymentsv1.NoteSyncResponse, error) {
	s.heard = append(s.heard, fmt.Sprintf("%s %t", r.GetConnectionId(), r.GetLivemode()))
	return &paymentsv1.NoteSyncResponse{}, s.fails
}

func (w *world) consume(reply *paymentsv1.CommandReply) {
	consumer, err := w.bus.JS.CreateOrUpdateConsumer(context.Background(), bus.Commands, jetstream.ConsumerConfig{Durable: "payments", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		w.t.Fatal(err)
	}
	cc, err := consumer.Consume(func(m jetstream.Msg) {
		update := &paymentsv1.ProviderUpdate{}
		if err := proto.Unmarshal(m.Data(), update); err != nil || m.Subject() != command.ProviderUpdate {
			w.t.Errorf("command %s: %v", m.Subject(), err)
		}
		w.taken <- update
		data, err := proto.Marshal(reply)
		if to := m.Headers().Get(events.HeaderReply); err == nil && reply != nil && to != "" {
			err = w.bus.NC.Publish(to, data)
		}
		if err := m.Ack(); err != nil {
			w.t.Error(err)
		}
		if err != nil {
			w.t.Error(err)
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cc.Stop(); <-cc.Closed() })
}

func sign(secret, path, date, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, "POST."+path+"."+date+"."+body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (w *world) send(method, path, body string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	w.valid.Check(w.t, r, resp)
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(b)
}

func packed(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The signed string, with a value that was computed by other code.
func TestKnownSignature(t *testing.T) {
	t.Parallel()
	p := &Provider{SignedPath: "/v1/webhook-listener", LiveSecret: "key"}
	h := http.Header{}
	h.Set(headerDate, date)
	h.Set(headerSignature, "uj4WJdfUyY4S57HKyBnC/Iweq/oRwGkcbNFdzDXl3qc=")
	if live, err := p.verify(h, []byte(`{"id":1}`)); err != nil || !live {
		t.Errorf("live %v, %v", live, err)
	}
}

func TestAWebhookIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Second, nil)
	body := `{"id":12345678901,"state":"done","id_webhook_data":7,"instructions":[{}]}`
	zipped := packed(t, body)
	for name, c := range map[string]struct {
		body, secret, signed string
		live                 bool
		headers              []string
	}{
		"live":                            {body, liveSecret, body, true, nil},
		"test":                            {body, testSecret, body, false, nil},
		"gzip, signed before packing":     {zipped, liveSecret, body, true, []string{"Content-Encoding", "gzip"}},
		"gzip, signed as sent":            {zipped, testSecret, zipped, false, []string{"Content-Encoding", "gzip"}},
		"another content type":            {body, liveSecret, body, true, []string{"Content-Type", "application/json; charset=utf-8"}},
		"a query does not change a thing": {body, liveSecret, body, true, nil},
	} {
		resp, answer := w.send("POST", WebhookPath+"?x=1", c.body, append(c.headers, headerDate, date, headerSignature, sign(c.secret, signedPath, date, c.signed))...)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, answer)
			continue
		}
		if u := <-w.taken; u.GetProviderPaymentId() != "12345678901" || u.GetLivemode() != c.live || u.GetSource() != "webhook" || u.GetReference() != "" {
			t.Errorf("%s: %v", name, u)
		}
	}
}

func TestWebhookIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Second, nil)
	body := `{"id":1}`
	good := sign(liveSecret, signedPath, date, body)
	bomb := packed(t, strings.Repeat(" ", 10<<20)+body)
	for name, c := range map[string]struct {
		body    string
		status  int
		code    string
		headers []string
	}{
		"no signature":           {body, 401, "INVALID_SIGNATURE", []string{headerDate, date}},
		"no date":                {body, 401, "INVALID_SIGNATURE", []string{headerSignature, good}},
		"empty signature":        {body, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, ""}},
		"not Base64":             {body, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, "%%%"}},
		"cut":                    {body, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, good[:20]}},
		"wrong secret":           {body, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, sign("x", signedPath, date, body)}},
		"empty secret":           {body, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, sign("", signedPath, date, body)}},
		"other date":             {body, 401, "INVALID_SIGNATURE", []string{headerDate, date + "0", headerSignature, good}},
		"other body":             {`{"id":2}`, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, good}},
		"path of the handler":    {body, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, sign(liveSecret, "/api/v1/webhooks/powens", date, body)}},
		"another kind, unsigned": {`{"connection":{"id":1}}`, 401, "INVALID_SIGNATURE", []string{headerDate, date, headerSignature, good}},
		"not gzip":               {body, 400, "VALIDATION_ERROR", []string{"Content-Encoding", "gzip", headerDate, date, headerSignature, good}},
		"unknown encoding":       {body, 415, "UNSUPPORTED_MEDIA_TYPE", []string{"Content-Encoding", "br", headerDate, date, headerSignature, good}},
		"too large":              {strings.Repeat("x", maxWebhook+1), 413, "PAYLOAD_TOO_LARGE", []string{headerDate, date, headerSignature, good}},
		"too large when undone":  {bomb, 413, "PAYLOAD_TOO_LARGE", []string{"Content-Encoding", "gzip", headerDate, date, headerSignature, good}},
	} {
		if resp, answer := w.send("POST", WebhookPath, c.body, c.headers...); resp.StatusCode != c.status || !strings.Contains(answer, `"code":"`+c.code+`"`) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, answer)
		}
	}
	if len(w.taken) != 0 {
		t.Errorf("%d refused hints became commands", len(w.taken))
	}
	unset := &Provider{SignedPath: signedPath}
	h := http.Header{headerDate: {date}}
	h.Set(headerDate, date)
	h.Set(headerSignature, sign("", signedPath, date, body))
	if _, err := unset.verify(h, []byte(body)); !errs.Is(err, errs.InvalidSignature) {
		t.Error("without a secret everybody can sign")
	}
}

func TestWebhookWithoutBrokerIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Second, nil)
	w.bus.NC.Close()
	if resp, answer := w.send("POST", WebhookPath, `{"id":1}`, headerDate, date, headerSignature, sign(liveSecret, signedPath, date, `{"id":1}`)); resp.StatusCode != 503 {
		t.Errorf("%d %s", resp.StatusCode, answer)
	}
}

func TestProviderWebhooksOfOtherKindsWereRefusedUntilItStoppedSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Second, nil)
	before := testutil.ToFloat64(webhooks.WithLabelValues(kindOther))
	others := []string{`{}`, `{"connection":{},"user":{"id":3}}`, `{"id":"abc"}`, `{"id":-1}`, `{"id":{"id":1}}`, `[1]`, `null`, `x`, ``}
	for _, body := range others {
		resp, answer := w.send("POST", WebhookPath, body, headerDate, date, headerSignature, sign(liveSecret, signedPath, date, body))
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", body, resp.StatusCode, answer)
		}
	}
	if got := testutil.ToFloat64(webhooks.WithLabelValues(kindOther)) - before; len(w.taken) != 0 || got != float64(len(others)) {
		t.Errorf("%d became commands, %v were counted", len(w.taken), got)
	}
	body := `{"id":"17","state":"done"}` // ids change their type between the provider's versions
	w.send("POST", WebhookPath, body, headerDate, date, headerSignature, sign(liveSecret, signedPath, date, body))
	if u := <-w.taken; u.GetProviderPaymentId() != "17" {
		t.Errorf("command %v", u)
	}
}

// News of a connection is a hint, which names the connection and is no payment, although accounts have an id too.
func TestNewsOfAConnectionIsPassedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, time.Second, nil)
	send := func(secret, body string) int {
		resp, _ := w.send("POST", WebhookPath, body, headerDate, date, headerSignature, sign(secret, signedPath, date, body))
		return resp.StatusCode
	}
	for _, body := range []string{
		`{"connection":{"id":7,"accounts":[{"id":700,"transactions":[{"id":1,"value":-1}]}]},"user":{"id":3}}`, `{"id":700,"id_connection":"7","transactions":[]}`,
	} {
		if status := send(testSecret, body); status != 200 {
			t.Errorf("%s: %d", body, status)
		}
	}
	w.syncs.fails = errs.New(errs.Unavailable, "Away.")
	if status := send(liveSecret, `{"connection":{"id":8}}`); status != 503 {
		t.Errorf("news that nobody hears is answered %d", status)
	}
	if got := strings.Join(w.syncs.heard, ", "); got != "7 false, 7 false, 8 true" || len(w.taken) != 0 {
		t.Errorf("heard %s; %d commands", got, len(w.taken))
	}
}

func TestAReturningPayerWhoseApprovalIsMissingIsSentBackToIt(t *testing.T) {
	t.Parallel()
	const approve = "https://bank.example/approve?x=1&y=%20"
	reply := ready("pending_sca", "https://shop.example/ok", "https://shop.example/no")
	reply.Payment.StatusDetail, reply.Payment.AuthorisationUrl = "cancelling", approve
	w := newWorld(t, 5*time.Second, reply)
	to := func(query string) string {
		resp, _ := w.send("GET", ReturnPath+"?state="+ref+query, "")
		return resp.Header.Get("Location")
	}
	if got := to("&error=cancelled"); got != "https://shop.example/no?reference="+ref+"&status=pending_sca" {
		t.Errorf("who gave up goes to %s", got)
	}
	for range asksPerMinute {
		if got := to(""); got != approve {
			t.Errorf("sent to %s", got)
		}
	}
	if got := to(""); got != "https://shop.example/ok?reference="+ref+"&status=pending_sca" {
		t.Errorf("in a circle for ever: %s", got)
	}
}

func TestReferenceAndStatusAreNotInASuccessURLTwice(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{
		"https://shop.example/ok?reference=ORDER-7&status=paid&a=%20": "https://shop.example/ok?a=%20&reference=" + ref + "&status=completed",
		"https://shop.example/ok?status&%72eference=1#done":           "https://shop.example/ok?reference=" + ref + "&status=completed#done",
		"https://shop.example/ok?b=2&&a=1;c&my_reference=3":           "https://shop.example/ok?b=2&&a=1;c&my_reference=3&reference=" + ref + "&status=completed",
	} {
		if got := paying.ReturnURL(ready("completed", stored, "").GetPayment(), false); got != want {
			t.Errorf("%s\n got %s\nwant %s", stored, got, want)
		}
	}
}

func TestThePageSaysNoMoneyWasTakenOnlyIfThatIsCertain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*paymentsv1.Payment)
		title  string
	}{
		"declined":       {func(p *paymentsv1.Payment) { p.FailureCode = "insufficient_funds" }, "Payment not made"},
		"expired":        {func(p *paymentsv1.Payment) { p.FailureCode = "expired" }, "Payment not confirmed"},
		"did not come":   {func(p *paymentsv1.Payment) { p.FailureCode = "not_received" }, "Payment not confirmed"},
		"another amount": {func(p *paymentsv1.Payment) { p.FailureCode = "amount_mismatch" }, "Payment not confirmed"},
		"came after all": {func(p *paymentsv1.Payment) { p.LateReceipt = &paymentsv1.LateReceipt{AmountCents: 1} }, "Payment received late"},
	} {
		p := ready("failed", "", "").GetPayment()
		c.change(p)
		if title, _ := statusPage(p).words(languages["en"]); title != c.title {
			t.Errorf("%s: %q", name, title)
		}
	}
}

func TestOurPageLeadsToTheReceiptOfWhatIsPaid(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{"completed": true, "refunded": true, "failed": false, "pending_sca": false} {
		w := newWorld(t, 5*time.Second, ready(status, "", ""))
		_, page := w.send("GET", ReturnPath+"?state="+ref, "")
		if strings.Contains(page, `href="/pay/result?reference=`+ref+`"`) != want {
			t.Errorf("%s: %s", status, page)
		}
	}
}

func TestSignedPath(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{
		"https://api.example":          "/api/v1/webhooks/powens",
		"https://api.example/":         "/api/v1/webhooks/powens",
		"https://api.example/api/v1":   "/api/v1/webhooks/powens",
		"https://api.example/api/v1/":  "/api/v1/webhooks/powens",
		"https://api.example/pay":      "/pay/api/v1/webhooks/powens",
		"https://api.example:8443/a/b": "/a/b/api/v1/webhooks/powens",
	} {
		if got := SignedPath(public, "/api/v1"); got != want {
			t.Errorf("%s: %s", public, got)
		}
	}
}

func ready(status, success, cancel string) *paymentsv1.CommandReply {
	return &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_READY, Payment: &paymentsv1.Payment{
		Reference: ref, Kind: "payment", Status: status, SuccessUrl: success, CancelUrl: cancel, MerchantName: `Tom & "Jerry" <script>`, AmountCents: 2990, Currency: "EUR",
	}}
}

func TestReturnGoesToTheMerchant(t *testing.T) {
	t.Parallel()
	const success, cancel = "https://shop.example/ok?order=7&a=%20#done", "http://shop.example/no"
	for _, c := range []struct{ status, query, want string }{
		{"completed", "", "https://shop.example/ok?order=7&a=%20&reference=" + ref + "&status=completed#done"},
		{"completed", "&error=cancelled", "https://shop.example/ok?order=7&a=%20&reference=" + ref + "&status=completed#done"},
		{"pending_sca", "", "https://shop.example/ok?order=7&a=%20&reference=" + ref + "&status=pending_sca#done"},
		{"pending_sca", "&error=cancelled", "http://shop.example/no?reference=" + ref + "&status=pending_sca"},
		{"refunded", "", "https://shop.example/ok?order=7&a=%20&reference=" + ref + "&status=refunded#done"},
		{"failed", "", "http://shop.example/no?reference=" + ref + "&status=failed"},
		{"cancelled", "&payment_state=done&success_url=https://evil.example&redirect_uri=https://evil.example", "http://shop.example/no?reference=" + ref + "&status=cancelled"},
	} {
		t.Run(c.status+c.query, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 5*time.Second, ready(c.status, success, cancel))
			resp, _ := w.send("GET", ReturnPath+"?state="+ref+"&id_payment=99"+c.query, "")
			if resp.StatusCode != 303 || resp.Header.Get("Location") != c.want {
				t.Errorf("%d %s\nwant %s", resp.StatusCode, resp.Header.Get("Location"), c.want)
			}
			if u := <-w.taken; u.GetReference() != ref || u.GetSource() != "return" || u.GetProviderPaymentId() != "" {
				t.Errorf("command %v", u)
			}
		})
	}
}

func TestReturnShowsAPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		reply   *paymentsv1.CommandReply
		wait    time.Duration
		status  int
		text    string
		refresh bool
	}{
		{"completed", ready("completed", "", "https://shop.example/no"), 5 * time.Second, 200, "Payment complete", false},
		{"failed", ready("failed", "https://shop.example/ok", ""), 5 * time.Second, 200, "Payment not made", false},
		{"pending", ready("pending_sca", "", ""), 5 * time.Second, 200, "Payment in progress", true},
		{"no longer a web address", ready("completed", "javascript://shop.example/%0aalert(1)", ""), 5 * time.Second, 200, "Payment complete", false},
		{"unknown", &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: "NOT_FOUND"}, 5 * time.Second, 404, "Payment not found", false},
		{"refused", &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: "INTERNAL_ERROR"}, 5 * time.Second, 503, "We are checking your payment", true},
		{"no answer", nil, 50 * time.Millisecond, 503, "We are checking your payment", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.wait, c.reply)
			resp, body := w.send("GET", ReturnPath+"?state="+ref, "", "Accept-Language", "de, en;q=0.5, fr;q=0.1")
			if resp.StatusCode != c.status || !strings.Contains(body, "<h1>"+c.text+"</h1>") || strings.Contains(body, `http-equiv="refresh"`) != c.refresh {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			if strings.Contains(body, "<script>") {
				t.Error("the merchant's name is not escaped")
			}
			checkPolicy(t, resp.Header.Get("Content-Security-Policy"), body)
		})
	}
}

// checkPolicy: the page's only style is exactly the one that the policy allows.
func checkPolicy(t *testing.T, policy, body string) {
	t.Helper()
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body)
	if len(style) != 2 {
		t.Fatal("the page has no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s does not allow the page's style %s", policy, want)
	}
}

func TestReturnOfNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5*time.Second, ready("completed", "", ""))
	for _, state := range []string{"", "x", "%00", "../x", ref + "0", strings.ToLower(ref)} {
		resp, body := w.send("GET", ReturnPath+"?state="+state, "", "Accept-Language", "fr-FR")
		if resp.StatusCode != 404 || !strings.Contains(body, `<html lang="fr">`) || !strings.Contains(body, "Paiement introuvable") {
			t.Errorf("%q: %d %s", state, resp.StatusCode, body)
		}
	}
	if len(w.taken) != 0 {
		t.Error("nonsense became a command")
	}
	for range returnsPerMinute - 6 {
		w.send("GET", ReturnPath, "")
	}
	if resp, body := w.send("GET", ReturnPath+"?state="+ref, ""); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "60" || !strings.Contains(body, "Too many requests") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, body := w.send("HEAD", ReturnPath+"?state=x", ""); resp.StatusCode != 429 || body != "" {
		t.Errorf("HEAD: %d %q", resp.StatusCode, body)
	}
}
