// Package control serves the management of a stand-in: controls that read a JSON body, do something and answer in JSON.
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

// maxBody has room for all that a control takes.
const maxBody = 1 << 20

// Done is the answer where there is nothing to say.
var Done = map[string]bool{"ok": true}

// ErrUnknownFault says that no rule has this id; it is a 404 in every management.
var ErrUnknownFault = errors.New("unknown fault")

// Do is one control: its answer, or the caller's error, which is told as it is.
type Do func(*http.Request) (any, error)

// Mux is the management of one stand-in.
type Mux struct {
	http.ServeMux
	// StatusOf is the status of an error other than ErrUnknownFault.
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
			return // the caller has left; nobody is there to be told
		}
	}
}

// Read decodes a body strictly, so that a misspelt control does not pass for one; an empty body leaves the defaults.
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

// PathID is the number in the path; what is no number is nobody's.
func PathID(r *http.Request) int64 {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return -1
	}
	return id
}

// Health adds what says that the stand-in is there.
func (m *Mux) Health() {
	m.On("GET /healthz", func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil })
}

// Faults adds the controls of the rules by which calls and webhooks go wrong.
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
