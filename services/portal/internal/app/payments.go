package app

import (
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

func payments(r *web.Request) error {
	got, err := r.API.Customers.Payments(r.Ctx(), r.ListPage(perPage))
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "app/payments", struct {
		Payments []eupay.ScanTransaction
		web.Paging
	}{got.Data, web.PagingOf(got.Pagination)})
}

// receipt is what the page of one payment shows.
type receipt struct{ *eupay.ScanTransaction }

// Open reports whether the payment may still change, so that the page looks again.
func (p receipt) Open() bool {
	return p.Status == eupay.PaymentPending || p.Status == eupay.PaymentPendingSCA
}

// Icon is the picture of the state.
func (p receipt) Icon() string {
	switch p.Status {
	case eupay.PaymentCompleted:
		return "circle-check"
	case eupay.PaymentRefunded:
		return "undo-2"
	case eupay.PaymentFailed, eupay.PaymentCancelled:
		return "circle-x"
	default:
		return "hourglass"
	}
}

// State is where the state of the payment is read again.
func (p receipt) State() string {
	return "/app/payments/" + url.PathEscape(p.TransactionID) + "/state"
}

func payment(r *web.Request) error {
	got, err := r.API.Customers.Payment(r.Ctx(), r.PathValue("transaction"))
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "app/payment", receipt{got})
}

// paymentState is the part of the page that changes.
func paymentState(r *web.Request) error {
	if !r.Fragment() {
		return r.Redirect("/app/payments/"+url.PathEscape(r.PathValue("transaction")), "")
	}
	got, err := r.API.Customers.Payment(r.Ctx(), r.PathValue("transaction"))
	if err != nil {
		return err
	}
	return r.RenderPart("app/payment", "state", receipt{got})
}

// points shows the customer's points: those of real payments where there are any, else those of test payments.
func points(r *web.Request) error {
	p := r.ListPage(perPage)
	got, err := r.API.Live().Customers.Loyalty(r.Ctx(), p)
	test := false
	if err == nil && len(got.Data) == 0 && p.Page == 1 || p.Page > 1 && r.URL.Query().Get("test") != "" {
		test = true
		got, err = r.API.Customers.Loyalty(r.Ctx(), p)
	}
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "app/points", struct {
		Data    []eupay.LoyaltyEntry
		Balance int
		web.Paging
		Test bool
	}{got.Data, got.Balance, web.PagingOf(got.Pagination), test})
}
