package payments

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// codeLife is how long the QR code of a payment can be paid.
const codeLife = 30 * time.Minute

// view is what the page of one payment shows.
type view struct {
	*eupay.Payment
	linked
	Timeline []moment
	// Webhooks: the deliveries could be read. Rest: the orders and the invoices could.
	Webhooks, Rest bool
	// Left is what can still be given back.
	Left eupay.Amount
	// Code: the QR code can be paid. CodeUntil is until when.
	Code      bool
	CodeUntil time.Time
	Mail      string

	// What the reader may do.
	MayCancel, MayConfirm, MayDeny, MayBook, MayRefund bool
	// Form is the one that was refused, and Open its name.
	Form *web.Form
	Open string
}

// Shown is the form of that name: the one that was refused, or an empty one.
func (v view) Shown(name string) *web.Form {
	if v.Open == name {
		return v.Form
	}
	return web.NewForm("key", v.Form.Get("key"))
}

func pathOf(reference string) string { return "/portal/payments/" + url.PathEscape(reference) }

func detail(r *web.Request) error {
	return show(r, http.StatusOK, "", web.NewForm("key", web.NewKey()))
}

// show answers the page of a payment. open names the form that was refused; empty: none.
func show(r *web.Request, status int, open string, f *web.Form) error {
	reference := r.PathValue("reference")
	v := view{Form: f, Open: open}
	var merchant *eupay.Merchant
	err := web.Together(
		web.Into(&v.Payment, func() (*eupay.Payment, error) { return r.API.Payments.Get(r.Ctx(), reference) }),
		web.Into(&v.History, func() ([]eupay.PaymentChange, error) { return r.API.Payments.History(r.Ctx(), reference) }),
		web.Into(&v.Refunds, func() ([]eupay.Payment, error) { return refundsOf(r, reference) }),
		web.Into(&merchant, func() (*eupay.Merchant, error) { return r.API.Merchant.Get(r.Ctx()) }),
		func() error {
			var err error
			v.Sent, err = deliveries(r, reference)
			v.Webhooks = err == nil
			return nil // the page is shown without them
		},
		func() error {
			v.Rest = web.Together(
				web.Into(&v.Orders, func() ([]eupay.Order, error) { return ordersOf(r, reference) }),
				web.Into(&v.Invoices, func() ([]eupay.Invoice, error) { return invoicesOf(r, reference) }),
			) == nil
			return nil // as above
		},
	)
	if err != nil {
		return one(err)
	}
	v.Timeline = v.timeline()
	v.allow(r, merchant)
	v.share(r, merchant)
	return r.Render(status, "payments/detail", v)
}

// one is the most telling of several errors: that there is no such payment, or that nobody is logged in.
func one(err error) error {
	for _, code := range []eupay.Code{eupay.ErrUnauthenticated, eupay.ErrNotFound} {
		if errors.Is(err, code) {
			return code
		}
	}
	return err
}

func refundsOf(r *web.Request, reference string) ([]eupay.Payment, error) {
	list, err := r.API.Refunds.List(r.Ctx(), reference)
	if errors.Is(err, eupay.ErrNotFound) {
		return nil, nil // the payment itself says so
	}
	return list, err
}

// allow finds out what the reader may do. The API decides in the end.
func (v *view) allow(r *web.Request, m *eupay.Merchant) {
	if r.Session.Role != eupay.RoleMerchant || v.OriginalReference != "" {
		return
	}
	open := v.Status == eupay.PaymentPending || v.Status == eupay.PaymentPendingSCA
	ended := v.Status == eupay.PaymentFailed || v.Status == eupay.PaymentCancelled
	asked := open && !v.SettlementDeadline.IsZero()
	v.MayDeny = asked
	v.MayConfirm = asked && v.StatusDetail != eupay.DetailAmountMismatch ||
		open && !asked && m.EPCEnabled && v.StatusDetail != eupay.DetailReceivedOutside && v.StatusDetail != eupay.DetailPayingByScan
	v.MayCancel = open && !asked && !v.CancelRequested && v.StatusDetail != eupay.DetailReceivedOutside
	v.MayBook = ended && v.LateReceipt == nil
	switch {
	case v.Status == eupay.PaymentCompleted || v.Status == eupay.PaymentRefunded:
		v.Left = v.Amount - v.AmountRefunded
	case v.LateReceipt != nil:
		v.Left = v.LateReceipt.Amount - v.AmountRefunded
	}
	v.MayRefund = v.Left > 0
}

// share is how the customer gets the payment.
func (v *view) share(r *web.Request, m *eupay.Merchant) {
	if v.PaymentURL == "" || v.OriginalReference != "" {
		return
	}
	v.CodeUntil = v.CreatedAt.Add(codeLife)
	v.Code = r.Site.Now().Before(v.CodeUntil)
	subject := r.Text.T("payments.mail_subject", "merchant", m.Name, "amount", r.Text.Amount(v.Amount))
	body := r.Text.T("payments.mail_body", "description", v.Description, "amount", r.Text.Amount(v.Amount), "url", v.PaymentURL, "merchant", m.Name)
	v.Mail = "mailto:?subject=" + mailText(subject) + "&body=" + mailText(body)
}

// mailText is a text in a mailto link. An & must not begin another field, such as cc, and no program takes a + for a space.
func mailText(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// picture is the QR code of a payment.
func picture(r *web.Request) error {
	file, err := r.API.Payments.QRImage(r.Ctx(), r.PathValue("reference"), eupay.QRImageParams{Format: eupay.PNG, Size: 512})
	if err != nil {
		return err
	}
	h := r.W.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	r.Uncompressed()
	return r.Send(http.StatusOK, file.Data)
}
