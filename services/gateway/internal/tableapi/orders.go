package tableapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/patience"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const orderNoun = "Order"

type orderRequest struct {
	Items []struct {
		ProductID string `json:"productId"`
		Quantity  int32  `json:"quantity"`
		Notes     string `json:"notes"`
	} `json:"items"`
	OrderType    string `json:"orderType"`
	PayNow       bool   `json:"payNow"`
	CustomerName string `json:"customerName"`
	Notes        string `json:"notes"`
	// ExpectedTotal is what the guest was shown; absent: any total will do.
	ExpectedTotal web.Amount `json:"expected_total"`
}

type paymentJSON struct {
	Reference  string `json:"reference"`
	PaymentURL string `json:"payment_url,omitempty"`
	// QRData is null when the code could not be signed in time.
	QRData any `json:"qr_data"`
}

type placedJSON struct {
	Order   guestOrderJSON `json:"order"`
	Payment *paymentJSON   `json:"payment,omitempty"`
}

// placeOrder takes a guest's order, and makes its payment where it has to be paid now.
func (a *API) placeOrder(c echo.Context) error {
	var in orderRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	merchantID, token, err := pair(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	m, err := a.Merchants.Get(ctx, merchantID)
	if errs.Is(err, errs.NotFoundCode) {
		m, err = merchant.Merchant{ID: merchantID}, nil // the qr service refuses it, as it does every wrong pair
	}
	if err != nil {
		return err
	}
	pass, refused := a.Deployment.ForPayer(m)
	req := &qrv1.PlaceOrderRequest{
		MerchantId: m.ID, Token: token, OrderType: in.OrderType, PayNow: in.PayNow, CustomerName: in.CustomerName, Notes: in.Notes, IdempotencyKey: key,
		Livemode: a.Deployment.Mode(m), Payable: refused == nil,
		PaymentReference: reference.Payment(a.Now()),
	}
	if in.ExpectedTotal.Given() {
		expected := int64(in.ExpectedTotal.Cents())
		req.ExpectedTotalCents = &expected
	}
	for _, item := range in.Items {
		req.Items = append(req.Items, &qrv1.OrderItem{ProductId: item.ProductID, Quantity: item.Quantity, Notes: item.Notes})
	}
	res, err := a.Tables.PlaceOrder(ctx, req)
	if refused != nil && (errs.Is(err, errs.MerchantNotEnabled) || err == nil && res.GetPaymentWanted()) {
		return refused
	}
	if err != nil {
		return err
	}
	placed := placedJSON{Order: guestView(res.GetOrder())}
	if res.GetPaymentWanted() {
		if placed.Payment, err = a.pay(c, pass, res); err != nil {
			return err
		}
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, http.StatusCreated, placed)
}

// payableFor is how long the payment of an order is found again by the order's id, rather than made a second time.
const payableFor = 29 * time.Minute

// pay makes the payment of an order, or finds it again for the same order. An order whose payment cannot be made ends and
// gives its goods back; should this process die here, the order expires.
func (a *API) pay(c echo.Context, pass gate.Pass, placed *qrv1.PlaceOrderResponse) (*paymentJSON, error) {
	o := placed.GetOrder()
	if pass.Livemode() != o.GetLivemode() || placed.GetReplayed() && a.Now().Sub(o.GetCreatedAt().AsTime()) > payableFor {
		return nil, errs.New(errs.InvalidState, "This order was not paid in time. Order again.")
	}
	created, err := a.Payments.CreateForOrder(c, paying.OrderPayment{
		Pass: pass, Reference: o.GetPaymentReference(), AmountCents: o.GetTotalCents(), OrderID: o.GetId(),
		Description: fmt.Sprintf("%s · order %d", o.GetTableName(), o.GetNumber()),
		SuccessURL:  orderPage(placed, "success"), CancelURL: orderPage(placed, "cancelled"),
	})
	ctx := context.WithoutCancel(c.Request().Context())
	ctx, cancel := context.WithTimeout(ctx, patience.Of(ctx, callTimeout))
	defer cancel()
	if err != nil {
		if _, err := a.Tables.AbandonOrder(ctx, &qrv1.AbandonOrderRequest{MerchantId: o.GetMerchantId(), OrderId: o.GetId()}); err != nil {
			a.Log.WarnContext(ctx, "unpaid order stays until it expires", "order", o.GetId(), "error", err)
		}
		return nil, err
	}
	p := created.Payment
	_, err = a.Tables.AttachPayment(ctx, &qrv1.AttachPaymentRequest{MerchantId: o.GetMerchantId(), OrderId: o.GetId(), PaymentReference: p.GetReference()})
	if err != nil { // the payment's events name the order too
		a.Log.WarnContext(ctx, "payment not noted with its order", "order", o.GetId(), "error", err)
	}
	return &paymentJSON{Reference: p.GetReference(), PaymentURL: p.GetPaymentUrl(), QRData: created.QR}, nil
}

// orderPage is where the guest comes back to.
func orderPage(placed *qrv1.PlaceOrderResponse, result string) string {
	return placed.GetPageUrl() + "?" + url.Values{"order": {placed.GetOrder().GetId()}, "payment": {result}}.Encode()
}

// orderFor lets a guest with the table's code look at an order, and else a user of the merchant. A request with a login
// is a user's.
func (a *API) orderFor(user echo.HandlerFunc, login echo.MiddlewareFunc) echo.HandlerFunc {
	byLogin, byToken := login(user), web.PerIP(a.MenuLimiter, "order-status", menusPerMinute)(a.guestOrder)
	return func(c echo.Context) error {
		if c.QueryParams().Has("token") {
			return byToken(c)
		}
		return byLogin(c)
	}
}

func (a *API) guestOrder(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.GetGuestOrder(ctx, &qrv1.GetGuestOrderRequest{OrderId: id, Token: c.QueryParam("token")})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, guestView(res.GetOrder()))
}

