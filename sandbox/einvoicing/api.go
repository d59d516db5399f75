package einvoicing

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// apiError is an error answer.
type apiError struct {
	Status   int
	Text     string
	Details  []document.Problem
	Existing string
}

func (e *apiError) Error() string {
	text := e.Text
	for _, d := range e.Details {
		text += "; " + d.Rule + " " + d.Field + ": " + d.Message
	}
	return text
}

var (
	errUnauthorized = &apiError{Status: http.StatusUnauthorized, Text: "the API key is missing or wrong"}
	errNoMandate    = &apiError{Status: http.StatusForbidden, Text: "the client has no active mandate for this SIREN"}
	errNotFound     = &apiError{Status: http.StatusNotFound, Text: "there is no such thing for this client"}
	errNoMethod     = &apiError{Status: http.StatusMethodNotAllowed, Text: "this method is not allowed here"}
)

// refused is a 422 with the problems of a document.
func refused(details ...document.Problem) error {
	return &apiError{Status: http.StatusUnprocessableEntity, Text: "the request is refused, see details", Details: details}
}

func wrong(field, message string) error {
	return refused(document.Problem{Rule: "SCHEMA", Field: field, Message: message})
}

func conflict(text, existing string) error {
	return &apiError{Status: http.StatusConflict, Text: text, Existing: existing}
}

// call is a request to the API in progress.
type call struct {
	r         *http.Request
	operation string
	body      []byte
	// client is that of X-PDP-Client-Id; nil if none is needed.
	client *client
	faults []fault.Fault
	status int // of a successful answer; 0 means 200
}

// raw is an answer that is not JSON.
type raw struct {
	mime string
	data []byte
}

func (c *call) decode(into any) error {
	if err := document.Decode(c.body, into); err != nil {
		return wrong("body", err.Error())
	}
	return nil
}

type handler func(*call) (any, error)

// maxBody has room for a PDF of 12 MB in base64.
const maxBody = 16 << 20

// scope says whether a call concerns a client.
type scope bool

const (
	ofSponsor scope = false // no client is named
	ofClient  scope = true
)

// serve runs a handler under the active faults.
func (p *Platform) serve(operation string, about scope, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			p.fail(w, &apiError{Status: http.StatusRequestEntityTooLarge, Text: "the body is too large or was cut off"})
			return
		}
		c := &call{r: r, operation: operation, body: body, faults: p.faults.Pick(operation)}
		if p.cfg.Now().UnixNano() < p.outage.Load() {
			p.fail(w, serverError(http.StatusServiceUnavailable))
			return
		}
		if p.failBefore(w, c, c.faults) {
			return
		}
		if err := p.enter(c, about); err != nil {
			p.fail(w, err)
			return
		}
		answer, err := h(c)
		p.answer(w, c, answer, err)
	}
}

