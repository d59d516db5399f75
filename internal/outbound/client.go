package outbound

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"european-pay.eu/eupay/internal/run/trace"
)

const (
	// dialTimeout leaves time for a second attempt within a call.
	dialTimeout = 3 * time.Second
	// idleTimeout is shorter than the idle timeout of most servers, so that few requests use a connection that is about to be
	// closed. For a request that must not be repeated, that would be ambiguous.
	idleTimeout = 20 * time.Second
	// maxHeader limits the size of response headers.
	maxHeader = 64 << 10
)

// NewClient returns an HTTP client for one provider, with a connection for each concurrent call. It uses HTTP/1.1: if a
// connection breaks, only one request has an unknown outcome. It follows no redirects and uses no proxy. Each request must have a
// deadline.
func NewClient(inFlight int) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, MaxConnsPerHost: inFlight, MaxIdleConnsPerHost: inFlight,
			IdleConnTimeout: idleTimeout, MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Do sends the request within a span, which ends when the head of the response has come. name is that of the provider and of what it is
// asked. The request has no trace headers: the provider is another system.
func Do(c *http.Client, req *http.Request, name string) (*http.Response, error) {
	return spanned(req, name, c.Do)
}

// Traced returns a transport whose requests are spans as those of Do are, for a client that is not ours. service is who is asked.
func Traced(service string, next http.RoundTripper) http.RoundTripper { return traced{service, next} }

type traced struct {
	service string
	next    http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t traced) RoundTrip(req *http.Request) (*http.Response, error) {
	return spanned(req, t.service+" "+req.Method, t.next.RoundTrip)
}

func spanned(req *http.Request, name string, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	ctx, span := trace.Start(req.Context(), trace.Client, name, trace.Method(req.Method), trace.Host(req.URL.Hostname()))
	resp, err := send(req.WithContext(ctx))
	if err == nil {
		span.Set(trace.Status(resp.StatusCode))
		if resp.StatusCode >= http.StatusInternalServerError {
			span.Fail(strconv.Itoa(resp.StatusCode))
		}
	}
	span.End(err)
	return resp, err
}

// ErrTooLarge is returned when a response exceeds its size limit.
var ErrTooLarge = errors.New("response is too large")

// ReadAll reads a response body of at most limit bytes. The error is ErrTooLarge or a Cause, which is safe to log; the bytes read
// so far are returned with it.
func ReadAll(body io.Reader, limit int) ([]byte, error) {
	read, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	switch {
	case len(read) > limit:
		return read[:limit], ErrTooLarge
	case err != nil:
		return read, Cause(err)
	default:
		return read, nil
	}
}
