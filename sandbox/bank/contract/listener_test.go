package contract

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

// listener is a client's receiver of webhooks. It keeps what came and answers as it is told to.
type listener struct {
	url  string
	came chan delivery
	rigtest.Answers
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
	write := l.Next()
	l.came <- d
	write(w)
}
