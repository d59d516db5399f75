package powens

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Error is the type of all errors of this package. Its text contains no secret, account or query, so it may be logged.
type Error struct {
	// Op is the operation, such as "create payment".
	Op string
	// Status is the HTTP status; zero if there was no response.
	Status int
	// Code and Description come from the provider. Description is truncated, and accounts in it are redacted.
	Code, Description string
	// RequestID identifies the request for the provider's support.
	RequestID string
	// RetryAfter is the delay before a retry; zero if not given.
	RetryAfter time.Duration
	// Ambiguous means that the request may have taken effect. Check before repeating a request that must not be executed twice.
	Ambiguous bool
	// Err is the cause if there was no readable response.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	for _, part := range []string{e.Code, e.Description} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// IsAmbiguous reports whether the failed request may have taken effect: a timeout, a connection lost after sending, a 5xx or an
// unreadable response. An error of another package counts as ambiguous, because nothing is known about it.
func IsAmbiguous(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Ambiguous
	}
	return err != nil
}

// IsRefused reports whether the provider refused the request permanently: a 4xx that a retry cannot fix. Authorisation errors
// (401, 403), server timeouts (408, 425) and rate limits (429) are not refusals.
func IsRefused(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status < 400 || e.Status > 499 {
		return false
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return true
}

// identityFields are the provider's names for the two identities.
var identityFields = []string{"payer_identity", "beneficiary_identity"}

// redact removes texts, such as a person's name, from the provider's description. Names of fields stay, even if a person's name
// is part of one.
func (e *Error) redact(texts ...string) {
	for _, text := range texts {
		if len(text) > 2 && !strings.Contains(strings.Join(identityFields, " "), strings.ToLower(text)) {
			e.Description = strings.ReplaceAll(e.Description, text, "[hidden]")
		}
	}
}

// RefusedIdentity returns which identity caused the provider's refusal, "payer_identity" or "beneficiary_identity", and whether
// it was missing. It returns "" for other reasons. The provider documents neither a code nor a form for this, so the field name
// anywhere in the description counts.
func RefusedIdentity(err error) (field string, missing bool) {
	var e *Error
	if !errors.As(err, &e) || !IsRefused(err) {
		return "", false
	}
	for _, field := range identityFields {
		if strings.Contains(strings.ToLower(e.Description), field) {
			return field, strings.EqualFold(e.Code, "missingParameter")
		}
	}
	return "", false
}

var (
	errCircuitOpen = errors.New("the provider failed too often, circuit open")
	errNotReadable = errors.New("response cannot be read")
	errListCut     = errors.New("the list of payments is not complete")
	errClosed      = errors.New("client closed")
)

const maxDescription = 300

var (
	account   = regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{2,4}){3,8}`)
	longToken = regexp.MustCompile(`[A-Za-z0-9_+/=.-]{40,}`)
	codeShape = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// safeText makes a foreign text safe for a log: one line, truncated, without the given secrets, accounts and tokens.
func safeText(s string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[hidden]")
		}
	}
	s = s[:min(len(s), 4*maxDescription)] // limits the work of the patterns
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = longToken.ReplaceAllString(account.ReplaceAllString(s, "[account]"), "[hidden]")
	if len(s) > maxDescription {
		s = strings.ToValidUTF8(s[:maxDescription], "") + "…"
	}
	return s
}

func safeCode(s string) string {
	if codeShape.MatchString(s) && !account.MatchString(s) {
		return s
	}
	return ""
}
