package web

import (
	"errors"

	eupay "european-pay.eu/eupay/sdk/go"
)

// TicketEmail is what the component ticket_mail asks for.
func (r *Request) TicketEmail(f *Form) eupay.TicketEmailParams {
	return eupay.TicketEmailParams{Email: f.Get("email"), Language: r.Text.Code}
}

// TicketRefused notes why a ticket was not sent. It reports false for what is not the form's.
func (r *Request) TicketRefused(f *Form, err error) bool {
	if errors.Is(err, eupay.ErrInvalidState) {
		f.Problem = r.Text.T("till.mail_no_more")
		return true
	}
	return r.Refused(f, err)
}
