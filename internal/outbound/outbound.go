// Package outbound holds what the clients of external providers share.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
)

// errBrokenAnswer replaces the errors of net/http about invalid HTTP.
var errBrokenAnswer = errors.New("invalid HTTP response")

// Cause reduces an error of an HTTP transport to one that is safe to log: without the URL and bytes of the response, which may
// contain secrets and personal data. errors.Is still recognises ends of contexts and connections.
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
