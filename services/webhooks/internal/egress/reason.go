package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// The reasons of a failed attempt. Each names what the merchant can check.
const (
	// Timeout: no response within the timeout of an attempt.
	Timeout = "timeout"
	// DNS: the host name could not be resolved.
	DNS = "dns"
	// Refused: the connection was refused.
	Refused = "refused"
	// Reset: the connection was closed before the response was complete.
	Reset = "reset"
	// Unreachable: there is no route to the address.
	Unreachable = "unreachable"
	// RefusedAddress: the name resolves to an address to which webhooks are not sent.
	RefusedAddress = "refused_address"
	// TLS: the certificate or the handshake is invalid.
	TLS = "tls"
	// Malformed: the response is not HTTP.
	Malformed = "malformed"
	// TooLarge: the response headers are too large.
	TooLarge = "too_large"
	// Redirect: the response was 3xx.
	Redirect = "redirect"
	// Status: the response was neither 2xx nor 3xx.
	Status = "status"
	// Unproven: a test failed, and the reason is hidden because the URL has not been proven to be the merchant's.
	Unproven = "unproven"
	// Connection: any other connection error.
	Connection = "connection"
)

// Reason returns the reason for a request without a response.
func Reason(err error) string {
	var (
		name   *net.DNSError
		netErr net.Error
	)
	switch {
	case errors.Is(err, ErrRefused):
		return RefusedAddress
	case errors.As(err, &name):
		return DNS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return Timeout
	case isTLS(err):
		return TLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTDOWN):
		return Unreachable
	case strings.Contains(err.Error(), "response headers exceeded"): // net/http has no type for this error, nor for the next ones
		return TooLarge
	case isCut(err):
		return Reset
	case isNetwork(err):
		return Connection
	default:
		return Malformed // there was a connection, and what came over it could not be parsed
	}
}

func isTLS(err error) bool {
	var (
		verify    *tls.CertificateVerificationError
		alert     tls.AlertError
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &verify) || errors.As(err, &alert) || errors.As(err, &record) ||
		errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) || strings.HasPrefix(err.Error(), "tls: ")
}

// isCut reports whether the other side closed the connection.
func isCut(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "server closed idle connection")
}

func isNetwork(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed)
}
