package contract

import (
	"encoding/json"
	"strings"
	"time"
)

func usage(p *platform) {
	count := func() int64 {
		a := p.as(p.key, "", "GET", "/usage/metrics", nil)
		n, err := json.Number(a.at("items.0.calls")).Int64()
		if err != nil || len(a.at("items.0.period")) != len("2026-12") {
			p.Fatalf("%s %v", a.text, err)
		}
		return n
	}
	before := count()
	p.newClient("usage")
	if after := count(); after < before+2 && p.standIn != nil {
		p.Errorf("%d, then %d", before, after)
	}
}

func unknown(p *platform) {
	p.newClient("unknown")
	for what, c := range map[string]struct {
		method, path string
		status       int
	}{
		"a path": {"GET", "/invoices", 404}, "the root": {"GET", "/", 404}, "a deeper one": {"GET", "/drafts/x/y", 404}, "a client": {"GET", "/clients/cli_none", 404},
		"a draft": {"GET", "/drafts/draft_none", 404}, "to validate": {"POST", "/drafts/draft_none/validate", 404}, "a method": {"DELETE", "/mandates", 405},
		"a method of a draft": {"PATCH", "/drafts/draft_none", 405}, "of a report": {"GET", "/reporting/payments", 405},
	} {
		body := any(nil)
		if c.method == "POST" {
			body = object{"format": "factur-x"}
		}
		p.refuse(what, p.as(p.key, p.client, c.method, c.path, body), c.status)
	}
	first, second := p.as(p.key, "", "GET", "/clients/cli_none", nil), p.as(p.key, "", "GET", "/clients/cli_none", nil)
	if first.at("trace_id") == second.at("trace_id") {
		p.Errorf("two errors have one trace: %s", first.text)
	}
}

// outages: 503 until it is over, 429 with Retry-After, 401 for a key taken back; none of them has done anything.
func outages(p *platform) {
	p.newClient("outages")
	d := p.invoice("1")
	p.control(200, "PUT", "/outage", object{"seconds": 60})
	p.refuse("an outage", p.as(p.key, p.client, "POST", "/drafts", p.json(d)), 503)
	p.standIn.clock.Add(time.Minute - time.Second)
	p.refuse("its last second", p.as(p.key, p.client, "GET", "/drafts", nil), 503)
	p.standIn.clock.Add(time.Second)
	p.call(200, "GET", "/drafts", nil)
	for _, c := range []struct {
		fault  object
		status int
		after  string
	}{
		{object{"kind": "rate-limit", "retry_after": 9, "times": 1}, 429, "9"},
		{object{"kind": "rate-limit", "times": 1}, 429, ""},
		{object{"kind": "unauthorized", "times": 1}, 401, ""},
		{object{"kind": "error", "times": 1}, 500, ""},
		{object{"kind": "error", "status": 502, "times": 1}, 502, ""},
	} {
		p.control(200, "POST", "/faults", c.fault)
		a := p.as(p.key, p.client, "POST", "/drafts", p.json(d))
		p.refuse("by rule", a, c.status)
		if got := a.header.Get("Retry-After"); got != c.after {
			p.Errorf("Retry-After is %q, want %q", got, c.after)
		}
	}
	if n := p.call(200, "GET", "/drafts", nil).items(); n != 0 {
		p.Errorf("%d drafts", n)
	}
	p.draft(d)
	p.refuse("too large", p.as(p.key, p.client, "POST", "/drafts", strings.Repeat(" ", 16<<20+1)), 413)
}
