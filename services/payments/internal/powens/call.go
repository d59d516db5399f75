package powens

import (
	"bytes"
	"cmp"
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
	// maxRetryAfter limits the delay that a provider's Retry-After header can impose.
	maxRetryAfter = 5 * time.Minute
)

type request struct {
	op, method string
	path       string // including the query, relative to the version
	body       []byte
	// repeatable marks an idempotent request.
	repeatable bool
	// links marks a request to the host of payment links, which has a service token of its own.
	links bool
	// token is a user's token. If it is empty, the service token is used.
	token string
	// limit is the size of the largest answer that is read, in bytes; 0: maxAnswer.
	limit int
}

// answer is a 2xx response.
type answer struct {
	status int
	body   []byte
}

// do sends the request. It retries idempotent requests after transient errors, until ctx ends.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	for attempt := 1; ; attempt++ {
		a, err := c.authorized(ctx, r)
		if err == nil || !r.repeatable || attempt == maxAttempts || !isTransient(err) {
			return a, err
		}
		if !pause(ctx, backoff(attempt, err)) {
			return a, err
		}
	}
}

// isTransient reports whether a retry may succeed soon. An open circuit is not worth waiting for.
func isTransient(err error) bool {
	var e *Error
	if !errors.As(err, &e) || errors.Is(err, errCircuitOpen) || errors.Is(err, errClosed) {
		return false
	}
	return e.Status == 0 || e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
}

// backoff returns a random pause whose bound doubles with each attempt. It is never shorter than the provider's Retry-After.
func backoff(attempt int, err error) time.Duration {
	bound := min(firstPause<<(attempt-1), maxPause)
	wait := bound/2 + rand.N(bound/2) //nolint:gosec // spreads repeats; nobody gains by guessing it
	var e *Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		wait += e.RetryAfter
	}
	return wait
}

// pause waits. It returns false at once if the wait would outlast ctx.
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

// authorized sends the request with the user's token or a service token. A 401 was not executed, so any request is sent again
// with a fresh token.
func (c *Client) authorized(ctx context.Context, r request) (answer, error) {
	if r.token != "" {
		return c.exchange(ctx, r, r.token)
	}
	tokens := c.tokens
	if r.links {
		tokens = c.linkTokens
	}
	token, err := tokens.get(ctx)
	if err != nil {
		return answer{}, notSent(r.op, err)
	}
	a, err := c.exchange(ctx, r, token)
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusUnauthorized {
		return a, err
	}
	tokens.forget(token)
	if token, err = tokens.get(ctx); err != nil {
		return answer{}, notSent(r.op, err)
	}
	return c.exchange(ctx, r, token)
}

// notSent returns the error of a request that was not sent because no token was available.
func notSent(op string, err error) error {
	out := &Error{Op: op, Err: err}
	var e *Error
	if errors.As(err, &e) {
		out.Status, out.RetryAfter = e.Status, e.RetryAfter
		if e.Status >= 400 && IsRefused(e) { // refused credentials say nothing about this request
			out.Status = http.StatusUnauthorized
		}
	}
	return out
}

// exchange sends one HTTP request within the limits of the circuit breaker and the call slots.
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

// send performs the HTTP exchange. failed means that the provider did not answer like a healthy server.
func (c *Client) send(ctx context.Context, r request, token string) (a answer, failed bool, err error) {
	var written atomic.Bool
	base := c.base
	if r.links {
		base = c.cfg.LinksURL + "/api/payment-links"
	}
	trace := &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), r.method, base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, false, &Error{Op: r.op, Err: errors.New("request cannot be built")}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "eupay")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := outbound.Do(c.http, req, "powens "+r.op)
	if err != nil {
		return answer{}, true, &Error{Op: r.op, Ambiguous: written.Load(), Err: outbound.Cause(err)}
	}
	defer resp.Body.Close()
	body, err := outbound.ReadAll(resp.Body, cmp.Or(r.limit, maxAnswer))
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

// refusal converts a non-2xx response into an error.
func (c *Client) refusal(op string, resp *http.Response, body []byte, token string) *Error {
	e := &Error{Op: op, Status: resp.StatusCode, RetryAfter: outbound.RetryAfter(resp.Header.Get("Retry-After"), c.now(), maxRetryAfter)}
	e.Ambiguous = resp.StatusCode >= 500 || resp.StatusCode < 400 || resp.StatusCode == http.StatusRequestTimeout
	e.readEnvelope(body, c.cfg.ClientSecret, token)
	return e
}
