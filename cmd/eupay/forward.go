package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	forwardLimit = 10 * time.Second
	maxReply     = 64 << 10
)

// retries are the pauses before a webhook is sent again.
var retries = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// forwarder sends webhooks to one URL, as EU Pay would.
type forwarder struct {
	to     string
	pauses []time.Duration
	// extra are headers in addition to those of the webhook.
	extra http.Header
	http  *http.Client
	say   func(format string, args ...any)
}

func newForwarder(l *listenCmd, say func(string, ...any)) (*forwarder, error) {
	to := l.ForwardTo
	if !strings.Contains(to, "://") {
		to = "http://" + to
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("--forward-to must be an http or https URL, such as http://localhost:3000/hook")
	}
	extra, err := extraHeaders(l.Headers)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if l.SkipVerify {
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the developer's own server, on demand
	}
	f := &forwarder{to: to, extra: extra, say: say, http: &http.Client{CheckRedirect: noRedirects, Timeout: forwardLimit, Transport: transport}}
	if l.Retry {
		f.pauses = retries
	}
	return f, nil
}

// ours are the headers of a webhook, which may not be replaced: otherwise the test would not be realistic.
var ours = []string{"Content-Type", "Content-Length", "Host", "X-Eupay-Event", "X-Eupay-Signature", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}

func extraHeaders(list []string) (http.Header, error) {
	extra := make(http.Header)
	for _, line := range list {
		name, value, ok := strings.Cut(line, ":")
		name = http.CanonicalHeaderKey(strings.TrimSpace(name))
		if !ok || name == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n") {
			return nil, fmt.Errorf("--headers must be names and values, such as 'X-Tenant: blue', not %q", line)
		}
		if slices.Contains(ours, name) {
			return nil, fmt.Errorf("--headers cannot replace %s: it is a webhook's own", name)
		}
		extra.Add(name, strings.TrimSpace(value))
	}
	return extra, nil
}

// send sends the webhook and shows the result. The next one waits, so that they arrive in order.
func (f *forwarder) send(ctx context.Context, w *eupay.ListenedWebhook) {
	for attempt := 0; ; attempt++ {
		if f.attempt(ctx, w) || attempt >= len(f.pauses) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(f.pauses[attempt]):
		}
	}
}

// attempt reports whether the webhook was accepted, with status 2xx.
func (f *forwarder) attempt(ctx context.Context, w *eupay.ListenedWebhook) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.to, strings.NewReader(w.Body))
	if err != nil {
		f.say("%s  <-- failed POST %s: %v", stamp(), f.to, err)
		return false
	}
	for name, values := range f.extra {
		req.Header[name] = values
	}
	for name, value := range w.Headers {
		req.Header.Set(name, value)
	}
	began := time.Now()
	resp, err := f.http.Do(req)
	took := time.Since(began).Milliseconds()
	if err != nil {
		if ctx.Err() == nil {
			f.say("%s  <-- failed POST %s (%d ms): %v", stamp(), f.to, took, cause(err))
		}
		return false
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply)); err != nil && ctx.Err() == nil {
		f.say("%s  <-- failed POST %s (%d ms): %v", stamp(), f.to, took, cause(err))
		return false
	}
	f.say("%s  <-- %d POST %s (%d ms)", stamp(), resp.StatusCode, f.to, took)
	return resp.StatusCode >= 200 && resp.StatusCode < 300
}

// cause removes the method and URL that package http puts before an error.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
