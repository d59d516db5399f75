package bank

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// payLink is a payment link: an address at which a payer makes a payment that the client has not created.
type payLink struct {
	ID string `json:"id"`
	// N orders the links by their creation.
	N int64 `json:"n"`
	payLinkRequest
	LastPayment int64     `json:"last_payment,omitempty"`
	Revoked     time.Time `json:"revoked,omitzero"`
}

// payLinkRequest is the PaymentLinkRequest of the documentation.
type payLinkRequest struct {
	ReferenceID         string          `json:"reference_id"`
	Amount              amount          `json:"amount"`
	Currency            string          `json:"currency"`
	Label               string          `json:"label"`
	ExecutionDateType   string          `json:"execution_date_type"`
	Beneficiary         *account        `json:"beneficiary"`
	BeneficiaryIdentity *identity       `json:"beneficiary_identity"`
	Payer               *account        `json:"payer"`
	PayerIdentity       *identity       `json:"payer_identity"`
	OperatorIdentity    *identity       `json:"operator_identity"`
	Redirect            json.RawMessage `json:"redirect"`
	RedirectURI         string          `json:"redirect_uri"`
	RedirectState       string          `json:"redirect_state"`
}

// redirects reports whether the payer is led back to the client.
func (r *payLinkRequest) redirects() bool { return string(r.Redirect) == "true" }

// payLinks are all links.
type payLinks struct {
	mu   sync.Mutex
	byID map[string]payLink
}

func (l *payLinks) get(id string) (payLink, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, ok := l.byID[id]
	return x, ok
}

func (l *payLinks) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.byID)
}

// all returns the links, the oldest first.
func (l *payLinks) all() []payLink {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Values(l.byID), func(a, b payLink) int { return int(a.N - b.N) })
}

// payLinkRoutes is the payment-links host: another host than that of the API at Powens, without a version in its paths.
func (b *Bank) payLinkRoutes(mux *http.ServeMux) {
	const path = "/api/payment-links"
	mux.HandleFunc("GET "+path, b.serve("links", false, b.listPayLinks))
	mux.HandleFunc("POST "+path, b.serve("createlink", false, b.createPayLink))
	mux.HandleFunc("GET "+path+"/{id}", b.serve("link", false, b.getPayLink))
	mux.HandleFunc("POST "+path+"/{id}", b.serve("revokelink", false, b.revokePayLink)) // {id}:revoke
	mux.HandleFunc("GET /links/{id}/pay", b.page(b.showPayLink))
	mux.HandleFunc("POST /links/{id}/pay", b.page(b.beginPayLink))
}

// mayLinks wants the very scope of the documentation: that of payments is not enough.
func mayLinks(c *call) error {
	if c.claims.Payment != 0 || !slices.Contains(c.claims.Scope, scopeLinks) {
		return errForbidden
	}
	return nil
}

func (b *Bank) listPayLinks(c *call) ([]byte, error) {
	if err := mayLinks(c); err != nil {
		return nil, err
	}
	out := []byte{'['}
	for i, x := range b.payLinks.all() {
		if i > 0 {
			out = append(out, ',')
		}
		out = b.appendPayLink(out, x)
	}
	return append(out, ']'), nil
}

func (b *Bank) createPayLink(c *call) ([]byte, error) {
	if err := mayLinks(c); err != nil {
		return nil, err
	}
	var in payLinkRequest
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := b.checkPayLink(c, &in); err != nil {
		return nil, err
	}
	b.payLinks.mu.Lock()
	defer b.payLinks.mu.Unlock()
	x := payLink{ID: newUUID(), N: int64(len(b.payLinks.byID)) + 1, payLinkRequest: in}
	if err := b.keepPayLink(x); err != nil {
		return nil, err
	}
	return b.appendPayLink(nil, x), nil
}

