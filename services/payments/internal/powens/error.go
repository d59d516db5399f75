package powens

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Error is every error of this package. Its text holds no secret, no account and no address with a query, so that it
// may be logged.
type Error struct {
	// Op is what was tried, such as "create payment".
	Op string
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Code and Description are the provider's. Description is cut, and accounts in it are hidden.
	Code, Description string
	// RequestID is the provider's, for its support.
	RequestID string
	// RetryAfter is how long to wait before a repeat; zero when nobody said.
	RetryAfter time.Duration
	// Ambiguous: the request may have taken effect. Look before repeating what must not happen twice.
	Ambiguous bool
	// Err is the cause where there was no answer or none that could be read.
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

// IsAmbiguous reports whether the request that failed with err may have taken effect: no answer within the time, a
// connection lost after sending, a 5xx or an answer that cannot be read. An error of another package counts as
// ambiguous, since nothing is known about it.
func IsAmbiguous(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Ambiguous
	}
	return err != nil
}

// IsRefused reports whether the provider refused the request for good: a 4xx that repeating cannot mend. Missing
// authorization (401, 403), a timeout of the server (408, 425) and the rate limit (429) are no refusals.
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

// identityFields are the provider's names of the two identities.
var identityFields = []string{"payer_identity", "beneficiary_identity"}

// hide takes texts, such as a person's name, out of what the provider said. The names of the fields stay, also when a person
// is called like a part of them.
func (e *Error) hide(texts ...string) {
	for _, text := range texts {
		if len(text) > 2 && !strings.Contains(strings.Join(identityFields, " "), strings.ToLower(text)) {
			e.Description = strings.ReplaceAll(e.Description, text, "[hidden]")
		}
	}
}

// RefusedIdentity tells which identity the provider missed or did not take when it refused a payment: "payer_identity" or
// "beneficiary_identity", and whether it was missing. Empty: it refused for another reason. The provider documents neither
// a code nor a form for it, so its field name anywhere in the description counts.
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
	errNotReadable = errors.New("answer cannot be read")
	errListCut     = errors.New("the list of payments is not complete")
	errClosed      = errors.New("client closed")
)

const maxDescription = 300

var (
	account   = regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{2,4}){3,8}`)
	longToken = regexp.MustCompile(`[A-Za-z0-9_+/=.-]{40,}`)
	codeShape = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// safe makes a foreign text fit for a log: one line, cut, without the given secrets, accounts and tokens.
func safe(s string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[hidden]")
		}
	}
	s = s[:min(len(s), 4*maxDescription)] // bounds the work of the patterns
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
