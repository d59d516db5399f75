package tableapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	orderNoun = "Order"
	// maxReference is the maximum length of a payment's reference.
	maxReference = 64
)

type orderRequest struct {
	Items []struct {
		ProductID string       `json:"productId"`
		Quantity  int32        `json:"quantity"`
		Notes     string       `json:"notes"`
		Options   []string     `json:"options"`
		Parts     []wantedPart `json:"parts"`
		VariantID string       `json:"variant_id"`
		Course    int32        `json:"course"`
	} `json:"items"`
	OrderType    string `json:"orderType"`
	PayNow       bool   `json:"payNow"`
	CustomerName string `json:"customerName"`
	Notes        string `json:"notes"`
	// ExpectedTotal is what the guest was shown; absent: any total will do.
	ExpectedTotal web.Amount `json:"expected_total"`
	// PickupAt is the beginning of a slot; absent: as soon as possible.
	PickupAt      *string `json:"pickup_at"`
	PromotionCode string  `json:"promotion_code"`
}

type paymentJSON struct {
	Reference  string `json:"reference"`
	PaymentURL string `json:"payment_url,omitempty"`
	// QRData is null when the code could not be signed in time.
	QRData *paying.QRData `json:"qr_data"`
}

type placedJSON struct {
	Order   guestOrderJSON `json:"order"`
	Payment *paymentJSON   `json:"payment,omitempty"`
}

// placeOrder takes a guest's order. The qr service makes the payment of one that has to be paid now; it does so also when this process
// dies.
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
	if err := a.guessed(c, in, merchantID, token); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, max(a.Deadline, callTimeout))
	defer cancel()
	m, err := a.Merchants.Get(ctx, merchantID)
	if errs.Is(err, errs.NotFoundCode) {
		m, err = merchant.Merchant{ID: merchantID}, nil // the qr service refuses it, as it does every wrong pair
	}
	if err != nil {
		return err
	}
	_, refused := a.Deployment.ForPayer(m)
	req := &qrv1.PlaceOrderRequest{
		MerchantId: m.ID, Token: token, OrderType: in.OrderType, PayNow: in.PayNow, CustomerName: in.CustomerName, Notes: in.Notes, IdempotencyKey: key,
		Livemode: a.Deployment.Mode(m), Payable: refused == nil,
		PaymentReference: reference.Payment(a.Now()), MerchantVersion: m.Snapshot().GetVersion(),
	}
	if in.ExpectedTotal.Given() {
		expected := int64(in.ExpectedTotal.Cents())
		req.ExpectedTotalCents = &expected
	}
	req.PromotionCode = in.PromotionCode
	if req.PickupAt, err = in.pickup(); err != nil {
		return err
	}
	for _, item := range in.Items {
		req.Items = append(req.Items, &qrv1.OrderItem{
			ProductId: item.ProductID, Quantity: item.Quantity, Notes: item.Notes, OptionIds: item.Options, Parts: wantedParts(item.Parts),
			VariantId: item.VariantID, Course: item.Course,
		})
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
		if res.GetOrder().GetLivemode() != req.GetLivemode() {
			return errs.New(errs.InvalidState, "This order was not paid in time. Order again.")
		}
		if placed.Payment, err = a.payment(ctx, m, res.GetOrder()); err != nil {
			return err
		}
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, http.StatusCreated, placed)
}

// payment is the payment that the qr service made with the order.
func (a *API) payment(ctx context.Context, m merchant.Merchant, o *qrv1.Order) (*paymentJSON, error) {
	if o.GetPaymentCreatedAt() == nil { // by a qr service of an earlier version, which leaves payments to the gateway
		e := errs.New(errs.Unavailable, "The request was not confirmed in time. Repeat it in a moment, with the same reference or Idempotency-Key.")
		e.RetryAfter = 2 * time.Second
		return nil, e
	}
	code := a.Codes.Sign(ctx, &paymentsv1.Payment{
		Reference: o.GetPaymentReference(), MerchantId: o.GetMerchantId(), MerchantName: m.Name, AmountCents: o.GetTotalCents(), Currency: o.GetCurrency(),
		CreatedAt: o.GetPaymentCreatedAt(),
	})
	return &paymentJSON{Reference: o.GetPaymentReference(), PaymentURL: o.GetPaymentUrl(), QRData: code}, nil
}

// orderFor lets a guest with the table's code look at an order, and else a user of the merchant. A request with a login
// is a user's.
func (a *API) orderFor(user echo.HandlerFunc, login echo.MiddlewareFunc) echo.HandlerFunc {
	byLogin, byToken := login(user), web.PerIP(a.MenuLimiter, "order-status", statusesPerMinute)(a.guestOrder)
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
	token := c.QueryParam("token")
	// Who does not have the code uses up nothing of the order's.
	if err := web.Limited(c, a.MenuLimiter, "order-status:"+id+":"+tokenKey(token), statusPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Tables.GetGuestOrder(ctx, &qrv1.GetGuestOrderRequest{OrderId: id, Token: token})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, guestView(res.GetOrder()))
}

// tokenKey is a short key of a code, which stays out of the store of the limits.
func tokenKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
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
		PaymentReference: f.Text("payment_reference", maxReference),
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
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetOrders(), orderView, number, limit, res.GetTotal()).AtLeast(res.GetTotalIsMinimum()))
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

// mayRefund asks whether the user and the merchant may give back all of an order's payment.
func (a *API) mayRefund(ctx context.Context, c echo.Context, order string) error {
	if !rights.Allows(caller.Of(c).Login.Role, rights.RefundsWrite) {
		return errs.New(errs.Forbidden, "Your role may not issue refunds. Omit refund, or ask the owner of the account.")
	}
	may, total, err := a.refundRight(ctx, c, order)
	switch {
	case err != nil:
		return err
	case may.refused != nil:
		return may.refused
	case may.limit != nil && total > *may.limit:
		return may.stale
	default:
		return nil
	}
}

func instant(field, text string) (*timestamppb.Timestamp, error) {
	at, ok := web.Instant(text)
	if !ok {
		return nil, errs.Invalid(web.NotAnInstant(field))
	}
	return timestamppb.New(at), nil
}
