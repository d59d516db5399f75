package eupay

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// Till is what the law wants of a till: tickets, closings and the journal of sales. It takes a login; Journal also takes an API key.
type Till struct{ c *caller }

const (
	closingsPath = "/till/closings"
	closingPath  = closingsPath + "/{}"
	journalPath  = "/till/journal"

	tillSettingsPath = "/till/settings"
)

// PayMethod is how an order was paid.
type PayMethod string

// The methods. A merchant does not say PaidWithEUPay and PaidWithBill, which is with the bill of the order's table.
const (
	PaidWithEUPay   PayMethod = "eupay"
	PaidInCash      PayMethod = "cash"
	PaidWithCard    PayMethod = "card"
	PaidWithVoucher PayMethod = "voucher"
	PaidOtherwise   PayMethod = "other"
	PaidWithBill    PayMethod = "bill"
)

// CounterPaymentParams say how an order was paid at the counter.
type CounterPaymentParams struct {
	Method PayMethod `json:"method"`
	// Tip is on top of the order's total, and no turnover.
	Tip *Amount `json:"tip,omitempty"`
}

// Pay records that an order was paid at the counter. No money moves with it. Doing it again with the same method changes nothing.
func (s Orders) Pay(ctx context.Context, id string, p CounterPaymentParams) (*Order, error) {
	return get[Order](ctx, s.c, call{method: http.MethodPost, path: orderPath + "/payments", ids: []string{id}, body: p})
}

// OrderInvoiceParams are who the invoice of an order is for.
type OrderInvoiceParams struct {
	CustomerName      string   `json:"customer_name"`
	CustomerEmail     string   `json:"customer_email,omitempty"`
	CustomerType      string   `json:"customer_type,omitempty"`
	CustomerSIREN     string   `json:"customer_siren,omitempty"`
	CustomerSIRET     string   `json:"customer_siret,omitempty"`
	CustomerVATNumber string   `json:"customer_vat_number,omitempty"`
	CustomerAddress   *Address `json:"customer_address,omitempty"`
}

// OrderInvoice is the invoice of an order: Invoices.Get has it whole.
type OrderInvoice struct {
	ID               string `json:"id"`
	Number           string `json:"number"`
	Status           string `json:"status"`
	Total            Amount `json:"total"`
	PaymentReference string `json:"payment_reference"`
	Livemode         bool   `json:"livemode"`
}

// Invoice issues the invoice of a paid order, or returns the one that exists.
func (s Orders) Invoice(ctx context.Context, id string, p OrderInvoiceParams) (*OrderInvoice, error) {
	return get[OrderInvoice](ctx, s.c, call{method: http.MethodPost, path: orderPath + "/invoice", ids: []string{id}, body: p})
}

// Ticket is the note or ticket of an order.
type Ticket struct {
	OrderID   string       `json:"order_id"`
	Number    int64        `json:"number"`
	At        time.Time    `json:"at"`
	Table     string       `json:"table"`
	OrderType string       `json:"order_type"`
	Seller    TicketSeller `json:"seller"`
	Lines     []TicketLine `json:"lines"`
	Discount  Amount       `json:"discount"`
	// Cancelled is what was taken off after the order: not above zero.
	Cancelled Amount          `json:"cancelled"`
	Total     Amount          `json:"total"`
	Taxes     []TaxAmount     `json:"taxes"`
	Payments  []TicketPayment `json:"payments"`
	// Record is the last record of the journal about it; nil of an order from before the journal.
	Record *TicketRecord `json:"record"`
	// Copies is how often it was handed out before.
	Copies int64 `json:"copies"`
	// Required: a note must be handed out, because it is a service of 25 euros or more.
	Required bool `json:"required"`
	Livemode bool `json:"livemode"`
}

// TicketSeller is who is named on a ticket.
type TicketSeller struct {
	Name      string   `json:"name"`
	LegalName string   `json:"legal_name"`
	SIRET     string   `json:"siret"`
	VATNumber string   `json:"vat_number"`
	Address   []string `json:"address"`
}

// TicketLine is a line of a ticket.
type TicketLine struct {
	Name      string   `json:"name"`
	Options   []string `json:"options"`
	Quantity  int      `json:"quantity"`
	UnitPrice Amount   `json:"unit_price"`
	Discount  Amount   `json:"discount"`
	Total     Amount   `json:"total"`
}

// TaxAmount is an amount at one rate of VAT.
type TaxAmount struct {
	// VATRate is a percentage.
	VATRate   json.Number `json:"vat_rate"`
	Net       Amount      `json:"net"`
	VATAmount Amount      `json:"vat_amount"`
	Gross     Amount      `json:"gross"`
}

// TicketPayment is a payment on a ticket; below zero it was given back.
type TicketPayment struct {
	Method    PayMethod `json:"method"`
	Amount    Amount    `json:"amount"`
	Tip       Amount    `json:"tip"`
	Reference string    `json:"reference"`
	At        time.Time `json:"at"`
}

// TicketRecord is a record of the journal: Signature is the beginning of its hash.
type TicketRecord struct {
	Sequence  int64  `json:"sequence"`
	Signature string `json:"signature"`
}

// Ticket reads the ticket of an order. It does not count as handed out.
func (s Orders) Ticket(ctx context.Context, id string) (*Ticket, error) {
	return get[Ticket](ctx, s.c, call{method: http.MethodGet, path: orderPath + "/ticket", ids: []string{id}})
}

