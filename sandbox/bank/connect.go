package bank

import (
	"crypto/hmac"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
)

// The error for a client whose user gave up.
const accessDenied = "access_denied"

func (b *Bank) connectRoutes(mux *http.ServeMux) {
	for _, path := range []string{"/2.0/auth/webview/", "/2.0/auth/webview/{lang}/", "/{lang}/", "/"} {
		for _, name := range []string{"connect", "reconnect"} {
			mux.HandleFunc("GET "+path+name, b.page(b.showConnect))
			mux.HandleFunc("POST "+path+name, b.page(b.stepConnect))
		}
	}
}

// linking is a person in the connect webview. The form carries all earlier answers.
type linking struct {
	who     claims
	Code    string
	Client  string
	Return  string
	State   string
	Only    string // the connectors that the client offers; empty for all
	Banks   []*connector
	Bank    *connector
	Session string // proves that the person has logged in at Bank
	Note    string
	List    []bankAccount
	// Login is the name with which they logged in. The number of an account opens that account.
	Login string
	// Again is the connection to which they consent anew.
	Again *connection
}

// own is the number of the account that the login opens; "" if it is a name.
func (l *linking) own() string {
	if n := iban.Normalise(l.Login); iban.Valid(n) {
		return n
	}
	return ""
}

// enterConnect validates the parameters of the client's link.
func (b *Bank) enterConnect(r *http.Request) (*linking, error) {
	if err := r.ParseForm(); err != nil {
		return nil, errBadLink
	}
	if lang := r.PathValue("lang"); lang != "" && !slices.Contains(languages, lang) {
		return nil, errNoPage
	}
	l := &linking{
		Code: r.Form.Get("code"), Client: r.Form.Get("client_id"), Return: r.Form.Get("redirect_uri"), State: r.Form.Get("state"),
		Only: r.Form.Get("connector_uuids"),
	}
	if l.Client != b.cfg.ClientID || !isWebAddress(l.Return) || !b.registered(l.Return) {
		return nil, errBadLink
	}
	var ok bool
	if l.who, ok = b.verifyFor(l.Code, useCode); !ok {
		return nil, errOldLink
	}
	if strings.HasSuffix(r.URL.Path, "/reconnect") {
		id, err := strconv.ParseInt(r.Form.Get("connection_id"), 10, 64)
		x, known := b.links.get(id)
		if err != nil || !known || x.User != l.who.User {
			return nil, errBadLink
		}
		l.Again, l.Only = &x, x.Connector
	}
	l.Banks = connectors
	if l.Only != "" {
		only := strings.Split(l.Only, ",")
		l.Banks = slices.DeleteFunc(slices.Clone(connectors), func(c *connector) bool { return !slices.Contains(only, c.UUID) })
	}
	return l, nil
}

func (b *Bank) showConnect(w http.ResponseWriter, r *http.Request) error {
	l, err := b.enterConnect(r)
	if err != nil {
		return err
	}
	b.render(w, http.StatusOK, "connect", l)
	return nil
}

// stepConnect processes one step: choosing a bank, login, consent.
func (b *Bank) stepConnect(w http.ResponseWriter, r *http.Request) error {
	l, err := b.enterConnect(r)
	if err != nil {
		return err
	}
	answer := r.PostForm.Get("answer")
	if r.PostForm.Has("cancel") || answer == "refuse" {
		return l.leave(w, r, "error", accessDenied, "error_description", "The user gave up.")
	}
	l.Bank = connectorBySlug(r.PostForm.Get("bank"))
	if l.Bank == nil || !slices.Contains(l.Banks, l.Bank) {
		return errBadLink
	}
	l.Login = r.PostForm.Get("login")
	passed := b.session("consent "+l.Bank.Slug+" "+l.own(), l.who.Nonce)
	switch {
	case answer == "consent":
		if !hmac.Equal([]byte(r.PostForm.Get("session")), []byte(passed)) {
			return errOldLink
		}
		return b.connect(w, r, l)
	case r.PostForm.Has("password") && r.PostForm.Get("login") != "" && r.PostForm.Get("password") != "":
		l.Session = passed
		l.List = connection{User: l.who.User, Connector: l.Bank.UUID, Own: l.own()}.accounts()
		b.render(w, http.StatusOK, "consent", l)
		return nil
	case r.PostForm.Has("password"):
		l.Note = "Enter a name and a password. Any will do."
	}
	b.render(w, http.StatusOK, "login", l)
	return nil
}

// connect creates the connection, once per code, and redirects the person to the client.
func (b *Bank) connect(w http.ResponseWriter, r *http.Request, l *linking) error {
	if l.Again != nil {
		return b.consentAnew(w, r, l)
	}
	x, made := b.links.add(connection{User: l.who.User, Connector: l.Bank.UUID, Created: b.cfg.Now().UTC(), Nonce: l.who.Nonce, Own: l.own()})
	if made {
		if err := b.journal.Append(line{Link: &x}); err != nil {
			b.links.remove(x.ID)
			return err
		}
		b.stats.count("connection made")
	}
	return l.leave(w, r, "connection_id", strconv.FormatInt(x.ID, 10))
}

// consentAnew makes a connection work again.
func (b *Bank) consentAnew(w http.ResponseWriter, r *http.Request, l *linking) error {
	x, ok := b.links.change(l.Again.ID, func(x *connection) { x.State, x.Renewed = "", b.cfg.Now().UTC() })
	if !ok {
		return errBadLink
	}
	if err := b.journal.Append(line{Link: &x}); err != nil {
		return err
	}
	b.stats.count("connection renewed")
	return l.leave(w, r, "connection_id", strconv.FormatInt(x.ID, 10))
}

func (l *linking) leave(w http.ResponseWriter, r *http.Request, pairs ...string) error {
	target, err := withQuery(l.Return, append([]string{"state", l.State}, pairs...)...)
	if err != nil {
		return err
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}
