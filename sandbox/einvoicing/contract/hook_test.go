package contract

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

var allEvents = []string{
	"webhook.test", "invoice.created", "invoice.received", "invoice.status_updated", "mandate.created", "mandate.activated", "mandate.expired", "mandate.failed",
}

func eventTypes(p *platform) {
	a := p.as(p.key, "", "GET", "/webhooks/event-types", nil)
	list, ok := a.body["items"].([]any)
	if a.status != http.StatusOK || !ok {
		p.Fatalf("%d %s", a.status, a.text)
	}
	for _, kind := range allEvents {
		if !slices.Contains(list, any(kind)) {
			p.Errorf("%s is not there: %s", kind, a.text)
		}
	}
}

// register makes the webhook of the sponsor; the result is its secret.
func (p *platform) register(l *listener, events ...string) string {
	p.Helper()
	a := p.call(201, "POST", "/webhooks", object{"url": l.url, "events": events})
	if a.at("secret") == "" || a.at("id") == "" {
		p.Fatalf("%s", a.text)
	}
	return a.at("secret")
}

// next wants the next webhook to be of this kind and about this object.
func (p *platform) next(l *listener, kind, objectType, id string) notice {
	p.Helper()
	n := <-l.came
	if n.event["event_type"] != kind || fmt.Sprint(n.event["object_type"]) != objectType || id != "" && n.event["object_id"] != id {
		p.Errorf("%s, want %s of %s %s", n.body, kind, objectType, id)
	}
	return n
}

// told: what happens to mandates and invoices, in its order, with what it is about and nothing of what it says.
func told(p *platform) {
	l := listen(p.T)
	p.register(l, allEvents...)
	p.newClient("told")
	mandate := p.newMandate("told").at("id")
	n := p.next(l, "mandate.created", "mandate", mandate)
	for name, want := range map[string]string{"client_id": p.client, "timestamp": "2026-12-01T10:00:00Z"} {
		if n.event[name] != want {
			p.Errorf("%s is %v, want %s", name, n.event[name], want)
		}
	}
	if !strings.HasPrefix(fmt.Sprint(n.event["event_id"]), "evt_") || n.event["sponsor_id"] == nil || !strings.HasPrefix(n.kind, "application/json") {
		p.Errorf("%s %s", n.kind, n.body)
	}
	if len(n.event) != 7 {
		p.Errorf("a hint says no more than what it is about: %s", n.body)
	}
	p.control(200, "POST", "/clients/"+p.client+"/approve", nil)
	p.next(l, "mandate.activated", "mandate", mandate)
	id := p.issue(p.invoice("1"))
	p.next(l, "invoice.created", "invoice", id)
	for range 3 {
		p.standIn.clock.Add(time.Minute)
		p.codes(id)
		p.next(l, "invoice.status_updated", "invoice", id)
	}
	p.buyer(200, id, object{"status": "205"})
	p.next(l, "invoice.status_updated", "invoice", id)
	p.control(200, "POST", "/clients/"+p.client+"/expire", nil)
	p.next(l, "mandate.expired", "mandate", mandate)
	p.newClient("told-2")
	failed := p.newMandate("told-2").at("id")
	p.next(l, "mandate.created", "mandate", failed)
	p.control(200, "POST", "/clients/"+p.client+"/refuse", nil)
	p.next(l, "mandate.failed", "mandate", failed)
	p.control(200, "POST", "/webhooks/test", nil)
	p.next(l, "webhook.test", "<nil>", "")
}

func signedNotices(p *platform) {
	l := listen(p.T)
	secret := p.register(l, "webhook.test")
	seen := map[any]bool{}
	for range 3 {
		p.control(200, "POST", "/webhooks/test", nil)
		n := p.next(l, "webhook.test", "<nil>", "")
		if n.signature != sign(secret, n.body) || n.signature == sign(secret+"x", n.body) || n.signature == sign(secret, n.body[1:]) {
			p.Errorf("signed %q over %s", n.signature, n.body)
		}
		seen[n.event["event_id"]] = true
	}
	if len(seen) != 3 {
		p.Errorf("each event has an id of its own: %v", seen)
	}
}

// againNotices: with the same id until a 2XX, and what follows about the same object waits.
func againNotices(p *platform) {
	l := listen(p.T, 500, 302, 404, 503)
	secret := p.register(l, "mandate.created", "mandate.activated")
	p.newClient("again")
	mandate := p.newMandate("again").at("id")
	p.control(200, "POST", "/clients/"+p.client+"/approve", nil)
	first := p.next(l, "mandate.created", "mandate", mandate)
	for range 4 {
		n := p.next(l, "mandate.created", "mandate", mandate)
		if n.event["event_id"] != first.event["event_id"] || n.signature != sign(secret, n.body) {
			p.Errorf("again: %s", n.body)
		}
	}
	p.next(l, "mandate.activated", "mandate", mandate)
}

func oneWebhook(p *platform) {
	l := listen(p.T)
	for what, body := range map[string]object{
		"no address": {"events": allEvents}, "another scheme": {"url": "ftp://x", "events": allEvents}, "no events": {"url": l.url},
		"empty events": {"url": l.url, "events": []string{}}, "an unknown one": {"url": l.url, "events": []string{"invoice.paid"}},
		"a secret of one's own": {"url": l.url, "events": allEvents, "secret": "x"},
	} {
		p.refuseBy(what, p.as(p.key, "", "POST", "/webhooks", body), "SCHEMA")
	}
	if n := p.call(200, "GET", "/webhooks", nil).items(); n != 0 {
		p.Errorf("%d webhooks", n)
	}
	p.newClient("before")
	p.newMandate("before") // nobody is told
	p.register(l, "mandate.created")
	shown := p.call(200, "GET", "/webhooks", nil)
	p.hold("shown", shown, object{"items.0.url": l.url, "items.0.events.0": "mandate.created", "items.0.secret": "", "items.1": ""})
	second := p.as(p.key, "", "POST", "/webhooks", object{"url": l.url, "events": allEvents})
	p.refuse("a second one", second, 409)
	p.hold("a second one", second, object{"existing_id": shown.at("items.0.id")})
	p.enrol("after") // and not of its activation
	p.next(l, "mandate.created", "mandate", "")
	p.newClient("later")
	p.next(l, "mandate.created", "mandate", p.newMandate("later").at("id"))
}
