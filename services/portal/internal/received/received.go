// Package received serves the pages of invoices that suppliers sent: the inbox, and one invoice with its answers.
package received

import (
	"context"
	"embed"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home    = "/portal/received"
	perPage = 25
)

// statuses are those that the list can be narrowed to. Their phrases are received.status_<status>.
var statuses = []eupay.ReceivedStatus{
	eupay.ReceivedNew, eupay.ReceivedUnreadable, eupay.ReceivedAcknowledged, eupay.ReceivedApproved, eupay.ReceivedPartiallyApproved,
	eupay.ReceivedDisputed, eupay.ReceivedSuspended, eupay.ReceivedRefused, eupay.ReceivedPaymentSent,
}

// reasons are the codes of an answer that needs one. Their phrases are received.reason_<code>.
var reasons = []string{
	"TX_TVA_ERR", "MONTANTTOTAL_ERR", "CALCUL_ERR", "NON_CONFORME", "DOUBLON", "DEST_ERR", "TRANSAC_INC", "EMMET_INC", "CONTRAT_TERM", "DOUBLE_FACT",
	"CMD_ERR", "ADR_ERR", "REF_CT_ABSENT",
}

// Register adds the pages to the site. The API lets owners and staff answer, and accountants read.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET "+home, list)
	s.For(web.Everyone, "GET "+home+"/{id}", detail)
	s.For(web.Everyone, "GET "+home+"/{id}/pdf", file("pdf", eupay.Received.PDF))
	s.For(web.Everyone, "GET "+home+"/{id}/xml", file("xml", eupay.Received.XML))
	s.For(web.Shop, "POST "+home+"/{id}/status", answer)
	s.For(web.Owners, "POST "+home+"/{id}/pay", pay)
	s.For(web.Owners, "POST "+home+"/{id}/pay/cancel", cancel)
	return s.Templates("received", templates)
}

// words are what templates need to show the texts of the API.
type words struct{}

// Day is a date as a time on that day; what is none is the zero time.
func (words) Day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}
	}
	return t.Add(12 * time.Hour) // the same day in every zone of Europe
}

// unitNames are the signs of the most frequent codes of UN/ECE Recommendation 20 (BT-130); pieces have none.
var unitNames = map[string]string{
	"C62": "", "H87": "", "EA": "", "HUR": "h", "MIN": "min", "KGM": "kg", "GRM": "g", "TNE": "t", "LTR": "l", "MTR": "m", "KMT": "km", "MTK": "m²", "MTQ": "m³",
	"KWH": "kWh",
}

// UnitName returns the sign of a unit, or its code.
func (words) UnitName(code string) string {
	if name, ok := unitNames[code]; ok {
		return name
	}
	return code
}

// Decimal writes a number of the API as a language does.
func (words) Decimal(lang string, n json.Number) string {
	if lang == "fr" {
		return strings.Replace(n.String(), ".", ",", 1)
	}
	return n.String()
}

// Tone is the state whose colour a status has.
func (words) Tone(s eupay.ReceivedStatus) string {
	switch s {
	case eupay.ReceivedApproved, eupay.ReceivedPaymentSent:
		return "paid"
	case eupay.ReceivedRefused, eupay.ReceivedUnreadable:
		return "failed"
	default:
		return "pending"
	}
}

// listing is what the page of the list shows.
type listing struct {
	words
	Invoices []eupay.ReceivedInvoice
	Statuses []eupay.ReceivedStatus
	Filter   *web.Form
	Filtered bool
	web.Paging
}

func list(r *web.Request) error {
	f := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	got, err := r.API.Received.List(r.Ctx(), eupay.ReceivedListParams{
		ListParams: r.ListPage(perPage), Status: eupay.ReceivedStatus(f.Get("status")), SellerSIREN: strings.ReplaceAll(f.Get("siren"), " ", ""),
	})
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "received/list", listing{
		Invoices: got.Data, Statuses: statuses, Filter: f, Filtered: f.Get("status")+f.Get("siren") != "", Paging: web.PagingOf(got.Pagination),
	})
}

// view is what the page of one invoice shows.
type view struct {
	words
	*eupay.ReceivedInvoice
	Form      *web.Form
	Reasons   []string
	MayAnswer bool
	// MayPay: the user may, and there is something to pay.
	MayPay bool
	Pay    *web.Form
	// MayCancel: the user may cancel the open payment. Approve is the bank's page for that; empty if there is nothing to approve.
	MayCancel bool
	Cancel    *web.Form
	Approve   string
}

