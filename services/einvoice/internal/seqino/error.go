package seqino

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Class is the kind of an Error.
type Class string

const (
	// Unreachable means: no response, or an incomplete one. It is unknown whether the call took effect. Temporary.
	Unreachable Class = "unreachable"
	// Unavailable means: the platform reports a problem of its own. Otherwise like Unreachable. Temporary.
	Unavailable Class = "unavailable"
	// Limited means: too many calls; this one took no effect. Temporary, see RetryAfter.
	Limited Class = "rate limited"
	// Misconfigured means: the platform does not accept our key. Temporary, until an operator fixes it.
	Misconfigured Class = "misconfigured"
	// Refused means: a permanent refusal; errors.As finds the *platform.Refused.
	Refused Class = "refused"
	// NoMandate means: errors.Is finds platform.ErrNoMandate.
	NoMandate Class = "no mandate"
	// NotFound means: errors.Is finds platform.ErrNotFound.
	NotFound Class = "not found"
	// Conflict means: the object exists, but the platform does not identify it.
	Conflict Class = "conflict"
	// Unexpected means: the response contradicts an assumption of this client.
	Unexpected Class = "unexpected"
)

// Error is the type of all errors of a Client. Its text contains no secret, account or email address, so it may be logged.
type Error struct {
	// Op is the operation, such as "create draft".
	Op    string
	Class Class
	// Status is the HTTP status; zero if there was no response.
	Status int
	// Description is the platform's, truncated; TraceID is for its support.
	Description, TraceID string
	// Wait is the delay that the platform asked for; zero if none.
	Wait time.Duration
	// Err is the cause, or the error of package platform.
	Err error

	existing string // id of the existing object
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": " + string(e.Class))
	if e.Temporary() {
		b.WriteString(", temporary")
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Description != "" {
		b.WriteString(": " + e.Description)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.TraceID != "" {
		b.WriteString(" (trace " + e.TraceID + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether the same call may succeed later.
func (e *Error) Temporary() bool {
	return e.Class == Unreachable || e.Class == Unavailable || e.Class == Limited
}

// RetryAfter returns the delay that the platform asked for; zero if none.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

var (
	errNotReadable = errors.New("response cannot be read")
	errOtherDraft  = errors.New("the draft is not this document's")
	errNoID        = errors.New("not an id of the platform's")
)

func unreadable(op string, status int) *Error {
	return &Error{Op: op, Class: Unexpected, Status: status, Err: errNotReadable}
}

// statusOf returns the HTTP status of an error; zero if there was no response.
func statusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// existingID returns the id that a conflict names; empty if none.
func existingID(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.existing
	}
	return ""
}

const maxDescription = 300

var (
	account    = regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[a-z0-9]{11,30}|(?: [a-z0-9]{4}){2,7}(?: [a-z0-9]{1,4})?)\b`)
	email      = regexp.MustCompile(`[^\s@<>"']+@[^\s@<>"']+`)
	longToken  = regexp.MustCompile(`[A-Za-z0-9_+/=.-]{40,}`)
	codeShape  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	fieldShape = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,80}$`)
	idShape    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
)

// safeText makes a foreign text safe for a log and for a merchant: one line, truncated, without our secrets, accounts, email
// addresses and anything that looks like a token.
func (c *Client) safeText(s string) string {
	for _, secret := range []string{c.cfg.APIKey, c.cfg.WebhookSecret} {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[hidden]")
		}
	}
	s = s[:min(len(s), 4*maxDescription)] // limits the work of the patterns
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = account.ReplaceAllString(email.ReplaceAllString(s, "[e-mail]"), "[account]")
	s = strings.TrimSpace(longToken.ReplaceAllString(s, "[hidden]"))
	if len(s) > maxDescription {
		s = strings.ToValidUTF8(s[:maxDescription], "") + "…"
	}
	return s
}

func code(s string) string {
	if codeShape.MatchString(s) && !account.MatchString(s) {
		return s
	}
	return ""
}
