package bill

import (
	"errors"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// formats of a bill's ticket, by the end of the address.
const (
	asPage = "html"
	asPDF  = "pdf"
)

// guestTicket is the ticket of a bill for guests, who have its link.
func guestTicket(format string) web.Handler {
	return func(r *web.Request) error {
		f, err := r.API.GuestBills.TicketFile(r.Ctx(), r.PathValue("token"), format, r.Text.Code)
		if err != nil {
			return err
		}
		return send(r, f, format)
	}
}

// ticket is the ticket of a merchant's bill as the API prints it: it counts as handed out.
func ticket(format string) web.Handler {
	return func(r *web.Request) error {
		f, err := r.API.Bills.TicketFile(r.Ctx(), r.PathValue("id"), format, r.Text.Code)
		if err != nil {
			return err
		}
		return send(r, f, format)
	}
}

func send(r *web.Request, f *eupay.File, format string) error {
	if format == asPage {
		return r.Paper(f)
	}
	r.W.Header().Set("Cache-Control", "no-store")
	return r.PDF(f, "ticket.pdf", false)
}

// mailGuest sends the ticket of a bill to an address that a guest enters.
func mailGuest(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	err = r.API.GuestBills.EmailTicket(r.Ctx(), r.PathValue("token"), r.TicketEmail(f))
	if err == nil {
		return r.Redirect(here(r)+"?sent=1", "")
	}
	if errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) || !r.TicketRefused(f, err) {
		return err
	}
	b, err := r.API.GuestBills.Get(r.Ctx(), r.PathValue("token"))
	if err != nil {
		return err
	}
	p := newPage(untouched(), b)
	p.Mail = f
	return r.Render(http.StatusUnprocessableEntity, "bill/guest", p)
}

// mail sends the ticket of a merchant's bill.
func mail(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := r.API.Bills.EmailTicket(r.Ctx(), r.PathValue("id"), r.TicketEmail(f)); err != nil {
		if web.Missing(err) || !r.TicketRefused(f, err) {
			return err
		}
		return showBill(r, http.StatusUnprocessableEntity, "mail", f)
	}
	return r.Redirect(home+"/"+r.PathValue("id"), "ticket_sent")
}
