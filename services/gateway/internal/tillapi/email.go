package tillapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/notice"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Mails sends tickets by mail.
type Mails interface {
	Send(ctx context.Context, t notice.TicketTo) error
}

// mailsPerMinute bounds the mails that guests at one address of the internet ask for.
const mailsPerMinute = 10

// emailed decodes to whom a ticket goes.
func emailed(c echo.Context) (t notice.TicketTo, err error) {
	var in struct {
		Email    string `json:"email"`
		Language string `json:"language"`
	}
	if err := web.Decode(c, &in); err != nil {
		return t, err
	}
	t.To, t.Language = form.NormalEmail(in.Email), cmp.Or(in.Language, languages[0])
	var bad refuse.Problems
	form.Email(&bad, t.To)
	bad.If(!slices.Contains(languages, t.Language), "language", "must be fr or en")
	return t, bad.Err()
}

// emailTicketFor lets a guest with the table's code have a ticket sent, and else a user of the merchant.
func (a *API) emailTicketFor(login echo.MiddlewareFunc) echo.HandlerFunc {
	byLogin, byToken := login(a.emailTicket), web.PerIP(a.Limiter, "ticket-mail", mailsPerMinute)(a.emailGuestTicket)
	return func(c echo.Context) error {
		if c.QueryParams().Has("token") {
			return byToken(c)
		}
		return byLogin(c)
	}
}

func (a *API) emailTicket(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	t, err := emailed(c)
	if err != nil {
		return err
	}
	return a.emailOrder(c, t, &qrv1.GetTicketRequest{MerchantId: caller.Of(c).MerchantID(), OrderId: id}, func(ctx context.Context) (*qrv1.Order, error) {
		res, err := a.Tables.GetOrder(ctx, &qrv1.GetOrderRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
		return res.GetOrder(), err
	})
}

func (a *API) emailGuestTicket(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	t, err := emailed(c)
	if err != nil {
		return err
	}
	t.Guest = true
	token := c.QueryParam("token")
	return a.emailOrder(c, t, &qrv1.GetTicketRequest{OrderId: id, Token: token}, func(ctx context.Context) (*qrv1.Order, error) {
		res, err := a.Tables.GetGuestOrder(ctx, &qrv1.GetGuestOrderRequest{OrderId: id, Token: token})
		return res.GetOrder(), err
	})
}

// emailOrder has the ticket of an order sent that the caller may read. What has no ticket is refused now and not when the mail is made.
func (a *API) emailOrder(c echo.Context, t notice.TicketTo, req *qrv1.GetTicketRequest, read func(context.Context) (*qrv1.Order, error)) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	o, err := read(ctx)
	if err != nil {
		return err
	}
	if _, err := a.Till.GetTicket(ctx, req); err != nil {
		return err
	}
	t.Ticket, t.Since = notice.Ticket{MerchantID: o.GetMerchantId(), Livemode: o.GetLivemode(), OrderID: o.GetId()}, o.GetCreatedAt().AsTime()
	if err := a.Mails.Send(ctx, t); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

func (a *API) emailBillTicket(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	t, err := emailed(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.GetBill(ctx, &qrv1.GetBillRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
	if err != nil {
		return err
	}
	return a.emailBill(ctx, c, t, res.GetBill())
}

func (a *API) emailGuestBillTicket(c echo.Context) error {
	token, err := web.PathID(c, "token", billNoun)
	if err != nil {
		return err
	}
	t, err := emailed(c)
	if err != nil {
		return err
	}
	t.Guest = true
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.GetPublicBill(ctx, &qrv1.GetPublicBillRequest{Token: token})
	if err != nil {
		return err
	}
	return a.emailBill(ctx, c, t, res.GetBill())
}

func (a *API) emailBill(ctx context.Context, c echo.Context, t notice.TicketTo, b *qrv1.Bill) error {
	t.Ticket, t.Since = notice.Ticket{MerchantID: b.GetMerchantId(), Livemode: b.GetLivemode(), BillID: b.GetId()}, b.GetUpdatedAt().AsTime()
	if err := a.Mails.Send(ctx, t); err != nil {
		return err
	}
	return c.NoContent(http.StatusAccepted)
}

// Print renders the ticket of a mail as PDF, and tells how its seller is called.
func (a *API) Print(ctx context.Context, t notice.Ticket, language, id string) (seller string, pdf []byte, err error) {
	by, err := a.seller(ctx, t.MerchantID, t.Livemode)
	if err != nil {
		return "", nil, err
	}
	if t.BillID != "" {
		res, err := a.Till.GetBillTicket(ctx, &qrv1.GetBillTicketRequest{
			MerchantId: t.MerchantID, BillId: t.BillID, Seller: by, Format: pdfFormat, Language: language, IssueId: id,
		})
		return by.GetName(), res.GetFile(), err
	}
	res, err := a.Till.GetTicket(ctx, &qrv1.GetTicketRequest{
		MerchantId: t.MerchantID, OrderId: t.OrderID, Seller: by, Format: pdfFormat, Language: language, IssueId: id,
	})
	return by.GetName(), res.GetFile(), err
}
