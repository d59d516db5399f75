package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
)

func TestTriggeredEventsReachTheShop(t *testing.T) {
	t.Parallel()
	s, dev := startStack(t), openShop(t)
	vars := environment(s)
	l := listen(t, vars, "--forward-to", dev.URL+"/hook", all)
	secret := l.sees(t, `^Ready\. Your webhook secret is (whsec_\S+)`)[1]
	if out, err := invoke(t, vars, "listen", "--print-secret"); err != nil || strings.TrimSpace(out) != secret {
		t.Errorf("--print-secret prints %q, %v", out, err)
	}

	for _, want := range []struct{ event, status string }{{"payment.completed", "completed"}, {"payment.failed", "failed"}, {"payment.cancelled", "cancelled"}} {
		reference := trigger(t, vars, want.event)
		if h := dev.next(t, secret); h.Event != want.event || h.Data.Reference != reference || h.Data.Status != want.status {
			t.Errorf("%s arrives as %s", want.event, h.body)
		}
		l.sees(t, `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  --> `+want.event+` `+reference+` \[\S+\]$`)
		l.sees(t, `<-- 200 POST `+dev.URL+`/hook \(\d+ ms\)$`)
	}
	for _, c := range []struct{ event, kind string }{{"payment.created", "PAY-"}, {"payment.pending_sca", "PAY-"}, {"refund.pending_sca", "REF-"}, {"refund.cancelled", "REF-"}, {"refund.failed", "REF-"}} {
		out, err := invoke(t, vars, "trigger", c.event)
		if words := strings.Fields(out); err != nil || len(words) != 4 || !strings.HasPrefix(words[1], c.kind) {
			t.Errorf("trigger %s: %q, %v", c.event, out, err)
		}
		if c.kind == "REF-" { // of the payment that was refunded
			dev.next(t, secret)
		}
	}
	reference := trigger(t, vars, "payment.refunded", "--amount", "12.50", "--reference", "ORDER-7")
	for _, event := range []string{"payment.completed", "payment.refunded"} {
		h := dev.next(t, secret)
		if h.Event != event || h.Data.Reference != reference || !strings.Contains(string(h.body), `"amount":12.5`) || !strings.Contains(string(h.body), `"merchant_reference":"ORDER-7"`) {
			t.Errorf("%s arrives as %s", event, h.body)
		}
	}
	dev.answerNext(http.StatusInternalServerError)
	trigger(t, vars, "payment.completed")
	dev.next(t, secret)
	l.sees(t, `<-- 500 POST `)
	if out, err := invoke(t, vars, "trigger", "payment.completed", "--amount", "12.50", "--reference", "ORDER-7"); err == nil || !strings.Contains(err.Error(), reference) {
		t.Errorf("a reference that was used: %q, %v", out, err)
	}
	if err := l.stop(); err != nil {
		t.Errorf("Ctrl-C ends it with %v", err)
	}
	if len(dev.hooks) != 0 {
		t.Errorf("%d webhooks too many arrived", len(dev.hooks))
	}
}

// A payment is completed while the gateway is stopped; the listener was connected before and after, and had seen no event.
func TestNothingIsLostWhileTheGatewayRestarts(t *testing.T) {
	t.Parallel()
	s, dev := startStack(t), openShop(t)
	vars := environment(s)
	c, err := newClient("", vars)
	if err != nil {
		t.Fatal(err)
	}
	params := eupay.PaymentParams{Amount: 1000, Description: "x", SuccessURL: "https://example.com/", CancelURL: "https://example.com/"}
	open, err := c.Payments.Create(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, vars, "--forward-to", dev.URL)
	secret := l.sees(t, `^Ready\. Your webhook secret is (whsec_\S+)`)[1]
	s.StopService(system.Gateway)
	authorise(t, s, open.Reference)
	l.sees(t, `^Not connected, trying again: `)
	if err := s.StartService(t.Context(), system.Gateway); err != nil {
		t.Fatal(err)
	}
	if h := dev.next(t, secret); h.Event != "payment.completed" || h.Data.Reference != open.Reference {
		t.Errorf("got %s", h.body)
	}
	s.StopService(system.Webhooks)
	if err := s.StartService(t.Context(), system.Webhooks); err != nil {
		t.Fatal(err)
	}
	again := trigger(t, vars, "payment.completed")
	if h := dev.next(t, secret); h.Data.Reference != again {
		t.Errorf("after the restart of webhooks: %s", h.body)
	}
	if err := l.stop(); err != nil || len(dev.hooks) != 0 {
		t.Errorf("%d webhooks twice, %v", len(dev.hooks), err)
	}
}

