package powens

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// tokenLife is the lifetime of a service token in the provider's documentation.
	tokenLife = 30 * time.Minute
	// renewalPause is the interval between attempts to renew a token that is still valid.
	renewalPause = 10 * time.Second
	// refusalPause is the minimum interval between token requests after a refusal (wrong credentials, rate limit). Asking for
	// each payment would not help and might lock the client out.
	refusalPause = time.Second
)

// token is a service token. From renewAt on it is renewed in the background; from expiresAt on it is not used any more. Both are
// before the provider's expiry.
type token struct {
	value              string
	renewAt, expiresAt time.Time
}

// The scopes of the two service tokens.
const (
	scopePayments = "payments:admin"
	scopeLinks    = "payment-links:admin"
)

// tokens holds the service token of one scope. At most one renewal is in progress; callers that need a token share it.
type tokens struct {
	client *Client
	scope  string

	mu           sync.Mutex
	closed       bool
	current      token
	renewal      *renewal  // in progress
	nextRenewal  time.Time // earliest time of the next background renewal
	lastRefusal  error     // returned to all callers until refusedUntil
	refusedUntil time.Time
}

type renewal struct {
	done  chan struct{}
	token token
	err   error
}

func newTokens(c *Client, scope string) *tokens { return &tokens{client: c, scope: scope} }

// get returns a valid token. It waits only if there is none.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return "", errClosed
	}
	now := t.client.now()
	good := t.current.value != "" && now.Before(t.current.expiresAt)
	if good {
		if !now.Before(t.current.renewAt) && t.renewal == nil && !now.Before(t.nextRenewal) {
			t.start()
		}
		value := t.current.value
		t.mu.Unlock()
		return value, nil
	}
	if t.lastRefusal != nil && now.Before(t.refusedUntil) {
		defer t.mu.Unlock()
		return "", t.lastRefusal
	}
	if t.renewal == nil {
		t.start()
	}
	r := t.renewal
	t.mu.Unlock()
	select {
	case <-r.done:
		return r.token.value, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// forget drops a token that the provider refused.
func (t *tokens) forget(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current.value == value {
		t.current = token{}
	}
}

func (t *tokens) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// start renews the token in a background goroutine, so that the caller may give up while others wait. The caller holds the lock.
func (t *tokens) start() {
	r := &renewal{done: make(chan struct{})}
	t.renewal = r
	c := t.client
	c.background.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, c.cfg.CallTimeout)
		defer cancel()
		requestedAt := c.now()
		r.token, r.err = c.fetchToken(ctx, t.scope, requestedAt)
		t.finish(r)
		close(r.done)
	})
}

func (t *tokens) finish(r *renewal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.renewal = nil
	now := t.client.now()
	t.current, t.lastRefusal = t.next(r), nil
	if r.err == nil {
		return
	}
	t.nextRenewal = now.Add(renewalPause)
	var e *Error
	if errors.As(r.err, &e) && e.Status >= 400 && e.Status < 500 {
		t.lastRefusal, t.refusedUntil = r.err, now.Add(max(refusalPause, e.RetryAfter))
	}
	t.client.log.Warn("no service token", "error", r.err)
}

// next returns the new token or, after a failed renewal, the current one, which may still be valid.
func (t *tokens) next(r *renewal) token {
	if r.err != nil {
		return t.current
	}
	return r.token
}

func (c *Client) fetchToken(ctx context.Context, scope string, requestedAt time.Time) (token, error) {
	const op = "get service token"
	credentials := wireTokenRequest{GrantType: "client_credentials", ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret, Scope: scope}
	body, err := json.Marshal(credentials)
	if err != nil {
		return token{}, &Error{Op: op, Err: err}
	}
	a, err := c.exchange(ctx, request{op: op, method: http.MethodPost, path: "/auth/token", body: body}, "")
	if err != nil {
		return token{}, err
	}
	var w struct {
		Token     text `json:"token"`
		ExpiresIn text `json:"expires_in"`
	}
	if err := json.Unmarshal(a.body, &w); err != nil || w.Token == "" {
		return token{}, unreadable(op, a.status)
	}
	life := tokenLife
	if s, err := strconv.ParseUint(string(w.ExpiresIn), 10, 31); err == nil && s > 0 {
		life = min(life, time.Duration(s)*time.Second)
	}
	return token{value: string(w.Token), renewAt: requestedAt.Add(life / 2), expiresAt: requestedAt.Add(life * 9 / 10)}, nil
}
