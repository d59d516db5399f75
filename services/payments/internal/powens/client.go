// Package powens is the client for the payment provider's API, for the live domain and the sandbox bank. It decodes leniently
// what the provider does not keep stable, and it never retries a request that must not be executed twice.
package powens

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"european-pay.eu/eupay/internal/outbound"
)

// breakerConfig trips after twenty consecutive failures.
var breakerConfig = outbound.BreakerConfig{TripAfter: 20, First: time.Second, Longest: 30 * time.Second}

// Client talks to one domain of the provider. It may be used by many goroutines.
type Client struct {
	cfg    Config
	base   string // including the version
	domain string // host of the base URL
	// connectURL is the webview in which users link accounts.
	connectURL string
	now        func() time.Time
	log        *slog.Logger
	http       *http.Client
	slots      chan struct{}
	breaker    *outbound.Breaker
	tokens     *tokens
	linkTokens *tokens

	background sync.WaitGroup
	ctx        context.Context // of background work
	stop       context.CancelFunc
}

// New returns a client. It makes no call yet. Validate cfg first.
func New(cfg Config, now func() time.Time, log *slog.Logger) *Client {
	cfg = cfg.withDefaults()
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := &Client{
		cfg: cfg, now: now, log: log.With("provider", "powens"),
		base:    strings.TrimSuffix(cfg.BaseURL, "/") + "/2.0",
		http:    outbound.NewClient(cfg.MaxInFlight),
		slots:   make(chan struct{}, cfg.MaxInFlight),
		breaker: outbound.NewBreaker(breakerConfig, now, log),
	}
	if u, err := url.Parse(cfg.BaseURL); err == nil {
		c.domain = u.Host
	}
	if c.cfg.WebviewURL == "" {
		c.cfg.WebviewURL = c.base + "/auth/webview/payment"
	}
	c.connectURL = siblingURL(c.cfg.WebviewURL, "connect")
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.tokens, c.linkTokens = newTokens(c, scopePayments), newTokens(c, scopeLinks)
	return c
}

// Close stops background work and closes idle connections. Later calls fail.
func (c *Client) Close() {
	c.stop()
	c.tokens.close()
	c.linkTokens.close()
	c.background.Wait()
	c.http.CloseIdleConnections()
}

// CreatePayment registers a payment. It is sent at most once: after an ambiguous error, call FindByReference before sending it
// again, because the provider has no idempotent create.
func (c *Client) CreatePayment(ctx context.Context, req CreateRequest) (Payment, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "create payment"
	body, err := c.encodeCreate(req)
	if err != nil {
		return Payment{}, &Error{Op: op, Status: http.StatusBadRequest, Code: "invalidValue", Err: err}
	}
	answer, err := c.do(ctx, request{op: op, method: http.MethodPost, path: "/payments", body: body})
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.redact(append(req.BeneficiaryIdentity.personalData(), req.PayerIdentity.personalData()...)...)
		}
		return Payment{}, err
	}
	return readPayment(op, answer)
}

// PaymentURL returns the page where the payer validates the payment or its cancellation. It contains a token for this payment:
// give it only to the payer. A new URL can be requested at any time.
func (c *Client) PaymentURL(ctx context.Context, paymentID, state string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	return c.paymentURL(ctx, paymentID, state)
}

func (c *Client) paymentURL(ctx context.Context, paymentID, state string) (string, error) {
	const op = "mint payment token"
	path, err := paymentPath(op, paymentID)
	if err != nil {
		return "", err
	}
	answer, err := c.do(ctx, request{op: op, method: http.MethodPost, path: path + "/scopedtoken", body: []byte(`{"scope":["payments:validate"]}`), repeatable: true})
	if err != nil {
		return "", err
	}
	var minted struct {
		Token text `json:"token"`
	}
	if err := json.Unmarshal(answer.body, &minted); err != nil || minted.Token == "" {
		return "", unreadable(op, answer.status)
	}
	return c.webviewURL(paymentID, string(minted.Token), state), nil
}

func (c *Client) webviewURL(paymentID, token, state string) string {
	q := url.Values{"client_id": {c.cfg.ClientID}, "redirect_uri": {c.cfg.RedirectURI}, "code": {token}, "payment_id": {paymentID}}
	if state != "" {
		q.Set("state", state)
	}
	return c.webview(c.cfg.WebviewURL, q)
}

// webview returns the URL of one of the provider's pages.
func (c *Client) webview(page string, q url.Values) string {
	// A webview on another host needs the domain as a parameter.
	if !strings.HasPrefix(page, c.base) {
		q.Set("domain", c.domain)
	}
	return page + "?" + q.Encode()
}

// siblingURL replaces the last segment of the path.
func siblingURL(address, name string) string {
	address = strings.TrimSuffix(address, "/")
	return address[:strings.LastIndexByte(address, '/')+1] + name
}

// GetPayment reads a payment. Transient errors are retried within the deadline.
func (c *Client) GetPayment(ctx context.Context, paymentID string) (Payment, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "get payment"
	path, err := paymentPath(op, paymentID)
	if err != nil {
		return Payment{}, err
	}
	answer, err := c.do(ctx, request{op: op, method: http.MethodGet, path: path, repeatable: true})
	if err != nil {
		return Payment{}, err
	}
	p, err := readPayment(op, answer)
	if err == nil && p.ID != paymentID {
		return Payment{}, unreadable(op, answer.status) // the state of another payment must never be applied to this one
	}
	return p, err
}

// pageSize keeps a page of payments below the limit on response bodies.
const pageSize = 100

// FindByReference returns the payments that were created with exactly this reference. An empty list without an error means that
// there are none; if the list may be incomplete, an error is returned.
func (c *Client) FindByReference(ctx context.Context, referenceID string) ([]Payment, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "find payments"
	if referenceID == "" {
		return nil, &Error{Op: op, Status: http.StatusBadRequest, Code: "missingParameter"}
	}
	query := url.Values{"reference_id": {referenceID}, "limit": {strconv.Itoa(pageSize)}}
	answer, err := c.do(ctx, request{op: op, method: http.MethodGet, path: "/payments?" + query.Encode(), repeatable: true})
	if err != nil {
		return nil, err
	}
	all, complete, err := readList(answer.body)
	if err != nil {
		return nil, unreadable(op, answer.status)
	}
	var found []Payment
	for _, p := range all {
		if p.ReferenceID == referenceID {
			found = append(found, p)
		}
	}
	if len(found) == 0 && !complete {
		return nil, &Error{Op: op, Status: answer.status, Ambiguous: true, Err: errListCut}
	}
	return found, nil
}

func paymentPath(op, paymentID string) (string, error) {
	if !idShape.MatchString(paymentID) {
		return "", &Error{Op: op, Status: http.StatusBadRequest, Code: "invalidValue"}
	}
	return "/payments/" + paymentID, nil
}

func readPayment(op string, a answer) (Payment, error) {
	p, err := decodePayment(a.body)
	if err != nil {
		return Payment{}, unreadable(op, a.status)
	}
	return p, nil
}

func unreadable(op string, status int) *Error {
	return &Error{Op: op, Status: status, Ambiguous: true, Err: errNotReadable}
}
