package webhooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// sent is a request that the service made, perhaps changed since, as a verifier is asked about it.
type sent struct {
	Name   string      `json:"-"`
	OK     bool        `json:"-"`
	Secret string      `json:"secret"`
	Header http.Header `json:"headers"`
	Body   []byte      `json:"body"`
	Now    int64       `json:"now"` // unix seconds
}

// asked is the request as it came, which must be accepted, and spoilt in each way, which must not.
func asked(name, key string, h hit, now time.Time) []sent {
	right := sent{Name: name, OK: true, Secret: key, Header: h.header, Body: h.body, Now: now.Unix()}
	body, old, future, foreign := right, right, right, right
	body.Name, body.Body = name+", changed body", bytes.Replace(h.body, []byte("29.99"), []byte("29.98"), 1)
	old.Name, old.Now = name+", old timestamp", right.Now+301
	future.Name, future.Now = name+", future timestamp", right.Now-301
	foreign.Name, foreign.Secret = name+", wrong secret", secret.New()
	for _, r := range []*sent{&body, &old, &future, &foreign} {
		r.OK = false
	}
	return []sent{right, body, old, future, foreign}
}

func TestEveryVerifierAcceptsWhatTheServiceSendsAndNothingElse(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSink(t, status(http.StatusOK))
	id, old := f.endpoint(s.URL)
	p := payment()
	p.MetadataJson = []byte(`{"café":"<é&😀>","line":"\u2028"}`)
	f.publish(f.changed("payment.completed", p))
	requests := asked("one secret", old, s.next(t), f.clock.Now())

	fresh := f.rotate(id, 3600)
	p.Sequence++
	f.publish(f.changed("payment.completed", p))
	rotated := s.next(t)
	if n := bytes.Count([]byte(rotated.header.Get("webhook-signature")), []byte("v1,")); n != 2 {
		t.Fatalf("%d signatures during the rotation, want 2", n)
	}
	requests = append(requests, asked("rotation, old secret", old, rotated, f.clock.Now())...)
	requests = append(requests, asked("rotation, new secret", fresh, rotated, f.clock.Now())...)

	for who, accepts := range judges {
		for _, r := range requests {
			if err := accepts(t, r.Secret, r.Header, r.Body, time.Unix(r.Now, 0)); (err == nil) != r.OK {
				t.Errorf("%s in Go, %s: accepted is not %v: %v", who, r.Name, r.OK, err)
			}
		}
	}
	t.Run("Node", func(t *testing.T) {
		answers := askNode(t, requests)
		for i, r := range requests {
			if a := answers[i]; a.Ours != r.OK || a.Reference != r.OK {
				t.Errorf("%s: accepted by ours %v and by the reference %v, want %v", r.Name, a.Ours, a.Reference, r.OK)
			}
		}
	})
}

// nodeAnswer says which verifier of Node accepts a request.
type nodeAnswer struct{ Ours, Reference bool }

// askNode gives the requests to the built package for Node and to the reference library. Without them the test fails in
// CI; elsewhere it is skipped, as Node is not needed to work on the services.
func askNode(t *testing.T, requests []sent) []nodeAnswer {
	t.Helper()
	node, missing := exec.LookPath("node")
	for _, built := range []string{"verify-node/dist/index.js", "verify-node/node_modules/standardwebhooks/package.json"} {
		_, err := os.Stat(built)
		missing = errors.Join(missing, err)
	}
	if missing != nil {
		const advice = "NOT TESTED: what Node's verifiers think of our webhooks. Run: make test-node"
		if os.Getenv("CI") != "" {
			t.Fatalf("%s\n%v", advice, missing)
		}
		t.Skipf("%s\n%v", advice, missing)
	}
	text, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "verify-node/test/judge.mjs")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []nodeAnswer
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(requests) {
		t.Fatalf("%d answers to %d requests, %v", len(answers), len(requests), err)
	}
	return answers
}
