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

// The words for a failed attempt: each names what its merchant can look at.
const (
	// Timeout: no answer within the time of an attempt.
	Timeout = "timeout"
	// DNS: the host name leads to no address.
	DNS = "dns"
	// Refused: nobody listens at the port.
	Refused = "refused"
	// Reset: the connection was closed before the answer was complete.
	Reset = "reset"
	// Unreachable: no way leads to the address.
	Unreachable = "unreachable"
	// RefusedAddress: the name leads to an address that webhooks are not sent to.
	RefusedAddress = "refused_address"
	// TLS: the certificate or the handshake is wrong.
	TLS = "tls"
	// Malformed: the answer is not HTTP.
	Malformed = "malformed"
	// TooLarge: the answer's headers have no end.
	TooLarge = "too_large"
	// Redirect: the answer was 3xx.
	Redirect = "redirect"
	// Status: it was neither 2xx nor 3xx.
	Status = "status"
	// Unproven: a test failed, and the URL has not proven to be the merchant's, so that it is not said why.
	Unproven = "unproven"
	// Connection: anything else that kept an answer from coming.
	Connection = "connection"
)

// Word is the word for a request that got no answer.
func Word(err error) string {
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
	case strings.Contains(err.Error(), "response headers exceeded"): // net/http has no type for it, nor for the next ones
		return TooLarge
	case isCut(err):
		return Reset
	case isNetwork(err):
		return Connection
	default:
		return Malformed // a connection was there, and what came over it could not be read
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

// isCut reports whether the other side ended the connection.
func isCut(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "server closed idle connection")
}

func isNetwork(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed)
}
