package contract

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

// platform is one implementation of the API, and what the suite may do with it.
type platform struct {
	*testing.T
	baseURL, key string
	// run makes references and numbers new.
	run string
	// standIn has what only the stand-in offers. It is nil for the real platform.
	standIn *standIn

	client string // that of X-PDP-Client-Id; empty sends none
}

type object = map[string]any

type answer struct {
	status int
	header http.Header
	text   string
	body   object
}

// at is the value at a path such as "items.0.id" as a text; empty for none and for null.
func (a answer) at(path string) string {
	v := rigtest.At(a.body, path)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// items is how many a list has; -1 for what is none.
func (a answer) items() int {
	list, ok := a.body["items"].([]any)
	if !ok {
		return -1
	}
	return len(list)
}

// rules are those of the details of a refusal.
func (a answer) rules() []string {
	var all []string
	for n := 0; a.at(fmt.Sprintf("details.%d.rule", n)) != ""; n++ {
		all = append(all, a.at(fmt.Sprintf("details.%d.rule", n)))
	}
	return all
}

// send makes one call. The caller has to close the body of the answer.
func (p *platform) send(key, client, method, path string, body any) (*http.Response, error) {
	p.Helper()
	in, err := rigtest.Body(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(p.Context(), method, p.baseURL+path, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", key)
	}
	if client != "" {
		req.Header.Set("X-PDP-Client-Id", client)
	}
	return http.DefaultClient.Do(req)
}

// read takes an answer in; numbers stay as they are written.
func (p *platform) read(res *http.Response) answer {
	p.Helper()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&a.body) != nil {
		a.body = nil
	}
	return a
}

// as makes a call with a key and a client of its own.
func (p *platform) as(key, client, method, path string, body any) answer {
	p.Helper()
	res, err := p.send(key, client, method, path, body)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	return p.read(res)
}

// call makes a call as the client of the suite and wants this status.
func (p *platform) call(status int, method, path string, body any) answer {
	p.Helper()
	a := p.as(p.key, p.client, method, path, body)
	if a.status != status {
		p.Fatalf("%s %s: %d, want %d: %.800s", method, path, a.status, status, a.text)
	}
	return a
}

// hold wants values of an answer, as texts.
func (p *platform) hold(what string, a answer, want object) {
	p.Helper()
	for path, v := range want {
		if got := a.at(path); got != fmt.Sprint(v) {
			p.Errorf("%s: %s is %q, want %q: %d %.800s", what, path, got, v, a.status, a.text)
		}
	}
}

// assume wants what the public pages do not say: the stand-in must keep to it, the real platform is only reported.
func (p *platform) assume(ok bool, format string, args ...any) {
	p.Helper()
	switch {
	case ok:
	case p.standIn != nil:
		p.Errorf(format, args...)
	default:
		p.Logf("not as assumed: "+format, args...)
	}
}

// refuse wants an error in the shape of the API, with its status in the body too.
func (p *platform) refuse(what string, a answer, status int) {
	p.Helper()
	if a.status < 400 || a.at("error") == "" || a.at("code") != fmt.Sprint(a.status) || a.at("trace_id") == "" {
		p.Errorf("%s: no error in the shape of the API: %d %.800s", what, a.status, a.text)
		return
	}
	p.assume(a.status == status, "%s: %d, assumed %d: %.800s", what, a.status, status, a.text)
}

// refuseBy wants a 422 with a detail of this rule.
func (p *platform) refuseBy(what string, a answer, rule string) {
	p.Helper()
	p.refuse(what, a, http.StatusUnprocessableEntity)
	p.assume(slices.Contains(a.rules(), rule), "%s: no %s in %.800s", what, rule, a.text)
}

func newRun() string { return rand.Text()[:6] }

// ref is a reference of this run.
func (p *platform) ref(name string) string { return p.run + "-" + name }

// newClient makes a client and lets the suite speak for it.
func (p *platform) newClient(name string) answer {
	p.Helper()
	p.client = ""
	a := p.call(201, "POST", "/clients", object{"organization_name": "Boulangerie des Tests", "contact_email": "b@example.com", "external_ref": p.ref(name)})
	p.client = a.at("id")
	return a
}

func (p *platform) newMandate(name string) answer {
	p.Helper()
	return p.call(201, "POST", "/mandates", object{
		"start_date": "2026-12-01", "external_ref": p.ref(name), "directory_entry": object{"siren": sample.SellerSIREN, "siret": "12345678200002"},
	})
}

// invoice is a right invoice with a number of this run.
func (p *platform) invoice(number string) *document.Document {
	d := sample.Invoice()
	d.Number = "INV-2026-" + p.run + "-" + number
	return d
}

// json is the draft of a document, to be spoilt before it is sent.
func (p *platform) json(d *document.Document) object {
	p.Helper()
	w := d.Wire()
	w.ExternalRef = p.ref(d.Number)
	text, err := json.Marshal(w)
	if err != nil {
		p.Fatal(err)
	}
	var body object
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil {
		p.Fatal(err)
	}
	return body
}

// file is what a draft is validated with.
func file(d *document.Document) object {
	return object{"format": "factur-x", "file": base64.StdEncoding.EncodeToString(sample.PDF(sample.XML(d)))}
}

// draft makes the draft of a document; the result is its id.
func (p *platform) draft(d *document.Document) string {
	p.Helper()
	return p.call(201, "POST", "/drafts", p.json(d)).at("id")
}

// issue deposits a document; the result is the invoice's id.
func (p *platform) issue(d *document.Document) string {
	p.Helper()
	return p.call(200, "POST", "/drafts/"+p.draft(d)+"/validate", file(d)).at("invoice_id")
}

func (p *platform) events(id string) answer {
	p.Helper()
	return p.call(200, "GET", "/lifecycle-events?object_type=invoice&object_id="+id, nil)
}

// codes are the statuses of an invoice so far, oldest first.
func (p *platform) codes(id string) string {
	p.Helper()
	a := p.events(id)
	var all []string
	for n := range a.items() {
		all = append(all, a.at(fmt.Sprintf("items.%d.status_code", n)))
	}
	return strings.Join(all, " ")
}
