// Package errs is the one error type that travels from the core to the edge. An Error is safe to show to a caller;
// every other error is internal: it is logged where it is handled and shown as INTERNAL_ERROR without its text.
package errs

import (
	"errors"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// Code is a code of the public error table (see table.go).
type Code string

// Field is one refused field of a VALIDATION_ERROR.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is an error that a caller may see. Message tells the caller what to do and holds no internal text, secret or
// personal data.
type Error struct {
	Code       Code
	Message    string
	Fields     []Field       // only VALIDATION_ERROR
	RetryAfter time.Duration // only where waiting helps
	Action     string        // only NOT_ENROLLED
	Total      *money.Cents  // only TOTAL_CHANGED: what it costs now
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// New returns an Error with a code of the table.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns a VALIDATION_ERROR that names every refused field.
func Invalid(fields ...Field) *Error {
	e := New(ValidationError, "The request is not valid. Correct the fields under errors and send it again.")
	if len(fields) == 1 {
		e.Message = fields[0].Message
	}
	e.Fields = fields
	return e
}

// NotFound is the one answer for what does not exist and for what belongs to another account.
func NotFound(what string) *Error { return New(NotFoundCode, "%s not found.", what) }

// NotConfigured is LIVE_NOT_CONFIGURED or TEST_NOT_CONFIGURED: the platform has nothing to do what, such as "Payments", in the
// mode with, and repeating the request does not help.
func NotConfigured(livemode bool, what string) *Error {
	code, mode := TestNotConfigured, "test"
	if livemode {
		code, mode = LiveNotConfigured, "live"
	}
	return New(code, "%s are not set up on this platform in %s mode. Repeating the request does not help; ask EU Pay.", what, mode)
}

// NotEnabled is API_ACCESS_DISABLED for a merchant that the platform has not enabled: at all, or for real money.
func NotEnabled(realMoneyOnly bool) *Error {
	if realMoneyOnly {
		return New(APIAccessDisabled, "Live mode is not enabled for your account. Ask EU Pay to enable it, or use a test key.")
	}
	return New(APIAccessDisabled, "API access is not enabled for your account. Ask EU Pay to enable the gateway.")
}

// NothingToConfirm is INVALID_STATE for a payment about whose money its merchant has no say.
func NothingToConfirm() *Error {
	return New(InvalidState, "This payment does not wait for your word. To confirm money that came by EPC code, switch these payments on in the merchant portal.")
}

// From returns the Error inside err, or the INTERNAL_ERROR that hides everything else. It is nil for nil.
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