func (a *API) order(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.GetOrder(ctx, &qrv1.GetOrderRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, orderView(res.GetOrder()))
}

func (a *API) orders(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	after, err := web.After(c)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &qrv1.ListOrdersRequest{
		MerchantId: caller.Of(c).MerchantID(), Page: int32(number), Limit: int32(limit), StartingAfter: after,
		Status: c.QueryParam("status"), TableId: c.QueryParam("table"), From: f.Instant("from"), To: f.Instant("to"),
	}
	if err := f.Err(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.ListOrders(ctx, req)
	if err != nil {
		return err
	}
	if after != "" {
		return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetOrders(), orderView, res.GetHasMore()))
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetOrders(), orderView, number, limit, res.GetTotal()))
}

func (a *API) kitchen(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.ListKitchen(ctx, &qrv1.ListKitchenRequest{MerchantId: caller.Of(c).MerchantID()})
	if err != nil {
		return err
	}
	body := struct {
		Data []orderJSON `json:"data"`
	}{make([]orderJSON, len(res.GetOrders()))}
	for i, o := range res.GetOrders() {
		body.Data[i] = orderView(o)
	}
	return web.Answer(c, http.StatusOK, body)
}

// setStatus moves an order on. The qr service has a payment that the order no longer waits for cancelled, and one that it was
// paid by given back when the merchant wants that; it does so also when this process dies.
func (a *API) setStatus(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	var in struct {
		Status string `json:"status"`
		Refund bool   `json:"refund"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Status == "" {
		return errs.Invalid(errs.Field{Field: "status", Message: "status is required."})
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	req := &qrv1.SetOrderStatusRequest{MerchantId: caller.Of(c).MerchantID(), Id: id, Status: in.Status, Refund: in.Refund}
	if in.Refund {
		if err := a.mayRefund(ctx, c, id); err != nil {
			return err
		}
	}
	res, err := a.Tables.SetOrderStatus(ctx, req)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, orderView(res.GetOrder()))
}

// mayRefund asks whether the user may give money back, and the gate whether the merchant may, in the mode of the order.
func (a *API) mayRefund(ctx context.Context, c echo.Context, order string) error {
	if !rights.Allows(caller.Of(c).Login.Role, rights.RefundsWrite) {
		return errs.New(errs.Forbidden, "Your role may not issue refunds. Omit refund, or ask the owner of the account.")
	}
	m, err := a.Merchants.Get(ctx, caller.Of(c).MerchantID())
	if err != nil {
		return err
	}
	res, err := a.Tables.GetOrder(ctx, &qrv1.GetOrderRequest{MerchantId: m.ID, Id: order})
	if err != nil {
		return err
	}
	_, err = gate.ForMerchant(m, res.GetOrder().GetLivemode())
	return err
}

func instant(field, text string) (*timestamppb.Timestamp, error) {
	at, ok := web.Instant(text)
	if !ok {
		return nil, errs.Invalid(web.NotAnInstant(field))
	}
	return timestamppb.New(at), nil
}
