package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"european-pay.eu/eupay/cmd/internal/payer"
	"european-pay.eu/eupay/cmd/internal/system"
)

const (
	defaultAPI = "http://127.0.0.1:8080"
	callLimit  = 40 * time.Second
	maxAnswer  = 1 << 20
)

// client calls the API with one test key, or with a login.
type client struct {
	url, key, secret string
	// root is what paths are below.
	root string
	// token of a login; empty: the key is used.
	token string
	login login
	// bank is where the sandbox bank is switched; empty: unknown.
	bank string
}

// login is the merchant's, for what no key may do.
type login struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// newClient finds the API and the key in vars, or in the run folder of a system on this machine.
func newClient(api string, vars map[string]string) (*client, error) {
	c := &client{url: cmp.Or(api, vars["EUPAY_API_URL"]), key: vars["EUPAY_API_KEY"], secret: vars["EUPAY_API_SECRET"]}
	c.persons(vars)
	switch {
	case c.key == "" && c.secret == "":
		if err := c.local(cmp.Or(vars["EUPAY_RUN_DIR"], ".run")); err != nil {
			return nil, err
		}
	case c.key == "" || c.secret == "":
		return nil, errors.New("set both EUPAY_API_KEY and EUPAY_API_SECRET")
	}
	c.url = strings.TrimRight(cmp.Or(c.url, defaultAPI), "/")
	c.root = c.url + "/api/v1"
	if u, err := url.Parse(c.url); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the API's URL must begin with http:// or https://, not %q", c.url)
	}
	if !strings.HasPrefix(c.key, "pk_test_") {
		return nil, errors.New("EUPAY_API_KEY must be a test key: one that begins with pk_test_. Live keys and real payments have no place here")
	}
	return c, nil
}

// local takes the key, and the URL where none is given, of the system that runs on the folder.
func (c *client) local(dir string) error {
	vars, err := system.ReadDemoEnv(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no API key: set EUPAY_API_KEY and EUPAY_API_SECRET, or start EU Pay in this folder (%s is not there)", system.DemoEnv(dir))
	}
	if err != nil {
		return err
	}
	c.key, c.secret, c.url = vars["EUPAY_API_KEY"], vars["EUPAY_API_SECRET"], cmp.Or(c.url, vars["EUPAY_URL"])
	c.persons(vars)
	return nil
}

// persons takes what the merchant and the bank are reached by, where vars say it.
func (c *client) persons(vars map[string]string) {
	c.login = login{vars["EUPAY_MERCHANT_EMAIL"], vars["EUPAY_MERCHANT_PASSWORD"]}
	c.bank = vars["EUPAY_BANK_MGMT_URL"]
}

// portal is the client of a merchant's login.
type portal struct {
	*client
	merchant string
}

// enter logs the merchant in: what a person does in the portal, no key may do. Elsewhere than on this machine an order could cost
// money.
func (c *client) enter(ctx context.Context) (portal, error) {
	if !payer.Reaches(c.url) {
		return portal{}, fmt.Errorf("it takes a login, which is used only on this machine, and %s is elsewhere", c.url)
	}
	if c.login.Email == "" || c.login.Password == "" {
		return portal{}, errors.New("it takes a login: set EUPAY_MERCHANT_EMAIL and EUPAY_MERCHANT_PASSWORD")
	}
	var session struct {
		Token    string `json:"token"`
		Merchant string `json:"merchant_id"`
	}
	if _, err := c.call(ctx, http.MethodPost, "/auth/login", c.login, &session); err != nil {
		return portal{}, err
	}
	return portal{&client{url: c.url, root: c.root, token: session.Token}, session.Merchant}, nil
}

// refusal is an error as the API tells it.
type refusal struct {
	status     int
	Code       string
	Message    string
	RetryAfter int `json:"retry_after"`
	Errors     []struct{ Message string }
}

// Error implements error.
func (r *refusal) Error() string {
	text := r.Message
	if len(r.Errors) > 1 {
		for _, e := range r.Errors {
			text += " " + e.Message
		}
	}
	return fmt.Sprintf("%s (%d %s)", text, r.status, r.Code)
}

// passing reports whether the same request may succeed in a moment.
func (r *refusal) passing() bool {
	return r.status == http.StatusTooManyRequests || r.status >= http.StatusInternalServerError
}

// request makes one for a path below the root; body may be nil.
func (c *client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.root+path, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	switch {
	case c.token != "":
		req.Header.Set("Authorization", "Bearer "+c.token)
	case c.key != "":
		req.Header.Set("X-Api-Key", c.key)
		req.Header.Set("X-Api-Secret", c.secret)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// noRedirects: the API has none, and the key goes nowhere else.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

var apiHTTP = &http.Client{CheckRedirect: noRedirects}

// open sends the request. The caller closes the answer, which is a success.
func (c *client) open(req *http.Request) (*http.Response, error) {
	resp, err := apiHTTP.Do(req) //nolint:gosec // the user of the program says where the API is
	if err != nil {
		return nil, fmt.Errorf("EU Pay does not answer: %w", err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	r := &refusal{status: resp.StatusCode}
	if err != nil || json.Unmarshal(raw, r) != nil || r.Code == "" {
		return nil, fmt.Errorf("%s answers %s: is it EU Pay?", c.url, resp.Status)
	}
	return nil, r
}

// call sends a request and reads the answer, with or without the envelope of the gateway family, into the last argument, unless that
// is nil.
func (c *client) call(ctx context.Context, method, path string, body, into any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return 0, err
	}
	resp, err := c.open(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if into == nil {
		return resp.StatusCode, nil
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	var envelope struct{ Data json.RawMessage }
	if err := json.Unmarshal(raw, &envelope); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	if envelope.Data != nil {
		raw = envelope.Data
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	return resp.StatusCode, nil
}
