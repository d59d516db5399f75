package seqino

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Class is the kind of trouble that an Error is about.
type Class string

const (
	// Unreachable means: no answer, or one that broke off. Whether the call had an effect is not known. May pass.
	Unreachable Class = "unreachable"
	// Unavailable means: the platform says that it has trouble of its own. As Unreachable. May pass.
	Unavailable Class = "unavailable"
	// Limited means: too many calls; this one had no effect. May pass, see RetryAfter.
	Limited Class = "rate limited"
	// Misconfigured means: the platform does not take our key. It passes when an operator mends it.
	Misconfigured Class = "misconfigured"
	// Refused means: a final no; errors.As finds the *platform.Refused.
	Refused Class = "refused"
	// NoMandate means: errors.Is finds platform.ErrNoMandate.
	NoMandate Class = "no mandate"
	// NotFound means: errors.Is finds platform.ErrNotFound.
	NotFound Class = "not found"
	// Conflict means: it is there already, but the platform does not say which it is.
	Conflict Class = "conflict"
	// Unexpected means: the platform and this client do not understand each other: an assumption is wrong.
	Unexpected Class = "unexpected"
)

// Error is every error of a Client. Its text holds no secret, no account and no e-mail address, so that it may be logged.
type Error struct {
	// Op is what was tried, such as "create draft".
	Op    string
	Class Class
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Description is the platform's, cut; TraceID is for its support.
	Description, TraceID string
	// Wait is how long the platform asked to wait; zero when it did not.
	Wait time.Duration
	// Err is the cause, or what the port calls it.
	Err error

	existing string // id of what is there already
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op + ": " + string(e.Class))
	if e.MayPass() {
		b.WriteString(", may pass")
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

// MayPass reports whether the same call may go well a little later.
func (e *Error) MayPass() bool {
	return e.Class == Unreachable || e.Class == Unavailable || e.Class == Limited
}

// RetryAfter is how long the platform asked to wait before the next call; zero when it did not.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

var (
	errNotReadable = errors.New("answer cannot be read")
	errOtherDraft  = errors.New("the draft is not this document's")
	errNoID        = errors.New("not an id of the platform's")
)

func unreadable(op string, status int) *Error {
	return &Error{Op: op, Class: Unexpected, Status: status, Err: errNotReadable}
}

// statusOf an error; zero when there was no answer.
func statusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// existingID is what a conflict names; empty when it names nothing.
func existingID(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.existing
	}
	return ""
}

const maxWords = 300

var (
	account    = regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}(?:[a-z0-9]{11,30}|(?: [a-z0-9]{4}){2,7}(?: [a-z0-9]{1,4})?)\b`)
	email      = regexp.MustCompile(`[^\s@<>"']+@[^\s@<>"']+`)
	longToken  = regexp.MustCompile(`[A-Za-z0-9_+/=.-]{40,}`)
	codeShape  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	fieldShape = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,80}$`)
	idShape    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
)

// words makes a foreign text fit for a log and for a merchant: one line, cut, without our secrets, accounts, e-mail
// addresses and whatever looks like a token.
func (c *Client) words(s string) string {
	for _, secret := range []string{c.cfg.APIKey, c.cfg.WebhookSecret} {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[hidden]")
		}
	}
	s = s[:min(len(s), 4*maxWords)] // bounds the work of the patterns
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = account.ReplaceAllString(email.ReplaceAllString(s, "[e-mail]"), "[account]")
	s = strings.TrimSpace(longToken.ReplaceAllString(s, "[hidden]"))
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords], "") + "…"
	}
	return s
}

func code(s string) string {
	if codeShape.MatchString(s) && !account.MatchString(s) {
		return s
	}
	return ""
}
