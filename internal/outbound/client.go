package outbound

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// dialTimeout leaves time for another attempt within a call.
	dialTimeout = 3 * time.Second
	// idleTimeout is shorter than what servers usually keep, so that few requests meet a connection that is just
	// being closed: for one that must not be repeated that would be ambiguous.
	idleTimeout = 20 * time.Second
	// maxHeader bounds the headers of an answer.
	maxHeader = 64 << 10
)

// NewClient returns a client for one provider, with a connection for each parallel call. It speaks HTTP/1.1: when a connection
// breaks, one request is in doubt and not all that shared it. It follows no redirect and uses no proxy. Each request wants a deadline.
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

// ErrTooLarge says that an answer is longer than it may be.
var ErrTooLarge = errors.New("answer is too large")

// ReadAll reads an answer's body of at most limit bytes. Its error is ErrTooLarge, or a Cause that may be logged; what was read is returned with it.
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
