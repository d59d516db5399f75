package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// maxStored is how many bytes of a response are stored; maxDrained is how many more are read to keep the connection reusable.
	maxStored  = 4 << 10
	maxDrained = 60 << 10
	// maxHeaders is how many bytes of a response's headers are stored.
	maxHeaders = 2 << 10
	// maxHeader limits a response's headers.
	maxHeader = 16 << 10
	// bodyWait is how long a response may take after its status line, which decides the result.
	bodyWait = time.Second
)

// Client sends webhooks. One client serves the whole process.
type Client struct {
	transport *http.Transport
	timeout   time.Duration
}

// NewClient returns a client with that timeout for each request, which connects only to addresses that guard permits. With nil
// roots the system's are used.
func NewClient(guard *Guard, timeout time.Duration, roots *x509.CertPool) *Client {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, Control: guard.Control}
	return &Client{timeout: timeout, transport: &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, DisableCompression: true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: timeout, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: maxHeader,
		// No limit per host: merchants share hosts, and one must not exhaust the connections of others. The caller limits the
		// requests.
		MaxIdleConns: 2048, MaxIdleConnsPerHost: 64,
	}}
}

// Close closes the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Answer is the result of a request.
type Answer struct {
	// Status is 0 if there was no response.
	Status int
	// Headers are the response headers as "Name: value" lines, truncated, without cookies and credentials.
	Headers string
	// Body holds the first bytes of the response.
	Body []byte
	// Error is empty on success (2xx), otherwise one of the reasons in this package.
	Error string
	// RetryAfter is the unparsed Retry-After header of a 429 or 503 (RFC 9110, 10.2.3).
	RetryAfter string
}

// Send makes the request. A 2xx response is a success as soon as its status line has arrived, whatever happens to the rest.
func (c *Client) Send(ctx context.Context, req *http.Request) Answer {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// Allows the transport to retry if a kept-alive connection turns out to be closed. An empty list marks the request as
	// idempotent without sending the header.
	req.Header["Idempotency-Key"] = []string{}
	// The transport and not an http.Client: redirects are not followed, because that would leave the registered address.
	resp, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return Answer{Error: Reason(err)}
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Headers: headerLines(resp.Header)}
	switch {
	case a.Status >= 200 && a.Status < 300:
	case a.Status >= 300 && a.Status < 400:
		a.Error = Redirect
	default:
		a.Error = Status
	}
	if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable {
		a.RetryAfter = resp.Header.Get("Retry-After")
	}
	if a.Status == http.StatusSwitchingProtocols {
		return a // what follows is not HTTP, and no deadline would end it
	}
	timer := time.AfterFunc(bodyWait, cancel)
	defer timer.Stop()
	a.Body = readSome(resp.Body)
	return a
}

// Do makes a request whose deadline the caller sets and whose response the caller reads, for use by a library. Redirects are not
// followed.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	return c.transport.RoundTrip(req)
}

// secretHeaders are response headers that are never stored.
var secretHeaders = map[string]bool{
	"Set-Cookie": true, "Set-Cookie2": true, "Authorization": true, "Proxy-Authorization": true, "Authentication-Info": true,
	"Www-Authenticate": true, "Proxy-Authenticate": true,
}

// headerLines formats headers in a fixed order, as many whole lines as fit.
func headerLines(h http.Header) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if secretHeaders[name] {
			continue
		}
		for _, value := range h[name] {
			line := name + ": " + strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), "\uFFFD") + "\n"
			if out.Len()+len(line) <= maxHeaders {
				out.WriteString(line)
			}
		}
	}
	return out.String()
}

// readSome returns the first bytes. Read errors do not change the result.
func readSome(body io.Reader) []byte {
	start, err := io.ReadAll(io.LimitReader(body, maxStored))
	if err == nil {
		if _, err := io.CopyN(io.Discard, body, maxDrained); err != nil {
			return start // the end of the body, or a broken response
		}
	}
	return start
}
