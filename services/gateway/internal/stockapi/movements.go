package stockapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// movement is a movement of the stock as the API shows it.
type movement struct {
	ID          string  `json:"id"`
	ProductID   string  `json:"product_id"`
	VariantID   *string `json:"variant_id"`
	Name        string  `json:"name"`
	Reason      string  `json:"reason"`
	Quantity    int32   `json:"quantity"`
	StockBefore int32   `json:"stock_before"`
	StockAfter  int32   `json:"stock_after"`
	Reference   *string `json:"reference"`
	Actor       *string `json:"actor"`
	Sequence    int64   `json:"sequence"`
	OccurredAt  string  `json:"occurred_at"`
}

func movementView(m *qrv1.StockMovement) movement {
	return movement{
		ID: m.GetId(), ProductID: m.GetProductId(), VariantID: web.OrNull(m.GetVariantId()), Name: m.GetName(), Reason: m.GetReason(), Quantity: m.GetQuantity(),
		StockBefore: m.GetStockBefore(), StockAfter: m.GetStockAfter(), Reference: web.OrNull(m.GetReference()), Actor: web.OrNull(m.GetActor()),
		Sequence: m.GetSequence(), OccurredAt: web.Time(m.GetOccurredAt().AsTime()),
	}
}

func (a *API) move(c echo.Context) error {
	var in struct {
		ProductID string `json:"product_id"`
		VariantID string `json:"variant_id"`
		Reason    string `json:"reason"`
		Quantity  int32  `json:"quantity"`
		Counted   *int32 `json:"counted"`
		Expected  *int32 `json:"expected"`
		Reference string `json:"reference"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("product_id", in.ProductID, "reason", in.Reason); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Stock.MoveStock, &qrv1.MoveStockRequest{
		MerchantId: merchant(c), ProductId: in.ProductID, VariantId: in.VariantID, Reason: in.Reason, Quantity: in.Quantity, Counted: in.Counted,
		Expected: in.Expected, Reference: in.Reference, Actor: actor(c), IdempotencyKey: key,
	})
	if err != nil {
		return err
	}
	if res.GetReplayed() {
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, http.StatusCreated, movementView(res.GetMovement()))
}

func (a *API) movements(c echo.Context) error {
	_, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	if c.QueryParams().Has("page") {
		return errs.Invalid(errs.Field{Field: "page", Message: "page is not part of this list: it goes on with starting_after."})
	}
	res, err := web.Call(c, callTimeout, a.Stock.ListMovements, &qrv1.ListMovementsRequest{
		MerchantId: merchant(c), ProductId: c.QueryParam("product_id"), VariantId: c.QueryParam("variant_id"), Limit: int32(limit),
		StartingAfter: c.QueryParam("starting_after"),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.CursoredOf(res.GetMovements(), movementView, res.GetHasMore()))
}

// low is a product or variant that runs low, as the API shows it.
type low struct {
	ProductID     string  `json:"product_id"`
	VariantID     *string `json:"variant_id"`
	Name          string  `json:"name"`
	SKU           *string `json:"sku"`
	EAN           *string `json:"ean"`
	StockQuantity int32   `json:"stock_quantity"`
	LowStockAt    *int32  `json:"low_stock_at"`
}

func lowView(l *qrv1.LowStock) low {
	v := low{
		ProductID: l.GetProductId(), VariantID: web.OrNull(l.GetVariantId()), Name: l.GetName(), SKU: web.OrNull(l.GetSku()), EAN: web.OrNull(l.GetEan()),
		StockQuantity: l.GetStockQuantity(),
	}
	if at := l.GetLowStockAt(); at > 0 {
		v.LowStockAt = &at
	}
	return v
}

func (a *API) low(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Stock.ListLowStock, &qrv1.ListLowStockRequest{MerchantId: merchant(c), Page: int32(page), Limit: int32(limit)})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetItems(), lowView, page, limit, res.GetTotal()))
}
