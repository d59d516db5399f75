package contract

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// listener is a client's receiver of webhooks. It keeps what came and answers as it is told to.
type listener struct {
	url  string
	came chan delivery

	mu      sync.Mutex
	answers []int         // of the next deliveries; 204 after them
	gate    chan struct{} // holds the answers back until it is closed; nil for none
}

type delivery struct {
	method, path, date, signature, kind string
	body                                []byte
	payment                             object
}

// state is the state of the payment in a delivery.
func (d delivery) state() any { return d.payment["state"] }

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{came: make(chan delivery, 1000)}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.url = server.URL + "/v1/webhook-listener"
	return l
}

// answer sets the answers to the next deliveries.
func (l *listener) answer(statuses ...int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = statuses
}

// hold keeps the next deliveries without an answer until the result is called.
func (l *listener) hold() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gate := make(chan struct{})
	l.gate = gate
	return func() { close(gate) }
}

func (l *listener) held() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gate
}

func (l *listener) next() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.answers) == 0 {
		return http.StatusNoContent
	}
	status := l.answers[0]
	l.answers = l.answers[1:]
	return status
}

// ServeHTTP keeps a delivery. One that cannot be read or is not JSON shows up without a payment.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	d := delivery{
		method: r.Method, path: r.URL.EscapedPath(), date: r.Header.Get("BI-Signature-Date"), signature: r.Header.Get("BI-Signature"),
		kind: r.Header.Get("Content-Type"), body: body,
	}
	if err != nil || json.Unmarshal(body, &d.payment) != nil {
		d.payment = nil
	}
	status := l.next()
	l.came <- d
	if gate := l.held(); gate != nil {
		<-gate
	}
	w.WriteHeader(status)
}
