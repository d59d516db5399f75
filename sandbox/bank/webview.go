package bank

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The pages of a bank.
const (
	pageAuthorise = "payments"
	pageCancel    = "cancellations"
)

// refusal is the bank's text if its customer refuses.
const refusal = "The customer refused at the bank."

var languages = []string{"en", "fr", "de", "nl", "pt", "it", "es"}

func (b *Bank) webviewRoutes(mux *http.ServeMux) {
	for _, path := range []string{"/2.0/auth/webview/payment", "/2.0/auth/webview/{lang}/payment", "/{lang}/payment"} {
		mux.HandleFunc("GET "+path, b.page(b.showBanks))
		mux.HandleFunc("POST "+path, b.page(b.chooseBank))
	}
	mux.HandleFunc("GET /bank/{slug}/{page}/{id}", b.page(b.showOrder))
	mux.HandleFunc("POST /bank/{slug}/{page}/{id}", b.page(b.answerOrder))
}

// problem is an error that a person sees.
type problem struct {
	Status int
	Text   string
}

func (p *problem) Error() string { return p.Text }

var (
	errBadLink   = &problem{http.StatusBadRequest, "This link is not complete or not correct."}
	errOldLink   = &problem{http.StatusUnauthorized, "This link is not valid, or no longer."}
	errNoPage    = &problem{http.StatusNotFound, "There is no such page."}
	errNoPayment = &problem{http.StatusNotFound, "There is no such payment."}
	errDecided   = &problem{http.StatusConflict, "This has been decided already."}
)

// page runs a page and shows its problem, if any.
func (b *Bank) page(show func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.stats.count("page")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		err := show(w, r)
		if err == nil {
			return
		}
		var p *problem
		if !errors.As(err, &p) {
			b.cfg.Log.Error("page failed", "error", err)
			p = &problem{http.StatusInternalServerError, "Something went wrong."}
		}
		b.render(w, p.Status, "problem", p)
	}
}

// visit is a payer in the hosted webview.
type visit struct {
	p       *payment
	r       *record
	Code    string
	ID      string
	Client  string
	Return  string
	State   string
	Banks   []*connector
	Order   order
	Cancels bool // the visit is about a cancellation
}

// enter validates the parameters of the client's link, most of all the token.
func (b *Bank) enter(r *http.Request) (*visit, error) {
	if err := r.ParseForm(); err != nil {
		return nil, errBadLink
	}
	if lang := r.PathValue("lang"); lang != "" && !slices.Contains(languages, lang) {
		return nil, errNoPayment
	}
	v := &visit{
		Code: r.Form.Get("code"), ID: r.Form.Get("payment_id"), Client: r.Form.Get("client_id"),
		Return: r.Form.Get("redirect_uri"), State: r.Form.Get("state"),
	}
	id, err := strconv.ParseInt(v.ID, 10, 64)
	if err != nil || v.Client != b.cfg.ClientID {
		return nil, errBadLink
	}
	c, ok := b.verify(v.Code)
	if !ok || c.Payment != id || !c.may(scopeValidate) {
		return nil, errOldLink
	}
	if v.p = b.store.get(id); v.p == nil {
		return nil, errNoPayment
	}
	if v.r, err = b.upToDate(v.p); err != nil {
		return nil, err
	}
	if v.Return == "" {
		v.Return, v.State = v.r.RedirectURI, v.r.ClientState
	}
	if v.Return != v.r.RedirectURI && (!isWebAddress(v.Return) || len(b.cfg.RedirectURIs) == 0 || !b.registered(v.Return)) {
		return nil, errBadLink
	}
	v.Order = orderOf(v.r)
	v.Cancels = v.r.StateDetail != ""
	v.Banks = banksFor(v.r)
	return v, nil
}

// banksFor returns the banks that the payer may choose.
func banksFor(r *record) []*connector {
	if c := connectorByUUID(r.Connector); c != nil {
		return []*connector{c}
	}
	return slices.DeleteFunc(slices.Clone(connectors), func(c *connector) bool { return !c.takes(r) })
}

// showBanks is the webview: choose a bank, or give up. A payer who returns later is redirected to where they were.
func (b *Bank) showBanks(w http.ResponseWriter, r *http.Request) error {
	v, err := b.enter(r)
	if err != nil {
		return err
	}
	if v.r.State == StateCreated || v.Cancels {
		b.render(w, http.StatusOK, "banks", v)
		return nil
	}
	goOn(w, r, v.r)
	return nil
}

// goOn redirects the payer to their bank, or to the client if there is nothing left to do.
func goOn(w http.ResponseWriter, r *http.Request, cur *record) {
	target := cur.ValidateURI
	if target == "" {
		target = back(cur)
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// chooseBank redirects the payer to the chosen bank, or to the client if they gave up.
func (b *Bank) chooseBank(w http.ResponseWriter, r *http.Request) error {
	v, err := b.enter(r)
	if err != nil {
		return err
	}
	if r.PostForm.Has("cancel") {
		return b.giveUp(w, r, v)
	}
	chosen := connectorBySlug(r.PostForm.Get("bank"))
	if chosen == nil {
		return errBadLink
	}
	if v.r.State == StateCreated {
		v.r, err = b.change(v.p, func(next *record, now time.Time) error {
			if next.State != StateCreated {
				return errDecided
			}
			if !slices.Contains(banksFor(next), chosen) {
				return errBadLink
			}
			b.begin(next, chosen.UUID, now)
			return nil
		})
	}
	if err != nil && !errors.Is(err, errDecided) { // chosen in another window: continue from there
		return err
	}
	goOn(w, r, v.r)
	return nil
}

// giveUp ends a created payment; a cancellation stays open. In both cases the client gets error=cancelled.
func (b *Bank) giveUp(w http.ResponseWriter, r *http.Request, v *visit) error {
	if !v.Cancels {
		_, err := b.change(v.p, func(next *record, _ time.Time) error {
			if next.State != StateCreated {
				return errDecided
			}
			b.reject(next, "CancelledByUser", "")
			return nil
		})
		if err != nil {
			return err
		}
	}
	target, err := withQuery(v.Return, "state", v.State, "id_payment", v.ID, "error", "cancelled")
	if err != nil {
		return err
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

// back returns the client's URL for the payer's return, with its parameters.
func back(r *record) string {
	address, state := r.RedirectURI, r.ClientState
	if r.CancelRedirect != "" {
		address, state = r.CancelRedirect, r.CancelState
	}
	if r.WebviewURL != "" {
		address = r.WebviewURL
	}
	target, err := withQuery(address, "state", state, "id_payment", strconv.FormatInt(r.ID, 10), "error_code", r.ErrorCode,
		"bank_message", r.ErrorDescription, "payment_state", r.State)
	if err != nil { // validated when the payment was created
		return r.RedirectURI
	}
	return target
}

// withQuery adds the non-empty parameters.
func withQuery(address string, pairs ...string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errBadLink
	}
	q := u.Query()
	for n := 0; n < len(pairs); n += 2 {
		if pairs[n+1] != "" {
			q.Set(pairs[n], pairs[n+1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// session is the secret in the URL of a bank's page: it is all that a payer needs to decide there.
func (b *Bank) session(page, id string) string {
	mac := hmac.New(sha256.New, b.tokenKey)
	mac.Write([]byte("session " + page + " " + id))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
