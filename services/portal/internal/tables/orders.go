package tables

import (
	"net/http"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const (
	allOrders = "/portal/orders"
	perPage   = 25
)

// states are those that the list can be narrowed to.
var states = []eupay.OrderStatus{
	eupay.OrderAwaitingPayment, eupay.OrderReceived, eupay.OrderPreparing, eupay.OrderReady, eupay.OrderServed, eupay.OrderCancelled, eupay.OrderExpired,
	eupay.OrderPaymentFailed,
}

// onward is what comes after a state when the shop does its work. A state that is not there leads nowhere.
var onward = map[eupay.OrderStatus]eupay.OrderStatus{
	eupay.OrderReceived: eupay.OrderPreparing, eupay.OrderPreparing: eupay.OrderReady, eupay.OrderReady: eupay.OrderServed,
}

type listing struct {
	Orders   []eupay.Order
	States   []eupay.OrderStatus
	Tables   []eupay.Table
	Filter   *web.Form
	Filtered bool
	web.Paging
}

func orders(r *web.Request) error {
	q := r.URL.Query()
	f := &web.Form{Values: q, Fields: map[string]string{}}
	p := eupay.OrderListParams{ListParams: r.ListPage(perPage), Status: eupay.OrderStatus(f.Get("status")), Table: f.Get("table")}
	if day, err := r.Text.ParseLocal(f.Get("day") + "T00:00"); err == nil {
		p.From, p.To = day, day.AddDate(0, 0, 1)
	}
	got, err := r.API.Orders.List(r.Ctx(), p)
	if err != nil {
		return err
	}
	out := listing{Orders: got.Data, States: states, Filter: f, Filtered: p.Status != "" || p.Table != "" || !p.From.IsZero()}
	out.Paging = web.PagingOf(got.Pagination)
	if some, err := r.API.Tables.List(r.Ctx(), eupay.ListParams{Limit: 100}); err == nil { // a filter less is no reason to show nothing
		for _, z := range byZone(some.Data) {
			out.Tables = append(out.Tables, z.Tables...)
		}
	}
	if r.Fragment() {
		return r.RenderPart("tables/orders", "order_list", out)
	}
	return r.Render(http.StatusOK, "tables/orders", out)
}

// view is what the page of one order shows.
type view struct {
	*eupay.Order
	Form *web.Form
	// Next is what the order can become; empty: nothing.
	Next eupay.OrderStatus
	// MayCancel, MayRefund and MayWrite are what the order and the user's role allow.
	MayCancel, MayRefund, MayWrite bool
	Cancel                         cancelling
}

func orderPage(r *web.Request) error { return showOrder(r, http.StatusOK, web.NewForm()) }

func showOrder(r *web.Request, status int, f *web.Form) error {
	return showOrderWith(r, status, f, func(*cancelling) {})
}

// showOrderWith shows the page after do has changed its part about cancellations.
func showOrderWith(r *web.Request, status int, f *web.Form, do func(*cancelling)) error {
	o, err := r.API.Orders.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := view{Order: o, Form: f, Next: onward[o.Status], MayWrite: r.Session.Role != eupay.RoleAccountant}
	paid := o.PaymentStatus == "paid" || o.PaymentStatus == "partially_refunded"
	v.MayCancel = v.Next != "" || o.Status == eupay.OrderAwaitingPayment
	// Money that came too late is given back too, of an order that has ended.
	v.MayRefund = paid && o.BillID == "" && r.Session.Role == eupay.RoleMerchant && (o.Refund == nil || o.Refund.Status == "completed") &&
		(v.MayCancel || o.Status == eupay.OrderCancelled)
	v.Cancel = cancellingOf(r, o)
	do(&v.Cancel)
	return r.Render(status, "tables/order", v)
}

// Took is how long the order took, or has been open.
func (v view) Took() time.Duration { return v.UpdatedAt.Sub(v.CreatedAt) }

func setStatus(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.OrderStatusParams{Status: eupay.OrderStatus(f.Get("status")), Refund: f.Is("refund")}
	_, err = r.API.Orders.SetStatus(r.Ctx(), r.PathValue("id"), p)
	if err != nil {
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
		return showOrder(r, http.StatusUnprocessableEntity, f)
	}
	notice := "order_moved"
	switch {
	case p.Refund:
		notice = "order_refund"
	case p.Status == eupay.OrderCancelled:
		notice = "order_cancelled"
	}
	return r.Redirect(web.Local(f.Get("next"), allOrders+"/"+r.PathValue("id")), notice)
}
