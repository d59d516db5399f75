package bill

import (
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const perPage = 25

// methods are the ways in which a merchant receives money itself.
var methods = []string{"cash", "card", "voucher", "other"}

type listing struct {
	Bills  []eupay.BillSummary
	Filter *web.Form
	web.Paging
}

func list(r *web.Request) error {
	q := r.URL.Query()
	f := &web.Form{Values: q, Fields: map[string]string{}}
	if !q.Has("status") {
		f = web.NewForm("status", "open")
	}
	got, err := r.API.Bills.List(r.Ctx(), eupay.BillListParams{ListParams: r.ListPage(perPage), Status: eupay.BillStatus(f.Get("status"))})
	if err != nil {
		return err
	}
	out := listing{Bills: got.Data, Filter: f, Paging: web.PagingOf(got.Pagination)}
	if r.Fragment() {
		return r.RenderPart("bill/list", "bill_list", out)
	}
	return r.Render(http.StatusOK, "bill/list", out)
}

// view is what the page of one bill shows. Which of its forms was refused is told by its name.
type view struct {
	*eupay.Bill
	Methods          []string
	MayWrite, MayPay bool
	Refused          string
	form             *web.Form
}

// Shown is the form of that name: as it was sent if it was refused.
func (v view) Shown(name string) *web.Form {
	if v.Refused == name {
		return v.form
	}
	return web.NewForm()
}

func detail(r *web.Request) error { return showBill(r, http.StatusOK, "", nil) }

func showBill(r *web.Request, status int, refused string, f *web.Form) error {
	b, err := r.API.Bills.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := view{Bill: b, Methods: methods, MayWrite: r.Session.Role != eupay.RoleAccountant, MayPay: r.Session.Role == eupay.RoleMerchant, Refused: refused, form: f}
	if refused == "" {
		v.Refused, v.form = "payment", web.NewForm("key", web.NewKey(), "method", "cash")
		v.form.SetAmount(r, "amount", b.Free)
	}
	return r.Render(status, "bill/detail", v)
}

// done leads back to the bill, or shows what the API refused.
func done(r *web.Request, name string, f *web.Form, err error, notice string) error {
	if err == nil {
		return r.Redirect(home+"/"+r.PathValue("id"), notice)
	}
	if web.Missing(err) || !r.Refused(f, err) {
		return err
	}
	return showBill(r, http.StatusUnprocessableEntity, name, f)
}

func record(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.BillPaymentParams{Method: f.Get("method"), Amount: f.Amount(r, "amount"), Tip: f.Amount(r, "tip"), IdempotencyKey: f.Get("key")}
	if !f.OK() {
		return showBill(r, http.StatusUnprocessableEntity, "payment", f)
	}
	_, err = r.API.Bills.RecordPayment(r.Ctx(), r.PathValue("id"), p)
	return done(r, "payment", f, err, "bill_recorded")
}

func refund(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Bills.RefundPayment(r.Ctx(), r.PathValue("id"), r.PathValue("payment"), eupay.BillRefundParams{})
	return done(r, "refund", f, err, "bill_refund")
}

func cancelShare(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Bills.CancelShare(r.Ctx(), r.PathValue("id"), r.PathValue("share"))
	return done(r, "share", f, err, "bill_share_cancelled")
}

func closeBill(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Bills.Close(r.Ctx(), r.PathValue("id"), eupay.BillCloseParams{WriteOffReason: f.Get("write_off_reason")})
	return done(r, "close", f, err, "bill_closed")
}
