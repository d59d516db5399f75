package contract

import (
	"net/http"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// keys: the bare key, and nothing that only looks like it.
func keys(p *platform) {
	p.newClient("keys")
	for what, key := range map[string]string{"none": "", "another": p.key + "x", "half of it": p.key[:len(p.key)-1], "as a bearer": "Bearer " + p.key, "in large": strings.ToUpper(p.key)} {
		for _, path := range []string{"/clients", "/mandates", "/drafts", "/webhooks"} {
			p.refuse(what+" "+path, p.as(key, p.client, "GET", path, nil), 401)
		}
		p.refuse(what, p.as(key, p.client, "POST", "/drafts", p.json(p.invoice("1"))), 401)
	}
	if n := p.call(200, "GET", "/drafts", nil).items(); n != 0 {
		p.Errorf("%d drafts were made without a key", n)
	}
}

// namedClients: what is about a merchant names it, what is not does not.
func namedClients(p *platform) {
	p.newClient("named")
	for _, path := range []string{"/mandates", "/drafts", "/clients/onboarding-link/status", "/lifecycle-events?object_type=invoice&object_id=inv_none"} {
		p.refuseBy("no client "+path, p.as(p.key, "", "GET", path, nil), "SCHEMA")
		p.refuse("an unknown client "+path, p.as(p.key, "cli_none", "GET", path, nil), 404)
	}
	for _, path := range []string{"/clients", "/webhooks", "/usage/metrics", "/webhooks/event-types"} {
		if a := p.as(p.key, "", "GET", path, nil); a.status != http.StatusOK || a.items() < 0 {
			p.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}

func clients(p *platform) {
	made := p.newClient("clients")
	p.hold("made", made, object{"organization_name": "Boulangerie des Tests", "contact_email": "b@example.com", "external_ref": p.ref("clients"), "status": "pending"})
	if !strings.HasPrefix(p.client, "cli_") {
		p.assume(false, "a client's id is %s", p.client)
	}
	if got := p.call(200, "GET", "/clients/"+p.client, nil); got.text != made.text {
		p.Errorf("read as %s, made as %s", got.text, made.text)
	}
	found := p.call(200, "GET", "/clients?external_ref="+p.ref("clients"), nil)
	p.hold("found", found, object{"items.0.id": p.client})
	if found.items() != 1 || p.call(200, "GET", "/clients?external_ref="+p.ref("nobody"), nil).items() != 0 {
		p.Errorf("found by reference: %s", found.text)
	}
	again := p.as(p.key, "", "POST", "/clients", object{"organization_name": "Y", "contact_email": "y@example.com", "external_ref": p.ref("clients")})
	p.refuse("the same reference", again, 409)
	p.hold("the same reference", again, object{"existing_id": p.client})
	p.newMandate("clients")
	p.refuse("with a mandate", p.as(p.key, "", "DELETE", "/clients/"+p.client, nil), 409)
	p.newClient("gone")
	if a := p.call(204, "DELETE", "/clients/"+p.client, nil); a.text != "" {
		p.Errorf("deleted: %s", a.text)
	}
	p.refuse("deleted", p.as(p.key, "", "GET", "/clients/"+p.client, nil), 404)
	p.refuse("deleted again", p.as(p.key, "", "DELETE", "/clients/"+p.client, nil), 404)
	p.newClient("gone") // its reference is free
}

func wrongClients(p *platform) {
	for what, change := range map[string]object{
		"no name": {"organization_name": ""}, "a long name": {"organization_name": strings.Repeat("é", 256)},
		"no e-mail": {"contact_email": ""}, "half an e-mail": {"contact_email": "b@"}, "a name with it": {"contact_email": "B <b@example.com>"},
		"a long e-mail": {"contact_email": strings.Repeat("b", 251) + "@e.fr"}, "no reference": {"external_ref": ""}, "a long one": {"external_ref": strings.Repeat("x", 101)},
		"another type": {"organization_name": 1}, "an unknown member": {"name": "x"},
	} {
		body := object{"organization_name": "A", "contact_email": "b@example.com", "external_ref": p.ref(what)}
		for name, v := range change {
			body[name] = v
		}
		p.refuseBy(what, p.as(p.key, "", "POST", "/clients", body), "SCHEMA")
	}
	for what, body := range map[string]string{"no JSON": "{", "a list": "[]", "two of them": "{} {}", "nothing": ""} {
		p.refuseBy(what, p.as(p.key, "", "POST", "/clients", body), "SCHEMA")
	}
	longest := p.as(p.key, "", "POST", "/clients", object{
		"organization_name": strings.Repeat("é", 255), "contact_email": "b@example.com", "external_ref": (p.run + strings.Repeat("x", 100))[:100],
	})
	if longest.status != http.StatusCreated {
		p.Errorf("as long as may be: %d %s", longest.status, longest.text)
	}
}

// mandates begin without being active: who the merchant is has to be known first.
func mandates(p *platform) {
	p.newClient("mandates")
	if n := p.call(200, "GET", "/mandates", nil).items(); n != 0 {
		p.Errorf("%d mandates of a new client", n)
	}
	m := p.newMandate("mandates")
	p.hold("made", m, object{
		"start_date": "2026-12-01", "end_date": "", "directory_entry.siren": sample.SellerSIREN, "directory_entry.siret": "12345678200002", "directory_entry.suffix": "",
	})
	if s := m.at("status"); s != "pending_kyc" && s != "processing" && s != "created" || !strings.HasPrefix(m.at("id"), "mdt_") {
		p.Errorf("made: %s", m.text)
	}
	p.hold("listed", p.call(200, "GET", "/mandates", nil), object{"items.0.id": m.at("id"), "items.1": ""})
	p.hold("filtered", p.call(200, "GET", "/mandates?status_filter="+m.at("status"), nil), object{"items.0.id": m.at("id")})
	if n := p.call(200, "GET", "/mandates?status_filter=active", nil).items(); n != 0 {
		p.Errorf("%d are active", n)
	}
	again := p.as(p.key, p.client, "POST", "/mandates", object{"start_date": "2026-12-01", "external_ref": p.ref("mandates"), "directory_entry": object{"siren": sample.SellerSIREN}})
	p.refuse("the same reference", again, 409)
	p.hold("the same reference", again, object{"existing_id": m.at("id")})
}

func wrongMandates(p *platform) {
	p.newClient("wrong")
	for what, body := range map[string]object{
		"no SIREN": {"directory_entry": object{}}, "check digit": {"directory_entry": object{"siren": "123456789"}}, "in no directory": {"directory_entry": object{"siren": "404000002"}},
		"another's SIRET":     {"directory_entry": object{"siren": sample.SellerSIREN, "siret": "55210055400005"}},
		"SIRET's check digit": {"directory_entry": object{"siren": sample.SellerSIREN, "siret": "12345678200003"}},
		"a suffix and SIRET":  {"directory_entry": object{"siren": sample.SellerSIREN, "siret": "12345678200002", "suffix": "A"}},
		"a code, no SIRET":    {"directory_entry": object{"siren": sample.SellerSIREN, "routing_identifier": "A"}},
		"no day":              {"start_date": nil}, "no such day": {"start_date": "2026-02-30"}, "another form": {"start_date": "01/12/2026"},
		"no reference": {"external_ref": ""}, "a long reference": {"external_ref": strings.Repeat("x", 101)}, "an unknown member": {"status": "active"},
	} {
		whole := object{"start_date": "2026-12-01", "external_ref": p.ref(what), "directory_entry": object{"siren": sample.SellerSIREN}}
		for name, v := range body {
			whole[name] = v
		}
		p.refuseBy(what, p.as(p.key, p.client, "POST", "/mandates", whole), "SCHEMA")
	}
	for what, entry := range map[string]object{
		"a SIREN alone": {"siren": sample.SellerSIREN}, "with a suffix": {"siren": sample.SellerSIREN, "suffix": "COMPTA"},
		"with a code": {"siren": sample.SellerSIREN, "siret": "12345678200002", "routing_identifier": "S1"},
	} {
		p.call(201, "POST", "/mandates", object{"start_date": "2026-12-01", "external_ref": p.ref(what), "directory_entry": entry})
	}
}

func links(p *platform) {
	p.newClient("links")
	p.newMandate("links")
	p.hold("before", p.call(200, "GET", "/clients/onboarding-link/status", nil), object{"status": "pending"})
	link := p.call(200, "POST", "/clients/onboarding-link", object{"include_kyc": true, "include_signature": true})
	ends, err := time.Parse(time.RFC3339, link.at("expires_at"))
	if err != nil || !strings.HasPrefix(link.at("url"), "http") || p.standIn == nil && !ends.After(time.Now()) {
		p.Errorf("%s %v", link.text, err)
	}
	p.hold("after", p.call(200, "GET", "/clients/onboarding-link/status", nil), object{"status": "pending"})
	p.refuseBy("a misspelt wish", p.as(p.key, p.client, "POST", "/clients/onboarding-link", object{"include_kyb": true}), "SCHEMA")
}

func directory(p *platform) {
	p.newClient("directory")
	a := p.call(200, "GET", "/directory/"+sample.BuyerSIREN, nil)
	p.hold("a company", a, object{"siren": sample.BuyerSIREN, "entries.0.nature": "Private", "entries.0.addressable": true})
	for _, siren := range []string{"404000002", "123456789", "1", "x"} {
		p.refuse(siren, p.as(p.key, "", "GET", "/directory/"+siren, nil), 404)
	}
}

// mandateStates: pending_kyc, then active or error; active, then expired. A later one follows what is known.
func mandateStates(p *platform) {
	status := func(n string) string { return p.call(200, "GET", "/mandates", nil).at("items." + n + ".status") }
	p.newClient("yes")
	p.newMandate("yes")
	p.control(200, "POST", "/clients/"+p.client+"/approve", nil)
	p.control(409, "POST", "/clients/"+p.client+"/refuse", nil)
	p.hold("approved", p.call(200, "GET", "/clients/"+p.client, nil), object{"status": "active"})
	p.hold("approved", p.call(200, "GET", "/clients/onboarding-link/status", nil), object{"status": "completed"})
	if got := status("0"); got != "active" {
		p.Errorf("approved: %s", got)
	}
	p.control(200, "POST", "/clients/"+p.client+"/expire", nil)
	p.hold("expired", p.call(200, "GET", "/mandates?status_filter=expired", nil), object{"items.0.status": "expired", "items.0.end_date": "2026-12-01"})
	p.hold("a later one", p.newMandate("yes-2"), object{"status": "active"})
	p.newClient("no")
	p.newMandate("no")
	p.control(200, "POST", "/clients/"+p.client+"/refuse", nil)
	p.hold("refused", p.call(200, "GET", "/clients/"+p.client, nil), object{"status": "inactive"})
	if got := status("0"); got != "error" {
		p.Errorf("refused: %s", got)
	}
	p.hold("a later one", p.newMandate("no-2"), object{"status": "error"})
	p.control(404, "POST", "/clients/nobody/approve", nil)
	p.control(400, "POST", "/clients/"+p.client+"/forget", nil)
}

// mandateBegins: not before its day, wherever on earth that day has begun.
func mandateBegins(p *platform) {
	p.newClient("later")
	p.call(201, "POST", "/mandates", object{"start_date": "2026-12-03", "external_ref": p.ref("later"), "directory_entry": object{"siren": sample.SellerSIREN}})
	p.control(200, "POST", "/clients/"+p.client+"/approve", nil)
	draft := p.draft(p.invoice("1"))
	p.refuse("two days before", p.as(p.key, p.client, "POST", "/drafts/"+draft+"/validate", file(p.invoice("1"))), 403)
	p.standIn.clock.Add(24*time.Hour - time.Second)
	p.refuse("a second before it begins anywhere", p.as(p.key, p.client, "POST", "/drafts/"+draft+"/validate", file(p.invoice("1"))), 403)
	p.standIn.clock.Add(time.Second)
	p.standIn.clock.Add(24 * time.Hour)
	p.call(200, "POST", "/drafts/"+draft+"/validate", file(p.invoice("1")))
}

func linkEnds(p *platform) {
	p.newClient("ends")
	p.newMandate("ends")
	link := p.call(200, "POST", "/clients/onboarding-link", object{}).at("url")
	page := func() int {
		of := *p
		of.baseURL = ""
		return of.as("", "", "GET", link, nil).status
	}
	p.standIn.clock.Add(24*time.Hour - time.Second)
	if status := page(); status != http.StatusOK {
		p.Errorf("a second before its end: %d", status)
	}
	p.standIn.clock.Add(time.Second)
	if status := page(); status != http.StatusNotFound {
		p.Errorf("at its end: %d", status)
	}
	p.hold("ended", p.call(200, "GET", "/clients/onboarding-link/status", nil), object{"status": "expired"})
	p.call(200, "POST", "/clients/onboarding-link", object{})
	p.hold("a new one", p.call(200, "GET", "/clients/onboarding-link/status", nil), object{"status": "pending"})
}
