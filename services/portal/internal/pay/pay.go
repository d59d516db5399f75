// Package pay serves the pages that payers see, without a login: what a QR code asks for, and how a payment ended.
package pay

import (
	"cmp"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.Open("GET /pay", codePage)
	s.Open("POST /pay", begin)
	s.Open("GET /pay/result", result)
	s.Open("GET /l/{slug}", linkPage)
	s.Open("POST /l/{slug}", payLink)
	return s.Templates("pay", templates)
}

// asked is what the page of a code shows.
type asked struct {
	*eupay.PreviewedQR
	Form *web.Form
	// Data is the code; Kind how it stands: open, pay, wait, paid, refunded, ended.
	Data, Kind string
	// App opens the app on a phone that has it; empty: it is no phone.
	App template.URL
	// Banks are those that were searched for.
	Banks web.Banks
	// Refresh is after how many seconds the browser looks again; 0: never.
	Refresh int
}

// trouble is a code that cannot be paid. Its phrases are pay.<Name>.title and .text.
type trouble struct {
	Name string
	// Message is what the API said; empty: the phrase is enough.
	Message string
	// Again: it may go well later.
	Again bool
}

func codePage(r *web.Request) error {
	q := r.URL.Query()
	return show(r, http.StatusOK, q.Get("data"), web.NewForm("key", web.NewKey(), "bank_search", q.Get("bank_search")))
}

// show reads the code at the API, which alone knows whether it is a good one, and shows what it asks for.
func show(r *web.Request, status int, data string, f *web.Form) error {
	private(r)
	if data == "" {
		return r.Render(http.StatusNotFound, "pay/trouble", trouble{Name: "none"})
	}
	code, err := r.Site.API.Payers.Preview(r.Ctx(), data)
	if err != nil {
		return troubled(r, err)
	}
	v := asked{PreviewedQR: code, Form: f, Data: data, Kind: kind(code)}
	if v.Kind == "wait" {
		v.Refresh = 5
	}
	if phone(r.UserAgent()) && (v.Kind == "open" || v.Kind == "pay") {
		v.App = template.URL("eupay://pay?data=" + url.QueryEscape(data)) //nolint:gosec // the scheme is ours and the rest is escaped
	}
	if v.Kind == "open" {
		v.Banks = r.Banks(f, func(p eupay.PayerBankListParams) (*eupay.Page[eupay.PayerBank], error) {
			return r.Site.API.Payers.QRBanks(r.Ctx(), data, p)
		})
	}
	return r.Render(status, "pay/code", v)
}

// kind is how a code stands.
func kind(code *eupay.PreviewedQR) string {
	switch {
	case code.GatewayReference == "":
		return "open"
	case code.Status == eupay.PaymentCompleted:
		return "paid"
	case code.Status == eupay.PaymentRefunded:
		return "refunded"
	case code.Status == eupay.PaymentFailed || code.Status == eupay.PaymentCancelled:
		return "ended"
	case webURL(code.PaymentURL):
		return "pay"
	default:
		return "wait"
	}
}

// webURL reports whether a browser may be sent there.
func webURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// phone guesses from the browser's name whether the app can be there. A wrong guess shows one link more or less.
func phone(agent string) bool {
	return strings.Contains(agent, "Android") || strings.Contains(agent, "iPhone") || strings.Contains(agent, "Mobile")
}

// troubled shows in a sentence why a code cannot be paid.
func troubled(r *web.Request, err error) error {
	var refused *eupay.Error
	if !errors.As(err, &refused) || refused.Code == "" || refused.Status >= http.StatusInternalServerError {
		r.Site.Log.WarnContext(r.Ctx(), "code not read", "error", err)
		return r.Render(http.StatusBadGateway, "pay/trouble", trouble{Name: "away", Again: true})
	}
	if refused.Status == http.StatusTooManyRequests {
		return r.Render(refused.Status, "pay/trouble", trouble{Name: "busy", Again: true})
	}
	t := trouble{Name: "refused", Message: r.Said(refused)}
	switch refused.Code {
	case eupay.ErrQRInvalid, eupay.ErrValidation:
		t = trouble{Name: "forged"}
	case eupay.ErrQRExpired:
		t = trouble{Name: "expired"}
	case eupay.ErrMerchantNotEnabled, eupay.ErrLiveNotConfigured, eupay.ErrInvalidState, eupay.ErrNotFound:
		t = trouble{Name: "closed"}
	}
	return r.Render(refused.Status, "pay/trouble", t)
}

