package einvoicing

import (
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

func hooked(l *listener) func(*Config) {
	return func(c *Config) {
		c.WebhookURL, c.WebhookSecret, c.WebhookRetry, c.WebhookWorkers = l.url, "s", time.Millisecond, 1
	}
}

func TestWebhooksTellWhatHappened(t *testing.T) {
	t.Parallel()
	l := listen(t, "s")
	r := newRig(t, hooked(l)).run().enrol("m-1")
	for _, want := range []string{"mandate.created", "mandate.activated"} {
		if h := <-l.hits; h.kind != want || !h.signed || h.event == "" || h.object[:4] != "mdt_" {
			t.Errorf("%+v, want %s", h, want)
		}
	}
	id := r.issue(sample.Invoice())
	if h := <-l.hits; h.kind != "invoice.created" || h.object != id {
		t.Errorf("%+v", h)
	}
	if err := r.p.SetStatus(id, "APPROVED", "", ""); err != nil {
		t.Fatal(err)
	}
	for range 4 { // 201, 202, 203, 205
		if h := <-l.hits; h.kind != "invoice.status_updated" || h.object != id {
			t.Errorf("%+v", h)
		}
	}
	if got := r.p.Documents()[0].Events; len(got) != 5 || got[4] != 205 {
		t.Error(got)
	}
	if err := r.p.Expire("m-1"); err != nil {
		t.Fatal(err)
	}
	if h := <-l.hits; h.kind != "mandate.expired" {
		t.Errorf("%+v", h)
	}
	if err := r.p.TestWebhook(); err != nil {
		t.Fatal(err)
	}
	if h := <-l.hits; h.kind != "webhook.test" || h.object != "" {
		t.Errorf("%+v", h)
	}
}

func TestAFailedWebhookIsRepeated(t *testing.T) {
	t.Parallel()
	l := listen(t, "s", 500, 503)
	newRig(t, hooked(l)).run().pending("m-1")
	first := <-l.hits
	for range 2 {
		if h := <-l.hits; h != first {
			t.Errorf("%+v, first %+v", h, first)
		}
	}
}

func TestFaultsOfWebhooks(t *testing.T) {
	t.Parallel()
	for kind, check := range map[fault.Kind]func(*testing.T, *rig, *listener){
		fault.HookForged: func(t *testing.T, _ *rig, l *listener) {
			t.Helper()
			if a, b := <-l.hits, <-l.hits; a.signed || !b.signed || a.event == b.event {
				t.Errorf("%+v %+v", a, b)
			}
		},
		fault.HookUnsigned: func(t *testing.T, _ *rig, l *listener) {
			t.Helper()
			if h := <-l.hits; h.signed {
				t.Errorf("%+v", h)
			}
		},
		fault.HookDuplicate: func(t *testing.T, _ *rig, l *listener) {
			t.Helper()
			if a, b := <-l.hits, <-l.hits; a != b || !a.signed {
				t.Errorf("%+v %+v", a, b)
			}
		},
		fault.HookDrop: func(t *testing.T, r *rig, l *listener) {
			t.Helper()
			if err := r.p.Approve("m-1"); err != nil {
				t.Fatal(err)
			}
			if h := <-l.hits; h.kind != "mandate.activated" {
				t.Errorf("%+v", h)
			}
		},
	} {
		l := listen(t, "s")
		r := newRig(t, hooked(l))
		if _, err := r.p.AddFault(Fault{Kind: kind, Times: 1}); err != nil {
			t.Fatal(err)
		}
		r.run().pending("m-1")
		check(t, r, l)
	}
}

func TestAWebhookIsOvertaken(t *testing.T) {
	t.Parallel()
	l := listen(t, "s")
	r := newRig(t, hooked(l))
	if _, err := r.p.AddFault(Fault{Kind: fault.HookReorder, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r.enrol("m-1").run() // both wait before anything is sent
	if a, b := <-l.hits, <-l.hits; a.kind != "mandate.activated" || b.kind != "mandate.created" {
		t.Errorf("%s, %s", a.kind, b.kind)
	}
}

func TestADocumentMayAskForFaultsOfItsWebhooks(t *testing.T) {
	t.Parallel()
	l := listen(t, "s")
	r := newRig(t, hooked(l)).run().enrol("m-1")
	<-l.hits
	<-l.hits
	d := sample.Invoice()
	d.Buyer.Name += " fault:webhook-duplicate"
	r.issue(d)
	if a, b := <-l.hits, <-l.hits; a != b {
		t.Errorf("%+v %+v", a, b)
	}
}

func TestTheSponsorRegistersOneWebhook(t *testing.T) {
	t.Parallel()
	r := newRig(t).run()
	r.call(422, "POST", "/webhooks", `{"url":"ftp://x","events":["invoice.created"]}`)
	r.call(422, "POST", "/webhooks", `{"url":"http://x","events":["invoice.paid"]}`)
	if a := r.call(200, "GET", "/webhooks", nil); a.text != `{"items":[]}` {
		t.Error(a.text)
	}
	r.pending("m-0") // nobody is told
	l := listen(t, "")
	a := r.call(201, "POST", "/webhooks", map[string]any{"url": l.url, "events": []string{"mandate.created"}})
	if a.get("secret") == "" {
		t.Error(a.text)
	}
	if c := r.call(409, "POST", "/webhooks", map[string]any{"url": l.url, "events": []string{"mandate.created"}}); c.get("existing_id") != a.get("id") {
		t.Error(c.text)
	}
	if c := r.call(200, "GET", "/webhooks", nil); c.get("items.0.secret") != "" || c.get("items.0.url") != l.url {
		t.Error(c.text)
	}
	r.enrol("m-1")
	r.pending("m-2")
	for range 2 {
		if h := <-l.hits; h.kind != "mandate.created" { // and not mandate.activated
			t.Errorf("%+v", h)
		}
	}
	if e := r.call(200, "GET", "/webhooks/event-types", nil); e.get("items.0") != "webhook.test" {
		t.Error(e.text)
	}
}
