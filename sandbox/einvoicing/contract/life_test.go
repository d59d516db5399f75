package contract

import (
	"fmt"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// travels: 200 at once, then 201, 202 and 203, each at its time, by its platform, and no further without its buyer.
func travels(p *platform) {
	p.enrol("travels")
	id := p.issue(p.invoice("1"))
	want := "DEPOSITED"
	for n, c := range []struct{ code, emitter, mandatory string }{
		{"DEPOSITED", "PDPE", "true"}, {"TRANSMITTED_BY_PLATFORM", "PDPE", "false"}, {"RECEIVED_BY_PLATFORM", "PDPR", "false"}, {"MADE_AVAILABLE", "PDPR", "false"},
	} {
		if n > 0 {
			p.standIn.clock.Add(time.Minute - time.Second)
			if got := p.codes(id); got != want {
				p.Errorf("%s, a second too early", got)
			}
			p.standIn.clock.Add(time.Second)
			want += " " + c.code
		}
		if got := p.codes(id); got != want {
			p.Errorf("%s, want %s", got, want)
		}
		at := fmt.Sprintf("items.%d.", n)
		a := p.events(id)
		p.hold(c.code, a, object{
			at + "emitter": c.emitter, at + "is_mandatory": c.mandatory, at + "timestamp": fmt.Sprintf("2026-12-01T10:%02d:00Z", n), at + "reason": "", at + "rejection_reason": "",
		})
		if a.at(at+"id") == "" {
			p.Errorf("an event has an id: %s", a.text)
		}
		p.hold("its data", p.call(200, "GET", "/invoicing/invoice_data/"+id, nil), object{"lifecycle_status": c.code})
	}
	p.standIn.clock.Add(365 * 24 * time.Hour)
	if got := p.codes(id); got != want {
		p.Errorf("after a year: %s", got)
	}
}

// life are the statuses that a buyer, a seller or a platform sets after 203: who does, whether the administration hears of it, and
// whether a reason belongs to it.
var life = []struct {
	code, name, emitter, reason string
	mandatory                   bool
}{
	{"204", "ACKNOWLEDGED", "BUYER", "", false},
	{"205", "APPROVED", "BUYER", "", false},
	{"206", "PARTIALLY_APPROVED", "BUYER", "CALCUL_ERR", false},
	{"207", "IN_DISPUTE", "BUYER", "TRANSAC_INC", false},
	{"208", "SUSPENDED", "BUYER", "REF_CT_ABSENT", false},
	{"209", "COMPLETED", "SELLER", "", false},
	{"210", "REFUSED", "BUYER", "NON_CONFORME", true},
	{"211", "PAYMENT_TRANSMITTED", "BUYER", "", false},
	{"212", "COLLECTED", "SELLER", "", true},
	{"213", "REJECTED", "PDPE", "REJ_SEMAN", true},
}

func statuses(p *platform) {
	p.enrol("statuses")
	for _, c := range life {
		for _, said := range []string{c.code, c.name, strings.ToLower(c.name)} {
			id := p.issue(p.invoice(c.code + said[:2]))
			p.buyer(200, id, object{"status": said})
			a := p.events(id)
			at := fmt.Sprintf("items.%d.", a.items()-1)
			p.hold(said, a, object{at + "status_code": c.name, at + "emitter": c.emitter, at + "is_mandatory": c.mandatory, at + "rejection_reason": c.reason})
			if (a.at(at+"reason") != "") != (c.reason != "") {
				p.Errorf("%s: a reason in words goes with one in code: %s", said, a.text)
			}
			through := "DEPOSITED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM MADE_AVAILABLE " + c.name
			if c.code == "213" {
				through = "DEPOSITED REJECTED"
			}
			if got := p.codes(id); got != through {
				p.Errorf("%s: %s, want %s", said, got, through)
			}
		}
	}
	id := p.issue(p.invoice("own"))
	p.buyer(200, id, object{"status": "210", "rejection_reason": "TX_TVA_ERR", "reason": "Le taux est faux."})
	p.hold("a reason of its own", p.events(id), object{"items.4.rejection_reason": "TX_TVA_ERR", "items.4.reason": "Le taux est faux."})
	for _, wrong := range []string{"200", "199", "214", "DEPOSITED", "PAID", ""} {
		p.buyer(422, p.issue(p.invoice("w"+wrong)), object{"status": wrong})
	}
	p.buyer(404, "inv_none", object{"status": "205"})
	p.buyer(400, id, object{"state": "205"})
}

// wayOrder: the steps between the platforms come in their order and once, also when somebody hurries them. A step that was set had
// the earlier ones after it.
func wayOrder(p *platform) {
	p.enrol("way")
	whole := strings.Fields("DEPOSITED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM MADE_AVAILABLE")
	for n, said := range []string{"201", "received_by_platform", "203"} {
		id := p.issue(p.invoice(said[:3]))
		p.buyer(200, id, object{"status": said})
		if got, want := p.codes(id), strings.Join(whole[:n+2], " "); got != want {
			p.Errorf("%s: %s, want %s", said, got, want)
		}
		for _, back := range []string{"TRANSMITTED_BY_PLATFORM", said} {
			p.buyer(409, id, object{"status": back})
		}
		p.standIn.clock.Add(24 * time.Hour)
		if got, want := p.codes(id), strings.Join(whole, " "); got != want {
			p.Errorf("%s, a day later: %s, want %s", said, got, want)
		}
	}
}

// isOver: after 210 and 213 nothing comes, neither by itself nor from anybody.
func isOver(p *platform) {
	p.enrol("over")
	for _, end := range []string{"210", "213"} {
		id := p.issue(p.invoice(end))
		p.buyer(200, id, object{"status": end})
		before := p.codes(id)
		for _, c := range life {
			p.buyer(409, id, object{"status": c.code})
		}
		p.standIn.clock.Add(24 * time.Hour)
		if after := p.codes(id); after != before {
			p.Errorf("%s: %s became %s", end, before, after)
		}
	}
}

// privateStays: nobody receives it; its sale is reported in sums. It can only be rejected.
func privateStays(p *platform) {
	p.enrol("private")
	d := sample.Private(p.invoice("1"))
	d.Buyer.Name += " sandbox:205"
	id := p.issue(d)
	p.standIn.clock.Add(24 * time.Hour)
	if got := p.codes(id); got != "DEPOSITED" {
		p.Errorf("a private customer's: %s", got)
	}
	d = sample.Private(p.invoice("2"))
	d.Buyer.Name += " sandbox:213"
	id = p.issue(d)
	p.standIn.clock.Add(time.Minute)
	if got := p.codes(id); got != "DEPOSITED REJECTED" {
		p.Errorf("one that is rejected: %s", got)
	}
}

// siren makes one of nine digits from its first three.
func siren(begin string) string {
	for n := range 10 {
		if s := begin + "00000" + fmt.Sprint(n); document.ValidSIREN(s) {
			return s
		}
	}
	return ""
}

// byWish: what the buyer does, by its SIREN or its name, an hour after it has the document.
func byWish(p *platform) {
	p.enrol("wishes")
	begin := "DEPOSITED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM MADE_AVAILABLE"
	wants := map[string]string{"913": "DEPOSITED REJECTED", "404": "DEPOSITED REJECTED", "912": begin, "903": begin, "914": begin}
	for n, name := range []string{"ACKNOWLEDGED", "APPROVED", "PARTIALLY_APPROVED", "IN_DISPUTE", "SUSPENDED", "COMPLETED", "REFUSED", "PAYMENT_TRANSMITTED"} {
		wants[fmt.Sprint(904+n)] = begin + " " + name
	}
	for first, want := range wants {
		d := p.invoice(first)
		d.Buyer.SIREN = siren(first)
		d.Buyer.Address = d.Buyer.SIREN
		p.lives(first, d, want)
	}
	for wish, want := range map[string]string{
		"sandbox:205": begin + " APPROVED", "sandbox:approved": begin + " APPROVED", "sandbox:204/207:CALCUL_ERR/209": begin + " ACKNOWLEDGED IN_DISPUTE COMPLETED",
		"sandbox:213": "DEPOSITED REJECTED", "sandbox:nothing": begin, "sandbox:212": begin + " COLLECTED",
	} {
		d := p.invoice(fmt.Sprint(len(wish)) + wish[8:11])
		d.Buyer.Name += " " + wish
		p.lives(wish, d, want)
	}
}

func (p *platform) lives(what string, d *document.Document, want string) {
	p.Helper()
	id := p.issue(d)
	p.standIn.clock.Add(24 * time.Hour)
	if got := p.codes(id); got != want {
		p.Errorf("%s: %s, want %s", what, got, want)
	}
}

// corrections: of what this client deposited, and of nothing else.
func corrections(p *platform) {
	p.enrol("corrections")
	first := p.invoice("1")
	p.issue(first)
	credit := sample.CreditNote(first)
	p.lives("of a deposited one", credit, "DEPOSITED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM MADE_AVAILABLE")
	unknown := sample.CreditNote(p.invoice("2"))
	id := p.issue(unknown)
	p.standIn.clock.Add(time.Minute)
	p.hold("of an unknown one", p.events(id), object{"items.1.status_code": "REJECTED", "items.1.rejection_reason": "REJ_COH"})
	p.enrol("corrections-2")
	anothers := sample.CreditNote(first)
	anothers.Number += "-B"
	id = p.issue(anothers)
	p.standIn.clock.Add(time.Minute)
	p.hold("of another's", p.events(id), object{"items.1.status_code": "REJECTED", "items.1.rejection_reason": "REJ_COH"})
}

// anothers: what is another client's looks like nothing.
func anothers(p *platform) {
	p.enrol("one")
	id, draft := p.issue(p.invoice("1")), p.draft(p.invoice("2"))
	p.enrol("two")
	for _, path := range []string{"/drafts/" + draft, "/invoicing/invoice_data/" + id, "/invoicing/files/" + id, "/lifecycle-events?object_type=invoice&object_id=" + id} {
		p.refuse(path, p.as(p.key, p.client, "GET", path, nil), 404)
	}
	p.refuse("validating it", p.as(p.key, p.client, "POST", "/drafts/"+draft+"/validate", file(p.invoice("2"))), 404)
	p.refuse("changing it", p.as(p.key, p.client, "PUT", "/drafts/"+draft, p.json(p.invoice("2"))), 404)
	p.refuse("deleting it", p.as(p.key, p.client, "DELETE", "/drafts/"+draft, nil), 404)
	if a := p.call(200, "GET", "/drafts", nil); a.items() != 0 {
		p.Errorf("another's drafts: %s", a.text)
	}
	if a := p.call(200, "GET", "/mandates", nil); a.items() != 1 {
		p.Errorf("another's mandates: %s", a.text)
	}
	p.refuseBy("money for it", p.as(p.key, p.client, "POST", "/reporting/payments", p.money("m", p.invoice("1").Number, "1.00", "20")), "REJ_COH")
}