// begin makes a payment of a merchant's own code and leads to the bank. It answers with a page, not with a redirect: browsers hold what a
// form is redirected to against the policy of the page that had the form, and the bank's address was not known then.
func begin(r *web.Request) error {
	private(r)
	f, err := r.Form()
	if err != nil {
		return err
	}
	data, amount := f.Get("data"), f.Amount(r, "amount")
	if !f.OK() {
		return show(r, http.StatusUnprocessableEntity, data, f)
	}
	p := eupay.CheckoutParams{QRData: data, Amount: amount, Bank: f.Get("bank"), IdempotencyKey: f.Get("key")}
	made, err := r.Site.API.Payers.Checkout(r.Ctx(), p)
	if errors.Is(err, eupay.ErrIdempotencyConflict) { // somebody went back and changed the amount or the bank: that is another payment
		p.IdempotencyKey = web.NewKey()
		f.Values.Set("key", p.IdempotencyKey)
		made, err = r.Site.API.Payers.Checkout(r.Ctx(), p)
	}
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, data, f)
	}
	if !webURL(made.PaymentURL) {
		return r.Redirect("/pay/result?reference="+url.QueryEscape(made.Reference), "")
	}
	return r.Render(http.StatusOK, "pay/leave", made)
}

// ended is what the page of a result shows.
type ended struct {
	*eupay.Receipt
	// Mail writes an email with the receipt.
	Mail string
	// Poll is where the page's script asks for the status.
	Poll string
	// Waiting: it has not ended.
	Waiting bool
	// Back leads to the shop or to the app; empty: the payer came from neither.
	Back string
}

// back is where the payer came from. A payment of the app is the app's, whatever the merchant gave.
func back(p *eupay.Receipt) string {
	switch {
	case p.InApp:
		return "/app/payments/" + url.PathEscape(p.Reference)
	case webURL(p.ReturnURL):
		return p.ReturnURL
	default:
		return ""
	}
}

// result shows how a payment ended. Nothing in the query is believed but the reference.
func result(r *web.Request) error {
	private(r)
	got, err := r.Site.API.Payers.Receipt(r.Ctx(), r.URL.Query().Get("reference"))
	if errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) {
		return r.Render(http.StatusNotFound, "pay/trouble", trouble{Name: "unknown"})
	}
	if err != nil {
		var refused *eupay.Error
		if errors.As(err, &refused) && refused.Code == eupay.ErrRateLimitExceeded {
			return r.Render(refused.Status, "pay/trouble", trouble{Name: "busy", Again: true})
		}
		return r.Render(http.StatusBadGateway, "pay/trouble", trouble{Name: "checking", Again: true})
	}
	r.AllowConnect(r.Site.APIURL)
	return r.Render(http.StatusOK, "pay/result", ended{
		Receipt: got, Waiting: got.Outcome == "open", Mail: mail(r, got), Back: back(got),
		Poll: r.Site.APIURL + "/api/v1/gateway/payments/" + url.PathEscape(got.Reference) + "/status",
	})
}

// mail is a link that opens the payer's own mail program: no address leaves the browser.
func mail(r *web.Request, p *eupay.Receipt) string {
	when := p.CreatedAt
	if !p.CompletedAt.IsZero() {
		when = p.CompletedAt
	}
	lines := []string{
		r.Text.T("pay.receipt") + " · " + p.MerchantName, "", r.Text.T("pay.amount") + ": " + r.Text.Amount(p.Amount), r.Text.T("pay.to") + ": " + p.MerchantName,
		r.Text.T("pay.reference") + ": " + p.Reference, r.Text.T("pay.date") + ": " + r.Text.DateTime(when),
		r.Text.T("pay.status") + ": " + r.Text.T("pay."+cmp.Or(p.Outcome, "open")+".title"),
	}
	escaped := func(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
	return "mailto:?subject=" + escaped(lines[0]) + "&body=" + escaped(strings.Join(lines, "\r\n"))
}

// private keeps what one payer sees out of caches and of search engines.
func private(r *web.Request) {
	r.W.Header().Set("Cache-Control", "no-store")
	r.W.Header().Set("X-Robots-Tag", "noindex")
}
