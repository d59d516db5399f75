// Package control serves the management API of a sandbox server: controls that read a JSON body, act and answer in JSON.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// maxBody is larger than the body of any control.
const maxBody = 1 << 20

// Done is the answer of a control without a result.
var Done = map[string]bool{"ok": true}

// ErrUnknownFault means that no rule has this id. It is a 404.
var ErrUnknownFault = errors.New("unknown fault")

// Do runs a control and returns its answer, or an error that is shown to the caller as it is.
type Do func(*http.Request) (any, error)

// Mux routes the controls of one server.
type Mux struct {
	http.ServeMux
	// StatusOf returns the status of an error other than ErrUnknownFault.
	StatusOf func(error) int
}

// On adds a control.
func (m *Mux) On(pattern string, do Do) { m.HandleFunc(pattern, m.control(do)) }

func (m *Mux) control(do Do) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer, err := do(r)
		status := http.StatusOK
		switch {
		case errors.Is(err, ErrUnknownFault):
			status = http.StatusNotFound
		case err != nil:
			status = m.StatusOf(err)
		}
		if err != nil {
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
			return // the caller has disconnected
		}
	}
}

// Read parses a body strictly, so that misspelt fields are refused; an empty body leaves the defaults.
func Read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("read JSON: more than one value")
	}
	return nil
}

// PathID returns the number in the path; an invalid number matches nothing.
func PathID(r *http.Request) int64 {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// Health adds a health check.
func (m *Mux) Health() {
	m.On("GET /healthz", func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil })
}

// Faults adds the controls of faults.
func (m *Mux) Faults(set *fault.Set) {
	list := func() map[string]any { return map[string]any{"faults": set.List()} }
	m.On("GET /faults", func(*http.Request) (any, error) { return list(), nil })
	m.On("PUT /faults", func(r *http.Request) (any, error) { // replaces all rules
		var in struct {
			Faults []fault.Fault `json:"faults"`
		}
		if err := Read(r, &in); err != nil {
			return nil, err
		}
		if err := set.Replace(in.Faults); err != nil {
			return nil, err
		}
		return list(), nil
	})
	m.On("POST /faults", func(r *http.Request) (any, error) {
		var in fault.Fault
		if err := Read(r, &in); err != nil {
			return nil, err
		}
		return set.Add(in)
	})
	m.On("DELETE /faults", func(*http.Request) (any, error) { set.Clear(); return Done, nil })
	m.On("DELETE /faults/{id}", func(r *http.Request) (any, error) {
		if !set.Remove(PathID(r)) {
			return nil, ErrUnknownFault
		}
		return Done, nil
	})
}
