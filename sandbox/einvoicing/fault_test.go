package einvoicing

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

func TestFaultsOfCalls(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]struct {
		status    int // 0: no answer
		deposited bool
	}{
		"error": {500, false}, "error:503": {503, false}, "cut": {0, false}, "no-answer": {0, false}, "late": {0, true}, "lost-answer": {0, true},
		"rate-limit": {429, false}, "unauthorized": {401, false}, "garbage": {200, true}, "slow:1": {200, true},
	} {
		for _, magic := range []bool{true, false} {
			r := newRig(t, func(c *Config) { c.HoldAtMost = time.Millisecond }).enrol("m-1")
			d := sample.Invoice()
			if magic {
				d.Buyer.Name += " fault:" + word
			}
			path := "/drafts/" + r.draft(d) + "/validate"
			if !magic {
				_, faults := wishOf("fault:" + word)
				faults[0].Operation, faults[0].Times = "validate", 1
				if err := r.p.SetFaults(faults[0]); err != nil {
					t.Fatal(err)
				}
			}
			a, err := r.do(testKey, r.client, "POST", path, file(d))
			if err != nil {
				a.status = 0
			}
			if a.status != want.status || (len(r.p.Documents()) == 1) != want.deposited {
				t.Errorf("%s (magic: %v): %d %v, %d documents", word, magic, a.status, err, len(r.p.Documents()))
			}
			second := 200
			if want.deposited {
				second = 409
			}
			r.call(second, "POST", path, file(d)) // once
		}
	}
}

func TestTheFileMayBeMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	id := r.issue(sample.Invoice())
	if err := r.p.SetFaults(Fault{Kind: fault.Error, Operation: "file", Status: 404}); err != nil {
		t.Fatal(err)
	}
	r.call(404, "GET", "/invoicing/files/"+id, nil)
	if err := r.p.SetFaults(Fault{Kind: fault.Error, Operation: "flie"}); err == nil {
		t.Error("a misspelt operation was taken")
	}
}

func TestAnOutageEndsByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	r.p.Outage(5 * time.Minute)
	r.call(503, "GET", "/mandates", nil)
	r.clock.Add(5 * time.Minute)
	r.call(200, "GET", "/mandates", nil)
}

func TestARestartForgetsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, func(c *Config) { c.Dir = dir }).enrol("m-1")
	d := sample.Invoice()
	id := r.issue(d)
	r.clock.Add(time.Minute)
	before := r.codes(id)
	next := sample.Invoice()
	next.Number += "-2"
	draft := r.draft(next)
	r.call(201, "POST", "/reporting/b2c-transactions", sales("r-1", "IN"))
	r.call(201, "POST", "/reporting/payments", collected("c-1", d.Number, "28.80", `{"rate":20,"amount":28.80}`))
	before += " COLLECTED"

	r.open() // a killed process appends no farewell either
	if got := r.codes(id); got != before {
		t.Errorf("%s, before %s", got, before)
	}
	r.clock.Add(time.Minute)
	if got := r.codes(id); got != before+" RECEIVED_BY_PLATFORM" {
		t.Error(got)
	}
	if a := r.call(200, "GET", "/invoicing/files/"+id, nil); a.text != string(sample.PDF(sample.XML(d))) {
		t.Errorf("the file is another: %d bytes", len(a.text))
	}
	r.call(409, "POST", "/drafts", map[string]any{"external_ref": "ref-" + next.Number})
	r.call(200, "POST", "/drafts/"+draft+"/validate", file(next))
	r.wantRule(r.call(422, "POST", "/reporting/b2c-transactions", sales("r-2", "IN")), "TT-4")
	r.call(201, "POST", "/reporting/b2c-transactions", sales("r-2", "RE"))
	r.call(409, "POST", "/reporting/payments", collected("c-1", d.Number, "28.80", `{"rate":20,"amount":28.80}`))
	if all := r.p.Documents(); len(all) != 2 || all[0].Collected != 2880 || all[0].ID != id {
		t.Errorf("%+v", all)
	}
}

func TestAWebhookSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir, l := t.TempDir(), listen(t, "s")
	r := newRig(t, hooked(l), func(c *Config) { c.Dir = dir }).pending("m-1") // nothing is delivered: it does not run
	r.open()
	r.run()
	if h := <-l.hits; h.kind != "mandate.created" {
		t.Errorf("%+v", h)
	}
}

func TestManagement(t *testing.T) {
	t.Parallel()
	r := newRig(t).pending("m-1")
	server := httptest.NewServer(r.p.Management())
	t.Cleanup(server.Close)
	manage := func(status int, method, path, body string) answer {
		t.Helper()
		m := *r
		m.url = server.URL
		a, err := m.do("", "", method, path, body)
		if err != nil || a.status != status {
			t.Fatalf("%s %s: %d %v %s", method, path, a.status, err, a.text)
		}
		return a
	}
	manage(200, http.MethodGet, "/healthz", "")
	manage(200, "POST", "/clients/m-1/approve", "")
	manage(409, "POST", "/clients/"+r.client+"/refuse", "")
	manage(404, "POST", "/clients/m-9/approve", "")
	manage(400, "POST", "/clients/m-1/praise", "")
	d := sample.Invoice()
	id := r.issue(d)
	manage(200, "POST", "/documents/"+d.Number+"/status", `{"status":"in_dispute","rejection_reason":"CALCUL_ERR","reason":"Trop cher"}`)
	manage(200, "POST", "/documents/"+id+"/status", `{"status":"210"}`)
	manage(409, "POST", "/documents/"+id+"/status", `{"status":"205"}`)
	manage(422, "POST", "/documents/"+id+"/status", `{"status":"PAID"}`)
	a := manage(200, "GET", "/documents?number="+d.Number, "")
	if a.get("documents.0.received") != "1" || a.get("documents.0.status") != "REFUSED" || a.get("documents.0.events") != "[200 201 202 203 207 210]" {
		t.Error(a.text)
	}
	if a := manage(200, "GET", "/documents?number=none", ""); a.get("documents") != "[]" {
		t.Error(a.text)
	}
	if a := manage(200, "GET", "/state", ""); a.get("clients.0.mandates.0.status") != "active" || a.get("documents.0.invoice_id") != id {
		t.Error(a.text)
	}
	f := manage(200, "POST", "/faults", `{"kind":"error","operation":"lifecycle"}`).get("id")
	r.call(500, "GET", "/lifecycle-events?object_type=invoice&object_id="+id, nil)
	manage(200, "DELETE", "/faults/"+f, "")
	manage(404, "DELETE", "/faults/"+f, "")
	manage(400, "POST", "/faults", `{"kind":"fields-map"}`)
	manage(200, "PUT", "/faults", `{"faults":[{"kind":"slow","latency_ms":1}]}`)
	manage(200, "DELETE", "/faults", "")
	manage(200, "PUT", "/outage", `{"seconds":60}`)
	r.call(503, "GET", "/mandates", nil)
	manage(200, "PUT", "/outage", `{"seconds":0}`)
	r.call(200, "GET", "/mandates", nil)
	manage(200, "PUT", "/autoapprove", `{"enabled":true}`)
	if a := manage(200, "GET", "/autoapprove", ""); !strings.Contains(a.text, "true") {
		t.Error(a.text)
	}
	manage(200, "GET", "/webhooks?object_id="+id, "")
	manage(200, "POST", "/webhooks/test", "")
	manage(200, "GET", "/reports", "")
	manage(200, "POST", "/reset", "")
	r.call(404, "GET", "/mandates", nil)
	if a := manage(200, "GET", "/state", ""); a.get("documents") != "[]" || a.get("clients") != "[]" {
		t.Error(a.text)
	}
}