// authorise authorises directly at the bank, because the return over the gateway is not possible.
func authorise(t *testing.T, s *stack.Stack, reference string) {
	t.Helper()
	var list struct{ Payments []struct{ ID int64 } }
	resp, err := http.Get(s.System().BankManagementURL() + "/payments?reference_id=" + reference)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || len(list.Payments) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	done, err := http.Post(fmt.Sprintf("%s/payments/%d/authorise", s.System().BankManagementURL(), list.Payments[0].ID), "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer done.Body.Close()
	if done.StatusCode != http.StatusOK {
		t.Fatal(done.Status)
	}
}

func TestTheSystemOfTheRunFolderIsUsed(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	dir := t.TempDir()
	if err := s.System().WriteDemoEnv(dir); err != nil {
		t.Fatal(err)
	}
	l := listen(t, map[string]string{"EUPAY_RUN_DIR": dir}, "--json")
	l.sees(t, `^Ready\.`)
	reference := trigger(t, map[string]string{"EUPAY_RUN_DIR": dir}, "payment.completed")
	var w eupay.ListenedWebhook
	line := l.sees(t, `^\{.*`)[0]
	if err := json.Unmarshal([]byte(line), &w); err != nil || w.Type != "payment.completed" || w.Reference != reference || w.Headers["X-Eupay-Event"] == "" {
		t.Errorf("%s: %v", line, err)
	}
}

func TestTheUserPaysIfThePageCannotBeAutomated(t *testing.T) {
	t.Parallel()
	const link = "https://webview.example.com/pay?x=1"
	asked := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
		} else {
			asked++
		}
		status := map[bool]string{true: "completed", false: "pending_sca"}[asked > 1]
		fmt.Fprintf(w, `{"success":true,"data":{"reference":"PAY-1","amount":29.99,"status":%q,"payment_url":%q}}`, status, link)
	}))
	defer api.Close()
	out, err := invoke(t, map[string]string{"EUPAY_API_KEY": "pk_test_1", "EUPAY_API_SECRET": "s"}, "--api", api.URL, "trigger", "payment.completed")
	if want := "Open this page and authorise the payment:\n" + link + "\npayment.completed PAY-1 29.99 EUR\n"; err != nil || out != want {
		t.Errorf("%q, %v", out, err)
	}
}

