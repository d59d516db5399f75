package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func TestTheProductOfTheAPIReference(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, nil)
	if p.GetPriceHtE4() != 31818 || p.GetVatAmountE4() != 3182 || p.GetVatCode() != "TVA10" || !p.GetIsAvailable() || p.GetMerchantId() != us {
		t.Errorf("got %v", p)
	}
	res, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: us, Fields: &qrv1.ProductFields{
		Name: proto.String("<b>Thé</b> & 'co'\u202f!"), PriceTtcCents: proto.Int64(0),
	}})
	if err != nil {
		t.Fatal(err)
	}
	p = res.GetProduct()
	if p.GetStockQuantity() != 1000 || p.GetVatRatePerMille() != 200 || p.GetVatCode() != "TVA20" || p.GetName() != "Thé & 'co'\u202f!" {
		t.Errorf("got %v", p)
	}
	if v, types := f.version(t, us), f.announced(t); v != 2 || !slices.Equal(types, []string{"product.created", "product.created"}) {
		t.Errorf("version %d, events %v", v, types)
	}
}

func TestAChangeLeavesTheRest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	before := f.add(t, us, nil)
	res, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: us, Id: before.GetId(), Fields: &qrv1.ProductFields{
		VatRatePerMille: proto.Int32(55), IsAvailable: proto.Bool(false), ImageUrl: proto.String("https://cdn.elsewhere.example/product-images/UUID.jpg"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := proto.CloneOf(before)
	want.VatRatePerMille, want.VatCode, want.PriceHtE4, want.VatAmountE4 = 55, "TVA55", 33175, 1825
	want.IsAvailable, want.ImageUrl = false, "https://cdn.elsewhere.example/product-images/UUID.jpg"
	if !proto.Equal(res.GetProduct(), want) {
		t.Errorf("got  %v\nwant %v", res.GetProduct(), want)
	}
	if _, err := f.DeleteProduct(t.Context(), &qrv1.DeleteProductRequest{MerchantId: us, Id: before.GetId()}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.GetProduct(t.Context(), &qrv1.GetProductRequest{MerchantId: us, Id: before.GetId()}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("deleted, yet %v", err)
	}
	if v, types := f.version(t, us), f.announced(t); v != 3 || !slices.Equal(types, []string{"product.created", "product.updated", "product.deleted"}) {
		t.Errorf("version %d, events %v", v, types)
	}
}

func TestAnotherMerchantsProductDoesNotExist(t *testing.T) {
	t.Parallel()
	f := setup(t)
	theirs := f.add(t, them, nil)
	for _, id := range []string{theirs.GetId(), strings.ToUpper(theirs.GetId()), "1", "", "'; drop table products; --", theirs.GetId() + "\x00"} {
		_, get := f.GetProduct(t.Context(), &qrv1.GetProductRequest{MerchantId: us, Id: id})
		_, update := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: us, Id: id, Fields: &qrv1.ProductFields{Name: proto.String("mine")}})
		_, remove := f.DeleteProduct(t.Context(), &qrv1.DeleteProductRequest{MerchantId: us, Id: id})
		for _, err := range []error{get, update, remove} {
			if !errs.Is(err, errs.NotFoundCode) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
	list, err := f.ListProducts(t.Context(), &qrv1.ListProductsRequest{MerchantId: us, Page: 1, Limit: 10})
	if err != nil || list.GetTotal() != 0 || f.version(t, us) != 0 || f.version(t, them) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestBadFieldsAreNamed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	have := f.add(t, us, nil)
	for _, c := range []struct {
		field string
		spoil func(*qrv1.ProductFields)
	}{
		{"name", func(p *qrv1.ProductFields) { p.Name = proto.String(" ") }},
		{"name", func(p *qrv1.ProductFields) { p.Name = proto.String(strings.Repeat("é", 201)) }},
		{"name", func(p *qrv1.ProductFields) { p.Name = proto.String("<b> \u202e\x00</b>") }},
		{"name", func(p *qrv1.ProductFields) { p.Name = proto.String("<b>" + strings.Repeat("x", 198)) }},
		{"description", func(p *qrv1.ProductFields) { p.Description = proto.String(strings.Repeat("x\n", 1001)) }},
		{"category", func(p *qrv1.ProductFields) { p.Category = proto.String(strings.Repeat("x", 101)) }},
		{"price_ttc", func(p *qrv1.ProductFields) { p.PriceTtcCents = proto.Int64(-1) }},
		{"price_ttc", func(p *qrv1.ProductFields) { p.PriceTtcCents = proto.Int64(int64(MaxPrice) + 1) }},
		{"vat_rate", func(p *qrv1.ProductFields) { p.VatRatePerMille = proto.Int32(196) }},
		{"vat_rate", func(p *qrv1.ProductFields) { p.VatRatePerMille = proto.Int32(0) }},
		{"stock_quantity", func(p *qrv1.ProductFields) { p.StockQuantity = proto.Int32(-1) }},
		{"stock_quantity", func(p *qrv1.ProductFields) { p.StockQuantity = proto.Int32(MaxStock + 1) }},
		{"image_url", func(p *qrv1.ProductFields) { p.ImageUrl = proto.String("javascript:alert(1)") }},
		{"image_url", func(p *qrv1.ProductFields) { p.ImageUrl = proto.String("http://elsewhere.example/a.png") }},
		{"image_url", func(p *qrv1.ProductFields) { p.ImageUrl = proto.String("https://user:secret@elsewhere.example/a.png") }},
		{"image_url", func(p *qrv1.ProductFields) { p.ImageUrl = proto.String("https://elsewhere.example/\u202egpj.a") }},
		{"image_url", func(p *qrv1.ProductFields) { p.ImageUrl = proto.String("https://elsewhere.example/a\n.jpg") }},
		{"image_url", func(p *qrv1.ProductFields) { p.ImageUrl = proto.String(static + "/../../etc/passwd") }},
	} {
		fields := documented()
		c.spoil(fields)
		_, create := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: us, Fields: fields})
		_, update := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: us, Id: have.GetId(), Fields: fields})
		if refusedField(create) != c.field || refusedField(update) != c.field {
			t.Errorf("%v: %v, %v", fields, create, update)
		}
	}
	_, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: us})
	if got := errs.From(err).Fields; len(got) != 2 || got[0].Field != "name" || got[1].Field != "price_ttc" {
		t.Errorf("got %v", err)
	}
}

