package contract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

// standIn is what a suite can do at the stand-in and not at the real platform.
type standIn struct {
	clock  *rigtest.Clock
	manage string // the address of the management
}

// serve opens the stand-in with a minute between the steps of a document. It is reached over HTTP alone.
func serve(t *testing.T, adjust ...func(*einvoicing.Config)) *platform {
	t.Helper()
	s := &standIn{clock: rigtest.NewClock(time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC))}
	cfg := einvoicing.Config{
		APIKey: "k3y", TransmitAfter: time.Minute, ReceiveAfter: time.Minute, AvailableAfter: time.Minute, AnswerAfter: time.Hour,
		WebhookRetry: time.Millisecond, WebhookWorkers: 1, Now: s.clock.Now,
	}
	p, address := rigtest.Serve(t, func(baseURL string) (*einvoicing.Platform, error) {
		cfg.BaseURL = baseURL
		for _, f := range adjust {
			f(&cfg)
		}
		return einvoicing.New(cfg)
	})
	management := httptest.NewServer(p.Management())
	t.Cleanup(management.Close)
	rigtest.Run(t, p.Run)
	s.manage = management.URL
	return &platform{T: t, baseURL: address + "/api", key: cfg.APIKey, run: newRun(), standIn: s}
}

// control uses the management, which must answer with this status.
func (p *platform) control(status int, method, path string, body any) answer {
	p.Helper()
	of := *p
	of.baseURL = p.standIn.manage
	a := of.as("", "", method, path, body)
	if a.status != status {
		p.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.text)
	}
	return a
}

// enrol ends with an active mandate.
func (p *platform) enrol(name string) *platform {
	p.Helper()
	p.newClient(name)
	p.newMandate(name)
	p.control(200, "POST", "/clients/"+p.client+"/approve", nil)
	return p
}

// buyer acts as the buyer or a platform.
func (p *platform) buyer(status int, id string, body object) answer {
	p.Helper()
	return p.control(status, "POST", "/documents/"+id+"/status", body)
}

// notice is a webhook that came.
type notice struct {
	signature, kind string
	body            []byte
	event           map[string]any
}

// listener keeps the webhooks that come and answers as it is told to, then with 204.
type listener struct {
	url  string
	came chan notice
	rigtest.Answers
}

func listen(t *testing.T, answers ...int) *listener {
	t.Helper()
	l := &listener{came: make(chan notice, 1000)}
	l.Answer(answers...)
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	l.url = server.URL + "/hook"
	return l
}

// ServeHTTP keeps a webhook. One that cannot be read or is not JSON shows up without an event.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	n := notice{signature: r.Header.Get("X-Seqino-Signature"), kind: r.Header.Get("Content-Type"), body: body}
	if err != nil || json.Unmarshal(body, &n.event) != nil {
		n.event = nil
	}
	write := l.Next()
	l.came <- n
	write(w)
}

// sign is the signature made from the words and not by the stand-in's code: the hex of HMAC-SHA256 over the raw body.
func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
