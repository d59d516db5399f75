// Package outbound has what the clients of outside providers share.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
)

// errBrokenAnswer stands for what net/http says of bytes that are no HTTP.
var errBrokenAnswer = errors.New("broken HTTP answer")

// Cause reduces an error of an HTTP transport to one that may be logged: without URL and without bytes of the answer, both of
// which may hold secrets and personal data. Ends of contexts and of connections can still be told by errors.Is.
func Cause(err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	var (
		opErr   *net.OpError
		certErr *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.As(err, &opErr):
		return opErr
	case errors.As(err, &certErr):
		return certErr
	default:
		return errBrokenAnswer
	}
}
