package bank

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// apiError is an error answer in the API's format.
type apiError struct {
	Status            int
	Code, Description string
}

func (e *apiError) Error() string { return e.Code + ": " + e.Description }

const badRequest = "Bad request, please check your request parameters."

// Only the first of these was observed at Powens; the others' status and code are our reading of its documentation.
var (
	errUnauthorized     = &apiError{http.StatusUnauthorized, "unauthorized", "Authorization is missing or incorrect."}
	errForbidden        = &apiError{http.StatusForbidden, "forbidden", "The scope of the token is not sufficient."}
	errNotFound         = &apiError{http.StatusNotFound, "notFound", "Unknown route, or the resource is not visible with this token."}
	errMethodNotAllowed = &apiError{http.StatusMethodNotAllowed, "methodNotAllowed", "This method is not allowed here."}
	errNotSupported     = &apiError{http.StatusBadRequest, "notSupported", badRequest}
	errConflict         = &apiError{http.StatusConflict, "conflict", "The state of the payment does not allow this."}
)

func missing(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "missingParameter", "Missing parameter: " + fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "invalidValue", "Invalid value: " + fmt.Sprintf(format, args...)}
}

// call is a request to the API in progress.
type call struct {
	r         *http.Request
	operation string
	body      []byte
	claims    claims
	faults    []fault.Fault
	status    int // of a successful answer; 0 means 200
}

func (c *call) decode(into any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	err := json.Unmarshal(c.body, into)
	var wrongType *json.UnmarshalTypeError
	var ours *apiError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &wrongType):
		return invalid("%s", wrongType.Field)
	}
	return invalid("the body is not JSON")
}

// view is how this caller sees payments.
func (c *call) view() view {
	v := view{sensitive: c.r.URL.Query().Get("show_sensitive") == "true" && c.claims.may(scopeSensitive, scopeValidate)}
	for _, f := range c.faults {
		if f.Kind.IsShape() {
			v.odd = append(v.odd, f.Kind)
		}
	}
	return v
}

type handler func(*call) ([]byte, error)

const maxBody = 1 << 20

// serve runs a handler under the active faults.
func (b *Bank) serve(operation string, public bool, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.stats.count(operation)
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			b.fail(w, invalid("body"))
			return
		}
		c := &call{r: r, operation: operation, body: body, faults: b.faults.Pick(operation)}
		b.strikes.Pause(r, b.latency.of(operation))
		if b.failBefore(w, c, c.faults) {
			return
		}
		if c.claims, err = b.authenticate(r); err != nil && !public {
			b.fail(w, err)
			return
		}
		answer, err := h(c)
		b.answer(w, c, answer, err)
	}
}

func (b *Bank) answer(w http.ResponseWriter, c *call, answer []byte, err error) {
	var f *fault.Asked
	if errors.As(err, &f) { // requested by a magic payment
		b.failBefore(w, c, []fault.Fault{f.Fault})
		return
	}
	b.strikes.After(c.r, c.faults)
	if err != nil {
		b.fail(w, err)
		return
	}
	if _, ok := fault.Find(c.faults, fault.Garbage); ok {
		answer = []byte("<html><body>Service momentarily busy</body></html>")
	}
	if c.status == http.StatusNoContent {
		w.WriteHeader(c.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	b.write(w, answer)
}

func (b *Bank) write(w http.ResponseWriter, answer []byte) {
	if _, err := w.Write(answer); err != nil {
		b.cfg.Log.Debug("caller left before its answer", "error", err)
	}
}

// fail writes the error envelope. An error that is not an apiError is internal.
func (b *Bank) fail(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		b.cfg.Log.Error("call failed", "error", err)
		e = &apiError{http.StatusInternalServerError, "bug", "Internal error."}
	}
	o := object("{")
	o.text("code", e.Code)
	o.text("description", e.Description)
	if e.Status != http.StatusUnauthorized { // Powens sends these without a message
		o.raw("message", "null")
	}
	o.number("request_id", b.requests.Add(1))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	b.write(w, append(o, '}'))
}

func (b *Bank) routes() http.Handler {
	mux := http.NewServeMux()
	api := func(path, method, operation string, public bool, h handler) {
		mux.HandleFunc(method+" /2.0"+path, b.serve(operation, public, h))
		mux.HandleFunc("/2.0"+path, func(w http.ResponseWriter, _ *http.Request) { b.fail(w, errMethodNotAllowed) })
	}
	api("/auth/token", "POST", "token", true, b.token)
	api("/payments", "GET", "list", false, b.list)
	mux.HandleFunc("POST /2.0/payments", b.serve("create", false, b.create))
	api("/payments/{id}", "GET", "get", false, b.get)
	mux.HandleFunc("POST /2.0/payments/{id}", b.serve("operate", false, b.operate))
	api("/payments/{id}/scopedtoken", "POST", "scopedtoken", false, b.scopedToken)
	api("/connectors", "GET", "connectors", true, b.listConnectors)
	api("/connectors/{uuid}", "GET", "connectors", true, b.getConnector)
	mux.HandleFunc("GET /2.0/logos/{file}", serveLogo)
	b.aggregationRoutes(api)
	b.webviewRoutes(mux)
	b.connectRoutes(mux)
	b.payLinkRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { b.fail(w, errNotFound) })
	return mux
}

// find returns the payment in the path in its current state, if the token may see it.
func (b *Bank) find(c *call) (*payment, error) {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil || c.claims.Payment != 0 && c.claims.Payment != id {
		return nil, errNotFound
	}
	p := b.store.get(id)
	if p == nil {
		return nil, errNotFound
	}
	_, err = b.upToDate(p)
	return p, err
}

func (b *Bank) get(c *call) ([]byte, error) {
	if !c.claims.may(scopeRead, scopeValidate, scopeCancel, scopeSensitive) {
		return nil, errForbidden
	}
	p, err := b.find(c)
	if err != nil {
		return nil, err
	}
	return b.appendPayment(make([]byte, 0, 2048), p.cur.Load(), c.view()), nil
}
