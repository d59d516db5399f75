package web

import (
	"errors"
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/session"
)

// Why a page is not shown.
var (
	errLogin      = errors.New("nobody is logged in")
	errForbidden  = errors.New("the role may not open this page")
	errNowhere    = errors.New("there is no such page")
	errForeign    = errors.New("the form was sent from another site")
	errUnreadable = errors.New("the form cannot be read")
	errPanic      = errors.New("the handler panicked")
)

// NotFound is for a page that does not exist, or that the caller must not know of.
var NotFound = errNowhere

// Missing reports whether the API says that there is no such thing, which no form can mend.
func Missing(err error) bool { return errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) }

// Unreadable is for a form that cannot be read.
var Unreadable = errUnreadable

// failure is what the page of an error shows: its phrases are error.<name>.title and .text.
type failure struct {
	Status int
	Name   string
	// Message is what the API said; empty: the phrase is enough.
	Message   string
	RequestID string
	// Retry is where to try again.
	Retry string
}

// fail answers with the page of an error.
func (r *Request) fail(err error) {
	if errors.Is(err, errLogin) || errors.Is(err, session.ErrEnded) || errors.Is(err, eupay.ErrUnauthenticated) {
		r.toLogin()
		return
	}
	if errors.Is(err, eupay.ErrEmailNotVerified) {
		r.leadTo(r.Root() + "/verify-email") // the API does nothing else before
		return
	}
	if errors.Is(err, eupay.ErrStepUpRequired) && r.Session != nil {
		if err := r.AskAgain(r.URL.RequestURI(), nil); err != nil {
			http.Error(r.W, r.Text.T("error.internal.title"), http.StatusInternalServerError)
		}
		return
	}
	f := r.failure(err)
	if f.Status >= http.StatusInternalServerError && !errors.Is(err, errPanic) {
		r.Site.Log.ErrorContext(r.Ctx(), "page failed", "route", r.Pattern, "error", err)
	}
	if r.Method == http.MethodGet {
		f.Retry = r.URL.RequestURI()
	}
	if err := r.Render(f.Status, "web/error", f); err != nil {
		http.Error(r.W, r.Text.T("error.internal.title"), http.StatusInternalServerError)
	}
}

func (r *Request) failure(err error) failure {
	var refused *eupay.Error
	switch {
	case errors.Is(err, errNowhere), errors.Is(err, eupay.ErrNotFound), errors.Is(err, eupay.ErrID):
		return failure{Status: http.StatusNotFound, Name: "not_found"}
	case errors.Is(err, errForbidden):
		return failure{Status: http.StatusForbidden, Name: "forbidden"}
	case errors.Is(err, errForeign):
		return failure{Status: http.StatusForbidden, Name: "foreign"}
	case errors.Is(err, errUnreadable):
		return failure{Status: http.StatusBadRequest, Name: "unreadable"}
	case errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests:
		return failure{Status: http.StatusTooManyRequests, Name: "busy", RequestID: refused.RequestID}
	case errors.As(err, &refused) && refused.Code != "" && refused.Status < http.StatusInternalServerError:
		return failure{Status: refused.Status, Name: "refused", Message: r.Said(refused), RequestID: refused.RequestID}
	case errors.As(err, &refused):
		return failure{Status: http.StatusBadGateway, Name: "unreachable", RequestID: refused.RequestID}
	case errors.Is(err, errPanic):
		return failure{Status: http.StatusInternalServerError, Name: "internal"}
	default:
		return failure{Status: http.StatusBadGateway, Name: "unreachable"}
	}
}

// toLogin sends the browser to the login, and from there back.
func (r *Request) toLogin() {
	if r.Session != nil {
		r.LogOut()
	}
	to := "/portal/login"
	if r.app {
		to = "/app/login"
	}
	if r.Method == http.MethodGet && !r.Fragment() {
		to += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	r.leadTo(to)
}

// leadTo sends the browser to another page, also from a script that asked for a part of one.
func (r *Request) leadTo(to string) {
	if r.Fragment() {
		r.W.Header().Set("Hx-Redirect", to)
		r.W.WriteHeader(http.StatusOK)
		return
	}
	http.Redirect(r.W, r.Request, to, http.StatusSeeOther)
}

// AskAgain shows the page on which the user proves once more who they are. It keeps the form, which is then sent as it was to next. err is
// what was wrong with an earlier proof; nil: there was none.
func (r *Request) AskAgain(next string, err error) error {
	again := struct {
		Next   string
		Fields url.Values
		Form   *Form
		// Options are what the browser shows a passkey for; empty: the user has none.
		Options string
	}{Next: next, Fields: url.Values{}, Form: NewForm()}
	if options, err := r.API.Passkeys.BeginStepUp(r.Ctx()); err == nil {
		again.Options = string(options.PublicKey)
	}
	if err != nil && !r.Refused(again.Form, err) {
		return err
	}
	if r.ParseForm() == nil {
		for name, values := range r.PostForm {
			if name != "step_up_next" && name != "step_up_proof" && name != "credential" {
				again.Fields[name] = values
			}
		}
	}
	r.Uncompressed()
	return r.Render(http.StatusOK, "web/stepup", again)
}
