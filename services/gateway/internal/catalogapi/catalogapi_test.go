package catalogapi

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const documented = `{
  "name":           "Café Noisette",
  "category":       "boissons",
  "price_ttc":      3.50,
  "vat_rate":       10,
  "stock_quantity": 500
}`

func TestTheDocumentedProductIsCreated(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, rights.RoleMerchant, "POST", "/product/create", documented)
	if r.status != 201 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	for _, want := range []string{`"price_ttc":3.5,`, `"price_ht":3.1818,`, `"vat_amount":0.3182,`, `"vat_code":"TVA10"`, `"vat_rate":10,`, `"image_url":null`, `"allergens":null`} {
		if !strings.Contains(r.text, want) {
			t.Errorf("%s is not in %s", want, r.text)
		}
	}
	want := &qrv1.CreateProductRequest{MerchantId: f.merchantID, Fields: &qrv1.ProductFields{
		Name: proto.String("Café Noisette"), Category: proto.String("boissons"), PriceTtcCents: proto.Int64(350), VatRatePerMille: proto.Int32(100),
		StockQuantity: proto.Int32(500),
	}}
	if !proto.Equal(f.shop.asked(), want) {
		t.Errorf("asked %v", f.shop.asked())
	}
}

func TestAProductIsChangedInParts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for body, want := range map[string]*qrv1.ProductFields{
		`{"image_url":"https://cdn.european-pay.fr/product-images/UUID.jpg"}`: {ImageUrl: proto.String("https://cdn.european-pay.fr/product-images/UUID.jpg")},
		`{"allergens":["milk","gluten"]}`:                                     {Allergens: &qrv1.Allergens{Stated: true, Codes: []string{"milk", "gluten"}}},
		`{"allergens":[]}`:                                                    {Allergens: &qrv1.Allergens{Stated: true, Codes: []string{}}},
		`{"allergens":null}`:                                                  {Allergens: &qrv1.Allergens{}},
		`{"image_url":null,"vat_rate":5.5}`:                                   {ImageUrl: proto.String(""), VatRatePerMille: proto.Int32(55)},
		`{"vat_rate":2.10,"price_ttc":0}`:                                     {VatRatePerMille: proto.Int32(21), PriceTtcCents: proto.Int64(0)},
		`{"is_available":false,"description":"","stock_quantity":0}`:          {IsAvailable: proto.Bool(false), Description: proto.String(""), StockQuantity: proto.Int32(0)},
	} {
		r := f.call(t, rights.RoleStaff, "PUT", "/product/"+productID, body)
		if r.status != 200 || !proto.Equal(f.shop.asked(), &qrv1.UpdateProductRequest{MerchantId: f.merchantID, Id: productID, Fields: want}) {
			t.Errorf("%s answers %d %s, asked %v", body, r.status, r.text, f.shop.asked())
		}
	}
}

func TestTheListPassesItsFiltersOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, rights.RoleAccountant, "GET", "/product/list?category=boissons&search=caf%C3%A9&available=true&page=2&limit=20", "")
	want := &qrv1.ListProductsRequest{
		MerchantId: f.merchantID, Category: proto.String("boissons"), Search: "café", Available: proto.Bool(true), Page: 2, Limit: 20,
	}
	if r.status != 200 || !proto.Equal(f.shop.asked(), want) {
		t.Errorf("%d, asked %v", r.status, f.shop.asked())
	}
	if !strings.HasSuffix(r.text, `"pagination":{"page":2,"limit":20,"total":41,"pages":3}}`+"\n") {
		t.Errorf("got %s", r.text)
	}
	for query, field := range map[string]string{"available=1": "available", "page=0": "page", "limit=101": "limit"} {
		if r := f.call(t, rights.RoleMerchant, "GET", "/product/list?"+query, ""); r.status != 400 || r.fields() != field {
			t.Errorf("%s answers %d %s", query, r.status, r.text)
		}
	}
}

func TestAnUploadIsSignedAsDocumented(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, rights.RoleMerchant, "POST", "/product/upload-image-url", `{ "filename": "coffee.jpg", "contentType": "image/jpeg" }`)
	if r.status != 200 || r.str("uploadUrl") == "" || r.json["expiresIn"] != 300.0 || !strings.Contains(r.text, `"headers":{"Content-Type":"image/jpeg"}`) {
		t.Errorf("%d %s", r.status, r.text)
	}
	if strings.Contains(r.text, `\u0026`) {
		t.Errorf("the URL is escaped: %s", r.text)
	}
	if asked, _ := f.shop.asked().(*qrv1.CreateUploadURLRequest); asked == nil || asked.Size != nil {
		t.Errorf("asked %v", asked)
	}
	r = f.call(t, rights.RoleMerchant, "POST", "/product/upload-image-url", `{ "filename": "coffee.jpg", "contentType": "image/jpeg", "size": 4096 }`)
	if asked, _ := f.shop.asked().(*qrv1.CreateUploadURLRequest); r.status != 200 || asked.GetSize() != 4096 {
		t.Errorf("%d %s; asked %v", r.status, r.text, asked)
	}
}

func TestImageSearchesAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range findsPerMinute {
		if r := f.call(t, rights.RoleStaff, "POST", "/product/find-image", `{"name":"Café Noisette","category":"boissons"}`); r.status != 200 || r.str("image_url") == "" {
			t.Fatalf("%d %s", r.status, r.text)
		}
	}
	r := f.call(t, rights.RoleMerchant, "POST", "/product/find-image", `{"name":"Thé"}`)
	if r.status != 429 || r.json["retry_after"] == nil || f.shop.called() != findsPerMinute {
		t.Errorf("%d %s after %d searches", r.status, r.text, f.shop.called())
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	f := setup(t)
	all := map[string]string{
		"GET /product/list": "", "GET /product/" + productID: "", "POST /product/create": documented, "PUT /product/" + productID: `{"name":"x"}`,
		"DELETE /product/" + productID: "", "POST /product/upload-image-url": `{"filename":"a.png","contentType":"image/png"}`,
		"POST /product/find-image": `{"name":"x"}`,
	}
	for endpoint, body := range all {
		method, path, _ := strings.Cut(endpoint, " ")
		for role := range f.tokens {
			code := errs.Code("")
			switch {
			case role == "" || role == rights.RoleCustomer:
				code = errs.Unauthenticated
			case role == rights.RoleAccountant && method != "GET":
				code = errs.Forbidden
			}
			before := f.shop.called()
			r := f.call(t, role, method, path, body)
			if r.str("code") != string(code) || (code != "" && (r.status != code.HTTPStatus() || f.shop.called() != before)) {
				t.Errorf("%s as %q answers %d %s", endpoint, role, r.status, r.text)
			}
		}
	}
}

func TestHostileBodiesNameTheField(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for body, field := range map[string]string{
		`{"name":"x","price_ttc":1e400}`:                         "price_ttc",
		`{"name":"x","price_ttc":3.501}`:                         "price_ttc",
		`{"name":"x","price_ttc":"3.50"}`:                        "price_ttc",
		`{"name":"x","price_ttc":1,"vat_rate":5.55}`:             "vat_rate",
		`{"name":"x","price_ttc":1,"vat_rate":1e1}`:              "vat_rate",
		`{"name":"x","price_ttc":1,"vat_rate":"10"}`:             "vat_rate",
		`{"name":"x","price_ttc":1,"vat_rate":-10}`:              "vat_rate",
		`{"name":"x","price_ttc":1,"stock_quantity":1.5}`:        "stock_quantity",
		`{"name":"x","price_ttc":1,"stock_quantity":9999999999}`: "stock_quantity",
		`{"name":["x"],"price_ttc":1}`:                           "name",
		`{"name":"x","price_ttc":1,"image_url":7}`:               "image_url",
		`{"name":"x","price_ttc":1,"allergens":"milk"}`:          "allergens",
		`{"name":"x","price_ttc":1,"allergens":[7]}`:             "allergens",
		`{"name":"x","price_ttc":1,"merchant_id":"other"}`:       "merchant_id",
		`{"name":"x","price_ttc":1,"price_ht":0.01}`:             "price_ht",
		`{"name":"x","name":"y","price_ttc":1}`:                  "name",
	} {
		r := f.call(t, rights.RoleMerchant, "POST", "/product/create", body)
		if r.status != 400 || r.str("code") != "VALIDATION_ERROR" || r.fields() != field {
			t.Errorf("%s answers %d %s", body, r.status, r.text)
		}
	}
	if f.shop.called() != 0 {
		t.Error("a bad body reached the service")
	}
}

func TestIllustrationsAreServedToEverybody(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.send(t, "", "GET", "/static/product-images/coffee.svg", "")
	if r.status != 200 || r.header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(r.text, "<svg ") {
		t.Errorf("%d %v", r.status, r.header)
	}
	if r.header.Get("Content-Security-Policy") == "" || r.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a drawing may run scripts: %v", r.header)
	}
	for _, path := range []string{"nope.svg", "..%2fapi.go", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", ""} {
		if r := f.send(t, "", "GET", "/static/product-images/"+path, ""); r.status != 404 {
			t.Errorf("%s answers %d", path, r.status)
		}
	}
}
