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
	// tokenLife is the documented life of a service token.
	tokenLife = 30 * time.Minute
	// renewalPause is the time between two attempts to renew a token that is still good.
	renewalPause = 10 * time.Second
	// refusalPause is the least time between two requests for a token when the first was refused (wrong credentials, rate
	// limit): asking for each payment would not help, and may get the client locked out.
	refusalPause = time.Second
)

// token is a service token. From old on it is renewed in the background; from dead on it is not used any more, which
// is before the provider refuses it.
type token struct {
	value     string
	old, dead time.Time
}

// tokens holds the service token. One request for a new one is under way at most; whoever needs it waits for it.
type tokens struct {
	client *Client

	mu      sync.Mutex
	closed  bool
	current token
	renewal *renewal  // under way
	notYet  time.Time // no renewal in the background before
	refused error     // what everybody gets before heldTo
	heldTo  time.Time
}

type renewal struct {
	done  chan struct{}
	token token
	err   error
}

func newTokens(c *Client) *tokens { return &tokens{client: c} }

// get returns a token that is good for a while. It waits only when there is none.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return "", errClosed
	}
	now := t.client.now()
	good := t.current.value != "" && now.Before(t.current.dead)
	if good {
		if !now.Before(t.current.old) && t.renewal == nil && !now.Before(t.notYet) {
			t.start()
		}
		value := t.current.value
		t.mu.Unlock()
		return value, nil
	}
	if t.refused != nil && now.Before(t.heldTo) {
		defer t.mu.Unlock()
		return "", t.refused
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

// start renews in a goroutine of the client's, so that the caller who began it may give up while others wait. The
// caller holds the lock.
func (t *tokens) start() {
	r := &renewal{done: make(chan struct{})}
	t.renewal = r
	c := t.client
	c.background.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, c.cfg.CallTimeout)
		defer cancel()
		asked := c.now()
		r.token, r.err = c.fetchToken(ctx, asked)
		t.finish(r)
		close(r.done)
	})
}

func (t *tokens) finish(r *renewal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.renewal = nil
	now := t.client.now()
	t.current, t.refused = t.keep(r), nil
	if r.err == nil {
		return
	}
	t.notYet = now.Add(renewalPause)
	var e *Error
	if errors.As(r.err, &e) && e.Status >= 400 && e.Status < 500 {
		t.refused, t.heldTo = r.err, now.Add(max(refusalPause, e.RetryAfter))
	}
	t.client.log.Warn("no service token", "error", r.err)
}

// keep is the new token, or after a failure the one that is there: it may still be good.
func (t *tokens) keep(r *renewal) token {
	if r.err != nil {
		return t.current
	}
	return r.token
}

func (c *Client) fetchToken(ctx context.Context, asked time.Time) (token, error) {
	const op = "get service token"
	credentials := wireTokenRequest{GrantType: "client_credentials", ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret, Scope: "payments:admin"}
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
	return token{value: string(w.Token), old: asked.Add(life / 2), dead: asked.Add(life * 9 / 10)}, nil
}
