package tableapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const cancellationNoun = "Cancellation"

// registerCancellations puts the endpoints of cancellations on the group of /api/v1.
func (a *API) registerCancellations(g *web.API, read, write echo.MiddlewareFunc) {
	const path = "/table-order/orders/:id/cancellations"
	g.GET(path, a.cancellations, read)
	g.POST(path, a.cancelOrder, write)
	g.POST(path+"/:cancellation/refund", a.refundCancellation, write)
}

type cancelRequest struct {
	Lines []struct {
		Position int32 `json:"position"`
		Quantity int32 `json:"quantity"`
	} `json:"lines"`
	Reason string `json:"reason"`
	// Refund and Restock are null for what is usual.
	Refund  *bool `json:"refund"`
	Restock *bool `json:"restock"`
	DryRun  bool  `json:"dry_run"`
}

type taxJSON struct {
	VATRate   vat.Percent `json:"vat_rate"`
	Amount    money.Cents `json:"amount"`
	VATAmount money.Cents `json:"vat_amount"`
}

type cancelledLineJSON struct {
	Position int32       `json:"position"`
	Name     string      `json:"name"`
	Quantity int32       `json:"quantity"`
	Amount   money.Cents `json:"amount"`
	Taxes    []taxJSON   `json:"taxes"`
}

type cancellationJSON struct {
	// ID is null in a dry run.
	ID           *string             `json:"id"`
	Number       int32               `json:"number"`
	Lines        []cancelledLineJSON `json:"lines"`
	Amount       money.Cents         `json:"amount"`
	Taxes        []taxJSON           `json:"taxes"`
	Reason       string              `json:"reason"`
	Restocked    bool                `json:"restocked"`
	RefundAmount money.Cents         `json:"refund_amount"`
	Refund       *refundJSON         `json:"refund"`
	CreatedAt    string              `json:"created_at"`
}

// cancelledJSON is a cancellation and the order after it.
type cancelledJSON struct {
	Cancellation cancellationJSON `json:"cancellation"`
	Order        orderJSON        `json:"order"`
}

func cancellationView(c *qrv1.Cancellation) cancellationJSON {
	v := cancellationJSON{
		Number: c.GetNumber(), Lines: make([]cancelledLineJSON, len(c.GetLines())), Amount: money.Cents(c.GetAmountCents()), Taxes: taxesView(c.GetTaxes()),
		Reason: c.GetReason(), Restocked: c.GetRestocked(), RefundAmount: money.Cents(c.GetRefundCents()), Refund: refundView(c.GetRefund()),
		CreatedAt: web.Time(c.GetCreatedAt().AsTime()),
	}
	if id := c.GetId(); id != "" {
		v.ID = &id
	}
	for i, l := range c.GetLines() {
		v.Lines[i] = cancelledLineJSON{l.GetPosition(), l.GetName(), l.GetQuantity(), money.Cents(l.GetAmountCents()), taxesView(l.GetTaxes())}
	}
	return v
}

func taxesView(list []*qrv1.TaxShare) []taxJSON {
	views := make([]taxJSON, len(list))
	for i, s := range list {
		views[i] = taxJSON{vat.Percent(s.GetVatPerMille()), money.Cents(s.GetGrossCents()), money.Cents(s.GetVatCents())}
	}
	return views
}

func refundView(r *qrv1.OrderRefund) *refundJSON {
	if r == nil {
		return nil
	}
	return &refundJSON{Status: r.GetStatus(), Amount: money.Cents(r.GetAmountCents()), Reference: r.GetReference(), FailureCode: r.GetFailureCode()}
}

func (a *API) cancellations(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Cancellations.ListCancellations(ctx, &qrv1.ListCancellationsRequest{MerchantId: caller.Of(c).MerchantID(), OrderId: id})
	if err != nil {
		return err
	}
	body := struct {
		Data []cancellationJSON `json:"data"`
	}{make([]cancellationJSON, len(res.GetCancellations()))}
	for i, one := range res.GetCancellations() {
		body.Data[i] = cancellationView(one)
	}
	return web.Answer(c, http.StatusOK, body)
}

