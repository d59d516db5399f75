package catalogapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// category is a part of the menu as the API shows it.
type category struct {
	Name         string       `json:"name"`
	ImageURL     *string      `json:"image_url"`
	Translations translations `json:"translations"`
	Products     int32        `json:"products"`
}

func categoryViews(list []*qrv1.Category) map[string]any {
	out := make([]category, len(list))
	for i, m := range list {
		out[i] = category{m.GetName(), web.OrNull(m.GetImageUrl()), translationsView(m.GetTranslations()), m.GetProducts()}
	}
	return map[string]any{"data": out}
}

func (a *API) categories(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Assortment.ListCategories(ctx, &qrv1.ListCategoriesRequest{MerchantId: merchant(c)})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, categoryViews(res.GetCategories()))
}

func (a *API) replaceCategories(c echo.Context) error {
	var in struct {
		Categories []struct {
			Name         string          `json:"name"`
			ImageURL     shape.Clearable `json:"image_url"`
			Translations translations    `json:"translations"`
		} `json:"categories"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	r := &qrv1.ReplaceCategoriesRequest{MerchantId: merchant(c)}
	for _, one := range in.Categories {
		m := &qrv1.Category{Name: one.Name, Translations: one.Translations.byLanguage()}
		if image := one.ImageURL.Text(); image != nil {
			m.ImageUrl = *image
		}
		r.Categories = append(r.Categories, m)
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Assortment.ReplaceCategories(ctx, r)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, categoryViews(res.GetCategories()))
}

func (a *API) soldOut(c echo.Context) error {
	var in struct {
		Until string `json:"until"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("until", in.Until); err != nil {
		return err
	}
	return a.setSoldOut(c, in.Until)
}

func (a *API) onSale(c echo.Context) error { return a.setSoldOut(c, "") }

func (a *API) setSoldOut(c echo.Context, until string) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Assortment.SetSoldOut(ctx, &qrv1.SetSoldOutRequest{MerchantId: merchant(c), ProductId: c.Param("id"), Until: until})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetProduct()))
}
