package contract

import (
	"encoding/json"
	"net/http"
	"strings"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

// drafts: made with what is there, told what is missing, changed as a whole, and gone when they are deleted.
func drafts(p *platform) {
	p.newClient("drafts")
	part := object{"external_ref": p.ref("part"), "invoice_number": "INV-1"}
	a := p.call(201, "POST", "/drafts", part)
	id := a.at("id")
	p.hold("made", a, object{"external_ref": p.ref("part"), "status": "draft", "invoice_id": ""})
	if !strings.HasPrefix(id, "draft_") || a.at("errors.0.rule") == "" {
		p.Errorf("what is missing is told: %s", a.text)
	}
	p.hold("read", p.call(200, "GET", "/drafts/"+id, nil), object{"id": id, "status": "draft"})
	p.hold("found", p.call(200, "GET", "/drafts?external_ref="+p.ref("part"), nil), object{"items.0.id": id, "items.1": ""})
	again := p.as(p.key, p.client, "POST", "/drafts", part)
	p.refuse("the same reference", again, 409)
	p.hold("the same reference", again, object{"existing_id": id})
	whole := p.json(p.invoice("1"))
	whole["external_ref"] = p.ref("part")
	if a := p.call(200, "PUT", "/drafts/"+id, whole); a.at("errors.0.rule") != "" || a.at("id") != id {
		p.Errorf("as a whole: %s", a.text)
	}
	whole["external_ref"] = p.ref("other")
	p.refuseBy("its reference stays", p.as(p.key, p.client, "PUT", "/drafts/"+id, whole), "SCHEMA")
	p.call(204, "DELETE", "/drafts/"+id, nil)
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		p.refuse("deleted, "+method, p.as(p.key, p.client, method, "/drafts/"+id, p.json(p.invoice("1"))), 404)
	}
	p.call(201, "POST", "/drafts", part) // its reference is free
	p.refuseBy("no reference", p.as(p.key, p.client, "POST", "/drafts", object{"invoice_number": "INV-1"}), "SCHEMA")
	p.refuseBy("a long one", p.as(p.key, p.client, "POST", "/drafts", object{"external_ref": strings.Repeat("x", 101)}), "SCHEMA")
}

// validateData says the same as a draft would, and keeps nothing.
func validateData(p *platform) {
	p.newClient("data")
	p.hold("right", p.call(200, "POST", "/drafts/validate-data", p.json(p.invoice("1"))), object{"valid": true})
	for what, c := range map[string]struct {
		spoil func(*document.Document)
		rule  string
	}{
		"a sum": {func(d *document.Document) { d.Totals.Due++ }, "BR-CO-16"}, "a note": {func(d *document.Document) { d.Notes = d.Notes[1:] }, "BR-FR-05"},
		"a SIREN": {func(d *document.Document) { d.Buyer.SIREN = "552100555" }, "LUHN"}, "a rate": {func(d *document.Document) { d.Lines[0].Rate = 1900 }, "BR-FR-16"},
		"a process": {func(d *document.Document) { d.Process = "B3" }, "BR-FR-08"}, "an address": {func(d *document.Document) { d.Buyer.Address = "" }, "BR-FR-12"},
	} {
		d := p.invoice("1")
		c.spoil(d)
		a := p.as(p.key, p.client, "POST", "/drafts/validate-data", p.json(d))
		p.refuseBy(what, a, c.rule)
		p.assume(a.at("details.0.field") != "" && a.at("details.0.message") != "", "%s: a detail has a field and a message: %s", what, a.text)
	}
	if n := p.call(200, "GET", "/drafts", nil).items(); n != 0 {
		p.Errorf("%d drafts were kept", n)
	}
}

// wrongJSON: unknown names, texts where numbers belong, and too many decimals.
func wrongJSON(p *platform) {
	p.newClient("json")
	inTotals := func(v any) func(object) {
		return func(body object) {
			totals, ok := body["totals"].(object)
			if !ok {
				p.Fatal("an invoice has totals")
			}
			totals["due"] = v
		}
	}
	for what, c := range map[string]struct {
		spoil func(object)
		rule  string
	}{
		"an unknown name":  {func(body object) { body["due"] = 1 }, "SCHEMA"},
		"one further down": {func(body object) { body["seller"] = object{"nom": "x"} }, "SCHEMA"},
		"a text":           {inTotals("38.80"), "SCHEMA"},
		"a list":           {func(body object) { body["totals"] = []int{1} }, "SCHEMA"},
		"three decimals":   {inTotals(json.Number("38.801")), "BR-FR-DEC-01"},
		"an exponent":      {inTotals(json.Number("3.88e1")), "BR-FR-DEC-01"},
		"no totals":        {func(body object) { delete(body, "totals") }, "BR-12"},
	} {
		body := p.json(p.invoice("1"))
		c.spoil(body)
		p.refuseBy(what, p.as(p.key, p.client, "POST", "/drafts/validate-data", body), c.rule)
	}
	for what, body := range map[string]string{"no JSON": "{", "two of them": "{}{}", "nothing": "", "a text": `"x"`} {
		p.refuseBy(what, p.as(p.key, p.client, "POST", "/drafts", body), "SCHEMA")
	}
}

