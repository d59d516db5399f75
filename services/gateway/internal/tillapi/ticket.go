package tillapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// The formats of a ticket. json is not counted as handed out.
var formats = []string{"json", "html", "pdf", "escpos"}

// pdfFormat is that of tickets in mails.
const pdfFormat = "pdf"

// languages of tickets and closings on paper, the usual one first.
var languages = []string{"fr", "en"}

type ticketJSON struct {
	OrderID   string         `json:"order_id"`
	Number    int64          `json:"number"`
	At        string         `json:"at"`
	Table     string         `json:"table"`
	OrderType string         `json:"order_type"`
	Seller    sellerJSON     `json:"seller"`
	Lines     []ticketLine   `json:"lines"`
	Discount  money.Cents    `json:"discount"`
	Cancelled money.Cents    `json:"cancelled"`
	Total     money.Cents    `json:"total"`
	Taxes     []taxJSON      `json:"taxes"`
	Payments  []paymentJSON  `json:"payments"`
	Record    *recordOfMoney `json:"record"`
	Copies    int64          `json:"copies"`
	Required  bool           `json:"required"`
	Livemode  bool           `json:"livemode"`
}

type sellerJSON struct {
	Name      string   `json:"name"`
	LegalName string   `json:"legal_name,omitempty"`
	SIRET     string   `json:"siret,omitempty"`
	VATNumber string   `json:"vat_number,omitempty"`
	Address   []string `json:"address,omitempty"`
}

type ticketLine struct {
	Name      string      `json:"name"`
	Options   []string    `json:"options,omitempty"`
	Quantity  int32       `json:"quantity"`
	UnitPrice money.Cents `json:"unit_price"`
	Discount  money.Cents `json:"discount"`
	Total     money.Cents `json:"total"`
}

// taxJSON is an amount at one rate.
type taxJSON struct {
	VATRate   vat.Percent `json:"vat_rate"`
	Net       money.Cents `json:"net"`
	VATAmount money.Cents `json:"vat_amount"`
	Gross     money.Cents `json:"gross"`
}

type paymentJSON struct {
	Method    string      `json:"method"`
	Amount    money.Cents `json:"amount"`
	Tip       money.Cents `json:"tip"`
	Reference string      `json:"reference"`
	At        string      `json:"at"`
}

// recordOfMoney is the last record of the journal about the ticket.
type recordOfMoney struct {
	Sequence  int64  `json:"sequence"`
	Signature string `json:"signature"`
}

// ticketFor lets a guest with the table's code see a ticket, and else a user of the merchant.
func (a *API) ticketFor(login echo.MiddlewareFunc) echo.HandlerFunc {
	byLogin, byToken := login(a.ticket), web.PerIP(a.Limiter, "ticket", ticketsPerMinute)(a.guestTicket)
	return func(c echo.Context) error {
		if c.QueryParams().Has("token") {
			return byToken(c)
		}
		return byLogin(c)
	}
}

func (a *API) ticket(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	return a.answerTicket(c, &qrv1.GetTicketRequest{OrderId: id}, func(ctx context.Context) (*qrv1.Order, error) {
		res, err := a.Tables.GetOrder(ctx, &qrv1.GetOrderRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
		return res.GetOrder(), err
	})
}

func (a *API) guestTicket(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	token := c.QueryParam("token")
	return a.answerTicket(c, &qrv1.GetTicketRequest{OrderId: id, Token: token}, func(ctx context.Context) (*qrv1.Order, error) {
		res, err := a.Tables.GetGuestOrder(ctx, &qrv1.GetGuestOrderRequest{OrderId: id, Token: token})
		return res.GetOrder(), err
	})
}

// answerTicket answers with the ticket of an order that the caller may read.
func (a *API) answerTicket(c echo.Context, req *qrv1.GetTicketRequest, read func(context.Context) (*qrv1.Order, error)) error {
	format, language, err := paperOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	o, err := read(ctx)
	if err != nil {
		return err
	}
	if req.Seller, err = a.seller(ctx, o.GetMerchantId(), o.GetLivemode()); err != nil {
		return err
	}
	req.MerchantId, req.Language, req.Format = o.GetMerchantId(), language, format
	res, err := a.Till.GetTicket(ctx, req)
	if err != nil {
		return err
	}
	if req.GetFormat() != "" {
		return file(c, format, "ticket-"+strconv.FormatInt(o.GetNumber(), 10), res.GetFile())
	}
	return web.Answer(c, http.StatusOK, ticketView(res.GetTicket()))
}

// paperOf is how a ticket is asked for. The format is empty for one that is only read.
func paperOf(c echo.Context) (format, language string, err error) {
	f := web.FiltersOf(c)
	format, language = f.OneOf("format", formats), f.OneOf("language", languages)
	if format == "json" {
		format = ""
	}
	return format, language, f.Err()
}

func ticketView(t *qrv1.Ticket) ticketJSON {
	return ticketJSON{
		OrderID: t.GetOrderId(), Number: t.GetNumber(), At: web.Stamp(t.GetAt()), Table: t.GetTableName(), OrderType: t.GetOrderType(),
		Seller: sellerView(t.GetSeller()), Lines: lineViews(t.GetLines()), Discount: money.Cents(t.GetDiscountCents()),
		Cancelled: money.Cents(t.GetCancelledCents()), Total: money.Cents(t.GetTotalCents()), Taxes: taxViews(t.GetTaxes()),
		Payments: paymentViews(t.GetPayments()), Record: recordView(t), Copies: t.GetCopies(), Required: t.GetRequired(), Livemode: t.GetLivemode(),
	}
}

func sellerView(s *qrv1.Seller) sellerJSON {
	return sellerJSON{s.GetName(), s.GetLegalName(), s.GetSiret(), s.GetVatNumber(), s.GetAddress()}
}

func lineViews(list []*qrv1.TicketLine) []ticketLine {
	views := make([]ticketLine, len(list))
	for i, l := range list {
		views[i] = ticketLine{
			l.GetName(), l.GetOptions(), l.GetQuantity(), money.Cents(l.GetUnitPriceCents()), money.Cents(l.GetDiscountCents()), money.Cents(l.GetTotalCents()),
		}
	}
	return views
}

func paymentViews(list []*qrv1.TicketPayment) []paymentJSON {
	views := make([]paymentJSON, len(list))
	for i, p := range list {
		views[i] = paymentJSON{p.GetMethod(), money.Cents(p.GetAmountCents()), money.Cents(p.GetTipCents()), p.GetReference(), web.Stamp(p.GetAt())}
	}
	return views
}

func recordView(t *qrv1.Ticket) *recordOfMoney {
	if t.GetSequence() == 0 {
		return nil
	}
	return &recordOfMoney{t.GetSequence(), t.GetSignature()}
}

func taxViews(list []*qrv1.TaxShare) []taxJSON {
	views := make([]taxJSON, len(list))
	for i, x := range list {
		gross, tax := money.Cents(x.GetGrossCents()), money.Cents(x.GetVatCents())
		views[i] = taxJSON{vat.Percent(x.GetVatPerMille()), gross - tax, tax, gross}
	}
	return views
}
