package main

import (
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
	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	defaultAPI = "http://127.0.0.1:8080"
	callLimit  = 40 * time.Second
	maxAnswer  = 1 << 20
)

// client calls the API with a test key.
type client struct {
	*eupay.Client
	url, key, secret string
	login            login
	// bank is the management URL of the sandbox bank; empty: unknown.
	bank string
}

// login is the merchant's, for actions that no key permits.
type login struct{ email, password string }

// newClient takes the API and the key from vars, or from the run folder of a system on this machine.
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
	if u, err := url.Parse(c.url); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the API's URL must begin with http:// or https://, not %q", c.url)
	}
	if !strings.HasPrefix(c.key, "pk_test_") {
		return nil, errors.New("EUPAY_API_KEY must be a test key: one that begins with pk_test_. Live keys and real payments have no place here")
	}
	// No retries: the user should see at once that there is no answer.
	c.Client = eupay.New(c.key, eupay.Secret(c.secret), eupay.Options{BaseURL: c.url, Retries: -1})
	return c, nil
}

// local takes the key, and the URL if none is given, from the system that runs on the folder.
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

// persons takes the logins of the merchant and the URL of the bank from vars, if they are there.
func (c *client) persons(vars map[string]string) {
	c.login = login{vars["EUPAY_MERCHANT_EMAIL"], vars["EUPAY_MERCHANT_PASSWORD"]}
	c.bank = vars["EUPAY_BANK_MGMT_URL"]
}

// portal is the client of a merchant's login.
type portal struct {
	*eupay.Client
	merchant string
}

// enter logs the merchant in, for actions that no key permits. It refuses systems on other machines, where an order could cost
// money.
func (c *client) enter(ctx context.Context) (portal, error) {
	if !payer.Reaches(c.url) {
		return portal{}, fmt.Errorf("it takes a login, which is used only on this machine, and %s is elsewhere", c.url)
	}
	if c.login.email == "" || c.login.password == "" {
		return portal{}, errors.New("it takes a login: set EUPAY_MERCHANT_EMAIL and EUPAY_MERCHANT_PASSWORD")
	}
	in, err := c.Auth.Login(ctx, eupay.Credentials{Email: c.login.email, Password: eupay.Secret(c.login.password)})
	if err != nil {
		return portal{}, err
	}
	return portal{c.WithToken(in.Token), in.MerchantID}, nil
}

// page calls a URL outside of the API, at the sandbox of this machine, and decodes the JSON of the answer into the last argument,
// unless that is nil.
func page(ctx context.Context, method, link, kind, body string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, link, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Content-Type", kind)
	resp, err := (&http.Client{CheckRedirect: noRedirects}).Do(req)
	if err != nil {
		return fmt.Errorf("the sandbox does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the sandbox answers %s", resp.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read the sandbox's answer: %w", err)
	}
	return nil
}

// noRedirects returns redirects as answers instead of following them.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
