package tillapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// billTicketJSON is the ticket of a whole bill.
type billTicketJSON struct {
	// BillID is not for guests, who know the bill by its link.
	BillID       string         `json:"bill_id,omitempty"`
	OrderNumbers []int64        `json:"order_numbers"`
	At           string         `json:"at"`
	Table        string         `json:"table"`
	Seller       sellerJSON     `json:"seller"`
	Lines        []ticketLine   `json:"lines"`
	Discount     money.Cents    `json:"discount"`
	Cancelled    money.Cents    `json:"cancelled"`
	Total        money.Cents    `json:"total"`
	Taxes        []taxJSON      `json:"taxes"`
	Payments     []paymentJSON  `json:"payments"`
	Due          money.Cents    `json:"due"`
	WrittenOff   money.Cents    `json:"written_off"`
	Record       *recordOfMoney `json:"record"`
	Copies       int64          `json:"copies"`
	Required     bool           `json:"required"`
	Livemode     bool           `json:"livemode"`
}

func billTicketView(t *qrv1.Ticket, forGuest bool) billTicketJSON {
	v := billTicketJSON{
		BillID: t.GetBillId(), OrderNumbers: append([]int64{}, t.GetOrderNumbers()...), At: web.Stamp(t.GetAt()), Table: t.GetTableName(),
		Seller: sellerView(t.GetSeller()), Lines: lineViews(t.GetLines()), Discount: money.Cents(t.GetDiscountCents()),
		Cancelled: money.Cents(t.GetCancelledCents()), Total: money.Cents(t.GetTotalCents()), Taxes: taxViews(t.GetTaxes()),
		Payments: paymentViews(t.GetPayments()), Due: money.Cents(t.GetDueCents()), WrittenOff: money.Cents(t.GetWrittenOffCents()),
		Record: recordView(t), Copies: t.GetCopies(), Required: t.GetRequired(), Livemode: t.GetLivemode(),
	}
	if forGuest {
		v.BillID = ""
	}
	return v
}

func (a *API) billTicket(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	return a.answerBillTicket(c, &qrv1.GetBillTicketRequest{BillId: id}, func(ctx context.Context) (*qrv1.Bill, error) {
		res, err := a.Bills.GetBill(ctx, &qrv1.GetBillRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
		return res.GetBill(), err
	})
}

func (a *API) guestBillTicket(c echo.Context) error {
	token, err := web.PathID(c, "token", billNoun)
	if err != nil {
		return err
	}
	return a.answerBillTicket(c, &qrv1.GetBillTicketRequest{Token: token}, func(ctx context.Context) (*qrv1.Bill, error) {
		res, err := a.Bills.GetPublicBill(ctx, &qrv1.GetPublicBillRequest{Token: token})
		return res.GetBill(), err
	})
}

// answerBillTicket answers with the ticket of a bill that the caller may read.
func (a *API) answerBillTicket(c echo.Context, req *qrv1.GetBillTicketRequest, read func(context.Context) (*qrv1.Bill, error)) error {
	format, language, err := paperOf(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	b, err := read(ctx)
	if err != nil {
		return err
	}
	if req.Seller, err = a.seller(ctx, b.GetMerchantId(), b.GetLivemode()); err != nil {
		return err
	}
	req.MerchantId, req.Language, req.Format = b.GetMerchantId(), language, format
	res, err := a.Till.GetBillTicket(ctx, req)
	if err != nil {
		return err
	}
	if format != "" {
		return file(c, format, "ticket", res.GetFile())
	}
	return web.Answer(c, http.StatusOK, billTicketView(res.GetTicket(), req.GetToken() != ""))
}