// cancelOrder takes pieces out of an order. Whether money is given back depends on whether the order is paid at that moment, so the qr service is
// told what the user may.
func (a *API) cancelOrder(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	var in cancelRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Lines != nil && len(in.Lines) == 0 {
		return errs.Invalid(errs.Field{Field: "lines", Message: "lines must have an entry. Leave it out to cancel all that is left."})
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	req := &qrv1.CancelOrderRequest{
		MerchantId: caller.Of(c).MerchantID(), OrderId: id, Reason: in.Reason, Refund: in.Refund, Restock: in.Restock, IdempotencyKey: key, DryRun: in.DryRun,
	}
	for _, l := range in.Lines {
		req.Lines = append(req.Lines, &qrv1.CancelLine{Position: l.Position, Quantity: l.Quantity})
	}
	var may refundRight
	if in.Refund == nil || *in.Refund {
		if may, _, err = a.refundRight(ctx, c, id); err != nil {
			return err
		}
		req.MayRefund, req.RefundLimitCents = may.refused == nil, may.limit
	}
	res, err := a.Cancellations.CancelOrder(ctx, req)
	if err != nil {
		return may.explain(err)
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	status := http.StatusCreated
	if in.DryRun {
		status = http.StatusOK
	}
	return web.Answer(c, status, cancelledJSON{cancellationView(res.GetCancellation()), orderView(res.GetOrder())})
}

func (a *API) refundCancellation(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
	if err != nil {
		return err
	}
	cancellation, err := web.PathID(c, "cancellation", cancellationNoun)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	may, _, err := a.refundRight(ctx, c, id)
	if err != nil {
		return err
	}
	if may.refused != nil {
		return may.refused
	}
	res, err := a.Cancellations.RefundCancellation(ctx, &qrv1.RefundCancellationRequest{
		MerchantId: caller.Of(c).MerchantID(), OrderId: id, CancellationId: cancellation, RefundLimitCents: may.limit,
	})
	if err != nil {
		return may.explain(err)
	}
	return web.Answer(c, http.StatusOK, cancelledJSON{cancellationView(res.GetCancellation()), orderView(res.GetOrder())})
}

// refundRight is what a user may give back of an order's payment.
type refundRight struct {
	// refused is why the user may give back nothing; nil: the user may.
	refused error
	// limit is the most without a fresh proof, which is asked for with stale; nil: no limit.
	limit *int64
	stale error
}

// refundRight asks whether the user may give money back, and the gate whether the merchant may, in the mode of the order, whose total it returns.
func (a *API) refundRight(ctx context.Context, c echo.Context, order string) (may refundRight, total int64, err error) {
	m, err := a.Merchants.Get(ctx, caller.Of(c).MerchantID())
	if err != nil {
		return may, 0, err
	}
	res, err := a.Tables.GetOrder(ctx, &qrv1.GetOrderRequest{MerchantId: m.ID, Id: order})
	if err != nil {
		return may, 0, err
	}
	total = res.GetOrder().GetTotalCents()
	if !rights.Allows(caller.Of(c).Login.Role, rights.RefundsWrite) {
		may.refused = errs.New(errs.Forbidden, "Your role may not issue refunds. Send refund: false, or ask the owner of the account.")
		return may, total, nil
	}
	if _, may.refused = gate.ForMerchant(m, res.GetOrder().GetLivemode()); may.refused != nil {
		return may, total, nil //nolint:nilerr // why not is part of what may be done
	}
	may.limit, may.stale, err = a.Access.RefundLimit(c, m)
	return may, total, err
}

// explain returns the gateway's own reason where the qr service says that money must not be given back.
func (r refundRight) explain(err error) error {
	switch {
	case r.refused != nil && errs.Is(err, errs.Forbidden):
		return r.refused
	case r.stale != nil && errs.Is(err, errs.StepUpRequired):
		return r.stale
	default:
		return err
	}
}
