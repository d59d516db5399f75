package catalogapi

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// floor stands in for the assortment of the qr service.
type floor struct {
	qrv1.UnimplementedAssortmentServiceServer
	shop *shop
}

func (f *fixture) assortment(t *testing.T) qrv1.AssortmentServiceClient {
	t.Helper()
	return qrv1.NewAssortmentServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		qrv1.RegisterAssortmentServiceServer(r, floor{shop: f.shop})
	}))
}

func (f floor) SetSoldOut(_ context.Context, r *qrv1.SetSoldOutRequest) (*qrv1.SetSoldOutResponse, error) {
	f.shop.note(r)
	if r.GetProductId() != productID {
		return nil, errs.NotFound("Product")
	}
	p := noisette(r.GetMerchantId())
	p.SoldOut = r.GetUntil() != ""
	return &qrv1.SetSoldOutResponse{Product: p}, nil
}

func (f floor) ListCategories(_ context.Context, r *qrv1.ListCategoriesRequest) (*qrv1.ListCategoriesResponse, error) {
	f.shop.note(r)
	return &qrv1.ListCategoriesResponse{Categories: []*qrv1.Category{{Name: "boissons", Products: 1}}}, nil
}

func (f floor) ReplaceCategories(_ context.Context, r *qrv1.ReplaceCategoriesRequest) (*qrv1.ReplaceCategoriesResponse, error) {
	f.shop.note(r)
	return &qrv1.ReplaceCategoriesResponse{Categories: r.GetCategories()}, nil
}

func TestTheDetailsOfAProductArePassedOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, rights.RoleStaff, "POST", "/product/create", `{"name":"Formule","price_ttc":20,"kind":"set_menu","parts":[{"name":"Plat","products":[
		{"product_id":"`+productID+`","supplement":2.5}],"translations":{"en":{"name":"Main dish"}},"course":2}],"vat_rate_takeaway":5.5,"contains_alcohol":false,"stock_unlimited":true,
		"position":3,"origin":[{"meat":"beef","countries":["FR"]}],"translations":{"en":{"name":"Lunch","description":"At noon"}}}`)
	sent, _ := f.shop.asked().(*qrv1.CreateProductRequest)
	want := &qrv1.ProductFields{
		Name: proto.String("Formule"), PriceTtcCents: proto.Int64(2000), Kind: proto.String("set_menu"), VatRateTakeawayPerMille: proto.Int32(55),
		Parts: &qrv1.SetMenuParts{Parts: []*qrv1.SetMenuPart{{
			Name: "Plat", MinChoices: 1, MaxChoices: 1, Course: 2, Products: []*qrv1.SetMenuChoice{{ProductId: productID, SupplementCents: 250}},
			Translations: map[string]*qrv1.Translation{"en": {Name: "Main dish"}},
		}}},
		ContainsAlcohol: proto.Bool(false), StockUnlimited: proto.Bool(true), Position: proto.Int32(3),
		Origin:       &qrv1.MeatOrigins{List: []*qrv1.MeatOrigin{{Meat: "beef", Born: []string{"FR"}, Reared: []string{"FR"}, Slaughtered: []string{"FR"}}}},
		Translations: &qrv1.Translations{ByLanguage: map[string]*qrv1.Translation{"en": {Name: "Lunch", Description: "At noon"}}},
	}
	if r.status != 201 || !proto.Equal(sent.GetFields(), want) {
		t.Errorf("%d %s; sent %v", r.status, r.text, sent.GetFields())
	}
	f.call(t, rights.RoleStaff, "PUT", "/product/"+productID, `{"vat_rate_takeaway":null,"parts":[]}`)
	changed, _ := f.shop.asked().(*qrv1.UpdateProductRequest)
	if c := changed.GetFields(); c.VatRateTakeawayPerMille == nil || c.GetVatRateTakeawayPerMille() != 0 || c.Parts == nil || c.Kind != nil || c.Origin != nil {
		t.Errorf("cleared: %v", c)
	}
	for body, field := range map[string]string{
		`{"vat_rate_takeaway":0}`:                              "vat_rate_takeaway",
		`{"parts":[{"name":"x","products":[{"price":1}]}]}`:    "parts[0].products[0].price",
		`{"translations":{"en":{"title":"x"}}}`:                "translations.en.title",
		`{"origin":[{"meat":"beef","countries":"FR"}]}`:        "origin[0].countries",
		`{"parts":[{"products":[{"supplement":1.005}]}]}`:      "parts[0].products[0].supplement",
		`{"stock_unlimited":"yes"}`:                            "stock_unlimited",
		`{"translations":{"en":{"name":"x"},"en":{}}}`:         "translations.en",
		`{"parts":[{"name":"x","products":[],"price_ttc":1}]}`: "parts[0].price_ttc",
	} {
		if r := f.call(t, rights.RoleStaff, "PUT", "/product/"+productID, body); r.status != 400 || r.fields() != field {
			t.Errorf("%s answers %d %s", body, r.status, r.text)
		}
	}
}

func TestAProductIsSoldOutAndOnSale(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/product/" + productID + "/sold-out"
	if r := f.call(t, rights.RoleStaff, "POST", path, `{"until":"tomorrow"}`); r.status != 200 || r.json["sold_out"] != true {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := f.call(t, rights.RoleStaff, "DELETE", path, ""); r.status != 200 || r.json["sold_out"] != false {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := f.call(t, rights.RoleStaff, "POST", path, `{}`); r.status != 400 || r.fields() != "until" {
		t.Errorf("%d %s", r.status, r.text)
	}
	if r := f.call(t, rights.RoleAccountant, "POST", path, `{"until":"tomorrow"}`); r.status != 403 {
		t.Errorf("an accountant: %d %s", r.status, r.text)
	}
}

func TestCategoriesArePassedOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if r := f.call(t, rights.RoleAccountant, "GET", "/product/categories", ""); r.status != 200 || !strings.Contains(r.text, `"products":1`) {
		t.Errorf("%d %s", r.status, r.text)
	}
	r := f.call(t, rights.RoleStaff, "PUT", "/product/categories", `{"categories":[{"name":"Plats","image_url":"https://cdn.example/p.png","translations":{"en":{"name":"Mains"}}},{"name":"boissons","image_url":null}]}`)
	sent, _ := f.shop.asked().(*qrv1.ReplaceCategoriesRequest)
	if c := sent.GetCategories(); r.status != 200 || len(c) != 2 || c[0].GetImageUrl() == "" || c[0].GetTranslations()["en"].GetName() != "Mains" || c[1].GetImageUrl() != "" {
		t.Errorf("%d %s; sent %v", r.status, r.text, sent)
	}
	if r := f.call(t, rights.RoleAccountant, "PUT", "/product/categories", `{"categories":[]}`); r.status != 403 {
		t.Errorf("an accountant: %d %s", r.status, r.text)
	}
}
