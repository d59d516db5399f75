// Package bill serves the pages of the bills of tables: of guests, who pay a bill or a part of it, and of merchants, who follow and close them.
package bill

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home = "/portal/bills"
	// guestPath is beside the pages of tables: a bill's link needs no other way in.
	guestPath = "/order/bill/{token}"
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	texts, err := text.Load()
	if err != nil {
		return err
	}
	g := guests{french: texts["fr"]}
	s.Open("GET "+guestPath, g.page(show))
	s.Open("POST "+guestPath, g.page(pay))
	s.Open("POST "+guestPath+"/ticket", g.page(mailGuest))
	s.Open("GET "+guestPath+"/ticket", g.page(guestTicket(asPage)))
	s.Open("GET "+guestPath+"/ticket.pdf", g.page(guestTicket(asPDF)))
	s.Open("POST "+guestPath+"/{share}/cancel", g.page(giveUp))
	s.For(web.Everyone, "GET /portal/bills", list)
	s.For(web.Everyone, "GET /portal/bills/{id}", detail)
	s.For(web.Everyone, "GET /portal/bills/{id}/ticket", ticket(asPage))
	s.For(web.Everyone, "GET /portal/bills/{id}/ticket.pdf", ticket(asPDF))
	s.For(web.Shop, "POST /portal/bills/{id}/ticket", mail)
	s.For(web.Shop, "POST /portal/bills/{id}/payments", record)
	s.For(web.Owners, "POST /portal/bills/{id}/payments/{payment}/refund", refund)
	s.For(web.Shop, "GET /portal/bills/{id}/payments/{payment}/invoice", invoicePage)
	s.For(web.Shop, "POST /portal/bills/{id}/payments/{payment}/invoice", issueInvoice)
	s.For(web.Shop, "POST /portal/bills/{id}/shares/{share}/cancel", cancelShare)
	s.For(web.Shop, "POST /portal/bills/{id}/close", closeBill)
	return s.Templates("bill", templates)
}

// guests are served in French unless their browser says otherwise.
type guests struct{ french *text.Language }

func (g guests) page(h web.Handler) web.Handler {
	return func(r *web.Request) error {
		if r.Header.Get("Accept-Language") == "" {
			r.Text = g.french
		}
		// The page of an earlier moment would have the key of a share that has been taken.
		r.W.Header().Set("Cache-Control", "no-store")
		err := h(r)
		if errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) {
			return r.Render(http.StatusNotFound, "bill/none", nil)
		}
		return err
	}
}

// here is the address of the bill's page.
func here(r *web.Request) string { return "/order/bill/" + r.PathValue("token") }

// page is what a guest sees of a bill.
type page struct {
	*web.Form
	Bill  *eupay.GuestBill
	Lines []line
	// Mail is the form that sends the ticket. Sent: it was just sent.
	Mail *web.Form
	Sent bool
}

// line is a line of the bill with the name of its field.
type line struct {
	eupay.BillLine
	Field string
	// Left is how many pieces nobody has taken.
	Left  int
	Wrong string
}

// Here is the address of the bill's page.
func (p page) Here() string { return "/order/bill/" + url.PathEscape(p.Bill.Token) }

func show(r *web.Request) error {
	if id := r.URL.Query().Get("share"); id != "" {
		return follow(r, id)
	}
	b, err := r.API.GuestBills.Get(r.Ctx(), r.PathValue("token"))
	if err != nil {
		return err
	}
	p := newPage(untouched(), b)
	p.Sent = r.URL.Query().Has("sent")
	return r.Render(http.StatusOK, "bill/guest", p)
}

// untouched is the form of a share that nobody has filled in.
func untouched() *web.Form {
	return web.NewForm("key", web.NewKey(), "kind", "rest", "tip", "0", "people", "2", "parts", "1")
}

func newPage(f *web.Form, b *eupay.GuestBill) page {
	p := page{Form: f, Bill: b, Mail: web.NewForm()}
	for _, l := range b.Items {
		field := "q_" + l.OrderID + "." + strconv.Itoa(l.Position)
		p.Lines = append(p.Lines, line{BillLine: l, Field: field, Left: max(0, l.Quantity-l.Taken), Wrong: f.Fields[field]})
	}
	return p
}

// pay takes the share that the guest has chosen, and leads to its page.
func pay(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	b, err := r.API.GuestBills.Get(r.Ctx(), r.PathValue("token"))
	if err != nil {
		return err
	}
	p := newPage(f, b)
	want := p.wanted(r)
	if !f.OK() {
		return r.Render(http.StatusUnprocessableEntity, "bill/guest", newPage(f, b))
	}
	taken, err := r.API.GuestBills.TakeShare(r.Ctx(), r.PathValue("token"), want)
	if err != nil {
		if errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) {
			return err
		}
		explain(r, f, err)
		if fresh, err := r.API.GuestBills.Get(r.Ctx(), r.PathValue("token")); err == nil {
			b = fresh
		}
		return r.Render(http.StatusUnprocessableEntity, "bill/guest", newPage(f, b))
	}
	return r.Redirect(here(r)+"?share="+taken.Share.ID, "")
}

