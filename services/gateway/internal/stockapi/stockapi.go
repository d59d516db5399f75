// Package stockapi is the API of shops: variants of products, products by their scanned code, movements of the stock, what runs low, and files of
// the catalog. Answers are bare objects, like those of the catalog.
package stockapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// callTimeout is the deadline of a call to the qr service, and fileTimeout of one that reads a whole file: shorter than the server's write timeout.
	callTimeout = 10 * time.Second
	fileTimeout = 35 * time.Second
	// filesPerMinute limits the files of one merchant.
	filesPerMinute = 20
)

// Deps are the dependencies of New.
type Deps struct {
	Stock   qrv1.StockServiceClient
	Access  *caller.Access
	Limiter ratelimit.Limiter
	// ProductView is what merchants see of a product.
	ProductView func(*qrv1.Product) any
}

const (
	productNoun = "Product"
	variantNoun = "Variant"
)

// API has the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1. Staff and accountants share the merchant's stock; accountants only read it.
func (a *API) Register(g *web.API) {
	read := a.Access.Login(caller.Team...)
	write := a.Access.Login(caller.Staff...)
	g.POST("/product/:id/variants", a.createVariant, write)
	g.PATCH("/product/:id/variants/:variant", a.updateVariant, write)
	g.DELETE("/product/:id/variants/:variant", a.deleteVariant, write)
	g.GET("/product/by-ean/:ean", a.byEAN, read)
	g.POST("/product/imports", a.importFile, write)
	g.GET("/product/export", a.exportFile, read)

	g.POST("/stock/movements", a.move, write)
	g.GET("/stock/movements", a.movements, read)
	g.GET("/stock/low", a.low, read)
}

func merchant(c echo.Context) string { return caller.Of(c).MerchantID() }

func actor(c echo.Context) string { return string(caller.Of(c).Actor()) }

func (a *API) createVariant(c echo.Context) error {
	id, err := web.PathID(c, "id", productNoun)
	if err != nil {
		return err
	}
	var in variantRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Stock.CreateVariant, &qrv1.CreateVariantRequest{
		MerchantId: merchant(c), ProductId: id, Fields: in.message(), Actor: actor(c),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, shape.VariantOf(res.GetVariant()))
}

// variantID reads the ids of a product and its variant in the path.
func variantID(c echo.Context) (product, id string, err error) {
	if product, err = web.PathID(c, "id", productNoun); err != nil {
		return "", "", err
	}
	id, err = web.PathID(c, "variant", variantNoun)
	return product, id, err
}

func (a *API) updateVariant(c echo.Context) error {
	product, id, err := variantID(c)
	if err != nil {
		return err
	}
	var in variantRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Stock.UpdateVariant, &qrv1.UpdateVariantRequest{
		MerchantId: merchant(c), ProductId: product, Id: id, Fields: in.message(), Actor: actor(c),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.VariantOf(res.GetVariant()))
}

func (a *API) deleteVariant(c echo.Context) error {
	product, id, err := variantID(c)
	if err != nil {
		return err
	}
	_, err = web.Call(c, callTimeout, a.Stock.DeleteVariant, &qrv1.DeleteVariantRequest{
		MerchantId: merchant(c), ProductId: product, Id: id, Actor: actor(c),
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// byEAN finds what a scanner has read.
func (a *API) byEAN(c echo.Context) error {
	ean, err := web.PathID(c, "ean", productNoun)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Stock.FindByEAN, &qrv1.FindByEANRequest{MerchantId: merchant(c), Ean: ean})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, struct {
		Product any `json:"product"`
		// VariantID is null if the code is the product's own.
		VariantID *string `json:"variant_id"`
	}{a.ProductView(res.GetProduct()), web.OrNull(res.GetVariantId())})
}

type variantRequest struct {
	Name          *string            `json:"name"`
	Attributes    *map[string]string `json:"attributes"`
	SKU           shape.Clearable    `json:"sku"`
	EAN           shape.Clearable    `json:"ean"`
	PriceTTC      price              `json:"price_ttc"`
	StockQuantity *int32             `json:"stock_quantity"`
	LowStockAt    shape.LowStockAt   `json:"low_stock_at"`
	IsAvailable   *bool              `json:"is_available"`
}

func (r variantRequest) message() *qrv1.VariantFields {
	m := &qrv1.VariantFields{
		Name: r.Name, Sku: r.SKU.Text(), Ean: r.EAN.Text(), StockQuantity: r.StockQuantity, LowStockAt: r.LowStockAt.Given(), IsAvailable: r.IsAvailable,
		WithoutPrice: r.PriceTTC.none,
	}
	if r.Attributes != nil {
		m.Attributes = &qrv1.VariantAttributes{Values: *r.Attributes}
	}
	if r.PriceTTC.Given() {
		cents := int64(r.PriceTTC.Cents())
		m.PriceTtcCents = &cents
	}
	return m
}

// price is an amount, or null for the product's.
type price struct {
	web.Amount
	none bool
}

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (p *price) UnmarshalJSON(text []byte) error {
	p.none = string(text) == "null"
	return p.Amount.UnmarshalJSON(text)
}
