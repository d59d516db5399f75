package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

// testConnector is the UUID of the provider's own test connector, which is the same at every domain.
const testConnector = "338178e6-3d01-564f-9a7b-52ca442459bf"

const (
	shopIBAN  = "FR7630006000011234567890189"
	payerIBAN = "FR1420041010050500013M02606"
)

// provider is one implementation of the API, and what the suite may do with it.
type provider struct {
	*testing.T
	// baseURL is the API without /2.0.
	baseURL, clientID, clientSecret string
	// redirect is a client_redirect_uri that is registered with the client.
	redirect string
	// standIn has what only the stand-in offers: a payer, a bank that settles, a clock. It is nil for the real provider.
	standIn *standIn
	// pace holds a call back until the provider's fair usage policy lets it through; nil for no limit.
	pace <-chan time.Time

	admin string // the token of payments:admin, once there is one
}

type object = map[string]any

type answer struct {
	status int
	header http.Header
	text   string
	body   object
}

// at finds a value such as "instructions.0.amount".
func (a answer) at(path string) any { return rigtest.At(a.body, path) }

// string is the text at a path; empty for null, for none, and for what is no text.
func (a answer) string(path string) string {
	s, ok := a.at(path).(string)
	if !ok {
		return ""
	}
	return s
}

// id is the payment's number as it stands in the JSON.
func (a answer) id() string { return fmt.Sprint(a.at("id")) }

// send makes one call. The caller has to close the body of the answer.
func (p *provider) send(ctx context.Context, method, address, token string, body any) (*http.Response, error) {
	if p.pace != nil {
		<-p.pace
	}
	in, err := rigtest.Body(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, address, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return http.DefaultClient.Do(req)
}

// as makes a call of the API with a token; an empty one sends none.
func (p *provider) as(token, method, path string, body any) answer {
	p.Helper()
	res, err := p.send(p.Context(), method, p.baseURL+"/2.0"+path, token, body)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	return p.read(res)
}

// read takes an answer in; numbers stay as they are written.
func (p *provider) read(res *http.Response) answer {
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

// call is as with the token that may do everything on payments.
func (p *provider) call(method, path string, body any) answer {
	p.Helper()
	if p.admin == "" {
		p.admin = p.tokenFor("payments:admin")
	}
	return p.as(p.admin, method, path, body)
}

func (p *provider) credentials(scope any) object {
	return object{"grant_type": "client_credentials", "client_id": p.clientID, "client_secret": p.clientSecret, "scope": scope}
}

func (p *provider) tokenFor(scope any) string {
	p.Helper()
	a := p.as("", "POST", "/auth/token", p.credentials(scope))
	if a.status != http.StatusOK || a.string("token") == "" {
		p.Fatalf("token for %v: %d %s", scope, a.status, a.text)
	}
	return a.string("token")
}

// hold wants values of an answer, compared as texts; nil is null or none.
func (p *provider) hold(what string, a answer, want object) {
	p.Helper()
	for path, v := range want {
		if got := a.at(path); fmt.Sprint(got) != fmt.Sprint(v) {
			p.Errorf("%s: %s is %v, want %v: %d %s", what, path, got, v, a.status, a.text)
		}
	}
}

// assume wants what the documents do not say: the stand-in must keep to it, the real provider is only reported.
func (p *provider) assume(ok bool, format string, args ...any) {
	p.Helper()
	switch {
	case ok:
	case p.standIn != nil:
		p.Errorf(format, args...)
	default:
		p.Logf("not as assumed: "+format, args...)
	}
}

// refuse wants an error of this status in the envelope of the API. Its code is assumed, where the documents name none.
func (p *provider) refuse(what string, a answer, status int, code string) {
	p.Helper()
	if a.status < 400 || a.string("code") == "" || a.string("description") == "" {
		p.Errorf("%s: no error in the envelope of the API: %d %s", what, a.status, a.text)
		return
	}
	p.assume(a.status == status && a.string("code") == code, "%s: %d %s, assumed %d %s", what, a.status, a.text, status, code)
}

// change replaces members of a request: of its instruction, or with a slash before the name, of the whole. nil removes one.
type change map[string]any

// order is the body of a payment that every domain takes: its amount stays below the cap of the provider's sandbox.
func (p *provider) order(changes ...change) object {
	instruction := object{
		"amount": json.Number("4.20"), "currency": "EUR", "label": "done - contract", "execution_date_type": "instant",
		"beneficiary":          account(shopIBAN, "Shop"),
		"beneficiary_identity": object{"kind": "corporate", "org_name": "Shop", "org_legal_status": "SARL", "scheme_name": "siren", "identification": "732829320"},
	}
	body := object{
		"client_redirect_uri": p.redirect, "client_state": "contract", "instructions": []any{instruction},
		"payer_identity": object{"kind": "individual", "first_name": "Ada", "last_name": "Payer"},
	}
	for _, c := range changes {
		for name, v := range c {
			into := instruction
			if whole, ok := strings.CutPrefix(name, "/"); ok {
				name, into = whole, body
			}
			if into[name] = v; v == nil {
				delete(into, name)
			}
		}
	}
	return body
}

func account(iban, label string) object {
	return object{"scheme_name": "iban", "identification": iban, "label": label}
}

// create makes a payment, which must succeed.
func (p *provider) create(changes ...change) answer {
	p.Helper()
	a := p.call("POST", "/payments", p.order(changes...))
	if a.status != http.StatusOK {
		p.Fatalf("create: %d %s", a.status, a.text)
	}
	return a
}

func (p *provider) payment(id string) answer {
	p.Helper()
	a := p.call("GET", "/payments/"+id, nil)
	if a.status != http.StatusOK {
		p.Fatalf("payment %s: %d %s", id, a.status, a.text)
	}
	return a
}

// scoped is a token for one payment, as the payer carries it.
func (p *provider) scoped(id string) answer {
	p.Helper()
	return p.call("POST", "/payments/"+id+"/scopedtoken", object{"scope": []string{"payments:validate"}})
}
