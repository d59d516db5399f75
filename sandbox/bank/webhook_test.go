package bank

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// listener is a merchant-side receiver of webhooks that answers with what it is told to.
type listener struct {
	t      *testing.T
	url    string
	got    chan hook
	mu     sync.Mutex
	answer func(n int) int
	n      int
}

type hook struct {
	id, payment int64
	state       string
	body        []byte
	header      http.Header
	path        string
}

func (h hook) signedWith(secret string) bool {
	return h.header.Get("BI-Signature") == Sign(secret, "POST", h.path, h.header.Get("BI-Signature-Date"), h.body)
}

func newListener(t *testing.T, answer func(n int) int) *listener {
	t.Helper()
	l := &listener{t: t, got: make(chan hook, 1000), answer: answer}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.url = server.URL + "/v1/webhook-listener?tenant=1"
	return l
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		l.t.Error(err)
	}
	var in struct {
		ID      int64  `json:"id"`
		State   string `json:"state"`
		Webhook int64  `json:"id_webhook_data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		l.t.Error(err, string(body))
	}
	l.mu.Lock()
	l.n++
	status := 204
	if l.answer != nil {
		status = l.answer(l.n)
	}
	l.mu.Unlock()
	w.WriteHeader(status)
	l.got <- hook{id: in.Webhook, payment: in.ID, state: in.State, body: body, header: r.Header, path: r.URL.Path}
}

// next waits for one webhook.
func (l *listener) next() hook {
	l.t.Helper()
	select {
	case h := <-l.got:
		return h
	case <-time.After(time.Minute):
		l.t.Fatal("no webhook came")
		return hook{}
	}
}

func (l *listener) states(n int) string {
	l.t.Helper()
	var states []string
	for range n {
		states = append(states, l.next().state)
	}
	return strings.Join(states, " ")
}

func withHooks(l *listener) func(*Config) {
	return func(c *Config) {
		c.WebhookURL, c.WebhookSecret, c.WebhookRetry, c.InstantPhase = l.url, hookSecret, time.Millisecond, 0
	}
}

func TestEveryStateChangeIsAnnouncedAndSigned(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	r := newRig(t, withHooks(l)).run()
	a := r.create(change{"label": "pdng/rjct - X"})
	r.must(r.b.Authorise(a.id()))
	var ids []int64
	for _, state := range []string{"validating", "pending", "rejected"} {
		h := l.next()
		ids = append(ids, h.id)
		if h.state != state || h.payment != a.id() {
			t.Errorf("%s of %d, want %s", h.state, h.payment, state)
		}
		if !h.signedWith(hookSecret) {
			t.Errorf("%s is not signed over %s", state, h.path)
		}
		if date := h.header.Get("BI-Signature-Date"); date != "2026-07-01T10:00:00.000000Z" {
			t.Errorf("date %s", date)
		}
		if h.header.Get("Content-Type") != "application/json" {
			t.Error(h.header)
		}
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 3 {
		t.Errorf("ids %v", ids)
	}
}

// TestSignature compares with a value made by another tool: printf '…' | openssl dgst -sha256 -hmac key -binary | base64.
func TestSignature(t *testing.T) {
	t.Parallel()
	got := Sign("secret_key", "POST", "/v1/webhook-listener", "2022-06-27T11:08:52.577831Z", []byte(`{"id":1}`))
	if got != signatureByOpenSSL {
		t.Errorf("Sign = %s", got)
	}
}

func TestWebhookIsThePaymentAndItsOwnID(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	r := newRig(t, withHooks(l)).run()
	a := r.create()
	r.must(r.b.Settle(a.id(), StateDone, ""))
	h := l.next()
	var body, payment map[string]any
	r.must(json.Unmarshal(h.body, &body))
	r.must(json.Unmarshal([]byte(r.get(a.id()).text), &payment))
	delete(body, "id_webhook_data")
	if fmt.Sprint(body) != fmt.Sprint(payment) {
		t.Errorf("webhook %v\npayment %v", body, payment)
	}
}

func TestWebhooksAreRetriedInOrder(t *testing.T) {
	t.Parallel()
	l := newListener(t, func(n int) int { return []int{500, 302, 404, 204}[min(n, 4)-1] })
	r := newRig(t, withHooks(l)).run()
	a := r.create()
	r.must(r.b.Authorise(a.id()))
	first := l.next()
	for range 3 {
		if h := l.next(); h.id != first.id || h.state != "validating" {
			t.Errorf("attempt with %d %s", h.id, h.state)
		}
	}
	if h := l.next(); h.state != "done" {
		t.Error(h.state)
	}
}

func TestOneStuckPaymentDoesNotHoldTheOthers(t *testing.T) {
	t.Parallel()
	var stuck int64
	release := make(chan struct{})
	got := make(chan int64, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		var in struct {
			ID int64 `json:"id"`
		}
		if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		if in.ID == stuck {
			<-release
		}
		got <- in.ID
	}))
	defer server.Close()
	defer close(release)
	r := newRig(t, func(c *Config) { c.WebhookURL = server.URL + "/h" }).run()
	stuck = r.create().id()
	r.must(r.b.Settle(stuck, StateDone, ""))
	other := r.create().id()
	r.must(r.b.Settle(other, StateDone, ""))
	if id := <-got; id != other {
		t.Errorf("got %d", id)
	}
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	for kind, c := range map[fault.Kind]struct {
		hooks  int
		states string
		check  func([]hook) bool
	}{
		fault.HookDrop:         {1, "done", nil},
		fault.HookDuplicate:    {3, "validating validating done", func(h []hook) bool { return h[0].id == h[1].id && h[1].signedWith(hookSecret) }},
		fault.HookReorder:      {2, "done validating", func(h []hook) bool { return h[0].id > h[1].id }},
		fault.HookForged:       {3, "done validating done", func(h []hook) bool { return !h[0].signedWith(hookSecret) && h[1].signedWith(hookSecret) }},
		fault.HookUnsigned:     {2, "validating done", func(h []hook) bool { return h[0].header.Get("BI-Signature") == "" }},
		fault.HookSlow:         {2, "validating done", nil},
		fault.UnknownState:     {2, "frozen_by_comet done", nil},
		fault.UnknownErrorCode: {2, "validating done", func(h []hook) bool { return strings.Contains(string(h[0].body), "cometStrike") }},
		fault.FieldsMap:        {2, "validating done", func(h []hook) bool { return strings.Contains(string(h[0].body), `"fields":{}`) }},
		fault.AmountNumber:     {2, "validating done", func(h []hook) bool { return strings.Contains(string(h[0].body), `"amount":50.90,`) }},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			l := newListener(t, nil)
			r := newRig(t, withHooks(l))
			if _, err := r.b.AddFault(Fault{Kind: kind, Operation: fault.Webhook, Times: 1}); err != nil {
				t.Fatal(err)
			}
			id := r.create().id()
			r.must(r.b.Authorise(id)) // both changes wait before the first is sent
			r.run()
			var hooks []hook
			var states []string
			for range c.hooks {
				h := l.next()
				hooks, states = append(hooks, h), append(states, h.state)
			}
			if got := strings.Join(states, " "); got != c.states || c.check != nil && !c.check(hooks) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestPaymentAsksForWebhookFaults(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	r := newRig(t, withHooks(l)).run()
	r.must(r.b.Settle(r.create(change{"label": "X fault:webhook-duplicate"}).id(), StateDone, ""))
	if got := l.states(2); got != "done done" {
		t.Error(got)
	}
	r.must(r.b.Settle(r.create(change{"amount": "9900.16"}).id(), StateRejected, ""))
	if got := l.states(2); got != "done rejected" {
		t.Error("forged:", got)
	}
	r.settled()
	sent := map[string]int{} // each is listed when its answer is there, so that two payments' may change places
	for _, h := range r.b.Webhooks() {
		sent[h.State+" "+h.Fault]++
	}
	if want := map[string]int{"done ": 1, "done webhook-duplicate": 1, "rejected webhook-forged": 1, "rejected ": 1}; !maps.Equal(sent, want) {
		t.Errorf("sent %v, want %v", sent, want)
	}
}

func TestUnsentWebhooksSurviveAKill(t *testing.T) {
	t.Parallel()
	l := newListener(t, nil)
	dir := filepath.Join(t.TempDir(), "bank")
	down := newRig(t, withHooks(l), func(c *Config) { c.Dir = dir }) // never runs: nothing is sent
	id := down.create(change{"label": "pdng/done - X"}).id()
	down.must(down.b.Authorise(id))
	second := newRig(t, withHooks(l), func(c *Config) { c.Dir = dir })
	third := newRig(t, withHooks(l), func(c *Config) { c.Dir = dir }) // killed once more, after compacting
	_ = second
	third.run()
	if got := l.states(3); got != "validating pending done" {
		t.Error(got)
	}
	last := third.create().id()
	third.must(third.b.Settle(last, StateDone, ""))
	if h := l.next(); h.payment != last {
		t.Errorf("webhook of %d", h.payment)
	}
	third.settled()
	fourth := newRig(t, withHooks(l), func(c *Config) { c.Dir = dir }).run() // what was taken is not sent again
	newest := fourth.create().id()
	fourth.must(fourth.b.Settle(newest, StateDone, ""))
	if h := l.next(); h.payment != newest {
		t.Errorf("webhook of %d", h.payment)
	}
}

// settled waits until no webhook is under way.
func (r *rig) settled() {
	for r.b.hooks.Backlog() > 0 {
		runtime.Gosched()
	}
}

const signatureByOpenSSL = "yDRO5ikO2FRtmiTjHdA3k6t1QxjavNCbuUmcHAA55lw="
