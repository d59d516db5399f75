package billapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// tableBill is the open bill behind the code of a table.
func (a *API) tableBill(c echo.Context) error {
	merchantID, err := web.PathID(c, "merchantId", tableNoun)
	if err != nil {
		return err
	}
	token, err := web.PathID(c, "token", tableNoun)
	if err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "table-bill:"+merchantID+":"+key(token), billPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.GetTableBill(ctx, &qrv1.GetTableBillRequest{MerchantId: merchantID, Token: token})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, guestView(res.GetBill()))
}

// token is that of a bill's link.
func token(c echo.Context) (string, error) { return web.PathID(c, "token", billNoun) }

func (a *API) publicBill(c echo.Context) error {
	token, err := token(c)
	if err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "bill:"+key(token), billPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.GetPublicBill(ctx, &qrv1.GetPublicBillRequest{Token: token})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, guestView(res.GetBill()))
}

func (a *API) publicShare(c echo.Context) error {
	token, err := token(c)
	if err != nil {
		return err
	}
	id, err := web.PathID(c, "share", shareNoun)
	if err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "share:"+key(token+id), billPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.GetShare(ctx, &qrv1.GetShareRequest{Token: token, ShareId: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shareView(res.GetShare()))
}

func (a *API) cancelPublicShare(c echo.Context) error {
	token, err := token(c)
	if err != nil {
		return err
	}
	id, err := web.PathID(c, "share", shareNoun)
	if err != nil {
		return err
	}
	return a.cancel(c, &qrv1.CancelShareRequest{Token: token, ShareId: id})
}

func (a *API) cancelShare(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	share, err := web.PathID(c, "share", shareNoun)
	if err != nil {
		return err
	}
	return a.cancel(c, &qrv1.CancelShareRequest{MerchantId: caller.Of(c).MerchantID(), BillId: id, ShareId: share})
}

func (a *API) cancel(c echo.Context, r *qrv1.CancelShareRequest) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.CancelShare(ctx, r)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shareView(res.GetShare()))
}

// takePublicShare is a guest's. Who sends it needs nothing but the link.
func (a *API) takePublicShare(c echo.Context) error {
	token, err := token(c)
	if err != nil {
		return err
	}
	if err := web.Limited(c, a.Limiter, "shares:"+key(token), sharesOfBill); err != nil {
		return err
	}
	return a.take(c, &qrv1.CreateShareRequest{Token: token}, func(ctx context.Context) (*qrv1.Bill, error) {
		res, err := a.Bills.GetPublicBill(ctx, &qrv1.GetPublicBillRequest{Token: token})
		return res.GetBill(), err
	})
}

// takeShare is a merchant's, whose screen shows the code of the payment.
func (a *API) takeShare(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	own := caller.Of(c).MerchantID()
	return a.take(c, &qrv1.CreateShareRequest{MerchantId: own, BillId: id}, func(ctx context.Context) (*qrv1.Bill, error) {
		res, err := a.Bills.GetBill(ctx, &qrv1.GetBillRequest{MerchantId: own, Id: id})
		return res.GetBill(), err
	})
}

type shareRequest struct {
	Kind   string `json:"kind"`
	People int32  `json:"people"`
	Parts  int32  `json:"parts"`
	Items  []struct {
		OrderID  string `json:"order_id"`
		Position int32  `json:"position"`
		Quantity int32  `json:"quantity"`
	} `json:"items"`
	Amount web.Amount `json:"amount"`
	Tip    web.Amount `json:"tip"`
	// ExpectedAmount is what the payer was shown, without the tip; absent: any amount will do.
	ExpectedAmount web.Amount `json:"expected_amount"`
	HoldMinutes    int32      `json:"hold_minutes"`
}

func (in shareRequest) into(r *qrv1.CreateShareRequest) {
	r.Kind, r.People, r.Parts, r.HoldMinutes = in.Kind, in.People, in.Parts, in.HoldMinutes
	r.AmountCents, r.TipCents = int64(in.Amount.Cents()), int64(in.Tip.Cents())
	if in.ExpectedAmount.Given() {
		expected := int64(in.ExpectedAmount.Cents())
		r.ExpectedAmountCents = &expected
	}
	for _, it := range in.Items {
		r.Items = append(r.Items, &qrv1.ShareItem{OrderId: it.OrderID, Position: it.Position, Quantity: it.Quantity})
	}
}

// take takes a share. The qr service makes its payment; it does so also when this process dies.
func (a *API) take(c echo.Context, r *qrv1.CreateShareRequest, read func(context.Context) (*qrv1.Bill, error)) error {
	var in shareRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	in.into(r)
	var err error
	if r.IdempotencyKey, err = web.IdempotencyKey(c); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, max(a.Deadline, callTimeout))
	defer cancel()
	b, err := read(ctx)
	if err != nil {
		return err
	}
	m, err := a.Merchants.Get(ctx, b.GetMerchantId())
	if err != nil {
		return err
	}
	_, refused := a.Deployment.ForPayer(m)
	if refused == nil && a.Deployment.Mode(m) != b.GetLivemode() {
		refused = errs.New(errs.InvalidState, "This bill was opened before payments here changed. Pay it at the counter.")
	}
	r.Payable, r.MerchantVersion, r.PaymentReference = refused == nil, m.Snapshot().GetVersion(), reference.Payment(a.Now())
	res, err := a.Bills.CreateShare(ctx, r)
	if refused != nil && errs.Is(err, errs.MerchantNotEnabled) {
		return refused
	}
	if err != nil {
		return err
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, http.StatusCreated, takenJSON{Share: shareView(res.GetShare()), Payment: a.payment(ctx, m, res.GetShare())})
}

// payment is how an open share is paid; nil for another.
func (a *API) payment(ctx context.Context, m merchant.Merchant, s *qrv1.BillShare) *payJSON {
	if s.GetStatus() != "open" || s.GetPaymentCreatedAt() == nil {
		return nil
	}
	code := a.Codes.Sign(ctx, &paymentsv1.Payment{
		Reference: s.GetPaymentReference(), MerchantId: m.ID, MerchantName: m.Name, AmountCents: s.GetAmountCents() + s.GetTipCents(), Currency: "EUR",
		CreatedAt: s.GetPaymentCreatedAt(),
	})
	return &payJSON{Reference: s.GetPaymentReference(), PaymentURL: s.GetPaymentUrl(), QRData: code}
}
