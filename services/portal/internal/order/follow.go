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
}

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
	o, err := r.API.Orders.GetAsGuest(r.Ctx(), id, r.PathValue("token"))
	if err != nil {
		return err
	}
	f := following{Order: o, Menu: here(r), Every: whileWaiting, Result: r.URL.Query().Get("payment")}
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
		f.Every = whilePaying
		if known, pay := remembered(r); known == id {
			f.Pay = pay
		}
	case eupay.OrderServed, eupay.OrderCancelled, eupay.OrderExpired, eupay.OrderPaymentFailed:
		f.Every = 0
	}
	if r.Fragment() {
		return r.RenderPart("order/status", "live", f)
	}
	return r.Render(http.StatusOK, "order/status", f)
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
