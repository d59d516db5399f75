package tables

import (
	"net/http"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// Methods are how an order is paid at the counter. Their phrases are till.method_<name>.
func (view) Methods() []eupay.PayMethod {
	return []eupay.PayMethod{eupay.PaidInCash, eupay.PaidWithCard, eupay.PaidWithVoucher, eupay.PaidOtherwise}
}

// MayPay reports whether the order can be paid at the counter by the user.
func (v view) MayPay() bool {
	ended := v.Status == eupay.OrderCancelled || v.Status == eupay.OrderExpired || v.Status == eupay.OrderPaymentFailed
	return v.MayWrite && v.PaidAt.IsZero() && v.Total > 0 && !ended
}

// HasTicket reports whether the order owes or has paid something.
func (v view) HasTicket() bool {
	return !v.PaidAt.IsZero() || v.Status != eupay.OrderAwaitingPayment && v.Status != eupay.OrderExpired && v.Status != eupay.OrderPaymentFailed
}

// AtCounter reports whether the order was paid without EU Pay: its payment has no page.
func (v view) AtCounter() bool {
	return v.PaymentMethod != "" && v.PaymentMethod != eupay.PaidWithEUPay
}

// payOrder records that an order was paid at the counter.
func payOrder(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := r.API.Orders.Pay(r.Ctx(), r.PathValue("id"), eupay.CounterPaymentParams{Method: eupay.PayMethod(f.Get("method"))}); err != nil {
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
		return showOrder(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(allOrders+"/"+r.PathValue("id"), "order_paid")
}

// ticket is the ticket of an order as the API prints it: it counts as handed out.
func ticket(r *web.Request) error {
	o, err := r.API.Orders.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	file, err := r.API.Orders.TicketFile(r.Ctx(), o.ID, "pdf", r.Text.Code)
	if err != nil {
		return err
	}
	return sendPDF(r, "ticket-"+strconv.Itoa(o.Number)+".pdf", file.Data)
}

// mailTicket sends the ticket of an order by mail.
func mailTicket(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := r.API.Orders.EmailTicket(r.Ctx(), r.PathValue("id"), r.TicketEmail(f)); err != nil {
		if web.Missing(err) || !r.TicketRefused(f, err) {
			return err
		}
		return showOrder(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(allOrders+"/"+r.PathValue("id"), "ticket_sent")
}

// billing is the page that issues the invoice of an order.
type billing struct {
	*web.Form
	Order *eupay.Order
	Back  string
}

func invoicePage(r *web.Request) error { return showInvoice(r, http.StatusOK, web.NewForm()) }

func showInvoice(r *web.Request, status int, f *web.Form) error {
	o, err := r.API.Orders.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Render(status, "tables/invoice", billing{Form: f, Order: o, Back: allOrders + "/" + o.ID})
}

func issueInvoice(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	inv, err := r.API.Orders.Invoice(r.Ctx(), r.PathValue("id"), r.SaleInvoice(f))
	if err != nil {
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
		return showInvoice(r, http.StatusUnprocessableEntity, f)
	}
	return r.AfterInvoice(inv.ID, allOrders+"/"+r.PathValue("id"))
}

// MayInvoice reports whether the user can issue the order's invoice.
func (v view) MayInvoice() bool {
	return v.MayWrite && v.PaymentStatus == "paid" && v.BillID == "" && v.Total > 0
}
