// Package errs defines the errors that callers of the API see. An Error is safe to show to a caller. Every other error is
// internal: it is logged where it is handled and shown as INTERNAL_ERROR without its text.
package errs

import (
	"errors"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// Code is a code of the public error table (see table.go).
type Code string

// Field is one invalid field of a VALIDATION_ERROR.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is an error that a caller may see. Message tells the caller what to do. It contains no internal text, secrets or personal
// data.
type Error struct {
	Code       Code
	Message    string
	Fields     []Field       // only for VALIDATION_ERROR
	RetryAfter time.Duration // set if waiting helps
	Action     string        // only for NOT_ENROLLED
	Total      *money.Cents  // only for TOTAL_CHANGED: the current price
	Slots      []time.Time   // only for SLOT_FULL: some that are free
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// New returns an Error with a code of the table.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// maxFields is how many invalid fields an error lists: who sends thousands of wrong ones must not get a thousand times as much back.
const maxFields = 100

// Invalid returns a VALIDATION_ERROR that lists the invalid fields, at most 100 of them.
func Invalid(fields ...Field) *Error {
	e := New(ValidationError, "The request is not valid. Correct the fields under errors and send it again.")
	if len(fields) == 1 {
		e.Message = fields[0].Message
	}
	e.Fields = fields[:min(len(fields), maxFields)]
	return e
}

// NotFound is the error both for objects that do not exist and for those of other accounts.
func NotFound(what string) *Error { return New(NotFoundCode, "%s not found.", what) }

// NotConfigured returns LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED: the platform has no provider for what, such as "Payments", in
// the mode.
func NotConfigured(livemode bool, what string) *Error {
	code, mode := TestNotConfigured, "test"
	if livemode {
		code, mode = LiveNotConfigured, "live"
	}
	return New(code, "%s are not set up in %s mode on this platform. Retrying will not help; contact EU Pay.", what, mode)
}

// NotEnabled returns API_ACCESS_DISABLED for a merchant that the platform has not enabled, either at all or for live mode.
func NotEnabled(realMoneyOnly bool) *Error {
	if realMoneyOnly {
		return New(APIAccessDisabled, "Live mode is not enabled for your account. Ask EU Pay to enable it, or use a test key.")
	}
	return New(APIAccessDisabled, "API access is not enabled for your account. Ask EU Pay to enable the gateway.")
}

// TooMuch returns SERVICE_UNAVAILABLE for a list that could not be read in time.
func TooMuch() *Error {
	e := New(Unavailable, "The list could not be read in time. Ask for less of it, such as a shorter period or without a search, or repeat the request in a moment.")
	e.RetryAfter = 2 * time.Second
	return e
}

// NothingToConfirm returns INVALID_STATE for a payment that its merchant cannot confirm.
func NothingToConfirm() *Error {
	return New(InvalidState, "This payment does not need your confirmation. To confirm payments by EPC code, enable them in the merchant portal.")
}

// From returns the Error inside err, or INTERNAL_ERROR for any other error. It returns nil for nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Internal, "Something went wrong on our side. Try again, and quote the request id if it happens again.")
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
