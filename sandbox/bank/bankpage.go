package bank

import (
	"crypto/hmac"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/sandbox/internal/page"
)

//go:embed pages
var pageFiles embed.FS

var pages = page.Must(pageFiles, "")

func (b *Bank) render(w http.ResponseWriter, status int, name string, data any) {
	pages.Render(w, b.cfg.Log, status, name, data)
}

// order is what the page shows before the payer decides.
type order struct {
	Amount, To, IBAN, Label, Reference, When string
	Parts                                    int
}

func orderOf(r *record) order {
	i := r.Instructions[0]
	when := map[string]string{
		"instant": "Now, as an instant transfer", "first_open_day": "On the next business day",
		"deferred": "On " + i.ExecutionDate, "periodic": i.Frequency + ", from " + i.StartDate,
	}[i.Kind]
	return order{
		Amount: euros(r.total()) + " " + i.Currency, To: i.Beneficiary.Label, IBAN: spaced(i.Beneficiary.Identification),
		Label: i.Label, Reference: i.ReferenceID, When: when, Parts: len(r.Instructions),
	}
}

// euros formats 1234567 as 12,345.67.
func euros(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "," + whole[n:]
	}
	return fmt.Sprintf("%s.%02d", whole, cents%100)
}

// spaced formats an IBAN in groups of four.
func spaced(s string) string {
	var groups []string
	for ; len(s) > 4; s = s[4:] {
		groups = append(groups, s[:4])
	}
	return strings.Join(append(groups, s), " ")
}

// desk is a payer at their bank.
type desk struct {
	p        *payment
	r        *record
	Bank     *connector
	Session  string
	Order    order
	Accounts []accountChoice
	Debited  string // the account, if the payer cannot choose it
	Cancels  bool
}

func (b *Bank) sit(r *http.Request) (*desk, error) {
	if err := r.ParseForm(); err != nil {
		return nil, errBadLink
	}
	page, id := r.PathValue("page"), r.PathValue("id")
	d := &desk{Bank: connectorBySlug(r.PathValue("slug")), Session: r.Form.Get("session"), Cancels: page == pageCancel}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || d.Bank == nil || !d.Cancels && page != pageAuthorise {
		return nil, errNoPayment
	}
	if !hmac.Equal([]byte(d.Session), []byte(b.session(page, id))) {
		return nil, errOldLink
	}
	if d.p = b.store.get(n); d.p == nil {
		return nil, errNoPayment
	}
	if d.r, err = b.upToDate(d.p); err != nil {
		return nil, err
	}
	if d.r.Connector != d.Bank.UUID {
		return nil, errNoPayment
	}
	d.Order = orderOf(d.r)
	if d.r.Payer != nil {
		d.Debited = d.r.Payer.Label + ", " + spaced(d.r.Payer.Identification)
	} else {
		d.Accounts = d.Bank.accounts()
	}
	return d, nil
}

// open reports whether the payer still has to decide.
func (d *desk) open(r *record) bool {
	if d.Cancels {
		return r.State == StatePending && r.StateDetail != ""
	}
	return r.State == StateValidating && r.Action == actionRedirect
}

func (b *Bank) showOrder(w http.ResponseWriter, r *http.Request) error {
	d, err := b.sit(r)
	if err != nil {
		return err
	}
	if !d.open(d.r) {
		http.Redirect(w, r, back(d.r), http.StatusSeeOther)
		return nil
	}
	b.render(w, http.StatusOK, "order", d)
	return nil
}

// answerOrder applies the payer's decision.
func (b *Bank) answerOrder(w http.ResponseWriter, r *http.Request) error {
	d, err := b.sit(r)
	if err != nil {
		return err
	}
	answer, account := r.PostForm.Get("answer"), r.PostForm.Get("account")
	if answer == "leave" {
		b.render(w, http.StatusOK, "left", d)
		return nil
	}
	if answer != "authorise" && answer != "refuse" {
		return errBadLink
	}
	if _, ok := d.Bank.account(account); !ok && d.Accounts != nil && answer == "authorise" && !d.Cancels {
		return errBadLink
	}
	after, err := b.change(d.p, func(next *record, now time.Time) error {
		switch {
		case !d.open(next):
			return errDecided
		case d.Cancels:
			return b.answerCancellation(next, answer == "authorise")
		case answer == "refuse":
			b.reject(next, "CancelledByUser", refusal)
		default:
			b.approve(next, account, now)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDecided) { // pressed twice: the first answer counts
		return err
	}
	http.Redirect(w, r, back(after), http.StatusSeeOther)
	return nil
}
