package customerapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// back receives a customer from the provider's page. The query is not trusted: the state is signed, and the payments service asks
// the provider. The customer is redirected into the app if the visit named a link.
func (a *API) back(c echo.Context) error {
	ctx, cancel := web.Calling(c, providerTimeout)
	defer cancel()
	declined := c.QueryParam("error") != ""
	res, err := a.Accounts.CompleteConnect(ctx, &paymentsv1.CompleteConnectRequest{
		State: c.QueryParam("state"), ConnectionId: c.QueryParam("connection_id"), Declined: declined,
	})
	if err != nil {
		return err
	}
	v, outcome := page{say: func(w words) (string, string) { return w.declined, w.declinedText }}, url.Values{"status": {"declined"}}
	if res.GetLinked() {
		v, outcome = pending(res.GetCode()), url.Values{"status": {"pending"}, "code": {res.GetCode()}}
	}
	if target := a.appTarget(res.GetReturnUrl(), outcome); target != "" {
		return c.Redirect(http.StatusSeeOther, target)
	}
	return show(c, http.StatusOK, v)
}

// pending shows the code that the app asks for. It is shown once; if the page is loaded again, it says to continue in the app.
func pending(code string) page {
	if code == "" {
		return page{Kind: "done", say: func(w words) (string, string) { return w.linked, w.linkedText }}
	}
	shown := code[:len(code)/2] + "-" + code[len(code)/2:]
	return page{Kind: "done", Code: shown, say: func(w words) (string, string) { return w.linked, w.codeText }}
}

// appTarget adds the outcome to the link into the app; "" if there is no link.
func (a *API) appTarget(link string, outcome url.Values) string {
	if !a.isAppLink(link) {
		return ""
	}
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	q := u.Query()
	for name, values := range outcome {
		if values[0] == "" {
			q.Del(name)
			continue
		}
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// pages shows a customer a page where an API client would get a JSON error.
func (a *API) pages(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil || c.Response().Committed {
			return err
		}
		e := errs.From(err)
		v := page{Kind: "failed", say: func(w words) (string, string) { return w.away, w.awayText }, Again: true}
		switch e.Code {
		case errs.InvalidState, errs.NotFoundCode:
			v = page{Kind: "failed", say: func(w words) (string, string) { return w.invalid, w.invalidText }}
		case errs.RateLimitExceeded:
			c.Response().Header().Set(echo.HeaderRetryAfter, fmt.Sprint(web.Seconds(e.RetryAfter)))
		default:
			a.Log.WarnContext(c.Request().Context(), "bank account not linked", "request_id", web.RequestID(c), "error", err)
		}
		return show(c, e.Code.HTTPStatus(), v)
	}
}

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var (
	pageTemplate = template.Must(template.New("page").Parse(pageSource))
	pagePolicy   = "default-src 'none'; style-src '" + styleHash() + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// page is shown to a customer if there is no link into the app, or no outcome.
type page struct {
	Lang, Kind, Title, Text string
	// Code is the code to enter in the app; empty if there is nothing to confirm.
	Code string
	// Again offers to reload the page, because the return is still valid.
	Again     bool
	AgainText string
	Style     template.CSS
	say       func(words) (title, text string)
}

// words are the texts in one language.
type words struct {
	linked, linkedText, codeText, declined, declinedText, invalid, invalidText, away, awayText, again string
}

var languages = map[string]words{
	"en": {
		"One step is left", "Go back to the app to confirm your bank.",
		"Enter this code in the app within 30 minutes. Did somebody send you here? Then give the code to nobody, and your bank is not linked.",
		"No bank was linked", "You can go back to the app and start again at any time.",
		"This did not work", "The link is no longer valid, or the bank shared no account that can pay. Go back to the app and start again.",
		"Your bank does not answer", "Wait a moment, then try again.", "Try again",
	},
	"fr": {
		"Encore une étape", "Revenez dans l’application pour confirmer votre banque.",
		"Saisissez ce code dans l’application dans les 30 minutes. Quelqu’un vous a envoyé ici ? Ne donnez ce code à personne, et votre banque ne sera pas associée.",
		"Aucune banque n’a été associée", "Vous pouvez revenir dans l’application et recommencer quand vous voulez.",
		"L’association n’a pas abouti", "Le lien n’est plus valable, ou la banque n’a partagé aucun compte de paiement. Revenez dans l’application et recommencez.",
		"Votre banque ne répond pas", "Patientez un instant, puis réessayez.", "Réessayer",
	},
}

func show(c echo.Context, status int, v page) error {
	v.Lang = cmp.Or(device.Language(c.Request().Header.Get("Accept-Language")), "en")
	w := languages[v.Lang]
	v.Title, v.Text = v.say(w)
	v.AgainText = w.again
	v.Style = template.CSS(pageStyle) //nolint:gosec // our own file, not input
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return fmt.Errorf("render customer's page: %w", err)
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Vary", "Accept-Language")
	h.Set("X-Robots-Tag", "noindex")
	return c.HTMLBlob(status, b.Bytes())
}
