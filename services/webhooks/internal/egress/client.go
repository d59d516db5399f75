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
	// maxStored is how much of an answer is kept; maxDrained how much more is read so that the connection can be used
	// again.
	maxStored  = 4 << 10
	maxDrained = 60 << 10
	// maxHeaders is how much of an answer's headers is kept.
	maxHeaders = 2 << 10
	// maxHeader bounds an answer's headers.
	maxHeader = 16 << 10
	// bodyWait is how long an answer may take after its first line: it is decided by then.
	bodyWait = time.Second
)

// Client sends webhooks. One client serves the whole process.
type Client struct {
	transport *http.Transport
	timeout   time.Duration
}

// NewClient returns a client that gives each request timeout in all and connects where guard lets it. roots nil are
// the system's.
func NewClient(guard *Guard, timeout time.Duration, roots *x509.CertPool) *Client {
	dialer := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, Control: guard.Control}
	return &Client{timeout: timeout, transport: &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, DisableCompression: true,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: timeout, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: maxHeader,
		// No bound per host: merchants share hosts, and one of them must not use the others' connections up. Whoever sends
		// bounds the requests.
		MaxIdleConns: 2048, MaxIdleConnsPerHost: 64,
	}}
}

// Close closes the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Answer is what came of a request.
type Answer struct {
	// Status is 0 when no answer came.
	Status int
	// Headers are the answer's as "Name: value" lines, cut, without cookies and credentials.
	Headers string
	// Body holds the first bytes of the answer.
	Body []byte
	// Error is empty on success (2xx), else one of our words.
	Error string
	// RetryAfter is the header of that name of a 429 or 503 (RFC 9110, 10.2.3), as it came.
	RetryAfter string
}

// Send makes the request. An answer of 2xx is a success from its first line on: the merchant has the event, whatever
// becomes of the rest.
func (c *Client) Send(ctx context.Context, req *http.Request) Answer {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// Lets the transport repeat a request by itself when a kept-alive connection turns out to be closed. An empty list
	// marks the request as idempotent without sending the header.
	req.Header["Idempotency-Key"] = []string{}
	// The transport alone, not an http.Client: a redirect is an answer like any other. Following it would leave the address
	// that the merchant registered.
	resp, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return Answer{Error: Word(err)}
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
		return a // what follows is not HTTP, and no deadline of ours would end it
	}
	timer := time.AfterFunc(bodyWait, cancel)
	defer timer.Stop()
	a.Body = readSome(resp.Body)
	return a
}

// Do makes a request for which the caller sets the time limit and reads the answer itself, as a library wants it. A
// redirect is returned like any other answer.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	return c.transport.RoundTrip(req)
}

// secret headers of an answer are nobody's business but its receiver's.
var secretHeaders = map[string]bool{
	"Set-Cookie": true, "Set-Cookie2": true, "Authorization": true, "Proxy-Authorization": true, "Authentication-Info": true,
	"Www-Authenticate": true, "Proxy-Authenticate": true,
}

// headerLines writes headers in a fixed order, as many whole lines as there is room for.
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

// readSome returns the first bytes. What goes wrong while reading does not change the outcome.
func readSome(body io.Reader) []byte {
	start, err := io.ReadAll(io.LimitReader(body, maxStored))
	if err == nil {
		if _, err := io.CopyN(io.Discard, body, maxDrained); err != nil {
			return start // the end, as it should be, or a broken answer
		}
	}
	return start
}
