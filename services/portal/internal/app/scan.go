package app

import (
	"errors"
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// longest is the longest text of a code that the API takes.
const longest = 4096

func scanPage(r *web.Request) error { return r.Render(http.StatusOK, "app/scan", web.NewForm()) }

// order is what the page shows on which a payment is confirmed.
type order struct {
	*web.Form
	// Scan is what the code says; nil: the API did not tell, and the form can only be sent again.
	Scan     *eupay.ScannedQR
	Accounts []eupay.CustomerAccount
	// Here leads back to this page, for those who link a bank first.
	Here string
}

// Chosen reports whether that account is chosen: the first one until another is.
func (o order) Chosen(i int, id string) bool {
	chosen := o.Get("account_id")
	return chosen == id || chosen == "" && i == 0
}

// scan shows what a code says. The code may come from the camera, from a link or from the keyboard.
func scan(r *web.Request) error {
	f := web.NewForm("data", r.URL.Query().Get("data"), "key", web.NewKey())
	data := f.Get("data")
	if data == "" {
		return r.Render(http.StatusOK, "app/scan", f)
	}
	o, err := orderOf(r, f)
	if err == nil {
		return r.Render(http.StatusOK, "app/confirm", o)
	}
	if !refused(r, f, err) {
		return err
	}
	return r.Render(http.StatusUnprocessableEntity, "app/scan", f)
}

// orderOf reads the code of a form and the accounts that can pay it.
func orderOf(r *web.Request, f *web.Form) (order, error) {
	data := f.Get("data")
	o := order{Form: f, Here: "/app/scan?data=" + url.QueryEscape(data)}
	if len(data) > longest {
		return o, &eupay.Error{Code: eupay.ErrQRInvalid, Status: http.StatusBadRequest, Message: r.Text.T("app.why_QR_INVALID")}
	}
	var err error
	if o.Scan, err = r.API.Scans.Read(r.Ctx(), data); err != nil {
		return o, err
	}
	page, err := r.API.Customers.Accounts(r.Ctx(), eupay.ListParams{Limit: 100})
	if err != nil {
		return o, err
	}
	o.Accounts = page.Data
	return o, nil
}

// pay begins the payment and leads to the bank. Sending the form twice pays once: the form has a key, and the API holds the customer, the
// code and the amount against those of the last 30 minutes.
func pay(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.ScanPayParams{QRData: f.Get("data"), AccountID: f.Get("account_id"), IdempotencyKey: f.Get("key")}
	if f.Values.Has("amount") {
		if p.Amount = f.Amount(r, "amount"); p.Amount <= 0 && f.OK() {
			f.Wrong("amount", r.Text.T("app.amount_needed"))
		}
	}
	if !f.OK() {
		return payAgain(r, f)
	}
	got, err := r.API.Scans.Pay(r.Ctx(), p)
	if err != nil {
		if !refused(r, f, err) {
			return err
		}
		if !retriable(err) {
			f.Values.Set("key", web.NewKey()) // another account or amount is another request
		}
		return payAgain(r, f)
	}
	to := "/app/payments/" + url.PathEscape(got.TransactionID)
	switch {
	case got.Status == eupay.PaymentCompleted || got.Status == eupay.PaymentRefunded:
		return r.Redirect(to, "app_already_paid")
	case got.WebauthURL != "":
		return leave(r, got.WebauthURL)
	default: // the bank has not answered yet: the page shows its address as soon as it has
		return r.Redirect(to, "")
	}
}

// retriable reports whether the same request may go well later, and must not pay twice then.
func retriable(err error) bool {
	var api *eupay.Error
	return !errors.As(err, &api) || api.Status >= http.StatusInternalServerError
}

// payAgain shows the form once more. Where the API does not even tell what the code says, the form keeps what was typed.
func payAgain(r *web.Request, f *web.Form) error {
	o, err := orderOf(r, f)
	if err != nil {
		var api *eupay.Error
		if errors.As(err, &api) && (api.Code == eupay.ErrUnauthenticated || api.Code == eupay.ErrStepUpRequired) {
			return err
		}
		if f.Problem == "" && !refused(r, f, err) {
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, "app/confirm", o)
}

// refused notes what the API refused, in words for somebody who pays. It reports false for what is not the form's.
func refused(r *web.Request, f *web.Form, err error) bool {
	if !r.Refused(f, err) {
		return false
	}
	var api *eupay.Error
	if errors.As(err, &api) && r.Text.Code != "en" { // the API speaks English
		f.Problem = r.Text.Or("app.why_"+string(api.Code), f.Problem)
	}
	return true
}
