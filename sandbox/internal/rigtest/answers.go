package rigtest

import (
	"net/http"
	"sync"
)

// Answers are the answers of a receiver of webhooks. The zero value answers 204.
type Answers struct {
	mu       sync.Mutex
	statuses []int         // of the next webhooks; 204 after them
	gate     chan struct{} // holds the answers back until it is closed; nil for none
}

// Answer sets the statuses of the next answers.
func (a *Answers) Answer(statuses ...int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statuses = statuses
}

// Hold delays the answers to the next webhooks until release is called.
func (a *Answers) Hold() (release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	gate := make(chan struct{})
	a.gate = gate
	return func() { close(gate) }
}

// Next returns the next answer. write sends it, once it is not held any more.
func (a *Answers) Next() (write func(http.ResponseWriter)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	status := http.StatusNoContent
	if len(a.statuses) > 0 {
		status, a.statuses = a.statuses[0], a.statuses[1:]
	}
	return func(w http.ResponseWriter) {
		if gate := a.held(); gate != nil {
			<-gate
		}
		w.WriteHeader(status)
	}
}

func (a *Answers) held() chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.gate
}
