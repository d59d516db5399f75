// Package promotionapi keeps the codes with which guests order for less. Answers are bare objects; lists are {"data":[…],"pagination":{…}}.
package promotionapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	callTimeout = 5 * time.Second
	noun        = "Promotion code"
)

// Deps are what New needs.
type Deps struct {
	Promotions qrv1.PromotionServiceClient
	Access     *caller.Access
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read := a.Access.Login(caller.Team...)
	write := a.Access.Login(caller.Staff...)
	g.GET("/table-order/promotion-codes", a.list, read)
	g.POST("/table-order/promotion-codes", a.create, write)
	g.GET("/table-order/promotion-codes/:id", a.get, read)
	g.PATCH("/table-order/promotion-codes/:id", a.update, write)
	g.DELETE("/table-order/promotion-codes/:id", a.delete, write)
}

type codeJSON struct {
	ID   string `json:"id"`
	Code string `json:"code"`
	Name string `json:"name"`
	Type string `json:"type"`
	// Value is in percent or euros; hundredths of either are what the service keeps.
	Value      money.Cents `json:"value"`
	MinOrder   money.Cents `json:"min_order"`
	MaxUses    int64       `json:"max_uses"`
	Uses       int64       `json:"uses"`
	Products   []string    `json:"products"`
	Categories []string    `json:"categories"`
	Active     bool        `json:"is_active"`
	StartsAt   *string     `json:"starts_at"`
	EndsAt     *string     `json:"ends_at"`
	CreatedAt  string      `json:"created_at"`
	UpdatedAt  string      `json:"updated_at"`
}

func view(p *qrv1.PromotionCode) codeJSON {
	return codeJSON{
		ID: p.GetId(), Code: p.GetCode(), Name: p.GetName(), Type: p.GetType(), Value: money.Cents(p.GetValue()), MinOrder: money.Cents(p.GetMinOrderCents()),
		MaxUses: p.GetMaxUses(), Uses: p.GetUses(), Products: append([]string{}, p.GetProducts()...), Categories: append([]string{}, p.GetCategories()...),
		Active: p.GetIsActive(), StartsAt: web.OptionalStamp(p.GetStartsAt()), EndsAt: web.OptionalStamp(p.GetEndsAt()),
		CreatedAt: web.Stamp(p.GetCreatedAt()), UpdatedAt: web.Stamp(p.GetUpdatedAt()),
	}
}

// bounds reads the times of a request; absent or empty ones are nil.
func bounds(from, to *string) (starts, ends *timestamppb.Timestamp, err error) {
	var bad refuse.Problems
	read := func(field string, text *string) *timestamppb.Timestamp {
		if text == nil || *text == "" {
			return nil
		}
		at, ok := web.Instant(*text)
		if !ok {
			bad.Join(errs.Invalid(web.NotAnInstant(field)))
		}
		return timestamppb.New(at)
	}
	starts, ends = read("starts_at", from), read("ends_at", to)
	return starts, ends, bad.Err()
}

func (a *API) create(c echo.Context) error {
	var in struct {
		Code       string     `json:"code"`
		Name       string     `json:"name"`
		Type       string     `json:"type"`
		Value      web.Amount `json:"value"`
		MinOrder   web.Amount `json:"min_order"`
		MaxUses    int64      `json:"max_uses"`
		Products   []string   `json:"products"`
		Categories []string   `json:"categories"`
		Active     *bool      `json:"is_active"`
		StartsAt   *string    `json:"starts_at"`
		EndsAt     *string    `json:"ends_at"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	starts, ends, err := bounds(in.StartsAt, in.EndsAt)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Promotions.CreatePromotionCode, &qrv1.CreatePromotionCodeRequest{
		MerchantId: caller.Of(c).MerchantID(), Code: &qrv1.PromotionCode{
			Code: in.Code, Name: in.Name, Type: in.Type, Value: int64(in.Value.Cents()), MinOrderCents: int64(in.MinOrder.Cents()), MaxUses: in.MaxUses,
			Products: in.Products, Categories: in.Categories, IsActive: in.Active == nil || *in.Active, StartsAt: starts, EndsAt: ends,
		},
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, view(res.GetCode()))
}

func (a *API) list(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Promotions.ListPromotionCodes, &qrv1.ListPromotionCodesRequest{
		MerchantId: caller.Of(c).MerchantID(), Page: int32(number), Limit: int32(limit),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetCodes(), view, number, limit, res.GetTotal()))
}

func (a *API) get(c echo.Context) error {
	id, err := web.PathID(c, "id", noun)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Promotions.GetPromotionCode, &qrv1.GetPromotionCodeRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetCode()))
}

// update changes what is given. An empty time takes the bound away.
func (a *API) update(c echo.Context) error {
	id, err := web.PathID(c, "id", noun)
	if err != nil {
		return err
	}
	var in struct {
		Name       *string    `json:"name"`
		Type       *string    `json:"type"`
		Value      web.Amount `json:"value"`
		MinOrder   web.Amount `json:"min_order"`
		MaxUses    *int64     `json:"max_uses"`
		Products   *[]string  `json:"products"`
		Categories *[]string  `json:"categories"`
		Active     *bool      `json:"is_active"`
		StartsAt   *string    `json:"starts_at"`
		EndsAt     *string    `json:"ends_at"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	req := &qrv1.UpdatePromotionCodeRequest{
		MerchantId: caller.Of(c).MerchantID(), Id: id, Name: in.Name, Type: in.Type, Value: cents(in.Value), MinOrderCents: cents(in.MinOrder), MaxUses: in.MaxUses,
		Products: entries(in.Products), Categories: entries(in.Categories), IsActive: in.Active,
		NoStart: in.StartsAt != nil && *in.StartsAt == "", NoEnd: in.EndsAt != nil && *in.EndsAt == "",
	}
	if req.StartsAt, req.EndsAt, err = bounds(in.StartsAt, in.EndsAt); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Promotions.UpdatePromotionCode, req)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, view(res.GetCode()))
}

func cents(a web.Amount) *int64 {
	if !a.Given() {
		return nil
	}
	return new(int64(a.Cents()))
}

func entries(list *[]string) *qrv1.PromotionCodeList {
	if list == nil {
		return nil
	}
	return &qrv1.PromotionCodeList{Entries: *list}
}

func (a *API) delete(c echo.Context) error {
	id, err := web.PathID(c, "id", noun)
	if err != nil {
		return err
	}
	_, err = web.Call(c, callTimeout, a.Promotions.DeletePromotionCode, &qrv1.DeletePromotionCodeRequest{MerchantId: caller.Of(c).MerchantID(), Id: id})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
