package web

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"european-pay.eu/eupay/internal/run/trace"
)

// traced starts the trace of a request, which has the route's pattern and never the path. A traceparent of the browser is only a link.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := trace.Edge(r.Context(), r.Header.Get(trace.Header), trace.Server, "page")
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		r = r.WithContext(ctx)
		defer func() {
			span.Rename(cmp.Or(r.Pattern, "page"))
			span.Set(trace.Route(r.Pattern), trace.Status(rec.status))
			if rec.status >= http.StatusInternalServerError {
				span.Fail(strconv.Itoa(rec.status))
			}
			span.End(nil)
		}()
		next.ServeHTTP(rec, r)
	})
}

// logged writes one line for each request. It names the path without its query, which may hold what a person searches for.
func (s *Site) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		level := slog.LevelDebug
		if rec.status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		s.Log.Log(r.Context(), level, "page", "method", r.Method, "route", r.Pattern, "status", rec.status, "ms", time.Since(begin).Milliseconds())
	})
}

// recovered answers a request whose handler panics, with a page as any other fault.
func (s *Site) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			what := recover()
			if what == nil {
				return
			}
			if err, ok := what.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(what)
			}
			s.Log.ErrorContext(r.Context(), "page panicked", "panic", what, "stack", string(debug.Stack()))
			s.request(w, r).fail(errPanic)
		}()
		next.ServeHTTP(w, r)
	})
}

// recorder keeps the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
