package powens

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/internal/outbound"
)

const (
	maxAnswer   = 1 << 20
	maxAttempts = 4
	firstPause  = 100 * time.Millisecond
	maxPause    = 2 * time.Second
	// maxRetryAfter bounds what a provider's header can make us wait.
	maxRetryAfter = 5 * time.Minute
)

type request struct {
	op, method string
	path       string // with query, relative to the version
	body       []byte
	// repeatable: doing it twice is the same as doing it once.
	repeatable bool
	// token of a user. Empty: the service token.
	token string
}

// answer is a 2xx answer.
type answer struct {
	status int
	body   []byte
}

// do sends the request, again after a pause where that is safe and may help, until ctx ends.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	for attempt := 1; ; attempt++ {
		a, err := c.authorized(ctx, r)
		if err == nil || !r.repeatable || attempt == maxAttempts || !mayPass(err) {
			return a, err
		}
		if !pause(ctx, backoff(attempt, err)) {
			return a, err
		}
	}
}

// mayPass reports whether the trouble may be over in a moment. An open circuit is not worth waiting for.
func mayPass(err error) bool {
	var e *Error
	if !errors.As(err, &e) || errors.Is(err, errCircuitOpen) || errors.Is(err, errClosed) {
		return false
	}
	return e.Status == 0 || e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
}

// backoff is a random pause that doubles its bound each time, but never shorter than the provider asked for.
func backoff(attempt int, err error) time.Duration {
	bound := min(firstPause<<(attempt-1), maxPause)
	wait := bound/2 + rand.N(bound/2) //nolint:gosec // spreads repeats; nobody gains by guessing it
	var e *Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		wait += e.RetryAfter
	}
	return wait
}

// pause waits, unless the wait would outlast ctx: then the answer is wanted now.
func pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// authorized sends the request once with the user's token or a service token. A 401 was not executed, so with a fresh token the same
// request is sent again, whatever it is.
func (c *Client) authorized(ctx context.Context, r request) (answer, error) {
	if r.token != "" {
		return c.exchange(ctx, r, r.token)
	}
	token, err := c.tokens.get(ctx)
	if err != nil {
		return answer{}, notSent(r.op, err)
	}
	a, err := c.exchange(ctx, r, token)
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
		return a, err
	}
	c.tokens.forget(token)
	if token, err = c.tokens.get(ctx); err != nil {
		return answer{}, notSent(r.op, err)
	}
	return c.exchange(ctx, r, token)
}

// notSent is the error of a request whose token could not be had: whatever became of the token, the request itself
// was never sent.
func notSent(op string, err error) error {
	out := &Error{Op: op, Err: err}
	var e *Error
	if errors.As(err, &e) {
		out.Status, out.RetryAfter = e.Status, e.RetryAfter
		if e.Status >= 400 && IsRefused(e) { // a refused token request is about our credentials, not about this request
			out.Status = http.StatusUnauthorized
		}
	}
	return out
}

// exchange sends one HTTP request within the bounds of the breaker and of the parallel calls.
func (c *Client) exchange(ctx context.Context, r request, token string) (answer, error) {
	if ctx.Err() != nil { // not the provider's fault
		return answer{}, &Error{Op: r.op, Err: ctx.Err()}
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return answer{}, &Error{Op: r.op, Err: ctx.Err()}
	}
	ticket, wait := c.breaker.Enter()
	if wait > 0 {
		return answer{}, &Error{Op: r.op, RetryAfter: wait, Err: errCircuitOpen}
	}
	a, failed, err := c.send(ctx, r, token)
	c.breaker.Leave(ticket, outbound.VerdictOf(failed, err))
	return a, err
}

// send makes the HTTP exchange. failed: the provider did not answer as a healthy server does.
func (c *Client) send(ctx context.Context, r request, token string) (a answer, failed bool, err error) {
	var written atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), r.method, c.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, false, &Error{Op: r.op, Err: errors.New("request cannot be made")}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "eupay")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, true, &Error{Op: r.op, Ambiguous: written.Load(), Err: outbound.Cause(err)}
	}
	defer resp.Body.Close()
	body, err := outbound.ReadAll(resp.Body, maxAnswer)
	a = answer{status: resp.StatusCode, body: body}
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return a, resp.StatusCode >= 500, c.refusal(r.op, resp, body, token)
	case errors.Is(err, outbound.ErrTooLarge):
		return a, false, &Error{Op: r.op, Status: resp.StatusCode, Ambiguous: true, Err: err}
	case err != nil:
		return a, true, &Error{Op: r.op, Ambiguous: true, Err: err}
	}
	return a, false, nil
}

// refusal reads an answer that is not a 2xx.
func (c *Client) refusal(op string, resp *http.Response, body []byte, token string) *Error {
	e := &Error{Op: op, Status: resp.StatusCode, RetryAfter: outbound.RetryAfter(resp.Header.Get("Retry-After"), c.now(), maxRetryAfter)}
	e.Ambiguous = resp.StatusCode >= 500 || resp.StatusCode < 400 || resp.StatusCode == http.StatusRequestTimeout
	e.readEnvelope(body, c.cfg.ClientSecret, token)
	return e
}