// checkPayLink wants what the documentation calls required. A payment of the link is checked like any other.
func (b *Bank) checkPayLink(c *call, in *payLinkRequest) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &given); err != nil {
		return invalid("the body is not JSON")
	}
	for _, name := range []string{"amount", "currency", "label", "execution_date_type", "beneficiary", "beneficiary_identity", "payer", "payer_identity", "redirect"} {
		if _, ok := given[name]; !ok {
			return missing("%s", name)
		}
	}
	switch {
	case in.ExecutionDateType != "instant" && in.ExecutionDateType != "first_open_day":
		return invalid("execution_date_type")
	case string(in.Redirect) != "true" && string(in.Redirect) != "false":
		return invalid("redirect")
	case in.redirects() && (in.RedirectURI == "" || in.RedirectState == ""):
		return missing("redirect_uri and redirect_state, with redirect")
	case in.PayerIdentity == nil:
		return missing("payer_identity")
	}
	_, err := b.newRecord(b.paymentOf(payLink{ID: newUUID(), payLinkRequest: *in}))
	return err
}

// paymentOf is the payment that the payer of a link makes.
func (b *Bank) paymentOf(x payLink) *createRequest {
	to := x.RedirectURI
	if !x.redirects() {
		to = b.payLinkURL(x.ID)
	}
	return &createRequest{
		ClientRedirectURI: to, ClientState: x.RedirectState, Payer: x.Payer, PayerIdentity: x.PayerIdentity, OperatorIdentity: x.OperatorIdentity,
		Instructions: []instructionRequest{{
			ReferenceID: x.ReferenceID, Amount: x.Amount, Currency: x.Currency, Label: x.Label, ExecutionDateType: x.ExecutionDateType,
			Beneficiary: x.Beneficiary, Identity: x.BeneficiaryIdentity,
		}},
	}
}

func (b *Bank) findPayLink(id string) (payLink, error) {
	x, ok := b.payLinks.get(id)
	if !ok {
		return payLink{}, errNotFound
	}
	return x, nil
}

