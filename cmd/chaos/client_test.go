package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// client sends requests with the headers of somebody who may.
type client struct {
	t       *testing.T
	w       *world
	http    *http.Client
	headers []string // name, value, …
	// repeated counts the requests that insist had to send again.
	repeated atomic.Int64
	// heardAgain counts the webhooks whose id had come before.
	heardAgain atomic.Int64
}

func newClient(t *testing.T, w *world, headers ...string) *client {
	t.Helper()
	c := &client{
		t: t, w: w, headers: headers,
		http: &http.Client{
			Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if t.Cleanup(c.http.CloseIdleConnections); w.observe != nil {
		c.http.Transport = w.observe(c.http.Transport)
	}
	return c
}

// call asks the REST API and returns the status of the answer, 0 when none came.
func (c *client) call(ctx context.Context, method, path string, body, into any, headers ...string) int {
	return c.request(ctx, method, c.w.sys.URL()+"/api/v1"+path, body, into, headers...)
}

func (c *client) request(ctx context.Context, method, url string, body, into any, headers ...string) int {
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Error(err)
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		c.t.Error(err)
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	all := append(append([]string{}, c.headers...), headers...)
	for i := 0; i+1 < len(all); i += 2 {
		req.Header.Set(all[i], all[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || (into != nil && resp.StatusCode < 300 && json.Unmarshal(answer, into) != nil) {
		return 0
	}
	return resp.StatusCode
}

// insist sends a request until it is answered with anything but a server's failure; 0 when ctx ends before.
func (c *client) insist(ctx context.Context, method, path string, body, into any, headers ...string) int {
	for ctx.Err() == nil {
		if status := c.call(ctx, method, path, body, into, headers...); status != 0 && status < 500 {
			return status
		}
		c.repeated.Add(1)
		<-pause()
	}
	return 0
}

const shortPause = 50 * time.Millisecond

func pause() <-chan struct{} { return after(shortPause) }

// rest is a longer pause, for comparing books while the others work.
func rest() <-chan struct{} { return after(250 * time.Millisecond) }

func after(d time.Duration) <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(d, func() { close(done) })
	return done
}