// TicketFile is the ticket of an order as html, pdf or escpos, in fr or en. Each one counts as handed out: the second is a duplicate.
func (s Orders) TicketFile(ctx context.Context, id, format, language string) (*File, error) {
	q := query{}
	q.text("format", format)
	q.text("language", language)
	return s.c.file(ctx, call{path: orderPath + "/ticket", ids: []string{id}, query: q})
}

// Closing is the closing of a day, month or year: the Z of a till.
type Closing struct {
	ID       string `json:"id"`
	Livemode bool   `json:"livemode"`
	// Period is one of day, month, year.
	Period string `json:"period"`
	Number int64  `json:"number"`
	// Day is the business day, or the first of the month or year.
	Day    string `json:"day"`
	ByHand bool   `json:"by_hand"`
	// FirstSequence and LastSequence are the records of the journal that it is about, Sequence and Hash its own. Keep the hash.
	FirstSequence int64           `json:"first_sequence"`
	LastSequence  int64           `json:"last_sequence"`
	Sequence      int64           `json:"sequence"`
	ClosedAt      time.Time       `json:"closed_at"`
	Hash          string          `json:"hash"`
	Orders        int64           `json:"orders"`
	Gross         Amount          `json:"gross"`
	Net           Amount          `json:"net"`
	VATAmount     Amount          `json:"vat_amount"`
	Taxes         []TaxAmount     `json:"taxes"`
	Discount      Amount          `json:"discount"`
	Cancellations int64           `json:"cancellations"`
	Cancelled     Amount          `json:"cancelled"`
	Refunds       int64           `json:"refunds"`
	Refunded      Amount          `json:"refunded"`
	ReceivedTaxes []TaxAmount     `json:"received_taxes"`
	Methods       []ClosingMethod `json:"methods"`
	Tips          Amount          `json:"tips"`
	GrandTotals   GrandTotals     `json:"grand_totals"`
}

// ClosingMethod is what came and went by one means of payment.
type ClosingMethod struct {
	Method   PayMethod `json:"method"`
	Payments int64     `json:"payments"`
	Received Amount    `json:"received"`
	Refunds  int64     `json:"refunds"`
	Refunded Amount    `json:"refunded"`
	Tips     Amount    `json:"tips"`
}

// GrandTotals count from the first record on, and never go back.
type GrandTotals struct {
	Total     Amount `json:"total"`
	Cancelled Amount `json:"cancelled"`
	Received  Amount `json:"received"`
	Refunded  Amount `json:"refunded"`
}

// CloseDay closes the day up to now. ErrInvalidState: there is nothing to close.
func (s Till) CloseDay(ctx context.Context) (*Closing, error) {
	return get[Closing](ctx, s.c, call{method: http.MethodPost, path: closingsPath, moded: true})
}

// Closing reads a closing.
func (s Till) Closing(ctx context.Context, id string) (*Closing, error) {
	return get[Closing](ctx, s.c, call{method: http.MethodGet, path: closingPath, ids: []string{id}, moded: true})
}

// ClosingFile is a closing as html, pdf or escpos, in fr or en.
func (s Till) ClosingFile(ctx context.Context, id, format, language string) (*File, error) {
	q := query{}
	q.text("format", format)
	q.text("language", language)
	return s.c.file(ctx, call{path: closingPath, ids: []string{id}, query: q, moded: true})
}

// ClosingListParams choose closings. What is empty chooses nothing.
type ClosingListParams struct {
	ListParams
	Period string
	// From and To are days, both included.
	From, To string
}

func (s Till) listing(p ClosingListParams) listing[Closing] {
	q := p.query()
	q.text("period", p.Period)
	q.text("from", p.From)
	q.text("to", p.To)
	return listing[Closing]{s.c, call{path: closingsPath, query: q, moded: true}, nil}
}

// Closings reads one page of the closings, the newest first.
func (s Till) Closings(ctx context.Context, p ClosingListParams) (*Page[Closing], error) {
	return s.listing(p).page(ctx)
}

// AllClosings reads the closings to their end, the newest first.
func (s Till) AllClosings(ctx context.Context, p ClosingListParams) iter.Seq2[Closing, error] {
	return s.listing(p).all(ctx)
}

// TillSettings is when days start.
type TillSettings struct {
	// DayStartsAt is when a business day starts in France, such as 06:00.
	DayStartsAt string `json:"day_starts_at"`
	// InForce is the same for the day that is open now: a change counts from the next closing of a day. DayEndsAt is when that day ends by itself.
	InForce   string    `json:"in_force"`
	DayEndsAt time.Time `json:"day_ends_at"`
}

// TillSettingsParams set when days start: a quarter of an hour from 00:00 to 12:00, in France.
type TillSettingsParams struct {
	DayStartsAt string `json:"day_starts_at"`
}

// Settings says when days start.
func (s Till) Settings(ctx context.Context) (*TillSettings, error) {
	return get[TillSettings](ctx, s.c, call{method: http.MethodGet, path: tillSettingsPath, moded: true})
}

// SetSettings sets when days start. The day that is open now ends when it was to end.
func (s Till) SetSettings(ctx context.Context, p TillSettingsParams) (*TillSettings, error) {
	return get[TillSettings](ctx, s.c, call{method: http.MethodPut, path: tillSettingsPath, body: p, moded: true})
}

// Journal is the records of a time as jsonl or csv. Close it.
func (s Till) Journal(ctx context.Context, from, to time.Time, format string) (*Download, error) {
	q := query{}
	q.time("from", from)
	q.time("to", to)
	q.text("format", format)
	return s.c.download(ctx, call{path: journalPath, query: q, moded: true})
}
