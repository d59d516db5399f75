package einvoicing

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"european-pay.eu/eupay/sandbox/internal/control"
)

// Management serves the controls of the sandbox. It has no authentication: do not expose its port.
func (p *Platform) Management() http.Handler {
	m := &control.Mux{StatusOf: statusOf}
	m.Health()
	m.Faults(&p.faults)
	m.On("POST /reset", func(*http.Request) (any, error) { return control.Done, p.Reset() })
	m.On("GET /state", p.manageState)
	m.On("GET /documents", p.manageDocuments)
	m.On("POST /documents/{id}/status", p.manageStatus)
	m.On("GET /received", func(*http.Request) (any, error) { return map[string]any{"received": p.ReceivedDocuments()}, nil })
	m.On("POST /clients/{id}/deliver", p.manageDeliver)
	m.On("GET /reports", func(*http.Request) (any, error) { return map[string]any{"reports": p.Reports()}, nil })
	m.On("GET /clients", func(*http.Request) (any, error) { return map[string]any{"clients": p.clientList()}, nil })
	m.On("POST /clients/{id}/{verb}", p.manageClient)
	m.On("PUT /outage", p.manageOutage)
	m.On("GET /autoapprove", func(*http.Request) (any, error) { return p.auto.Load(), nil })
	m.On("PUT /autoapprove", p.manageAuto)
	m.On("GET /webhooks", p.manageWebhooks)
	m.On("POST /webhooks/test", func(*http.Request) (any, error) { return control.Done, p.TestWebhook() })
	return m
}

func statusOf(err error) int {
	var e *apiError
	if errors.As(err, &e) {
		return e.Status
	}
	return http.StatusBadRequest
}

// manageState returns everything at once, for tests that compare it with what they sent.
func (p *Platform) manageState(*http.Request) (any, error) {
	return map[string]any{"clients": p.clientList(), "documents": p.Documents(), "reports": p.Reports(), "webhooks_waiting": p.hooks.Backlog()}, nil
}

// manageDocuments lists documents, filtered by number or client if given.
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
	if err := control.Read(r, &in); err != nil {
		return nil, err
	}
	return control.Done, p.SetStatus(r.PathValue("id"), in.Status, in.Code, in.Reason)
}

func (p *Platform) manageClient(r *http.Request) (any, error) {
	id := r.PathValue("id")
	switch r.PathValue("verb") {
	case "approve":
		return control.Done, p.Approve(id)
	case "refuse":
		return control.Done, p.Refuse(id)
	case "expire":
		return control.Done, p.Expire(id)
	}
	return nil, errors.New("unknown verb, expected approve, refuse or expire")
}

// manageDeliver sends a client a document of a supplier: {"format":"factur-x"|"cii"|"ubl","file":"<base64>"}.
func (p *Platform) manageDeliver(r *http.Request) (any, error) {
	var in struct {
		Format string `json:"format"`
		File   []byte `json:"file"`
	}
	if err := control.Read(r, &in); err != nil {
		return nil, err
	}
	id, err := p.Deliver(r.PathValue("id"), in.Format, in.File)
	return map[string]any{"invoice_id": id}, err
}

// manageOutage starts an outage of that many seconds, or ends it with 0.
func (p *Platform) manageOutage(r *http.Request) (any, error) {
	var in struct {
		Seconds int `json:"seconds"`
	}
	if err := control.Read(r, &in); err != nil {
		return nil, err
	}
	p.Outage(time.Duration(in.Seconds) * time.Second)
	return control.Done, nil
}

func (p *Platform) manageAuto(r *http.Request) (any, error) {
	var in AutoApprove
	if err := control.Read(r, &in); err != nil {
		return nil, err
	}
	p.SetAutoApprove(in)
	return in, nil
}

// manageWebhooks lists delivery attempts, those of one object if object_id is given.
func (p *Platform) manageWebhooks(r *http.Request) (any, error) {
	all := p.Webhooks()
	if only := r.URL.Query().Get("object_id"); only != "" {
		all = slices.DeleteFunc(all, func(w Webhook) bool { return w.Object != only })
	}
	return map[string]any{"webhooks": append([]Webhook{}, all...), "waiting": p.hooks.Backlog()}, nil
}
