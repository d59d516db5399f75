package web

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/session"
)

// longestToken is longer than any that NewKey makes.
const longestToken = 64

// recordLimit is the deadline for recording what a form was answered.
const recordLimit = 5 * time.Second

// Once is For for a form that has its effect each time that it is sent, and whose API has no idempotency key: the form has the component once,
// and sending it twice does one thing and gets the first answer twice. What was refused may be sent again.
func (s *Site) Once(roles []eupay.Role, pattern string, h Handler) {
	s.handle(Route{Pattern: pattern, Roles: roles, Once: true}, func(r *Request) error { return r.once(h) })
}

func (r *Request) once(h Handler) error {
	token := r.onceToken()
	if token == "" || len(token) > longestToken {
		return h(r)
	}
	form := r.Site.Sessions.Once(r.Session, token, r.URL.Path)
	first, err := form.Claim(r.Ctx())
	if err != nil {
		return err
	}
	if first != nil {
		return r.repeat(*first)
	}
	return r.first(form, h)
}

// onceToken is that of the form. A form with a file has it in its address, because its body is for its own handler to read.
func (r *Request) onceToken() string {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return r.URL.Query().Get("once")
	}
	return r.FormValue("once")
}

// first answers the form. A browser that sends it again gives up on the answer to this request, which goes on: its effect would be unknown.
func (r *Request) first(form session.Once, h Handler) error {
	whole := context.WithoutCancel(r.Ctx())
	kept := false
	defer func() {
		if kept {
			return
		}
		ctx, cancel := context.WithTimeout(whole, recordLimit)
		defer cancel()
		if err := form.Release(ctx); err != nil {
			r.Site.Log.WarnContext(ctx, "form not released", "error", err)
		}
	}()
	work, cancel := context.WithTimeout(whole, session.AnswerLimit)
	defer cancel()
	rec := &held{ResponseWriter: r.W, status: http.StatusOK}
	r.W, r.Request = rec, r.WithContext(work)
	err := h(r)
	r.W = rec.ResponseWriter
	if err != nil {
		return err
	}
	if rec.status < http.StatusBadRequest {
		record, stop := context.WithTimeout(whole, recordLimit)
		defer stop()
		header := rec.Header().Clone()
		header.Del("Set-Cookie")
		if err := form.Keep(record, session.Answer{Status: rec.status, Header: header, Body: rec.body.Bytes()}); err != nil {
			r.Site.Log.ErrorContext(record, "answer to a form not kept: sent again, it has its effect again", "error", err)
		} else {
			kept = true
		}
	}
	r.W.WriteHeader(rec.status)
	_, _ = r.W.Write(rec.body.Bytes()) // an error means that the browser has gone
	return nil
}

// repeat answers as the first time.
func (r *Request) repeat(a session.Answer) error {
	for name, values := range a.Header {
		r.W.Header()[name] = values
	}
	r.W.WriteHeader(a.Status)
	_, _ = r.W.Write(a.Body)
	return nil
}

// held keeps what is answered. Headers go to the browser's answer at once.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (r *held) WriteHeader(status int) { r.status = status }

// Write implements http.ResponseWriter.
func (r *held) Write(p []byte) (int, error) { return r.body.Write(p) }
