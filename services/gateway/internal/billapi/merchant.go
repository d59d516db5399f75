package billapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) bills(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.ListBills(ctx, &qrv1.ListBillsRequest{
		MerchantId: caller.Of(c).MerchantID(), Page: int32(number), Limit: int32(limit), Status: c.QueryParam("status"), TableId: c.QueryParam("table"),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetBills(), summaryView, number, limit, res.GetTotal()).AtLeast(res.GetTotalIsMinimum()))
}

func (a *API) bill(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.GetBill(ctx, &qrv1.GetBillRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, billView(res.GetBill()))
}

// recordPayment records money that the merchant received itself.
func (a *API) recordPayment(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	var in struct {
		Method string     `json:"method"`
		Amount web.Amount `json:"amount"`
		Tip    web.Amount `json:"tip"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	idempotency, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.RecordPayment(ctx, &qrv1.RecordPaymentRequest{
		MerchantId: caller.Of(c).MerchantID(), BillId: id, Method: in.Method, AmountCents: int64(in.Amount.Cents()), TipCents: int64(in.Tip.Cents()),
		IdempotencyKey: idempotency,
	})
	if err != nil {
		return err
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, http.StatusCreated, billView(res.GetBill()))
}

// refundPayment gives back what was paid too much. The gate says whether the merchant may, in the mode of the bill.
func (a *API) refundPayment(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	payment, err := web.PathID(c, "payment", "Payment")
	if err != nil {
		return err
	}
	var in struct {
		Amount web.Amount `json:"amount"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	if in.Amount.Given() && in.Amount.Cents() < 1 {
		return errs.Invalid(errs.Field{Field: "amount", Message: "amount must be at least 0.01."})
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	m, err := a.Merchants.Get(ctx, caller.Of(c).MerchantID())
	if err != nil {
		return err
	}
	known, err := a.Bills.GetBill(ctx, &qrv1.GetBillRequest{MerchantId: m.ID, Id: id})
	if err != nil {
		return err
	}
	if _, err := gate.ForMerchant(m, known.GetBill().GetLivemode()); err != nil {
		return err
	}
	most, stale, err := a.Access.RefundLimit(c, m)
	if err != nil {
		return err
	}
	res, err := a.Bills.RefundPayment(ctx, &qrv1.RefundPaymentRequest{
		MerchantId: m.ID, BillId: id, PaymentId: payment, AmountCents: int64(in.Amount.Cents()), RefundLimitCents: most,
	})
	if stale != nil && errs.Is(err, errs.StepUpRequired) {
		return stale // it says how to prove it
	}
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, billView(res.GetBill()))
}

func (a *API) closeBill(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	var in struct {
		WriteOffReason string `json:"write_off_reason"`
	}
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Bills.CloseBill(ctx, &qrv1.CloseBillRequest{MerchantId: caller.Of(c).MerchantID(), BillId: id, WriteOffReason: in.WriteOffReason})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, billView(res.GetBill()))
}