// Open returns the payment that waits for the merchant at its bank, or nil.
func (v view) Open() *eupay.ReceivedPayment {
	for i, p := range v.Payments {
		if p.Status == eupay.PaymentPending || p.Status == eupay.PaymentPendingSCA {
			return &v.Payments[i]
		}
	}
	return nil
}

func detail(r *web.Request) error {
	return show(r, http.StatusOK, web.NewForm("key", web.NewKey()), web.NewForm("key", web.NewKey()), web.NewForm(), "")
}

// show shows an invoice with the forms of an answer, of a payment and of its cancellation, and where the bank wants that approved.
func show(r *web.Request, status int, f, pay, cancel *web.Form, approve string) error {
	inv, err := r.API.Received.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	may := r.Session.Role == eupay.RoleMerchant || r.Session.Role == eupay.RoleStaff
	return r.Render(status, "received/detail", view{
		ReceivedInvoice: inv, Form: f, Reasons: reasons, MayAnswer: may && len(inv.AllowedStatuses) > 0,
		MayPay: r.Session.Role == eupay.RoleMerchant && inv.AmountPayable > 0, Pay: pay, MayCancel: r.Session.Role == eupay.RoleMerchant, Cancel: cancel, Approve: approve,
	})
}

func answer(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.AnswerParams{Status: eupay.ReceivedStatus(f.Get("status")), Reason: f.Get("reason"), IdempotencyKey: f.Get("key")}
	switch p.Status {
	case eupay.ReceivedPartiallyApproved, eupay.ReceivedDisputed, eupay.ReceivedSuspended, eupay.ReceivedRefused:
		p.ReasonCode = f.Get("reason_code")
	}
	if _, err := r.API.Received.Answer(r.Ctx(), r.PathValue("id"), p); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, f, web.NewForm("key", web.NewKey()), web.NewForm(), "")
	}
	return r.Redirect(home+"/"+url.PathEscape(r.PathValue("id")), "received_answered")
}

// pay makes the payment of an invoice. The page that follows leads to the bank.
func pay(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := r.API.Received.Pay(r.Ctx(), r.PathValue("id"), eupay.PayParams{ConfirmIBAN: f.Get("confirm_iban"), IdempotencyKey: f.Get("key")}); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		f.Values.Set("key", web.NewKey()) // with another end of the IBAN it is another request
		return show(r, http.StatusUnprocessableEntity, web.NewForm("key", web.NewKey()), f, web.NewForm(), "")
	}
	return r.Redirect(home+"/"+url.PathEscape(r.PathValue("id")), "received_pay")
}

// cancel cancels the open payment. A bank that wants that approved has a page for it.
func cancel(r *web.Request) error {
	p, err := r.API.Received.CancelPayment(r.Ctx(), r.PathValue("id"))
	back, f := home+"/"+url.PathEscape(r.PathValue("id")), web.NewForm()
	switch {
	case err != nil && r.Refused(f, err):
		return show(r, http.StatusUnprocessableEntity, web.NewForm("key", web.NewKey()), web.NewForm("key", web.NewKey()), f, "")
	case err != nil:
		return err
	case p.AuthorisationURL != "":
		return show(r, http.StatusOK, web.NewForm("key", web.NewKey()), web.NewForm("key", web.NewKey()), f, p.AuthorisationURL)
	case p.Status == eupay.PaymentCancelled:
		return r.Redirect(back, "received_pay_cancelled")
	default:
		return r.Redirect(back, "received_pay_cancelling")
	}
}

// file hands a file of a supplier on as a download. A browser must not run what strangers wrote, whatever type the API names.
func file(format string, read func(eupay.Received, context.Context, string) (*eupay.File, error)) web.Handler {
	return func(r *web.Request) error {
		f, err := read(r.API.Received, r.Ctx(), r.PathValue("id"))
		if err != nil {
			return err
		}
		name := f.Name
		if name == "" {
			name = "received." + format
		}
		h := r.W.Header()
		h.Set("Content-Type", "application/"+format)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": strings.Map(plain, name)}))
		h.Set("Content-Length", strconv.Itoa(len(f.Data)))
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		if r.Method == http.MethodHead {
			return nil
		}
		_, _ = r.W.Write(f.Data) // an error means that the browser has gone
		return nil
	}
}

// plain keeps what every file system takes in a name.
func plain(c rune) rune {
	if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.' {
		return c
	}
	return '_'
}
