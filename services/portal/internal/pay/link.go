package pay

import (
	"errors"
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// linked is what the page of a payment link shows.
type linked struct {
	*eupay.OpenedPaymentLink
	Form *web.Form
	Slug string
	// Banks are those that were searched for.
	Banks web.Banks
	// Bounds say what the payer may choose; empty: anything.
	Bounds string
	// Paid is where the page of the payment is; empty: none is shown.
	Paid string
}

// linkPage shows what a payment link asks for.
func linkPage(r *web.Request) error {
	f := web.NewForm("key", web.NewKey())
	f.Values.Set("bank_search", r.URL.Query().Get("bank_search"))
	return showLink(r, http.StatusOK, f)
}

// showLink reads the link at the API, which alone knows how it stands.
func showLink(r *web.Request, status int, f *web.Form) error {
	private(r)
	slug := r.PathValue("slug")
	l, err := r.Site.API.Payers.OpenLink(r.Ctx(), slug)
	if errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) {
		return r.Render(http.StatusNotFound, "pay/trouble", trouble{Name: "nolink"})
	}
	if err != nil {
		return troubled(r, err)
	}
	v := linked{OpenedPaymentLink: l, Form: f, Slug: slug, Bounds: bounds(r, l)}
	if p := l.Payment; p != nil && l.Status == eupay.PaymentLinkPaid {
		v.Paid = "/pay/result?reference=" + url.QueryEscape(p.Reference)
	}
	if l.Status == eupay.PaymentLinkActive {
		v.Banks = r.Banks(f, func(p eupay.PayerBankListParams) (*eupay.Page[eupay.PayerBank], error) {
			return r.Site.API.Payers.LinkBanks(r.Ctx(), slug, p)
		})
	}
	return r.Render(status, "pay/link", v)
}

// bounds say in words what the payer may choose.
func bounds(r *web.Request, l *eupay.OpenedPaymentLink) string {
	least, most := r.Text.Amount(l.MinimumAmount), r.Text.Amount(l.MaximumAmount)
	switch {
	case l.MinimumAmount > 0 && l.MaximumAmount > 0:
		return r.Text.T("pay.between", "least", least, "most", most)
	case l.MinimumAmount > 0:
		return r.Text.T("pay.at_least", "least", least)
	case l.MaximumAmount > 0:
		return r.Text.T("pay.at_most", "most", most)
	default:
		return ""
	}
}

// payLink makes a payment of a link and leads to the bank, as begin does.
func payLink(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	amount := f.Amount(r, "amount")
	if !f.OK() {
		return showLink(r, http.StatusUnprocessableEntity, f)
	}
	made, err := begunWith(r, f, amount)
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return showLink(r, http.StatusUnprocessableEntity, f)
	}
	private(r)
	if !webURL(made.PaymentURL) {
		return r.Redirect("/pay/result?reference="+url.QueryEscape(made.Reference), "")
	}
	return r.Render(http.StatusOK, "pay/leave", made)
}

// begunWith pays the link with the form's key; somebody who went back and changed something makes another payment.
func begunWith(r *web.Request, f *web.Form, amount eupay.Amount) (*eupay.LinkPayment, error) {
	slug := r.PathValue("slug")
	p := eupay.LinkPaymentParams{Amount: amount, Bank: f.Get("bank"), IdempotencyKey: f.Get("key")}
	made, err := r.Site.API.Payers.PayLink(r.Ctx(), slug, p)
	if errors.Is(err, eupay.ErrIdempotencyConflict) {
		p.IdempotencyKey = web.NewKey()
		f.Values.Set("key", p.IdempotencyKey)
		made, err = r.Site.API.Payers.PayLink(r.Ctx(), slug, p)
	}
	return made, err
}