func TestInvalidUsesAreExplained(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	test := map[string]string{"EUPAY_API_KEY": "pk_test_1", "EUPAY_API_SECRET": "s3cret", "EUPAY_API_URL": closed.URL}
	for _, c := range []struct {
		vars map[string]string
		args string
		want string
	}{
		{map[string]string{"EUPAY_API_KEY": "pk_live_1", "EUPAY_API_SECRET": "s3cret"}, "listen", "test key"},
		{map[string]string{"EUPAY_API_KEY": "pk_live_1", "EUPAY_API_SECRET": "s3cret"}, "trigger payment.completed", "test key"},
		{map[string]string{"EUPAY_API_KEY": "pk_test_1"}, "listen", "both EUPAY_API_KEY and EUPAY_API_SECRET"},
		{map[string]string{"EUPAY_RUN_DIR": t.TempDir()}, "listen", "no API key"},
		{test, "--api ftp://x listen", "http:// or https://"},
		{test, "listen", "does not answer"},
		{test, "--api " + elsewhere.URL + " listen", "is it EU Pay?"},
		{test, "trigger payment.nonsense", "--list"},
		{test, "trigger", "--list"},
		{test, "trigger payment.stalled", "says nothing for hours"},
		{test, "trigger order.ready", "set EUPAY_MERCHANT_EMAIL"},
		{test, "--api https://example.com trigger order.ready", "https://example.com is elsewhere"},
		{test, "trigger order.ready --reference T-1", "has none of yours"},
		{test, "trigger order.expired", "nobody pays for 35 minutes"},
		{test, "trigger invoice.paid", "does not answer"},
		{test, "listen --skip-verify", "--forward-to"},
		{test, "trigger payment.completed --amount 1.005", "two decimals"},
		{test, "trigger payment.completed --amount 0", "two decimals"},
		{test, "dance", "--help"},
		{test, "completion tcsh", "bash"},
	} {
		out, err := invoke(t, c.vars, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.args, err, c.want)
		}
		if err != nil && strings.Contains(out+err.Error(), "s3cret") {
			t.Errorf("%s prints the secret", c.args)
		}
	}
}

func TestRetryRepeatsTheSameRequestUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	var got []string
	dev := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Header.Get("webhook-id")+string(body))
		w.WriteHeader([]int{500, 302, 204, 200}[len(got)-1])
	}))
	defer dev.Close()
	var said strings.Builder
	f, err := newForwarder(&listenCmd{ForwardTo: strings.TrimPrefix(dev.URL, "http://"), Retry: true}, func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) })
	if err != nil || len(f.pauses) != 4 {
		t.Fatalf("%v %v", f, err)
	}
	defer f.http.CloseIdleConnections()
	f.pauses = make([]time.Duration, 4)
	f.send(t.Context(), &eupay.ListenedWebhook{Headers: map[string]string{"Webhook-Id": "1"}, Body: `{"a": "é<"}`})
	if want := `1{"a": "é<"}`; len(got) != 3 || got[0] != want || got[2] != want {
		t.Errorf("got %q", got)
	}
	if text := said.String(); !strings.Contains(text, "<-- 500 POST") || !strings.Contains(text, "<-- 302 POST") || !strings.Contains(text, "<-- 204 POST") {
		t.Errorf("it says %s", text)
	}
}

// TestAWebhookIsForwardedWithTheGivenHeaders, also to a server with an untrusted certificate.
func TestAWebhookIsForwardedWithTheGivenHeaders(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 2)
	dev := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	defer dev.Close()
	var said strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) }
	w := &eupay.ListenedWebhook{Headers: map[string]string{"Webhook-Id": "1"}, Body: `{}`}
	for _, skip := range []bool{false, true} {
		f, err := newForwarder(&listenCmd{ForwardTo: dev.URL, Headers: []string{"x-tenant: blue", "Authorization:Basic eDp5"}, SkipVerify: skip}, say)
		if err != nil {
			t.Fatal(err)
		}
		f.send(t.Context(), w)
		f.http.CloseIdleConnections()
	}
	if len(got) != 1 || !strings.Contains(said.String(), "certificate") {
		t.Fatalf("%d arrived, it says %s", len(got), said.String())
	}
	if h := <-got; h.Get("X-Tenant") != "blue" || h.Get("Authorization") != "Basic eDp5" || h.Get("Webhook-Id") != "1" {
		t.Errorf("got %v", h)
	}
	for _, wrong := range []string{"x", ": y", "A B: c", "webhook-signature: v1,x", "X-EuPay-Signature: x", "X-A: b\r\nX-C: d"} {
		if _, err := newForwarder(&listenCmd{ForwardTo: dev.URL, Headers: []string{wrong}}, say); err == nil {
			t.Errorf("%q is taken for a header", wrong)
		}
	}
}