// withoutMandate: 403, however right the document is, and it stays a draft.
func withoutMandate(p *platform) {
	p.newClient("without")
	draft := p.draft(p.invoice("1"))
	p.refuse("no mandate", p.as(p.key, p.client, "POST", "/drafts/"+draft+"/validate", file(p.invoice("1"))), 403)
	p.newMandate("without")
	p.refuse("one that waits", p.as(p.key, p.client, "POST", "/drafts/"+draft+"/validate", file(p.invoice("1"))), 403)
	p.hold("it is a draft", p.call(200, "GET", "/drafts/"+draft, nil), object{"status": "draft", "invoice_id": ""})
}

// validated: once, with the number of the document, and never again.
func validated(p *platform) {
	p.enrol("validated")
	d := p.invoice("1")
	draft := p.draft(d)
	a := p.call(200, "POST", "/drafts/"+draft+"/validate", file(d))
	p.hold("validated", a, object{"draft_id": draft, "invoice_number": d.Number, "status": "DEPOSITED"})
	if !strings.HasPrefix(a.at("invoice_id"), "inv_") {
		p.Errorf("%s", a.text)
	}
	p.hold("the draft says so", p.call(200, "GET", "/drafts/"+draft, nil), object{"status": "validated", "invoice_id": a.at("invoice_id"), "invoice_number": d.Number})
	for method, path := range map[string]string{"POST": "/drafts/" + draft + "/validate", "PUT": "/drafts/" + draft, "DELETE": "/drafts/" + draft} {
		body := any(file(d))
		if method == "PUT" {
			body = p.json(d)
		}
		p.refuse("validated, "+method, p.as(p.key, p.client, method, path, body), 409)
	}
	p.hold("received", p.control(200, "GET", "/documents?number="+d.Number, nil), object{"documents.0.received": 2, "documents.1": ""})
	p.control(200, "POST", "/clients/"+p.client+"/expire", nil)
	next := p.invoice("2")
	p.refuse("an expired mandate", p.as(p.key, p.client, "POST", "/drafts/"+p.draft(next)+"/validate", file(next)), 403)
}

// refusedDocuments: 422 with every rule that is broken; the draft stays one and can be put right.
func refusedDocuments(p *platform) {
	p.enrol("refused")
	right := p.invoice("1")
	draft := p.draft(right)
	path := "/drafts/" + draft + "/validate"
	other := p.invoice("1")
	other.Due = "2026-12-22"
	sums := p.invoice("1")
	sums.Totals.Due++
	for what, c := range map[string]struct {
		body object
		rule string
	}{
		"another file":    {file(other), "COHERENCE"},
		"a wrong file":    {file(sums), "BR-CO-16"},
		"no file":         {object{"format": "factur-x"}, "PDF"},
		"no PDF":          {object{"format": "factur-x", "file": "QUJD"}, "PDF"},
		"no base64":       {object{"format": "factur-x", "file": "*"}, "SCHEMA"},
		"another format":  {object{"format": "ubl", "file": file(right)["file"]}, "SCHEMA"},
		"no format":       {object{"file": file(right)["file"]}, "SCHEMA"},
		"an unknown name": {object{"format": "factur-x", "file": file(right)["file"], "number": "1"}, "SCHEMA"},
	} {
		p.refuseBy(what, p.as(p.key, p.client, "POST", path, c.body), c.rule)
	}
	wrong := p.json(right)
	wrong["issue_date"] = "2026-11-31"
	p.call(200, "PUT", "/drafts/"+draft, wrong)
	p.refuseBy("a wrong draft", p.as(p.key, p.client, "POST", path, file(right)), "BR-FR-03")
	p.hold("still a draft", p.call(200, "GET", "/drafts/"+draft, nil), object{"status": "draft"})
	p.hold("nothing deposited", p.control(200, "GET", "/documents", nil), object{"documents.0": ""})
	p.call(200, "PUT", "/drafts/"+draft, p.json(right))
	p.call(200, "POST", path, file(right))
}