func (b *Bank) getPayLink(c *call) ([]byte, error) {
	if err := mayLinks(c); err != nil {
		return nil, err
	}
	x, err := b.findPayLink(c.r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return b.appendPayLink(nil, x), nil
}

// revokePayLink answers 204, and 404 for a link that is unknown or revoked already.
func (b *Bank) revokePayLink(c *call) ([]byte, error) {
	if err := mayLinks(c); err != nil {
		return nil, err
	}
	id, verb := strings.CutSuffix(c.r.PathValue("id"), ":revoke")
	if !verb {
		return nil, errNotFound
	}
	b.payLinks.mu.Lock()
	defer b.payLinks.mu.Unlock()
	x, ok := b.payLinks.byID[id]
	if !ok || !x.Revoked.IsZero() {
		return nil, errNotFound
	}
	x.Revoked = b.cfg.Now().UTC().Truncate(time.Second)
	c.status = http.StatusNoContent
	return nil, b.keepPayLink(x)
}

// keepPayLink stores a link. The caller holds the lock.
func (b *Bank) keepPayLink(x payLink) error {
	if err := b.journal.Append(line{PayLink: &x}); err != nil {
		return err
	}
	b.payLinks.byID[x.ID] = x
	return nil
}

func (b *Bank) payLinkURL(id string) string { return b.cfg.BaseURL + "/links/" + id + "/pay" }

// appendPayLink writes the PaymentLink object of the documentation.
func (b *Bank) appendPayLink(dst []byte, x payLink) []byte {
	o := object(append(dst, '{'))
	o.text("id", x.ID)
	o.text("reference_id", x.ReferenceID)
	o.raw("amount", fmt.Sprintf("%d.%02d", x.Amount/100, x.Amount%100))
	o.text("currency", x.Currency)
	o.text("label", x.Label)
	o.text("execution_date_type", x.ExecutionDateType)
	o.key("beneficiary")
	o = appendAccount(o, x.Beneficiary, 0)
	o.bytes("beneficiary_identity", x.BeneficiaryIdentity.encode(false))
	o.key("payer")
	o = appendAccount(o, x.Payer, 0)
	o.bytes("payer_identity", x.PayerIdentity.encode(false))
	o.bytes("operator_identity", x.OperatorIdentity.encode(false))
	o.raw("redirect", strconv.FormatBool(x.redirects()))
	o.text("redirect_uri", x.RedirectURI)
	o.text("redirect_state", x.RedirectState)
	if x.LastPayment == 0 {
		o.raw("last_payment_id", "null")
	} else {
		o.number("last_payment_id", x.LastPayment)
	}
	o.text("url", b.payLinkURL(x.ID))
	if x.Revoked.IsZero() {
		o.raw("revoked_at", "null")
	} else {
		o.text("revoked_at", x.Revoked.In(paris).Format(dateTime))
	}
	o.text("attempt_state", b.attemptState(x))
	return append(o, '}')
}

// attemptState is the state of the last payment; "unavailable" while there is none.
func (b *Bank) attemptState(x payLink) string {
	if p := b.store.get(x.LastPayment); p != nil && x.LastPayment != 0 {
		if r, err := b.upToDate(p); err == nil {
			return r.State
		}
	}
	return "unavailable"
}

// payLinkPage is what a payer sees of a link.
type payLinkPage struct {
	Order order
	// State: open, paid, waiting or revoked.
	State string
}

func (b *Bank) payLinkState(x payLink) string {
	switch state := b.attemptState(x); {
	case state == StateDone || state == StateAccepted:
		return "paid"
	case state == StatePending:
		return "waiting"
	case !x.Revoked.IsZero():
		return "revoked"
	default:
		return "open"
	}
}

func (b *Bank) showPayLink(w http.ResponseWriter, r *http.Request) error {
	x, ok := b.payLinks.get(r.PathValue("id"))
	if !ok {
		return errNoPage
	}
	wanted, err := b.newRecord(b.paymentOf(x))
	if err != nil {
		return err
	}
	b.render(w, http.StatusOK, "link", payLinkPage{Order: orderOf(wanted), State: b.payLinkState(x)})
	return nil
}

// beginPayLink makes the payer's payment, or finds the one that is not decided, and leads to the webview.
func (b *Bank) beginPayLink(w http.ResponseWriter, r *http.Request) error {
	b.payLinks.mu.Lock()
	defer b.payLinks.mu.Unlock()
	x, ok := b.payLinks.byID[r.PathValue("id")]
	if !ok {
		return errNoPage
	}
	if b.payLinkState(x) != "open" {
		return errDecided
	}
	if p := b.store.get(x.LastPayment); x.LastPayment == 0 || p == nil || Final(p.cur.Load().State) {
		made, err := b.newRecord(b.paymentOf(x))
		if err != nil {
			return err
		}
		b.planCreated(made, wishOf(made.Instructions[0]))
		x.LastPayment = b.store.add(made).cur.Load().ID
		if err := b.journal.Append(line{Payment: made}); err != nil {
			return err
		}
		b.plan(made)
		if err := b.keepPayLink(x); err != nil {
			return err
		}
	}
	id := strconv.FormatInt(x.LastPayment, 10)
	token := b.sign(claims{Scope: []string{scopeValidate}, Payment: x.LastPayment}, b.cfg.ScopedTokenLife)
	target, err := withQuery(b.cfg.BaseURL+"/2.0/auth/webview/payment", "client_id", b.cfg.ClientID, "code", token, "payment_id", id)
	if err != nil {
		return err
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

func newUUID() string {
	var n [16]byte
	rand.Read(n[:]) // never returns an error
	n[6], n[8] = n[6]&0x0f|0x40, n[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", n[:4], n[4:6], n[6:8], n[8:10], n[10:])
}
