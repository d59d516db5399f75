package provider

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

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

// page is shown to a payer if the merchant gave no page.
type page struct {
	Lang, Kind       string
	Title, Text      string
	Merchant, Amount string
	Reference        string
	// Refresh is the number of seconds after which the browser reloads; 0 for never.
	Refresh     int
	RefreshText string
	// Receipt is the page where the payer keeps it; empty: there is none.
	Receipt, ReceiptText string
	Style                template.CSS
	words                func(words) (title, text string)
}

// words are the texts in one language.
type words struct {
	done, doneText, failed, failedText, waiting, waitingText, refunded, refundedText string
	unsure, unsureText, late, lateText                                               string
	unknown, unknownText, away, awayText, busy, busyText, again, receipt             string
	standing, standingText                                                           string
}

var languages = map[string]words{
	"en": {
		"Payment complete", "Your bank has confirmed the payment. You can close this page.",
		"Payment not made", "No money was taken. Go back to the merchant to try again.",
		"Payment in progress", "Your bank is still working on the payment. This page looks again by itself.",
		"Payment refunded", "The money of this payment was sent back.",
		"Payment not confirmed", "Your bank did not confirm the payment in time. If the amount leaves your account all the same, contact the merchant.",
		"Payment received late", "The merchant received your payment after its time had run out. Contact the merchant about it.",
		"Payment not found", "There is no payment behind this link.",
		"We are checking your payment", "The answer takes longer than usual. This page looks again by itself; do not pay a second time.",
		"Too many requests", "Wait a moment, then load this page again.", "Look again now", "Show the receipt",
		"Standing order set up", "Your bank makes the payments by itself from now on. You can close this page.",
	},
	"fr": {
		"Paiement effectué", "Votre banque a confirmé le paiement. Vous pouvez fermer cette page.",
		"Paiement non effectué", "Aucun montant n’a été prélevé. Revenez chez le commerçant pour réessayer.",
		"Paiement en cours", "Votre banque traite encore le paiement. Cette page s’actualise toute seule.",
		"Paiement remboursé", "Le montant de ce paiement a été renvoyé.",
		"Paiement non confirmé", "Votre banque n’a pas confirmé le paiement à temps. Si le montant est tout de même débité, contactez le commerçant.",
		"Paiement reçu en retard", "Le commerçant a reçu votre paiement après l’expiration du délai. Contactez-le à ce sujet.",
		"Paiement introuvable", "Aucun paiement ne correspond à ce lien.",
		"Nous vérifions votre paiement", "La réponse prend plus de temps que d’habitude. Cette page s’actualise toute seule ; ne payez pas une seconde fois.",
		"Trop de demandes", "Patientez un instant, puis rechargez cette page.", "Actualiser maintenant", "Afficher le reçu",
		"Virement permanent mis en place", "Votre banque effectue désormais les paiements d’elle-même. Vous pouvez fermer cette page.",
	},
}

func statusPage(p *paymentsv1.Payment) page {
	v := page{Merchant: p.GetMerchantName(), Reference: p.GetReference(), Amount: money.Cents(p.GetAmountCents()).String() + " " + p.GetCurrency()}
	switch p.GetStatus() {
	case "completed":
		v.Kind, v.words = "done", func(w words) (string, string) { return w.done, w.doneText }
	case active:
		v.Kind, v.words = "done", func(w words) (string, string) { return w.standing, w.standingText }
	case "refunded":
		v.Kind, v.words = "done", func(w words) (string, string) { return w.refunded, w.refundedText }
	case "failed", "cancelled":
		v.Kind, v.words = "failed", unpaidWords(p)
	default:
		v.Kind, v.Refresh, v.words = "waiting", 5, func(w words) (string, string) { return w.waiting, w.waitingText }
	}
	return v
}

// unpaidWords returns the texts for a payment that ended unpaid. They say "No money was taken" only if that is certain.
func unpaidWords(p *paymentsv1.Payment) func(words) (title, text string) {
	switch code := p.GetFailureCode(); {
	case p.GetLateReceipt() != nil:
		return func(w words) (string, string) { return w.late, w.lateText }
	case code == "expired" || code == "not_received" || code == "amount_mismatch":
		return func(w words) (string, string) { return w.unsure, w.unsureText }
	default:
		return func(w words) (string, string) { return w.failed, w.failedText }
	}
}

// pages shows a payer a page where an API client would get a JSON error.
func (p *Provider) pages(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil || c.Response().Committed {
			return err
		}
		e := errs.From(err)
		v := page{Kind: "waiting", Refresh: 5, words: func(w words) (string, string) { return w.away, w.awayText }}
		switch e.Code {
		case errs.NotFoundCode:
			v = page{Kind: "failed", words: func(w words) (string, string) { return w.unknown, w.unknownText }}
		case errs.RateLimitExceeded:
			v = page{Kind: "waiting", words: func(w words) (string, string) { return w.busy, w.busyText }}
			c.Response().Header().Set(echo.HeaderRetryAfter, fmt.Sprint(web.Seconds(e.RetryAfter)))
		default:
			p.Log.WarnContext(c.Request().Context(), "payer's return not answered with a state", "request_id", web.RequestID(c), "error", err)
		}
		return showPage(c, e.Code.HTTPStatus(), v)
	}
}

func showPage(c echo.Context, status int, v page) error {
	v.Lang = cmp.Or(device.Language(c.Request().Header.Get("Accept-Language")), "en")
	w := languages[v.Lang]
	v.Title, v.Text = v.words(w)
	v.RefreshText, v.ReceiptText = w.again, w.receipt
	v.Style = template.CSS(pageStyle) //nolint:gosec // our own file, not input
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return fmt.Errorf("render payer's page: %w", err)
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Vary", "Accept-Language")
	h.Set("X-Robots-Tag", "noindex")
	return c.HTMLBlob(status, b.Bytes())
}
