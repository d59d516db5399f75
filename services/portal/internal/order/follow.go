package order

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// steps are the states that an order goes through.
var steps = []eupay.OrderStatus{eupay.OrderReceived, eupay.OrderPreparing, eupay.OrderReady, eupay.OrderServed}

// following is what the page of an order shows.
type following struct {
	*eupay.Order
	Steps []step
	// Pay leads to the bank again, where this browser knows the way; empty: it does not, or there is nothing to pay.
	Pay string
	// Menu is the table's page.
	Menu string
	// Result is what the bank's page said when it sent the guest back: success, cancelled, or nothing.
	Result string
	// Every is after how many seconds the page looks again; 0: the order has ended.
	Every int
	// Mail is the form that sends the ticket; nil: there is none yet. Sent: it was just sent.
	Mail *web.Form
	Sent bool
}

// MailTo is where the form is sent.
func (f following) MailTo() string { return f.Menu + "/" + url.PathEscape(f.ID) + "/ticket" }

type step struct {
	Status     eupay.OrderStatus
	Done, Here bool
}

// Ended reports whether nothing happens to the order any more.
func (f following) Ended() bool { return f.Every == 0 }

// How often a page looks again: soon while a payment is under way, and then seldom: all guests of a room share one
// address.
const (
	whilePaying  = 4
	whileWaiting = 12
)

// follow shows what becomes of an order.
func follow(r *web.Request, id string) error {
	return followWith(r, http.StatusOK, here(r), id, web.NewForm())
}

// mailTicket sends the ticket of the guest's order by mail.
func mailTicket(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id := r.PathValue("order")
	menu := "/order/" + url.PathEscape(r.PathValue("merchant")) + "/" + url.PathEscape(r.PathValue("token"))
	err = r.API.Orders.EmailTicketAsGuest(r.Ctx(), id, r.PathValue("token"), r.TicketEmail(f))
	if err == nil {
		return r.Redirect(menu+"?"+url.Values{"order": {id}, "sent": {"1"}}.Encode(), "")
	}
	if !unreadable(err) || !r.TicketRefused(f, err) {
		return err
	}
	return followWith(r, http.StatusUnprocessableEntity, menu, id, f)
}

// followWith shows the order with the form for its ticket. menu is the address of the table's page.
func followWith(r *web.Request, status int, menu, id string, mail *web.Form) error {
	o, err := r.API.Orders.GetAsGuest(r.Ctx(), id, r.PathValue("token"))
	if err != nil {
		return err
	}
	f := following{Order: o, Menu: menu, Every: whileWaiting, Result: r.URL.Query().Get("payment"), Mail: mail, Sent: r.URL.Query().Has("sent")}
	at := -1
	for i, s := range steps {
		if s == o.Status {
			at = i
		}
	}
	for i, s := range steps {
		f.Steps = append(f.Steps, step{Status: s, Done: i < at || i == at && s == eupay.OrderServed, Here: i == at})
	}
	switch o.Status {
	case eupay.OrderAwaitingPayment:
		f.Every, f.Mail = whilePaying, nil
		if known, pay := remembered(r); known == id {
			f.Pay = pay
		}
	case eupay.OrderServed, eupay.OrderCancelled, eupay.OrderExpired, eupay.OrderPaymentFailed:
		f.Every = 0
	}
	if o.PaidAt.IsZero() && o.Status != eupay.OrderServed && f.Every == 0 {
		f.Mail = nil // what ended unpaid has no ticket
	}
	if r.Fragment() {
		return r.RenderPart("order/status", "live", f)
	}
	return r.Render(status, "order/status", f)
}

// lastOrder is the cookie with a guest's latest order at a table, and where it is paid. It is for this table's page alone.
const lastOrder = "eupay-order"

// lastFor is how long it is kept: a meal, in seconds.
const lastFor = 3 * 60 * 60

func remember(r *web.Request, id, pay string) {
	r.SetCookie(lastOrder, base64.RawURLEncoding.EncodeToString([]byte(id+" "+pay)), here(r), lastFor)
}

func remembered(r *web.Request) (id, pay string) {
	c, err := r.Cookie(lastOrder)
	if err != nil {
		return "", ""
	}
	text, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return "", ""
	}
	id, pay, _ = strings.Cut(string(text), " ")
	return id, bankURL(pay)
}

// placedBefore leads to the guest's latest order at this table.
func placedBefore(r *web.Request) string {
	id, _ := remembered(r)
	if id == "" {
		return ""
	}
	return here(r) + "?" + url.Values{"order": {id}}.Encode()
}
