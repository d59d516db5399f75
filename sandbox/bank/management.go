package bank

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// Management serves the controls of the sandbox. It has no login: keep its port to yourself.
func (b *Bank) Management() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", control(func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil }))
	mux.HandleFunc("GET /stats", control(func(*http.Request) (any, error) { return b.Stats(), nil }))
	mux.HandleFunc("POST /reset", control(func(*http.Request) (any, error) { return done, b.Reset() }))
	mux.HandleFunc("GET /payments", control(b.managePayments))
	mux.HandleFunc("GET /payments/{id}", control(func(r *http.Request) (any, error) { return b.Payment(pathID(r)) }))
	mux.HandleFunc("POST /payments/{id}/{verb}", control(b.manageAct))
	mux.HandleFunc("GET /faults", control(func(*http.Request) (any, error) { return map[string]any{"faults": b.faults.List()}, nil }))
	mux.HandleFunc("PUT /faults", control(b.manageSetFaults))
	mux.HandleFunc("POST /faults", control(b.manageAddFault))
	mux.HandleFunc("DELETE /faults", control(func(*http.Request) (any, error) { b.faults.Clear(); return done, nil }))
	mux.HandleFunc("DELETE /faults/{id}", control(func(r *http.Request) (any, error) { return done, b.removeFault(pathID(r)) }))
	mux.HandleFunc("GET /latency", control(func(*http.Request) (any, error) { return b.currentLatency(), nil }))
	mux.HandleFunc("PUT /latency", control(b.manageLatency))
	mux.HandleFunc("GET /autoauthorise", control(func(*http.Request) (any, error) { return b.auto.Load(), nil }))
	mux.HandleFunc("PUT /autoauthorise", control(b.manageAuto))
	mux.HandleFunc("GET /webhooks", control(b.manageWebhooks))
	return mux
}

// done is the answer where there is nothing to say.
var done = map[string]bool{"ok": true}

// errUnknownFault says that no rule has this id.
var errUnknownFault = errors.New("unknown fault")

// control runs one control and answers in JSON. An error is the caller's, and is told as it is.
func control(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer, err := do(r)
		status := http.StatusOK
		if err != nil {
			status, answer = statusOf(err), map[string]string{"error": err.Error()}
		}
		text, err := json.Marshal(answer)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if _, err := w.Write(text); err != nil {
			return // the caller has left; nobody is there to be told
		}
	}
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrUnknownPayment), errors.Is(err, errUnknownFault):
		return http.StatusNotFound
	case errors.Is(err, ErrWrongState), errors.Is(err, errConflict):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

// pathID is the number in the path; what is no number is nobody's.
func pathID(r *http.Request) int64 {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// read decodes a body strictly, so that a misspelt control does not pass for one; an empty body leaves the defaults.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (b *Bank) managePayments(r *http.Request) (any, error) {
	list, total, err := b.books(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return map[string]any{"payments": list, "total": total}, nil
}

// manageAct is the payer or the bank of one payment; it answers with what became of it.
func (b *Bank) manageAct(r *http.Request) (any, error) {
	var choice Choice
	if err := read(r, &choice); err != nil {
		return nil, err
	}
	id := pathID(r)
	var err error
	switch r.PathValue("verb") {
	case "authorise":
		err = b.AuthoriseWith(id, choice)
	case "refuse":
		err = b.Refuse(id)
	case "expire":
		err = b.Expire(id)
	case "settle":
		err = b.Settle(id, choice.State, choice.ErrorCode)
	default:
		err = errors.New("unknown verb, expected authorise, refuse, expire or settle")
	}
	if err != nil {
		return nil, err
	}
	return b.Payment(id)
}

// manageSetFaults replaces all rules by {"faults":[…]}.
func (b *Bank) manageSetFaults(r *http.Request) (any, error) {
	var in struct {
		Faults []fault.Fault `json:"faults"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if err := b.faults.Replace(in.Faults); err != nil {
		return nil, err
	}
	return map[string]any{"faults": b.faults.List()}, nil
}

func (b *Bank) manageAddFault(r *http.Request) (any, error) {
	var in fault.Fault
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return b.faults.Add(in)
}

func (b *Bank) removeFault(id int64) error {
	if !b.faults.Remove(id) {
		return errUnknownFault
	}
	return nil
}

func (b *Bank) currentLatency() Latency {
	if l := b.latency.cur.Load(); l != nil {
		return *l
	}
	return Latency{}
}

func (b *Bank) manageLatency(r *http.Request) (any, error) {
	var in Latency
	if err := read(r, &in); err != nil {
		return nil, err
	}
	b.SetLatency(in)
	return in, nil
}

func (b *Bank) manageAuto(r *http.Request) (any, error) {
	var in AutoAuthorise
	if err := read(r, &in); err != nil {
		return nil, err
	}
	b.SetAutoAuthorise(in)
	return in, nil
}

// manageWebhooks lists attempts, those of one payment when id_payment is given.
func (b *Bank) manageWebhooks(r *http.Request) (any, error) {
	list := b.Webhooks()
	if only := r.URL.Query().Get("id_payment"); only != "" {
		list = slices.DeleteFunc(list, func(w Webhook) bool { return strconv.FormatInt(w.Payment, 10) != only })
	}
	return map[string]any{"webhooks": append([]Webhook{}, list...), "waiting": b.hooks.Backlog()}, nil
}
