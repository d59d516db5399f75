package catalogapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// optionGroup is a group of options as the API shows it.
type optionGroup struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Min       int32    `json:"min_choices"`
	Max       int32    `json:"max_choices"`
	Options   []option `json:"options"`
	CreatedAt string   `json:"created_at"`
	UpdatedAt string   `json:"updated_at"`
	// Translations are of the name, here and in options.
	Translations translations `json:"translations"`
}

type option struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Price     money.Cents `json:"price"`
	Default   bool        `json:"is_default"`
	Available bool        `json:"is_available"`

	Translations translations `json:"translations"`
}

func groupView(g *qrv1.OptionGroup) optionGroup {
	v := optionGroup{
		ID: g.GetId(), Name: g.GetName(), Min: g.GetMinChoices(), Max: g.GetMaxChoices(), Options: make([]option, len(g.GetOptions())),
		CreatedAt: web.Time(g.GetCreatedAt().AsTime()), UpdatedAt: web.Time(g.GetUpdatedAt().AsTime()),
		Translations: translationsView(g.GetTranslations().GetByLanguage()),
	}
	for i, o := range g.GetOptions() {
		v.Options[i] = option{
			ID: o.GetId(), Name: o.GetName(), Price: money.Cents(o.GetPriceCents()), Default: o.GetIsDefault(), Available: o.GetIsAvailable(),
			Translations: translationsView(o.GetTranslations().GetByLanguage()),
		}
	}
	return v
}

// groupRequest is a whole group, also in an update.
type groupRequest struct {
	Name    string `json:"name"`
	Min     int32  `json:"min_choices"`
	Max     *int32 `json:"max_choices"`
	Options []struct {
		ID        string     `json:"id"`
		Name      string     `json:"name"`
		Price     web.Amount `json:"price"`
		Default   bool       `json:"is_default"`
		Available *bool      `json:"is_available"`

		Translations *translations `json:"translations"`
	} `json:"options"`
	Translations *translations `json:"translations"`
}

// message fills in the defaults: one choice at most, options that are free and available.
func (r groupRequest) message(id string) *qrv1.OptionGroup {
	g := &qrv1.OptionGroup{Id: id, Name: r.Name, MinChoices: r.Min, MaxChoices: 1, Translations: r.Translations.message()}
	if r.Max != nil {
		g.MaxChoices = *r.Max
	}
	for _, o := range r.Options {
		g.Options = append(g.Options, &qrv1.Option{
			Id: o.ID, Name: o.Name, PriceCents: int64(o.Price.Cents()), IsDefault: o.Default, IsAvailable: o.Available == nil || *o.Available,
			Translations: o.Translations.message(),
		})
	}
	return g
}

func (a *API) listGroups(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.ListOptionGroups(ctx, &qrv1.ListOptionGroupsRequest{MerchantId: merchant(c)})
	if err != nil {
		return err
	}
	list := make([]optionGroup, len(res.GetGroups()))
	for i, g := range res.GetGroups() {
		list[i] = groupView(g)
	}
	return web.Answer(c, http.StatusOK, map[string]any{"data": list})
}

func (a *API) getGroup(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.GetOptionGroup(ctx, &qrv1.GetOptionGroupRequest{MerchantId: merchant(c), Id: c.Param("id")})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, groupView(res.GetGroup()))
}

func (a *API) createGroup(c echo.Context) error {
	var in groupRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.CreateOptionGroup(ctx, &qrv1.CreateOptionGroupRequest{MerchantId: merchant(c), Group: in.message("")})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, groupView(res.GetGroup()))
}

func (a *API) updateGroup(c echo.Context) error {
	var in groupRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.UpdateOptionGroup(ctx, &qrv1.UpdateOptionGroupRequest{MerchantId: merchant(c), Group: in.message(c.Param("id"))})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, groupView(res.GetGroup()))
}

func (a *API) deleteGroup(c echo.Context) error {
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	if _, err := a.Catalog.DeleteOptionGroup(ctx, &qrv1.DeleteOptionGroupRequest{MerchantId: merchant(c), Id: c.Param("id")}); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// setOption marks one option as sold out or available, without the rest of its group.
func (a *API) setOption(c echo.Context) error {
	var in struct {
		Available bool `json:"is_available"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Catalog.SetOptionAvailable(ctx, &qrv1.SetOptionAvailableRequest{
		MerchantId: merchant(c), GroupId: c.Param("id"), OptionId: c.Param("option"), IsAvailable: in.Available,
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, groupView(res.GetGroup()))
}
