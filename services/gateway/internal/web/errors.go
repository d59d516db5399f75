package web

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/trace"
)

type failure struct {
	Success    bool         `json:"success"`
	Code       errs.Code    `json:"code"`
	Message    string       `json:"message"`
	Errors     []errs.Field `json:"errors,omitempty"`
	RetryAfter int64        `json:"retry_after,omitempty"`
	Action     string       `json:"action,omitempty"`
	Total      *money.Cents `json:"total,omitempty"`
	Slots      []time.Time  `json:"slots,omitempty"`
	TraceID    string       `json:"trace_id,omitempty"`
}

// ErrorHandler is the only renderer of the REST API's errors. An error that is not an errs.Error is logged here, once, and shown
// as INTERNAL_ERROR.
func ErrorHandler(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed && errors.Is(err, http.ErrBodyNotAllowed) {
			return // the body of an answer to HEAD is not sent
		}
		e := public(err)
		if e == nil {
			e = errs.From(err)
		}
		status := e.Code.HTTPStatus()
		if status >= http.StatusInternalServerError && c.Request().Context().Err() == nil {
			log.ErrorContext(c.Request().Context(), "request failed", "route", c.Path(), "request_id", RequestID(c), "code", e.Code, "error", err)
		}
		if c.Response().Committed {
			return
		}
		if err := render(c, status, e); err != nil {
			log.DebugContext(c.Request().Context(), "answer not written", "request_id", RequestID(c), "error", err)
		}
	}
}

// public translates echo's own errors; nil for all others.
func public(err error) *errs.Error {
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		return nil
	}
	switch he.Code {
	case http.StatusNotFound:
		return errs.New(errs.NotFoundCode, "There is no such endpoint.")
	case http.StatusMethodNotAllowed:
		return errs.New(errs.MethodNotAllowed, "This endpoint does not take that method; see the Allow header.")
	case http.StatusRequestEntityTooLarge:
		return errs.New(errs.PayloadTooLarge, "The request body is too large.")
	case http.StatusUnsupportedMediaType:
		return errs.New(errs.UnsupportedMedia, "The body must be application/json.")
	case http.StatusBadRequest:
		return errs.New(errs.ValidationError, "The request is not valid.")
	default:
		return nil
	}
}

func render(c echo.Context, status int, e *errs.Error) error {
	body := failure{Code: e.Code, Message: e.Message, Errors: e.Fields, RetryAfter: Seconds(e.RetryAfter), Action: e.Action, Total: e.Total, Slots: e.Slots}
	body.TraceID = trace.ID(c.Request().Context())
	if body.RetryAfter > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.FormatInt(body.RetryAfter, 10))
	}
	return Answer(c, status, body)
}

// Seconds rounds up, so that a caller who waits that long has waited long enough.
func Seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
