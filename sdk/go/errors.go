package eupay

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// Error is what the API says when it refuses a request. Act on Code:
//
//	var refused *eupay.Error
//	if errors.As(err, &refused) && refused.Code == eupay.ErrValidation { … refused.Fields … }
//	if errors.Is(err, eupay.ErrNotFound) { … }
type Error struct {
	// Code says why. It is empty if the answer did not come from EU Pay but, for example, from a proxy.
	Code Code `json:"code"`
	// Message is for people and may change.
	Message string `json:"message"`
	// Fields are what is wrong in the request; only with ErrValidation.
	Fields []FieldError `json:"errors,omitempty"`
	// Action is what to do; only with ErrNotEnrolled.
	Action string `json:"action,omitempty"`
	// Total is what the order costs now; only with ErrTotalChanged.
	Total Amount `json:"total,omitzero"`
	// Slots are some that are free; only with ErrSlotFull.
	Slots []time.Time `json:"slots,omitempty"`
	// TraceID finds what happened within EU Pay: quote it when you ask for help.
	TraceID string `json:"trace_id,omitempty"`
	// Status is that of HTTP.
	Status int `json:"-"`
	// RequestID identifies the request: quote it when you ask for help.
	RequestID string `json:"-"`
	// RetryAfter is how long to wait before a repetition; 0 when the answer does not say.
	RetryAfter time.Duration `json:"-"`
}

// FieldError is one thing that is wrong in a request.
type FieldError struct {
	// Field is its path, such as items[0].quantity.
	Field string `json:"field"`
	// Message says what it must be.
	Message string `json:"message"`
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Message
	if len(e.Fields) > 1 {
		for _, f := range e.Fields {
			text += " " + f.Message
		}
	}
	if e.Code == "" {
		return text
	}
	if e.RequestID == "" {
		return fmt.Sprintf("%s (%d %s)", text, e.Status, string(e.Code))
	}
	return fmt.Sprintf("%s (%d %s, request %s)", text, e.Status, string(e.Code), e.RequestID)
}

// Is reports whether target is the code of the error, so that errors.Is(err, ErrNotFound) works.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && e.Code == code
}

// Temporary reports whether the same request may succeed in a moment.
func (e *Error) Temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError
}

// LogValue implements slog.LogValuer.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("code", string(e.Code)), slog.Int("status", e.Status), slog.String("message", e.Message),
		slog.String("request_id", e.RequestID), slog.String("trace_id", e.TraceID))
}

// refusal reads the error in an answer of another status than success.
func refusal(base string, a *answer) *Error {
	e, err := parseError(a.body)
	if err != nil || e.Code == "" {
		e = &Error{Message: fmt.Sprintf("%s answers %d %s: is it EU Pay?", base, a.status, http.StatusText(a.status))}
	}
	e.Status, e.RequestID, e.RetryAfter = a.status, a.header.Get("X-Request-Id"), max(e.RetryAfter, retryAfter(a.header, time.Now))
	return e
}

func parseError(text []byte) (*Error, error) {
	var read struct {
		Error
		Seconds uint32 `json:"retry_after"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	read.RetryAfter = time.Duration(read.Seconds) * time.Second
	return &read.Error, nil
}

// retryAfter reads the header of that name: seconds, or a time.
func retryAfter(header http.Header, now func() time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now()), 0)
	}
	return 0
}
