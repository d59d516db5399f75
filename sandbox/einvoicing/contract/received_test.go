package contract

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// receives: documents of suppliers are listed in their order, come as they were sent, and are answered by their buyer.
func receives(p *platform) {
	p.enrol("receives")
	const list = "/invoicing/invoices?direction=incoming"
	var ids []string
	for _, format := range []string{"cii", "ubl", "factur-x"} {
		file := "<" + format + "/>"
		a := p.control(200, "POST", "/clients/"+p.client+"/deliver", object{"format": format, "file": base64.StdEncoding.EncodeToString([]byte(file))})
		id := a.at("invoice_id")
		ids = append(ids, id)
		got := p.call(200, "GET", "/invoicing/files/"+id+"?format=original", nil)
		kind := map[bool]string{true: "application/pdf", false: "application/xml"}[format == "factur-x"]
		if got.text != file || got.header.Get("Content-Type") != kind {
			p.Errorf("%s comes as %s: %s", format, got.header.Get("Content-Type"), got.text)
		}
	}
	all := p.call(200, "GET", list, nil)
	for i, id := range ids {
		p.hold("the list", all, object{fmt.Sprintf("items.%d.invoice_id", i): id, fmt.Sprintf("items.%d.lifecycle_status", i): "MADE_AVAILABLE"})
	}
	p.hold("after the first", p.call(200, "GET", list+"&after="+ids[0], nil), object{"items.0.invoice_id": ids[1], "items.1.format": "factur-x"})
	if n := p.call(200, "GET", list+"&after="+ids[2], nil).items(); n != 0 {
		p.Errorf("%d after the last", n)
	}
	p.refuse("after none", p.try("GET", list+"&after=inv_none", nil), 404)
	p.refuse("no direction", p.try("GET", "/invoicing/invoices", nil), 422)
	p.answers(ids[0])
	client := p.client
	p.newClient("another")
	p.refuse("another's file", p.try("GET", "/invoicing/files/"+ids[0]+"?format=original", nil), 404)
	if n := p.call(200, "GET", list, nil).items(); n != 0 {
		p.Errorf("another has %d", n)
	}
	p.control(403, "POST", "/clients/"+p.client+"/deliver", object{"format": "cii", "file": "PGEvPg=="}) // it has no mandate
	p.control(422, "POST", "/clients/"+client+"/deliver", object{"format": "docx", "file": "PGEvPg=="})
	p.control(404, "POST", "/clients/cli_none/deliver", object{"format": "cii", "file": "PGEvPg=="})
}

// answers gives a received document statuses in an order that holds, each once.
func (p *platform) answers(id string) {
	p.Helper()
	say := func(ref, status, reason string) answer {
		return p.try("POST", "/lifecycle-events", object{
			"external_ref": p.ref(ref), "object_type": "invoice", "object_id": id, "status_code": status, "rejection_reason": reason,
		})
	}
	first := say("a1", "ACKNOWLEDGED", "")
	p.hold("acknowledged", first, object{"status_code": "ACKNOWLEDGED", "emitter": "BUYER"})
	again := say("a1", "ACKNOWLEDGED", "")
	p.refuse("again", again, 409)
	p.hold("again", again, object{"existing_id": first.at("id")})
	p.refuseBy("without a reason", say("a2", "REFUSED", ""), "SCHEMA")
	p.refuseBy("a reason of a platform", say("a2", "REFUSED", "REJ_SEMAN"), "SCHEMA")
	p.refuseBy("the seller's", say("a2", "COMPLETED", ""), "SCHEMA")
	p.hold("refused", say("a2", "REFUSED", "CMD_ERR"), object{"rejection_reason": "CMD_ERR", "is_mandatory": true})
	p.refuseBy("after the end", say("a3", "APPROVED", ""), "SCHEMA")
	if got := p.codes(id); got != strings.Join(strings.Fields("RECEIVED_BY_PLATFORM MADE_AVAILABLE ACKNOWLEDGED REFUSED"), " ") {
		p.Errorf("it went through %s", got)
	}
}