// wanted reads the form.
func (p *page) wanted(r *web.Request) eupay.BillShareParams {
	s := eupay.BillShareParams{Kind: p.Get("kind"), IdempotencyKey: p.Get("key")}
	part := p.Bill.Free
	switch s.Kind {
	case "equal":
		s.People, s.Parts = p.number("people"), p.number("parts")
		if s.People > 0 {
			part = p.Bill.Free * eupay.Amount(s.Parts) / eupay.Amount(s.People)
		}
	case "items":
		s.Items, part = p.items(r)
	case "amount":
		s.Amount = p.Amount(r, "amount")
		part = s.Amount
		if s.Amount == 0 && p.OK() {
			p.Wrong("amount", r.Text.T("bill.amount_missing"))
		}
	}
	switch tip := p.Get("tip"); tip {
	case "own":
		s.Tip = p.Amount(r, "own_tip")
	case "5", "10":
		percent, _ := strconv.Atoi(tip)
		s.Tip = (min(part, p.Bill.Free)*eupay.Amount(percent) + 50) / 100
	}
	return s
}

func (p *page) number(name string) int {
	n, err := strconv.Atoi(p.Get(name))
	if err != nil {
		return 0
	}
	return n
}

// items are the pieces that are chosen, and about what they cost.
func (p *page) items(r *web.Request) (list []eupay.BillShareItem, cost eupay.Amount) {
	for _, l := range p.Lines {
		n := p.number(l.Field)
		if n < 1 {
			continue
		}
		list = append(list, eupay.BillShareItem{OrderID: l.OrderID, Position: l.Position, Quantity: n})
		cost += l.Total * eupay.Amount(n) / eupay.Amount(max(1, l.Quantity))
	}
	if len(list) == 0 {
		p.Problem = r.Text.T("bill.nothing_chosen")
	}
	return list, cost
}

// explain says why the API did not take the share.
func explain(r *web.Request, f *web.Form, err error) {
	var refused *eupay.Error
	if !errors.As(err, &refused) {
		f.Problem = r.Text.T("error.unreachable")
		return
	}
	switch refused.Code {
	case eupay.ErrInvalidState:
		f.Problem = r.Text.T("bill.taken")
	case eupay.ErrIdempotencyConflict:
		f.Problem = r.Text.T("bill.changed")
		f.Values.Set("key", web.NewKey())
	case eupay.ErrMerchantNotEnabled:
		f.Problem = r.Text.T("bill.no_payments")
	case eupay.ErrRateLimitExceeded:
		f.Problem = r.Text.T("bill.too_many")
	case eupay.ErrValidation:
		f.Problem = r.Text.T("bill.taken")
		for _, field := range refused.Fields {
			if field.Field == "tip" {
				f.Wrong("own_tip", r.Text.T("bill.wrong_tip"))
			}
		}
	default:
		r.Refused(f, err)
	}
}

// How often the page of a share looks again, in seconds.
const whilePaying = 4

// following is what the page of a share shows.
type following struct {
	*eupay.BillShare
	Bill *eupay.GuestBill
	Here string
	// Pay leads to the bank; empty: it has not answered yet, or there is nothing to pay.
	Pay string
	// Result is what the bank's page said when it sent the guest back: success, cancelled, or nothing.
	Result string
	// Every is after how many seconds the page looks again; 0: the share has ended.
	Every int
}

// Sum is what is paid: the part and its tip.
func (f following) Sum() eupay.Amount { return f.Amount + f.Tip }

func follow(r *web.Request, id string) error {
	token := r.PathValue("token")
	sh, err := r.API.GuestBills.GetShare(r.Ctx(), token, id)
	if err != nil {
		return err
	}
	b, err := r.API.GuestBills.Get(r.Ctx(), token)
	if err != nil {
		return err
	}
	f := following{BillShare: sh, Bill: b, Here: here(r), Result: r.URL.Query().Get("payment")}
	if sh.Status == eupay.BillShareOpen {
		f.Pay, f.Every = web.External(sh.PaymentURL), whilePaying
	}
	if r.Fragment() {
		return r.RenderPart("bill/share", "live", f)
	}
	return r.Render(http.StatusOK, "bill/share", f)
}

// giveUp makes the guest's part free again.
func giveUp(r *web.Request) error {
	_, err := r.API.GuestBills.CancelShare(r.Ctx(), r.PathValue("token"), r.PathValue("share"))
	if err != nil && !errors.Is(err, eupay.ErrInvalidState) { // it has ended by itself
		return err
	}
	return r.Redirect(here(r), "")
}
