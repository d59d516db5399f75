package tables

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// cancelling is the part of an order's page with what was cancelled of it, and the form that cancels more.
type cancelling struct {
	Form *web.Form
	// Done are the cancellations there are.
	Done []eupay.Cancellation
	// May: pieces can be cancelled. Paid: a payment with EU Pay can be given back. Fresh: nothing is being prepared yet.
	May, Paid, Fresh bool
	// Preview is what would come of the form; nil: nobody has asked.
	Preview *eupay.Cancellation
	// Open: the form is shown at once.
	Open bool
}

// Piece is the name of the field with how many pieces of a line are cancelled.
func (c cancelling) Piece(position int) string { return piece(position) }

func piece(position int) string { return fmt.Sprintf("piece_%d", position) }

// Retry reports whether the money of a cancellation can be given back now.
func (v view) Retry(c eupay.Cancellation) bool {
	return v.Cancel.Paid && v.Order.PaymentReference != "" && c.Amount > 0 && (c.Refund == nil || c.Refund.Status == "failed")
}

// Left is how many pieces of a line can be cancelled.
func (v view) Left(l eupay.OrderLine) int { return l.Quantity - l.CancelledQuantity }

// cancellingOf returns that part of the page. It is no reason to show nothing that the cancellations cannot be read.
func cancellingOf(r *web.Request, o *eupay.Order) cancelling {
	ended := slices.Contains([]eupay.OrderStatus{eupay.OrderCancelled, eupay.OrderExpired, eupay.OrderPaymentFailed}, o.Status)
	paid := !o.PaidAt.IsZero() && o.PaymentReference != ""
	c := cancelling{
		May:   o.Status != eupay.OrderAwaitingPayment && (!ended || paid) && r.Session.Role != eupay.RoleAccountant,
		Paid:  paid && r.Session.Role == eupay.RoleMerchant,
		Fresh: o.Status == eupay.OrderReceived,
		Form:  web.NewForm("key", web.NewKey(), "refund", "1"),
	}
	if c.Fresh {
		c.Form.Values.Set("restock", "1")
	}
	c.May = c.May && slices.ContainsFunc(o.Items, func(l eupay.OrderLine) bool { return l.Quantity > l.CancelledQuantity })
	if o.CancelledAmount == 0 && o.Status != eupay.OrderCancelled && !slices.ContainsFunc(o.Items, func(l eupay.OrderLine) bool { return l.CancelledQuantity > 0 }) {
		return c
	}
	if done, err := r.API.Orders.Cancellations(r.Ctx(), o.ID); err == nil {
		c.Done = done
	}
	return c
}

// cancel asks what would come of the form first, and does it when that was seen.
func cancel(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	o, err := r.API.Orders.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := cancelParams(r, f, o)
	if !f.OK() {
		return showCancelling(r, http.StatusUnprocessableEntity, f, nil)
	}
	p.DryRun = f.Get("step") != "do"
	done, err := r.API.Orders.Cancel(r.Ctx(), o.ID, p)
	switch {
	case err != nil && (web.Missing(err) || !r.Refused(f, err)):
		return err
	case err != nil:
		return showCancelling(r, http.StatusUnprocessableEntity, f, nil)
	case p.DryRun:
		return showCancelling(r, http.StatusOK, f, &done.Cancellation)
	case done.Cancellation.RefundAmount > 0:
		return r.Redirect(allOrders+"/"+o.ID, "pieces_refunded")
	default:
		return r.Redirect(allOrders+"/"+o.ID, "pieces_cancelled")
	}
}

// cancelParams reads the form: the boxes say what holds, where the page shows them.
func cancelParams(r *web.Request, f *web.Form, o *eupay.Order) eupay.CancelParams {
	refund, restock := f.Is("refund") && r.Session.Role == eupay.RoleMerchant, f.Is("restock")
	p := eupay.CancelParams{Reason: f.Get("reason"), IdempotencyKey: f.Get("key"), Refund: &refund, Restock: &restock}
	for i, l := range o.Items {
		typed := f.Get(piece(i))
		if typed == "" || typed == "0" {
			continue
		}
		n, err := strconv.Atoi(typed)
		if err != nil || n < 1 || n > l.Quantity {
			f.Wrong(piece(i), r.Text.T("orders.pieces_wrong", "n", l.Quantity))
			continue
		}
		p.Lines = append(p.Lines, eupay.CancelLine{Position: l.Position, Quantity: n})
	}
	if len(p.Lines) == 0 && f.OK() {
		f.Problem = r.Text.T("orders.pieces_none")
	}
	return p
}

func showCancelling(r *web.Request, status int, f *web.Form, preview *eupay.Cancellation) error {
	return showOrderWith(r, status, web.NewForm(), func(c *cancelling) { c.Form, c.Preview, c.Open = f, preview, true })
}

// refundPieces gives back what a cancellation took out.
func refundPieces(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Orders.RefundCancellation(r.Ctx(), r.PathValue("id"), r.PathValue("cancellation"))
	if err != nil {
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
		return showOrder(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(allOrders+"/"+r.PathValue("id"), "pieces_refunded")
}
