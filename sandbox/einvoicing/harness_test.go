package einvoicing

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/einvoicing/internal/sample"
	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

const testKey = "k3y"

// rig is a platform behind a real HTTP server.
type rig struct {
	t      *testing.T
	p      *Platform
	url    string
	clock  *rigtest.Clock
	cfg    Config
	client string
}

func newRig(t *testing.T, adjust ...func(*Config)) *rig {
	t.Helper()
	c := rigtest.NewClock(time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC))
	cfg := Config{APIKey: testKey, TransmitAfter: time.Minute, ReceiveAfter: time.Minute, AvailableAfter: time.Minute, AnswerAfter: time.Hour, Now: c.Now}
	for _, f := range adjust {
		f(&cfg)
	}
	r := &rig{t: t, clock: c, cfg: cfg}
	r.open()
	return r
}

// open starts a platform on the settings.
func (r *rig) open() {
	r.t.Helper()
	r.p, r.url = rigtest.Serve(r.t, func(baseURL string) (*Platform, error) {
		r.cfg.BaseURL = baseURL
		return New(r.cfg)
	})
}

// run lets the platform work by itself until the test ends.
func (r *rig) run() *rig {
	r.t.Helper()
	rigtest.Run(r.t, r.p.Run)
	return r
}

type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) get(path string) string {
	v := rigtest.At(a.body, path)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (a answer) rules() []string {
	var all []string
	details, _ := a.body["details"].([]any)
	for _, d := range details {
		all = append(all, fmt.Sprint(d.(map[string]any)["rule"]))
	}
	return all
}

// do makes a call with these headers; body is a text, or something to encode.
func (r *rig) do(key, client, method, path string, body any) (answer, error) {
	in, err := rigtest.Body(body)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, in)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", key)
	if form, ok := body.(string); ok && strings.HasPrefix(form, "answer=") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if client != "" {
		req.Header.Set("X-PDP-Client-Id", client)
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	if json.Unmarshal(text, &a.body) != nil {
		a.body = nil
	}
	return a, nil
}

// call makes a call as the rig's client and wants this status.
func (r *rig) call(status int, method, path string, body any) answer {
	r.t.Helper()
	a, err := r.do(testKey, r.client, method, path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	if a.status != status {
		r.t.Fatalf("%s %s: %d, want %d: %.600s", method, path, a.status, status, a.text)
	}
	return a
}

// enrol makes a client with a mandate for the seller of the sample; its identity is approved unless the name says otherwise.
func (r *rig) enrol(ref string) *rig {
	r.t.Helper()
	r.pending(ref)
	if err := r.p.Approve(r.client); err != nil {
		r.t.Fatal(err)
	}
	return r
}

func (r *rig) pending(ref string) *rig {
	r.t.Helper()
	r.client = ""
	r.client = r.call(201, "POST", "/clients", map[string]any{
		"organization_name": "Boulangerie des Tests", "contact_email": "b@example.com", "external_ref": ref,
	}).get("id")
	r.mandate(ref)
	return r
}

func (r *rig) mandate(ref string) answer {
	r.t.Helper()
	return r.call(201, "POST", "/mandates", map[string]any{
		"start_date": "2026-12-01", "external_ref": ref, "directory_entry": map[string]any{"siren": sample.SellerSIREN, "siret": "12345678200002"},
	})
}

// draft makes the draft of a document and returns its id.
func (r *rig) draft(d *document.Document) string {
	r.t.Helper()
	w := d.Wire()
	w.ExternalRef = "ref-" + d.Number
	return r.call(201, "POST", "/drafts", w).get("id")
}

func file(d *document.Document) map[string]any {
	return map[string]any{"format": "factur-x", "file": base64.StdEncoding.EncodeToString(sample.PDF(sample.XML(d)))}
}

// issue makes a draft and deposits it; the result is the invoice's id.
func (r *rig) issue(d *document.Document) string {
	r.t.Helper()
	return r.call(200, "POST", "/drafts/"+r.draft(d)+"/validate", file(d)).get("invoice_id")
}

// codes are the statuses of an invoice so far.
func (r *rig) codes(id string) string {
	r.t.Helper()
	a := r.call(200, "GET", "/lifecycle-events?object_type=invoice&object_id="+id, nil)
	var all []string
	for _, e := range a.body["items"].([]any) {
		all = append(all, e.(map[string]any)["status_code"].(string))
	}
	return strings.Join(all, " ")
}

func (r *rig) wantRule(a answer, rule string) {
	r.t.Helper()
	if !slices.Contains(a.rules(), rule) {
		r.t.Errorf("no %s in %s", rule, a.text)
	}
}

// listener is a webhook endpoint; each request is handed over.
type listener struct {
	url  string
	hits chan hit
}

type hit struct {
	event, kind, object string
	signed              bool
}

// listen opens an endpoint that answers the n-th request with the n-th status, then 204.
func listen(t *testing.T, secret string, statuses ...int) *listener {
	t.Helper()
	l := &listener{hits: make(chan hit, 100)}
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var in map[string]string
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		mu.Lock()
		status := 204
		if len(statuses) > 0 {
			status, statuses = statuses[0], statuses[1:]
		}
		mu.Unlock()
		l.hits <- hit{in["event_id"], in["event_type"], in["object_id"], r.Header.Get("X-Seqino-Signature") == Sign(secret, body)}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}
