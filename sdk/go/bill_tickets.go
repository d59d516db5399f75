package eupay

import (
	"context"
	"net/http"
	"time"
)

// BillTicket is the note or ticket of a whole bill.
type BillTicket struct {
	// BillID is empty for guests.
	BillID string `json:"bill_id"`
	// OrderNumbers are those of the orders on it.
	OrderNumbers []int64      `json:"order_numbers"`
	At           time.Time    `json:"at"`
	Table        string       `json:"table"`
	Seller       TicketSeller `json:"seller"`
	Lines        []TicketLine `json:"lines"`
	Discount     Amount       `json:"discount"`
	// Cancelled is what was taken off after the orders: not above zero.
	Cancelled Amount      `json:"cancelled"`
	Total     Amount      `json:"total"`
	Taxes     []TaxAmount `json:"taxes"`
	// Payments have no references for guests.
	Payments []TicketPayment `json:"payments"`
	// Due is what is still to be paid.
	Due Amount `json:"due"`
	// WrittenOff is what the bill was closed without.
	WrittenOff Amount `json:"written_off"`
	// Record is the last record of the journal about it.
	Record *TicketRecord `json:"record"`
	// Copies is how often it was handed out before.
	Copies int64 `json:"copies"`
	// Required: a note must be handed out, because it is a service of 25 euros or more.
	Required bool `json:"required"`
	Livemode bool `json:"livemode"`
}

// Ticket reads the ticket of a bill. It does not count as handed out.
func (s Bills) Ticket(ctx context.Context, id string) (*BillTicket, error) {
	return get[BillTicket](ctx, s.c, call{method: http.MethodGet, path: billPath + ticketPath, ids: []string{id}})
}

// TicketFile is the ticket of a bill as html, pdf or escpos, in fr or en. Each one counts as handed out: the second is a duplicate.
func (s Bills) TicketFile(ctx context.Context, id, format, language string) (*File, error) {
	return s.c.file(ctx, call{path: billPath + ticketPath, ids: []string{id}, query: paper(format, language)})
}

// Ticket reads the ticket of a bill by its link.
func (s GuestBills) Ticket(ctx context.Context, token string) (*BillTicket, error) {
	return get[BillTicket](ctx, s.c, call{method: http.MethodGet, path: guestBillPath + ticketPath, ids: []string{token}, open: true})
}

// TicketFile is the ticket of a bill by its link, as html, pdf or escpos, in fr or en.
func (s GuestBills) TicketFile(ctx context.Context, token, format, language string) (*File, error) {
	return s.c.file(ctx, call{path: guestBillPath + ticketPath, ids: []string{token}, query: paper(format, language), open: true})
}

const ticketPath = "/ticket"

func paper(format, language string) query {
	q := query{}
	q.text("format", format)
	q.text("language", language)
	return q
}

// TicketEmailParams say to whom a ticket is sent by mail.
type TicketEmailParams struct {
	Email string `json:"email"`
	// Language is fr or en; empty: fr.
	Language string `json:"language,omitempty"`
}

const emailPath = ticketPath + "/email"

// EmailTicket sends the ticket of an order as a PDF. It counts as handed out when the mail is made.
func (s Orders) EmailTicket(ctx context.Context, id string, p TicketEmailParams) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: orderPath + emailPath, ids: []string{id}, body: p})
}

// EmailTicketAsGuest is EmailTicket for the guest with the code of the table.
func (s Orders) EmailTicketAsGuest(ctx context.Context, id, token string, p TicketEmailParams) error {
	q := query{}
	q.text("token", token)
	return do(ctx, s.c, call{method: http.MethodPost, path: orderPath + emailPath, ids: []string{id}, query: q, body: p, open: true})
}

// EmailTicket sends the ticket of a bill as a PDF. It counts as handed out when the mail is made.
func (s Bills) EmailTicket(ctx context.Context, id string, p TicketEmailParams) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: billPath + emailPath, ids: []string{id}, body: p})
}

// EmailTicket sends the ticket of a bill as a PDF to a guest.
func (s GuestBills) EmailTicket(ctx context.Context, token string, p TicketEmailParams) error {
	return do(ctx, s.c, call{method: http.MethodPost, path: guestBillPath + emailPath, ids: []string{token}, body: p, open: true})
}

// Invoice issues the invoice of a payment of a bill, or returns the one that exists.
func (s Bills) Invoice(ctx context.Context, id, payment string, p OrderInvoiceParams) (*OrderInvoice, error) {
	return get[OrderInvoice](ctx, s.c, call{method: http.MethodPost, path: billPath + "/payments/{}/invoice", ids: []string{id, payment}, body: p})
}
