package bank

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"european-pay.eu/eupay/sandbox/internal/control"
)

// Management serves the controls of the sandbox. It has no authentication: do not expose its port.
func (b *Bank) Management() http.Handler {
	m := &control.Mux{StatusOf: statusOf}
	m.Health()
	m.Faults(&b.faults)
	m.On("GET /stats", func(*http.Request) (any, error) { return b.Stats(), nil })
	m.On("POST /reset", func(*http.Request) (any, error) { return control.Done, b.Reset() })
	m.On("GET /payments", b.managePayments)
	m.On("GET /payments/{id}", func(r *http.Request) (any, error) { return b.Payment(control.PathID(r)) })
	m.On("POST /payments/{id}/{verb}", b.manageAct)
	m.On("GET /latency", func(*http.Request) (any, error) { return b.currentLatency(), nil })
	m.On("PUT /latency", b.manageLatency)
	m.On("GET /autoauthorise", func(*http.Request) (any, error) { return b.auto.Load(), nil })
	m.On("PUT /autoauthorise", b.manageAuto)
	m.On("GET /webhooks", b.manageWebhooks)
	b.ledgerControls(m)
	return m
}

func statusOf(err error) int {
	switch {
	case errors.Is(err, ErrUnknownPayment), errors.Is(err, ErrUnknownLine), errors.Is(err, ErrUnknownConnection):
		return http.StatusNotFound
	case errors.Is(err, ErrWrongState), errors.Is(err, errConflict):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

func (b *Bank) managePayments(r *http.Request) (any, error) {
	list, total, err := b.books(r.URL.Query())
	if err != nil {
		return nil, err
	}
	return map[string]any{"payments": list, "total": total}, nil
}

// manageAct acts as the payer or the bank of a payment and answers with the payment after that.
func (b *Bank) manageAct(r *http.Request) (any, error) {
	var choice Choice
	if err := control.Read(r, &choice); err != nil {
		return nil, err
	}
	id := control.PathID(r)
	var err error
	switch r.PathValue("verb") {
	case "authorise":
		err = b.AuthoriseWith(id, choice)
	case "refuse":
		err = b.Refuse(id)
	case "expire":
		err = b.Expire(id)
	case "stop":
		err = b.Stop(id)
	case "execute":
		err = b.Execute(id)
	case "settle":
		err = b.Settle(id, choice.State, choice.ErrorCode)
	default:
		err = errors.New("unknown verb, expected authorise, refuse, expire, stop, execute or settle")
	}
	if err != nil {
		return nil, err
	}
	return b.Payment(id)
}

func (b *Bank) currentLatency() Latency {
	if l := b.latency.cur.Load(); l != nil {
		return *l
	}
	return Latency{}
}

func (b *Bank) manageLatency(r *http.Request) (any, error) {
	var in Latency
	if err := control.Read(r, &in); err != nil {
		return nil, err
	}
	b.SetLatency(in)
	return in, nil
}

func (b *Bank) manageAuto(r *http.Request) (any, error) {
	var in AutoAuthorise
	if err := control.Read(r, &in); err != nil {
		return nil, err
	}
	b.SetAutoAuthorise(in)
	return in, nil
}

// manageWebhooks lists delivery attempts, those of one payment if id_payment is given.
func (b *Bank) manageWebhooks(r *http.Request) (any, error) {
	list := b.Webhooks()
	if only := r.URL.Query().Get("id_payment"); only != "" {
		list = slices.DeleteFunc(list, func(w Webhook) bool { return strconv.FormatInt(w.Payment, 10) != only })
	}
	return map[string]any{"webhooks": append([]Webhook{}, list...), "waiting": b.hooks.Backlog()}, nil
}