// duplicates: a number once per SIREN and year.
func duplicates(p *platform) {
	p.enrol("numbers")
	p.issue(p.invoice("1"))
	again := p.json(p.invoice("1"))
	again["external_ref"] = p.ref("again")
	draft := p.call(201, "POST", "/drafts", again).at("id")
	p.refuseBy("the same number", p.as(p.key, p.client, "POST", "/drafts/"+draft+"/validate", file(p.invoice("1"))), "DOUBLON")
	p.hold("counted", p.control(200, "GET", "/documents?number="+p.invoice("1").Number, nil), object{"documents.0.received": 2})
	next := p.invoice("1")
	next.Issued, next.Due = "2027-01-02", "2027-02-01"
	body := p.json(next)
	body["external_ref"] = p.ref("next-year")
	draft = p.call(201, "POST", "/drafts", body).at("id")
	p.call(200, "POST", "/drafts/"+draft+"/validate", file(next))
}

func submittedFiles(p *platform) {
	p.enrol("files")
	d := p.invoice("1")
	body := file(d)
	body["external_ref"] = p.ref("file")
	a := p.call(201, "POST", "/invoicing/files/submit", body)
	p.hold("submitted", a, object{"invoice_number": d.Number, "status": "DEPOSITED"})
	again := p.as(p.key, p.client, "POST", "/invoicing/files/submit", body)
	p.refuse("the same reference", again, 409)
	p.hold("the same reference", again, object{"existing_id": a.at("invoice_id")})
	body["external_ref"] = p.ref("another")
	p.refuseBy("the same number", p.as(p.key, p.client, "POST", "/invoicing/files/submit", body), "DOUBLON")
	d.Totals.Due++
	for what, c := range map[string]struct {
		body object
		rule string
	}{
		"a wrong sum": {file(d), "BR-CO-16"}, "no PDF": {object{"format": "factur-x", "file": "QUJD"}, "PDF"}, "another format": {object{"format": "ubl"}, "SCHEMA"},
	} {
		c.body["external_ref"] = p.ref(what)
		p.refuseBy(what, p.as(p.key, p.client, "POST", "/invoicing/files/submit", c.body), c.rule)
	}
	p.refuseBy("no reference", p.as(p.key, p.client, "POST", "/invoicing/files/submit", file(p.invoice("2"))), "SCHEMA")
	p.newClient("files-without")
	other := file(p.invoice("3"))
	other["external_ref"] = p.ref("x")
	p.refuse("no mandate", p.as(p.key, p.client, "POST", "/invoicing/files/submit", other), 403)
}

// comesBack: the data as it was sent, with what became of it, and the file byte for byte.
func comesBack(p *platform) {
	p.enrol("back")
	d := p.invoice("1")
	id := p.issue(d)
	p.hold("data", p.call(200, "GET", "/invoicing/invoice_data/"+id, nil), object{
		"invoice_id": id, "invoice_number": d.Number, "lifecycle_status": "DEPOSITED", "type_code": "380", "totals.due": "38.80", "seller.siren": sample.SellerSIREN,
		"buyer.electronic_address.scheme": "0225", "lines.1.net_amount": "9.48", "vat_breakdown.0.tax_amount": "4.80", "notes.3.note": "B2B",
	})
	for _, query := range []string{"", "?format=factur-x"} {
		a := p.call(200, "GET", "/invoicing/files/"+id+query, nil)
		if a.header.Get("Content-Type") != "application/pdf" || a.text != string(sample.PDF(sample.XML(d))) {
			p.Errorf("the file: %s, %d bytes", a.header.Get("Content-Type"), len(a.text))
		}
	}
	p.refuseBy("another format", p.as(p.key, p.client, "GET", "/invoicing/files/"+id+"?format=ubl", nil), "SCHEMA")
	for _, path := range []string{"/invoicing/files/inv_none", "/invoicing/invoice_data/inv_none", "/lifecycle-events?object_type=invoice&object_id=inv_none"} {
		p.refuse(path, p.as(p.key, p.client, "GET", path, nil), http.StatusNotFound)
	}
	p.refuseBy("events of others", p.as(p.key, p.client, "GET", "/lifecycle-events?object_type=flow&object_id="+id, nil), "SCHEMA")
}
