package einvoicing

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing/internal/document"
)

// Management serves the controls of the sandbox. It has no login: keep its port to yourself.
func (p *Platform) Management() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, do func(*http.Request) (any, error)) { mux.HandleFunc(pattern, control(do)) }
	on("GET /healthz", func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil })
	on("POST /reset", func(*http.Request) (any, error) { return done, p.Reset() })
	on("GET /state", p.manageState)
	on("GET /documents", p.manageDocuments)
	on("POST /documents/{id}/status", p.manageStatus)
	on("GET /reports", func(*http.Request) (any, error) { return map[string]any{"reports": p.Reports()}, nil })
	on("GET /clients", func(*http.Request) (any, error) { return map[string]any{"clients": p.clientList()}, nil })
	on("POST /clients/{id}/{verb}", p.manageClient)
	on("GET /faults", func(*http.Request) (any, error) { return map[string]any{"faults": p.faults.List()}, nil })
	on("PUT /faults", p.manageSetFaults)
	on("POST /faults", p.manageAddFault)
	on("DELETE /faults", func(*http.Request) (any, error) { p.faults.Clear(); return done, nil })
	on("DELETE /faults/{id}", p.manageRemoveFault)
	on("PUT /outage", p.manageOutage)
	on("GET /autoapprove", func(*http.Request) (any, error) { return p.auto.Load(), nil })
	on("PUT /autoapprove", p.manageAuto)
	on("GET /webhooks", p.manageWebhooks)
	on("POST /webhooks/test", func(*http.Request) (any, error) { return done, p.TestWebhook() })
	return mux
}

// done is the answer where there is nothing to say.
var done = map[string]bool{"ok": true}

// control runs one control and answers in JSON. An error is the caller's, and is told as it is.
func control(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer, err := do(r)
		status := http.StatusOK
		if err != nil {
			status = http.StatusBadRequest
			var e *apiError
			if errors.As(err, &e) {
				status = e.Status
			}
			answer = map[string]string{"error": err.Error()}
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

// read decodes a body strictly, so that a misspelt control does not pass for one; an empty body leaves the defaults.
func read(r *http.Request, into any) error {
	b, err := io.ReadAll(r.Body)
	if err != nil || len(b) == 0 {
		return err
	}
	return document.Decode(b, into)
}

// manageState is everything at once, for tests that compare it with what they sent.
func (p *Platform) manageState(*http.Request) (any, error) {
	return map[string]any{"clients": p.clientList(), "documents": p.Documents(), "reports": p.Reports(), "webhooks_waiting": p.hooks.Backlog()}, nil
}

// manageDocuments lists documents, those with a number or of a client when one is given.
func (p *Platform) manageDocuments(r *http.Request) (any, error) {
	number, client := r.URL.Query().Get("number"), r.URL.Query().Get("client_id")
	all := slices.DeleteFunc(p.Documents(), func(d Document) bool {
		return number != "" && d.Number != number || client != "" && d.Client != client
	})
	return map[string]any{"documents": all}, nil
}

func (p *Platform) manageStatus(r *http.Request) (any, error) {
	var in struct {
		Status string `json:"status"`
		Code   string `json:"rejection_reason"`
		Reason string `json:"reason"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return done, p.SetStatus(r.PathValue("id"), in.Status, in.Code, in.Reason)
}

func (p *Platform) manageClient(r *http.Request) (any, error) {
	id := r.PathValue("id")
	switch r.PathValue("verb") {
	case "approve":
		return done, p.Approve(id)
	case "refuse":
		return done, p.Refuse(id)
	case "expire":
		return done, p.Expire(id)
	}
	return nil, errors.New("unknown verb, expected approve, refuse or expire")
}

func (p *Platform) manageSetFaults(r *http.Request) (any, error) {
	var in struct {
		Faults []Fault `json:"faults"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if err := p.faults.Replace(in.Faults); err != nil {
		return nil, err
	}
	return map[string]any{"faults": p.faults.List()}, nil
}

func (p *Platform) manageAddFault(r *http.Request) (any, error) {
	var in Fault
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return p.faults.Add(in)
}

func (p *Platform) manageRemoveFault(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || !p.faults.Remove(id) {
		return nil, errNotFound
	}
	return done, nil
}

// manageOutage starts an outage of so many seconds, or ends it with 0.
func (p *Platform) manageOutage(r *http.Request) (any, error) {
	var in struct {
		Seconds int `json:"seconds"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	p.Outage(time.Duration(in.Seconds) * time.Second)
	return done, nil
}

func (p *Platform) manageAuto(r *http.Request) (any, error) {
	var in AutoApprove
	if err := read(r, &in); err != nil {
		return nil, err
	}
	p.SetAutoApprove(in)
	return in, nil
}

// manageWebhooks lists attempts, those of one object when object_id is given.
func (p *Platform) manageWebhooks(r *http.Request) (any, error) {
	all := p.Webhooks()
	if only := r.URL.Query().Get("object_id"); only != "" {
		all = slices.DeleteFunc(all, func(w Webhook) bool { return w.Object != only })
	}
	return map[string]any{"webhooks": append([]Webhook{}, all...), "waiting": p.hooks.Backlog()}, nil
}