func TestTheTextsOfAProductAreCleanedLikeThoseOfGuests(t *testing.T) {
	t.Parallel()
	f := setup(t)
	dirty := func(p *qrv1.ProductFields) {
		p.Name, p.Category = proto.String(" Café <b>Noi\u202esette</b>\x00"), proto.String("bois\u2066sons\n<script>")
		p.Description = proto.String("Lait\u202e <arachide>\r\n<img src=x onerror=alert(1)>Sucre\x1b")
	}
	made := f.add(t, us, dirty)
	fields := documented()
	dirty(fields)
	res, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: us, Id: f.add(t, us, nil).GetId(), Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*qrv1.Product{made, res.GetProduct()} {
		if p.GetName() != "Café Noisette" || p.GetCategory() != "boissons" || p.GetDescription() != "Lait <arachide>\nSucre" {
			t.Errorf("got %q, %q, %q", p.GetName(), p.GetCategory(), p.GetDescription())
		}
	}
}

func TestASearchSeesWhatAPersonSees(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, name := range []string{"Café Noisette", "CRÈME BRÛLÉE", "Œuf 100% bio", "a_b", `c\d`, "Bœuf"} {
		f.add(t, us, func(p *qrv1.ProductFields) { p.Name, p.Category = proto.String(name), proto.String("") })
	}
	f.add(t, us, func(p *qrv1.ProductFields) {
		p.Name, p.Category, p.IsAvailable = proto.String("Eau"), proto.String("Boissons"), proto.Bool(false)
	})
	for search, want := range map[string]string{
		"cafe": "Café Noisette", "CAFÉ": "Café Noisette", "cafe\u0301": "Café Noisette", "noi": "Café Noisette", "creme bru": "CRÈME BRÛLÉE", "oeuf": "Bœuf|Œuf 100% bio",
		"100%": "Œuf 100% bio", "%": "Œuf 100% bio", "_": "a_b", `\`: `c\d`, "boisson": "Eau", "' or 1=1 --": "",
	} {
		res, err := f.ListProducts(t.Context(), &qrv1.ListProductsRequest{MerchantId: us, Search: search, Page: 1, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range res.GetProducts() {
			names = append(names, p.GetName())
		}
		if got := strings.Join(names, "|"); got != want {
			t.Errorf("%q finds %q, want %q", search, got, want)
		}
	}
	res, err := f.ListProducts(t.Context(), &qrv1.ListProductsRequest{MerchantId: us, Category: proto.String("Boissons"), Available: proto.Bool(true), Page: 1, Limit: 1})
	if err != nil || res.GetTotal() != 0 {
		t.Errorf("got %v, %v", res, err)
	}
	res, err = f.ListProducts(t.Context(), &qrv1.ListProductsRequest{MerchantId: us, Available: proto.Bool(true), Page: 2, Limit: 4})
	if err != nil || res.GetTotal() != 6 || len(res.GetProducts()) != 2 {
		t.Errorf("got %v, %v", res, err)
	}
}

// A search walks the merchant's part of the index, however many products others have.
func TestASearchDoesNotWalkTheWholeTable(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := f.pool.Exec(t.Context(), `insert into products (id, merchant_id, name, category, price_ttc, vat_rate, stock_quantity, is_available, search_key,
		created_at, updated_at) select gen_random_uuid(), case when n % 100 = 0 then $1 else md5((n % 100)::text)::uuid end, 'Product ' || n, 'category ' || n % 7,
		100, 200, 1000, true, 'product ' || n || ' category ' || n % 7, now(), now() from generate_series(1, 100000) n`, us)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), `analyze products`); err != nil {
		t.Fatal(err)
	}
	rows, err := f.pool.Query(t.Context(), `explain select `+columns+matching+` order by category collate "C", position, search_key, id limit 20`, us, nil, "%duct 5%", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan.String(), "products_placed") || strings.Contains(plan.String(), "Seq Scan") {
		t.Errorf("plan:\n%s", plan.String())
	}
	res, err := f.ListProducts(t.Context(), &qrv1.ListProductsRequest{MerchantId: us, Search: "DUCT 500", Page: 1, Limit: 20})
	if err != nil || res.GetTotal() != 3 {
		t.Errorf("%d, %v", res.GetTotal(), err)
	}
}

func TestACatalogIsLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := f.pool.Exec(t.Context(), `insert into products (id, merchant_id, name, price_ttc, vat_rate, stock_quantity, is_available, search_key, created_at,
		updated_at) select gen_random_uuid(), $1, 'x', 100, 200, 1, true, 'x', now(), now() from generate_series(1, $2)`, us, MaxProducts)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: us, Fields: documented()})
	if !errs.Is(err, errs.InvalidState) || f.version(t, us) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestAllergensAreAClosedListAndMayBeUnknown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, nil)
	if p.GetAllergens().GetStated() {
		t.Errorf("a new product says %v", p.GetAllergens())
	}
	change := func(a *qrv1.Allergens) (*qrv1.Allergens, error) {
		res, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: us, Id: p.GetId(), Fields: &qrv1.ProductFields{Allergens: a}})
		return res.GetProduct().GetAllergens(), err
	}
	for _, c := range []struct {
		give *qrv1.Allergens
		want string
	}{
		{&qrv1.Allergens{Stated: true, Codes: []string{"molluscs", "gluten"}}, "true [gluten molluscs]"},
		{nil, "true [gluten molluscs]"},
		{&qrv1.Allergens{Stated: true}, "true []"},
		{&qrv1.Allergens{}, "false []"},
		{&qrv1.Allergens{Stated: true, Codes: allergens}, fmt.Sprint("true ", allergens)},
	} {
		got, err := change(c.give)
		if err != nil || fmt.Sprint(got.GetStated(), " ", got.GetCodes()) != c.want {
			t.Errorf("%v: %v, %v", c.give, got, err)
		}
		read, err := f.GetProduct(t.Context(), &qrv1.GetProductRequest{MerchantId: us, Id: p.GetId()})
		if err != nil || read.GetProduct().GetAllergens().GetStated() != got.GetStated() || len(read.GetProduct().GetAllergens().GetCodes()) != len(got.GetCodes()) {
			t.Errorf("%v: then %v, %v", c.give, read, err)
		}
	}
	for _, wrong := range [][]string{{"Milk"}, {"milk", "milk"}, {"lait"}, {""}} {
		if _, err := change(&qrv1.Allergens{Stated: true, Codes: wrong}); errs.From(err).Code != errs.ValidationError {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
