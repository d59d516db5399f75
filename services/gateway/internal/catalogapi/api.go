// Package catalogapi is the API of the product catalog: products with their prices with and without VAT, uploads and search of
// images, and the illustrations that the search finds. Answers are bare objects; lists are {"data":[…],"pagination":{…}}.
package catalogapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// callTimeout is the deadline of a call to the qr service, which may call the image store.
	callTimeout = 10 * time.Second
	// findTimeout is longer, because a model may draw the image. It ends before the server's write timeout.
	findTimeout = 40 * time.Second
	// findsPerMinute limits the image searches of one merchant, because each may cost money.
	findsPerMinute = 20
)

// Deps are the dependencies of New.
type Deps struct {
	Catalog qrv1.CatalogServiceClient
	// Assortment is of the same service.
	Assortment qrv1.AssortmentServiceClient
	Access     *caller.Access
	Limiter    ratelimit.Limiter
}

// API has the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1. Staff and accountants share the merchant's catalog; accountants
// only read it.
func (a *API) Register(g *web.API) {
	read := a.Access.Login(caller.Team...)
	write := a.Access.Login(caller.Staff...)
	g.GET("/product/list", a.list, read)
	g.GET("/product/:id", a.get, read)
	g.POST("/product/create", a.create, write)
	g.PUT("/product/:id", a.update, write)
	g.DELETE("/product/:id", a.delete, write)
	g.POST("/product/upload-image-url", a.uploadURL, write)
	g.POST("/product/find-image", a.findImage, write)

	g.POST("/product/:id/sold-out", a.soldOut, write)
	g.DELETE("/product/:id/sold-out", a.onSale, write)
	g.GET("/product/categories", a.categories, read)
	g.PUT("/product/categories", a.replaceCategories, write)

	g.GET("/product/option-groups", a.listGroups, read)
	g.POST("/product/option-groups", a.createGroup, write)
	g.GET("/product/option-groups/:id", a.getGroup, read)
	g.PUT("/product/option-groups/:id", a.updateGroup, write)
	g.DELETE("/product/option-groups/:id", a.deleteGroup, write)
	g.POST("/product/option-groups/:id/options/:option/available", a.setOption, write)
}

func merchant(c echo.Context) string { return caller.Of(c).MerchantID() }

func actor(c echo.Context) string { return string(caller.Of(c).Actor()) }

func (a *API) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	in := &qrv1.ListProductsRequest{MerchantId: merchant(c), Search: c.QueryParam("search"), Page: int32(page), Limit: int32(limit)}
	if category := c.QueryParam("category"); category != "" {
		in.Category = &category
	}
	if in.Available, err = flag(c, "available"); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.ListProducts(ctx, in)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetProducts(), view, page, limit, res.GetTotal()))
}

// flag reads a boolean query parameter; nil if it is absent or empty.
func flag(c echo.Context, name string) (*bool, error) {
	text := c.QueryParam(name)
	yes := text == "true"
	switch {
	case text == "":
		return nil, nil
	case !yes && text != "false":
		return nil, errs.Invalid(errs.Field{Field: name, Message: name + " must be true or false."})
	}
	return &yes, nil
}

func (a *API) get(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.GetProduct(ctx, &qrv1.GetProductRequest{MerchantId: merchant(c), Id: c.Param("id")})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetProduct()))
}

func (a *API) create(c echo.Context) error {
	var in fields
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.CreateProduct(ctx, &qrv1.CreateProductRequest{MerchantId: merchant(c), Fields: in.shopFields.fill(in.message(), actor(c))})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, view(res.GetProduct()))
}

func (a *API) update(c echo.Context) error {
	var in fields
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.UpdateProduct(ctx, &qrv1.UpdateProductRequest{MerchantId: merchant(c), Id: c.Param("id"), Fields: in.shopFields.fill(in.message(), actor(c))})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetProduct()))
}

func (a *API) delete(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	if _, err := a.Catalog.DeleteProduct(ctx, &qrv1.DeleteProductRequest{MerchantId: merchant(c), Id: c.Param("id")}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

type upload struct {
	UploadURL string            `json:"uploadUrl"`
	ImageURL  string            `json:"imageUrl"`
	Key       string            `json:"key"`
	ExpiresIn int32             `json:"expiresIn"`
	Headers   map[string]string `json:"headers"`
}

// uploadURL signs an upload. The image itself is not sent to the gateway.
func (a *API) uploadURL(c echo.Context) error {
	var in struct {
		Filename    string `json:"filename"`
		ContentType string `json:"contentType"`
		Size        *int64 `json:"size"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.CreateUploadURL(ctx, &qrv1.CreateUploadURLRequest{
		MerchantId: merchant(c), Filename: in.Filename, ContentType: in.ContentType, Size: in.Size,
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, upload{
		UploadURL: res.GetUploadUrl(), ImageURL: res.GetImageUrl(), Key: res.GetKey(), ExpiresIn: res.GetExpiresInSeconds(),
		Headers: map[string]string{echo.HeaderContentType: in.ContentType},
	})
}

func (a *API) findImage(c echo.Context) error {
	var in struct {
		Name     string `json:"name"`
		Category string `json:"category"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, findTimeout)
	defer cancel()
	if err := web.Limited(c, a.Limiter, "find-image:"+merchant(c), findsPerMinute); err != nil {
		return err
	}
	res, err := a.Catalog.FindImage(ctx, &qrv1.FindImageRequest{MerchantId: merchant(c), Name: in.Name, Category: in.Category})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, map[string]string{"image_url": res.GetImageUrl()})
}
