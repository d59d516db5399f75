package einvoicing

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
)

func TestAnInvoiceTravelsToItsBuyer(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	draft := r.draft(d)
	a := r.call(200, "POST", "/api/drafts/"+draft+"/validate", file(d))
	id := a.get("invoice_id")
	if !strings.HasPrefix(id, "inv_") || a.get("invoice_number") != d.Number || a.get("status") != "DEPOSITED" || a.get("draft_id") != draft {
		t.Errorf("validated: %s", a.text)
	}
	for _, want := range []string{
		"DEPOSITED", "DEPOSITED TRANSMITTED_BY_PLATFORM", "DEPOSITED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM",
		"DEPOSITED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM MADE_AVAILABLE", "DEPOSITED TRANSMITTED_BY_PLATFORM RECEIVED_BY_PLATFORM MADE_AVAILABLE",
	} {
		if got := r.codes(id); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		r.clock.Add(time.Minute)
	}
	a = r.call(200, "GET", "/invoicing/invoice_data/"+id, nil)
	if a.get("lifecycle_status") != "MADE_AVAILABLE" || a.get("invoice_number") != d.Number || a.get("totals.due") != "38.8" {
		t.Error(a.text)
	}
	a = r.call(200, "GET", "/invoicing/files/"+id+"?format=factur-x", nil)
	if a.header.Get("Content-Type") != "application/pdf" || a.text != string(sample.PDF(sample.XML(d))) {
		t.Errorf("the file is another: %d bytes of %s", len(a.text), a.header.Get("Content-Type"))
	}
	a = r.call(200, "GET", "/drafts/"+draft, nil)
	if a.get("status") != "validated" || a.get("invoice_id") != id || a.get("invoice_number") != d.Number {
		t.Error(a.text)
	}
}

func TestADraftIsValidatedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	draft := r.draft(d)
	r.call(200, "POST", "/drafts/"+draft+"/validate", file(d))
	r.call(409, "POST", "/drafts/"+draft+"/validate", file(d))
	r.call(409, "PUT", "/drafts/"+draft, d.Wire())
	r.call(409, "DELETE", "/drafts/"+draft, nil)
	if all := r.p.Documents(); len(all) != 1 || all[0].Received != 2 {
		t.Errorf("%+v", all)
	}
	w := d.Wire()
	w.ExternalRef = "another"
	again := r.call(201, "POST", "/drafts", w).get("id")
	r.wantRule(r.call(422, "POST", "/drafts/"+again+"/validate", file(d)), "DOUBLON")
	d.Issued, d.Due = "2027-01-02", "2027-02-01" // another year: another number
	r.call(200, "PUT", "/drafts/"+again, d.Wire())
	r.call(200, "POST", "/drafts/"+again+"/validate", file(d))
}

func TestADraftMayBeIncomplete(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	a := r.call(201, "POST", "/drafts", `{"external_ref":"d-1","invoice_number":"INV-1"}`)
	if a.get("errors.0.rule") == "" || a.get("status") != "draft" {
		t.Error(a.text)
	}
	if c := r.call(409, "POST", "/drafts", `{"external_ref":"d-1"}`); c.get("existing_id") != a.get("id") {
		t.Error(c.text)
	}
	if l := r.call(200, "GET", "/drafts?external_ref=d-1", nil); l.get("items.0.id") != a.get("id") {
		t.Error(l.text)
	}
	if l := r.call(200, "GET", "/drafts?external_ref=d-2", nil); l.text != `{"items":[]}` {
		t.Error(l.text)
	}
	r.call(422, "POST", "/drafts/"+a.get("id")+"/validate", file(sample.Invoice()))
	w := sample.Invoice().Wire()
	if a := r.call(200, "PUT", "/drafts/"+a.get("id"), w); a.get("errors") != "[]" {
		t.Error(a.text)
	}
	r.call(204, "DELETE", "/drafts/"+a.get("id"), nil)
	r.call(404, "GET", "/drafts/"+a.get("id"), nil)
	r.call(422, "POST", "/drafts", `{"external_ref":"d-3","unknown":1}`)
	r.call(422, "POST", "/drafts", `{"external_ref":""}`)
	r.call(422, "POST", "/drafts", `{`)
	r.call(200, "POST", "/drafts/validate-data", w)
	w.Totals.Due = "38.81"
	r.wantRule(r.call(422, "POST", "/drafts/validate-data", w), "BR-CO-16")
}

func TestAWrongFileIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	draft := r.draft(d)
	path := "/drafts/" + draft + "/validate"
	other := sample.Invoice()
	other.Buyer.Name = "Someone else"
	r.wantRule(r.call(422, "POST", path, file(other)), "COHERENCE")
	other = sample.Invoice()
	other.Totals.Gross++
	r.wantRule(r.call(422, "POST", path, file(other)), "BR-CO-15")
	r.wantRule(r.call(422, "POST", path, map[string]any{"format": "factur-x", "file": sample.XML(d)}), "PDF")
	r.wantRule(r.call(422, "POST", path, map[string]any{"format": "factur-x", "file": sample.PDF([]byte("<a/>"))}), "XSD")
	r.wantRule(r.call(422, "POST", path, map[string]any{"format": "factur-x"}), "PDF")
	r.wantRule(r.call(422, "POST", path, map[string]any{"format": "ubl", "file": ""}), "SCHEMA")
	r.wantRule(r.call(422, "POST", path, `{"format":"factur-x","file":"%%%"}`), "SCHEMA")
	if len(r.p.Documents()) != 0 {
		t.Error("something was deposited")
	}
	r.call(200, "POST", path, file(d)) // nothing has changed
}

