package web

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Form is what somebody typed, and what is wrong with it. It is shown again until it is right: nothing that was typed is lost.
type Form struct {
	Values url.Values
	// Fields say what is wrong by the name of the field.
	Fields map[string]string
	// Problem is what is wrong with the whole; empty: nothing.
	Problem string
}

// secrets are never sent back to the browser.
var secrets = []string{"password", "current_password", "new_password", "code", "recovery_code", "step_up_proof"}

// Form reads the form of the request.
func (r *Request) Form() (*Form, error) {
	if err := r.ParseForm(); err != nil {
		return nil, errUnreadable
	}
	return &Form{Values: r.Request.PostForm, Fields: map[string]string{}}, nil
}

// NewForm is a form that nobody has filled in, with what it shows at first.
func NewForm(pairs ...string) *Form {
	f := &Form{Values: url.Values{}, Fields: map[string]string{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Values.Set(pairs[i], pairs[i+1])
	}
	return f
}

// Get is the value of a field without the white space around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// Secret is the value of a field as it was typed.
func (f *Form) Secret(name string) eupay.Secret { return eupay.Secret(f.Values.Get(name)) }

// Is reports whether a box is ticked.
func (f *Form) Is(name string) bool { return f.Values.Get(name) != "" }

// Has reports whether a box with that value is ticked, of several with the same name.
func (f *Form) Has(name, value string) bool { return slices.Contains(f.Values[name], value) }

// Shown is the value of a field for the page; that of a secret is empty.
func (f *Form) Shown(name string) string {
	for _, s := range secrets {
		if name == s {
			return ""
		}
	}
	return f.Values.Get(name)
}

// Wrong notes what is wrong with a field.
func (f *Form) Wrong(name, what string) { f.Fields[name] = what }

// OK reports whether nothing is wrong.
func (f *Form) OK() bool { return len(f.Fields) == 0 && f.Problem == "" }

// SetAmount puts euros in a field as the reader's language writes them. Amount reads them back.
func (f *Form) SetAmount(r *Request, name string, a eupay.Amount) {
	f.Values.Set(name, r.Text.Decimal(a.String()))
}

// Amount reads a field with euros, in every language: both 12.50 and 12,50 are understood; an empty field is 0.
func (f *Form) Amount(r *Request, name string) eupay.Amount {
	typed := strings.NewReplacer(",", ".", "€", "", " ", "", "\u00a0", "", "\u202f", "").Replace(f.Get(name))
	if typed == "" {
		return 0
	}
	a, err := eupay.ParseAmount(typed)
	if err != nil {
		f.Wrong(name, r.Text.T("common.amount_wrong"))
	}
	return a
}

// Refused notes what the API refused. It reports false for what is not the form's: such an error is for Handler to return.
func (r *Request) Refused(f *Form, err error) bool {
	var refused *eupay.Error
	if !errors.As(err, &refused) {
		f.Problem = r.Text.T("error.unreachable")
		return true
	}
	switch {
	case refused.Code == eupay.ErrStepUpRequired, refused.Code == eupay.ErrEmailNotVerified, refused.Code == eupay.ErrUnauthenticated && r.Session != nil:
		return false
	case len(refused.Fields) > 0:
		for _, field := range refused.Fields {
			f.Wrong(field.Field, r.field(field))
		}
	}
	f.Problem = r.Said(refused)
	return true
}

// apiSpeaks is the language of the API, whose own words say most.
const apiSpeaks = "en"

// Said is what the API says: in its language its own sentence, in others the catalog's for the code.
func (r *Request) Said(e *eupay.Error) string {
	if e.Code == "" {
		return r.Text.T("error.unreachable")
	}
	if r.Text.Code == apiSpeaks {
		return e.Message
	}
	return r.Text.Or("code."+string(e.Code), e.Message)
}

// undisplayed is the API's sentence about a character that an invoice cannot show: it is useful only with the character.
var undisplayed = regexp.MustCompile(`must not contain '(.+)' \(U\+[0-9A-F]+\), which the PDF cannot show`)

// field is what is wrong with a field: the API's sentence, or in other languages what the field wants. An entry of a list is named by its
// field alone: items[2].quantity is quantity.
func (r *Request) field(f eupay.FieldError) string {
	if r.Text.Code == apiSpeaks {
		return f.Message
	}
	if m := undisplayed.FindStringSubmatch(f.Message); m != nil {
		return strings.ReplaceAll(r.Text.Or("field.undisplayed", f.Message), "{letter}", m[1])
	}
	name, _, listed := strings.Cut(f.Field, "[")
	if at := strings.LastIndex(f.Field, "]."); listed && at >= 0 {
		name = f.Field[at+2:]
	}
	if at := strings.LastIndex(name, "."); at >= 0 && !strings.HasPrefix(name, "metadata.") {
		name = name[at+1:]
	}
	name, _, _ = strings.Cut(name, ".")
	return r.Text.Or("field."+name, r.Text.Or("field.other", f.Message))
}
