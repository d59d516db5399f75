package bank

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

const (
	testIBAN   = "FR7630006000011234567890189"
	testSecret = "s3cret"
	hookSecret = "hook-s3cret"
)

// rig is a bank behind a real HTTP server, with a client that has every right.
type rig struct {
	t     *testing.T
	b     *Bank
	url   string
	token string
	clock *rigtest.Clock
}

func newRig(t *testing.T, adjust ...func(*Config)) *rig {
	t.Helper()
	c := rigtest.NewClock(time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC))
	cfg := Config{ClientID: "42", ClientSecret: testSecret, InstantPhase: 15 * time.Second, ClassicPhase: 15 * time.Minute, Now: c.Now}
	b, url := rigtest.Serve(t, func(baseURL string) (*Bank, error) {
		cfg.BaseURL = baseURL
		for _, f := range adjust {
			f(&cfg)
		}
		return New(cfg)
	})
	r := &rig{t: t, b: b, url: url, clock: c}
	r.token = r.tokenFor("payments:admin")
	return r
}

// run lets the bank work by itself until the test ends.
func (r *rig) run() *rig {
	r.t.Helper()
	rigtest.Run(r.t, r.b.Run)
	return r
}

type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// path finds a value such as "instructions.0.amount".
func (a answer) path(path string) any { return rigtest.At(a.body, path) }

func (a answer) id() int64 {
	n, err := a.path("id").(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return n
}

// try makes a call; body may be nil, a text or something to encode.
func (r *rig) try(ctx context.Context, method, path, token string, body any) (answer, error) {
	in, err := rigtest.Body(body)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url+path, in)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&a.body) != nil {
		a.body = nil
	}
	return a, nil
}

func (r *rig) call(method, path string, body any) answer {
	r.t.Helper()
	return r.callAs(r.token, method, path, body)
}

func (r *rig) callAs(token, method, path string, body any) answer {
	r.t.Helper()
	a, err := r.try(r.t.Context(), method, path, token, body)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *rig) tokenFor(scope any) string {
	r.t.Helper()
	a := r.callAs("", "POST", "/2.0/auth/token", map[string]any{
		"grant_type": "client_credentials", "client_id": "42",
		"client_secret": testSecret, "scope": scope,
	})
	if a.status != 200 {
		r.t.Fatalf("token: %d %s", a.status, a.text)
	}
	return a.path("token").(string)
}

// orderBody is the body of a payment; change replaces parts of its instruction, or with a prefix "/" of the request.
type change map[string]any

func orderBody(changes ...change) map[string]any {
	instruction := map[string]any{
		"label": "Order 1", "amount": json.Number("50.90"), "currency": "EUR", "execution_date_type": "instant",
		"beneficiary": map[string]any{"scheme_name": "iban", "identification": testIBAN, "label": "ACME Corp."},
	}
	body := map[string]any{"client_redirect_uri": "https://shop.example/return", "client_state": "s-1", "instructions": []any{instruction}}
	for _, c := range changes {
		for name, v := range c {
			into := instruction
			if strings.HasPrefix(name, "/") {
				name, into = name[1:], body
			}
			if into[name] = v; v == nil {
				delete(into, name)
			}
		}
	}
	return body
}

// create makes a payment that must succeed.
func (r *rig) create(changes ...change) answer {
	r.t.Helper()
	a := r.call("POST", "/2.0/payments", orderBody(changes...))
	if a.status != 200 {
		r.t.Fatalf("create: %d %s", a.status, a.text)
	}
	return a
}

func (r *rig) get(id int64) answer {
	r.t.Helper()
	return r.call("GET", fmt.Sprintf("/2.0/payments/%d", id), nil)
}

func (r *rig) operate(id int64, body any) answer {
	r.t.Helper()
	return r.call("POST", fmt.Sprintf("/2.0/payments/%d", id), body)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// want compares values of an answer, as texts.
func (r *rig) want(a answer, want map[string]any) {
	r.t.Helper()
	for path, v := range want {
		if got := a.path(path); fmt.Sprint(got) != fmt.Sprint(v) {
			r.t.Errorf("%s = %v, want %v\n%s", path, got, v, a.text)
		}
	}
}

func merge(a, b change) change {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}