// enter checks the key, finds the client and applies what is due, so that the call sees the current state.
func (p *Platform) enter(c *call, about scope) error {
	given := sha256.Sum256([]byte(c.r.Header.Get("Authorization")))
	if subtle.ConstantTimeCompare(given[:], p.key[:]) != 1 {
		return errUnauthorized
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick()
	p.state.usage[p.cfg.Now().UTC().Format("2006-01")]++
	if about == ofSponsor {
		return nil
	}
	id := c.r.Header.Get("X-PDP-Client-Id")
	if id == "" {
		return wrong("X-PDP-Client-Id", "is missing")
	}
	if c.client = p.state.clients[id]; c.client == nil {
		return errNotFound
	}
	return nil
}

func (p *Platform) answer(w http.ResponseWriter, c *call, answer any, err error) {
	var f *fault.Asked
	if errors.As(err, &f) { // requested by a magic document
		p.failBefore(w, c, []fault.Fault{f.Fault})
		return
	}
	p.strikes.After(c.r, c.faults)
	if err != nil {
		p.fail(w, err)
		return
	}
	out, ok := answer.(raw)
	if !ok {
		text, err := json.Marshal(answer)
		if err != nil {
			p.fail(w, err)
			return
		}
		out = raw{"application/json", text}
	}
	if _, garbage := fault.Find(c.faults, fault.Garbage); garbage {
		out.data = []byte("<html><body>Service momentarily busy</body></html>")
	}
	if c.status == http.StatusNoContent {
		w.WriteHeader(c.status)
		return
	}
	w.Header().Set("Content-Type", out.mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if c.status != 0 {
		w.WriteHeader(c.status)
	}
	p.write(w, out.data)
}

func (p *Platform) write(w http.ResponseWriter, b []byte) {
	if _, err := w.Write(b); err != nil {
		p.cfg.Log.Debug("caller left before its answer", "error", err)
	}
}

// fail writes the error body. An error that is not an apiError is internal.
func (p *Platform) fail(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		p.cfg.Log.Error("call failed", "error", err)
		e = serverError(http.StatusInternalServerError)
	}
	text, err := json.Marshal(struct {
		Error    string             `json:"error"`
		Code     int                `json:"code"`
		Trace    string             `json:"trace_id"`
		Existing string             `json:"existing_id,omitempty"`
		Details  []document.Problem `json:"details,omitempty"`
	}{e.Text, e.Status, strings.ToLower(rand.Text()), e.Existing, e.Details})
	if err != nil { // strings and numbers
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	p.write(w, text)
}

// operations are the values of Fault.Operation.
var operations = []string{
	"create-client", "list-clients", "get-client", "delete-client", "onboarding-link", "onboarding-status", "create-mandate", "list-mandates",
	"directory", "create-draft", "list-drafts", "get-draft", "put-draft", "delete-draft", "validate-data", "validate", "invoice-data", "file",
	"submit-file", "list-received", "lifecycle", "send-status", "report-sales", "report-payments", "create-webhook", "list-webhooks", "event-types", "usage",
}

func (p *Platform) routes() http.Handler {
	mux := http.NewServeMux()
	api := func(pattern, operation string, about scope, h handler) {
		mux.HandleFunc(pattern, p.serve(operation, about, h))
	}
	api("POST /clients", "create-client", ofSponsor, p.createClient)
	api("GET /clients", "list-clients", ofSponsor, p.listClients)
	api("GET /clients/{id}", "get-client", ofSponsor, p.getClient)
	api("DELETE /clients/{id}", "delete-client", ofSponsor, p.deleteClient)
	api("POST /clients/onboarding-link", "onboarding-link", ofClient, p.onboardingLink)
	api("GET /clients/onboarding-link/status", "onboarding-status", ofClient, p.onboardingStatus)
	api("POST /mandates", "create-mandate", ofClient, p.createMandate)
	api("GET /mandates", "list-mandates", ofClient, p.listMandates)
	api("GET /directory/{siren}", "directory", ofSponsor, p.directory)
	api("POST /drafts", "create-draft", ofClient, p.createDraft)
	api("GET /drafts", "list-drafts", ofClient, p.listDrafts)
	api("GET /drafts/{id}", "get-draft", ofClient, p.getDraft)
	api("PUT /drafts/{id}", "put-draft", ofClient, p.putDraft)
	api("DELETE /drafts/{id}", "delete-draft", ofClient, p.deleteDraft)
	api("POST /drafts/validate-data", "validate-data", ofClient, p.validateData)
	api("POST /drafts/{id}/validate", "validate", ofClient, p.validate)
	api("GET /invoicing/invoice_data/{id}", "invoice-data", ofClient, p.invoiceData)
	api("GET /invoicing/files/{id}", "file", ofClient, p.file)
	api("POST /invoicing/files/submit", "submit-file", ofClient, p.submitFile)
	api("GET /invoicing/invoices", "list-received", ofClient, p.listReceived)
	api("GET /lifecycle-events", "lifecycle", ofClient, p.lifecycleEvents)
	api("POST /lifecycle-events", "send-status", ofClient, p.sendStatus)
	api("POST /reporting/b2c-transactions", "report-sales", ofClient, p.reportSales)
	api("POST /reporting/payments", "report-payments", ofClient, p.reportPayments)
	api("POST /webhooks", "create-webhook", ofSponsor, p.createWebhook)
	api("GET /webhooks", "list-webhooks", ofSponsor, p.listWebhooks)
	api("GET /webhooks/event-types", "event-types", ofSponsor, p.listEventTypes)
	api("GET /usage/metrics", "usage", ofSponsor, p.usageMetrics)
	p.pageRoutes(mux)
	root := http.NewServeMux()
	root.Handle("/api/", http.StripPrefix("/api", p.orJSON(mux)))
	root.Handle("/", p.orJSON(mux))
	return root
}

// orJSON answers unknown paths and methods in the API's format.
func (p *Platform) orJSON(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := r.Clone(r.Context())
		for _, probe.Method = range []string{http.MethodGet, http.MethodPost} {
			if _, pattern := mux.Handler(probe); pattern != "" {
				p.fail(w, errNoMethod)
				return
			}
		}
		p.fail(w, errNotFound)
	})
}

func (p *Platform) usageMetrics(*call) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	items := []map[string]any{}
	for period, calls := range p.state.usage {
		items = append(items, map[string]any{"period": period, "calls": calls})
	}
	return list(items), nil
}

// list is the format of all lists.
func list[T any](items []T) map[string]any {
	if items == nil {
		items = []T{}
	}
	return map[string]any{"items": items}
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// upTo reports whether a text has 1 to that many characters.
func upTo(s string, most int) bool {
	n := len([]rune(s))
	return n >= 1 && n <= most
}