func TestACreditNoteNamesAKnownInvoice(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	stranger := sample.Invoice()
	stranger.Number = "INV-2026-AB12CD-000009"
	id := r.issue(sample.CreditNote(stranger))
	r.clock.Add(time.Minute)
	if got := r.codes(id); got != "DEPOSITED REJECTED" {
		t.Error(got)
	}
	a := r.call(200, "GET", "/lifecycle-events?object_type=invoice&object_id="+id, nil)
	if a.get("items.1.rejection_reason") != "REJ_COH" || a.get("items.1.reason") == "" || a.get("items.1.is_mandatory") != "true" {
		t.Error(a.text)
	}
	r.issue(d)
	id = r.issue(sample.CreditNote(d))
	r.clock.Add(time.Hour)
	if got := r.codes(id); !strings.HasSuffix(got, "MADE_AVAILABLE") {
		t.Error(got)
	}
}

func TestWhatTheBuyerDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(*document.Document)
		last   string
		reason string
	}{
		"by code":            {func(d *document.Document) { d.Buyer.Name += " sandbox:205" }, "APPROVED", ""},
		"by name and reason": {func(d *document.Document) { d.Buyer.Name += " sandbox:acknowledged/refused:TX_TVA_ERR" }, "REFUSED", "TX_TVA_ERR"},
		"dispute":            {func(d *document.Document) { d.Buyer.Name += " sandbox:207" }, "IN_DISPUTE", "TRANSAC_INC"},
		"rejected":           {func(d *document.Document) { d.Buyer.Name += " sandbox:213:CALCUL_ERR" }, "REJECTED", "CALCUL_ERR"},
		"SIREN approves":     {func(d *document.Document) { d.Buyer.SIREN, d.Buyer.Address = "905000006", "905000006" }, "APPROVED", ""},
		"SIREN refuses":      {func(d *document.Document) { d.Buyer.SIREN, d.Buyer.Address = "910000009", "910000009" }, "REFUSED", "NON_CONFORME"},
		"SIREN rejects":      {func(d *document.Document) { d.Buyer.SIREN, d.Buyer.Address = "913000006", "913000006" }, "REJECTED", "REJ_SEMAN"},
		"not in directory":   {func(d *document.Document) { d.Buyer.SIREN, d.Buyer.Address = "404000002", "404000002" }, "REJECTED", "DEST_INC"},
		"private":            {func(d *document.Document) { sample.Private(d) }, "DEPOSITED", ""},
		"private, approved":  {func(d *document.Document) { sample.Private(d); d.Buyer.Name += " sandbox:205" }, "DEPOSITED", ""},
		"private, rejected":  {func(d *document.Document) { sample.Private(d); d.Buyer.Name += " sandbox:213" }, "REJECTED", "REJ_SEMAN"},
	} {
		r := newRig(t).enrol("m-1")
		d := sample.Invoice()
		c.spoil(d)
		id := r.issue(d)
		for range 10 {
			r.clock.Add(time.Hour)
			r.p.Tick()
		}
		a := r.call(200, "GET", "/lifecycle-events?object_type=invoice&object_id="+id, nil)
		last := a.body["items"].([]any)[len(a.body["items"].([]any))-1].(map[string]any)
		reason, _ := last["rejection_reason"].(string)
		if last["status_code"] != c.last || reason != c.reason {
			t.Errorf("%s: %s", name, a.text)
		}
	}
}

func TestNobodySeesAnothersObjects(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	draft := r.draft(d)
	id := r.call(200, "POST", "/drafts/"+draft+"/validate", file(d)).get("invoice_id")
	r.pending("m-2")
	for _, path := range []string{
		"/drafts/" + draft, "/invoicing/invoice_data/" + id, "/invoicing/files/" + id, "/lifecycle-events?object_type=invoice&object_id=" + id,
	} {
		r.call(404, "GET", path, nil)
	}
	r.call(404, "PUT", "/drafts/"+draft, d.Wire())
	r.call(404, "DELETE", "/drafts/"+draft, nil)
	r.call(404, "POST", "/drafts/"+draft+"/validate", file(d))
	if a := r.call(200, "GET", "/drafts?external_ref=ref-"+d.Number, nil); a.text != `{"items":[]}` {
		t.Error(a.text)
	}
	r.draft(d) // references are per client
	r.client = ""
	r.call(422, "GET", "/mandates", nil)
	r.client = "cli_nobody"
	r.call(404, "GET", "/mandates", nil)
	for _, key := range []string{"", "Bearer " + testKey, "k3", testKey + "x"} {
		if a, err := r.do(key, "", "GET", "/clients", nil); err != nil || a.status != 401 || a.get("code") != "401" || a.get("trace_id") == "" {
			t.Errorf("key %q: %+v %v", key, a, err)
		}
	}
}

func TestADocumentWithoutADraft(t *testing.T) {
	t.Parallel()
	r := newRig(t).enrol("m-1")
	d := sample.Invoice()
	body := file(d)
	body["external_ref"] = "f-1"
	a := r.call(201, "POST", "/invoicing/files/submit", body)
	if a.get("status") != "DEPOSITED" {
		t.Error(a.text)
	}
	if c := r.call(409, "POST", "/invoicing/files/submit", body); c.get("existing_id") != a.get("invoice_id") {
		t.Error(c.text)
	}
	if data := r.call(200, "GET", "/invoicing/invoice_data/"+a.get("invoice_id"), nil); data.get("seller.siren") != sample.SellerSIREN {
		t.Error(data.text)
	}
	body["external_ref"] = "f-2"
	r.wantRule(r.call(422, "POST", "/invoicing/files/submit", body), "DOUBLON")
}
