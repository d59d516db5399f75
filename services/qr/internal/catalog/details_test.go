package catalog

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/businessday"
)

func aPart(name string, products ...string) *qrv1.SetMenuPart {
	p := &qrv1.SetMenuPart{Name: name, MinChoices: 1, MaxChoices: 1}
	for _, id := range products {
		p.Products = append(p.Products, &qrv1.SetMenuChoice{ProductId: id})
	}
	return p
}

func asSetMenu(parts ...*qrv1.SetMenuPart) func(*qrv1.ProductFields) {
	return func(f *qrv1.ProductFields) {
		f.Kind, f.Parts = proto.String("set_menu"), &qrv1.SetMenuParts{Parts: parts}
	}
}

func (f *fixture) update(t *testing.T, merchantID, id string, fields *qrv1.ProductFields) (*qrv1.Product, error) {
	t.Helper()
	res, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{MerchantId: merchantID, Id: id, Fields: fields})
	return res.GetProduct(), err
}

func TestASetMenuHasParts(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	soup, steak, fish := f.add(t, merchant, nil).GetId(), f.add(t, merchant, nil).GetId(), f.add(t, merchant, nil).GetId()
	main := aPart("Plat", steak, fish)
	main.Products[1].SupplementCents, main.Course = 250, 2
	main.Translations = map[string]*qrv1.Translation{"en": {Name: "Main dish"}}
	m := f.add(t, merchant, asSetMenu(aPart("Entrée", soup), main))
	if m.GetKind() != "set_menu" || len(m.GetParts()) != 2 || m.GetParts()[1].GetProducts()[1].GetSupplementCents() != 250 || m.GetParts()[1].GetCourse() != 2 {
		t.Fatalf("created %v", m)
	}
	kept := m.GetParts()[1].GetId()
	changed, err := f.update(t, merchant, m.GetId(), &qrv1.ProductFields{Parts: &qrv1.SetMenuParts{Parts: []*qrv1.SetMenuPart{m.GetParts()[1], aPart("Dessert", soup)}}})
	if err != nil || len(changed.GetParts()) != 2 || changed.GetParts()[0].GetId() != kept || changed.GetParts()[0].GetCourse() != 2 || changed.GetParts()[0].GetTranslations()["en"].GetName() != "Main dish" {
		t.Fatalf("changed to %v, %v", changed, err)
	}
	if _, err := f.DeleteProduct(t.Context(), &qrv1.DeleteProductRequest{MerchantId: merchant, Id: fish}); err != nil {
		t.Fatal(err)
	}
	list, err := f.ListProducts(t.Context(), &qrv1.ListProductsRequest{MerchantId: merchant, Page: 1, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list.GetProducts(), func(p *qrv1.Product) bool { return p.GetId() == m.GetId() })
	if p := list.GetProducts()[i].GetParts(); len(p) != 2 || len(p[0].GetProducts()) != 1 || p[0].GetProducts()[0].GetProductId() != steak {
		t.Errorf("after a product was deleted it has %v", p)
	}
}

func TestASetMenuIsRefusedByField(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	soup, theirs := f.add(t, merchant, nil).GetId(), f.add(t, uuid.NewString(), nil).GetId()
	menu := f.add(t, merchant, asSetMenu(aPart("Entrée", soup))).GetId()
	tooMany := aPart("Plat", soup)
	tooMany.MaxChoices = 11
	late := aPart("Plat", soup)
	late.Course = 10
	known := aPart("Plat", soup)
	known.Id = uuid.NewString()
	for name, c := range map[string]struct {
		field string
		parts []*qrv1.SetMenuPart
	}{
		"none":                {"parts", nil},
		"another merchant's":  {"parts[0].products[0].product_id", []*qrv1.SetMenuPart{aPart("Plat", theirs)}},
		"a set menu":          {"parts[1].products[1].product_id", []*qrv1.SetMenuPart{aPart("Plat", soup), aPart("Menu", soup, menu)}},
		"twice in a part":     {"parts[0].products[1].product_id", []*qrv1.SetMenuPart{aPart("Plat", soup, soup)}},
		"too many choices":    {"parts[0].max_choices", []*qrv1.SetMenuPart{tooMany}},
		"no such course":      {"parts[0].course", []*qrv1.SetMenuPart{late}},
		"no name":             {"parts[0].name", []*qrv1.SetMenuPart{aPart("", soup)}},
		"no products":         {"parts[0].products", []*qrv1.SetMenuPart{aPart("Plat")}},
		"an id of no part":    {"parts[0].id", []*qrv1.SetMenuPart{known}},
		"an id in wrong form": {"parts[0].products[0].product_id", []*qrv1.SetMenuPart{aPart("Plat", "x")}},
	} {
		fields := documented()
		asSetMenu(c.parts...)(fields)
		if _, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: merchant, Fields: fields}); refusedField(err) != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.update(t, merchant, soup, &qrv1.ProductFields{Parts: &qrv1.SetMenuParts{Parts: []*qrv1.SetMenuPart{aPart("Plat", menu)}}}); err == nil {
		t.Error("a product that is no set menu got parts")
	}
	own := &qrv1.ProductFields{Kind: proto.String("set_menu"), Parts: &qrv1.SetMenuParts{Parts: []*qrv1.SetMenuPart{aPart("Plat", f.add(t, merchant, nil).GetId())}}}
	if _, err := f.update(t, merchant, soup, own); refusedField(err) != "kind" {
		t.Errorf("a product of a set menu became one: %v", err)
	}
	own.Parts.Parts[0].Products[0].ProductId = menu
	if _, err := f.update(t, merchant, menu, own); refusedField(err) != "parts[0].products[0].product_id" {
		t.Errorf("a set menu of itself: %v", err)
	}
}

func TestAlcoholIsTaxedAtTheStandardRate(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	wine := f.add(t, merchant, func(p *qrv1.ProductFields) { p.VatRatePerMille, p.ContainsAlcohol = proto.Int32(200), proto.Bool(true) })
	if _, err := f.update(t, merchant, wine.GetId(), &qrv1.ProductFields{VatRatePerMille: proto.Int32(100)}); refusedField(err) != "vat_rate" {
		t.Errorf("at 10: %v", err)
	}
	if _, err := f.update(t, merchant, wine.GetId(), &qrv1.ProductFields{VatRateTakeawayPerMille: proto.Int32(55)}); refusedField(err) != "vat_rate_takeaway" {
		t.Errorf("at 5.5 to take away: %v", err)
	}
	cider := f.add(t, merchant, nil)
	if _, err := f.update(t, merchant, cider.GetId(), &qrv1.ProductFields{ContainsAlcohol: proto.Bool(true)}); refusedField(err) != "vat_rate" {
		t.Errorf("a product at 10 became alcoholic: %v", err)
	}
	both := &qrv1.ProductFields{ContainsAlcohol: proto.Bool(true), VatRatePerMille: proto.Int32(200)}
	if p, err := f.update(t, merchant, cider.GetId(), both); err != nil || !p.GetContainsAlcohol() || p.GetVatRatePerMille() != 200 {
		t.Errorf("both at once: %v, %v", p, err)
	}
	juice := &qrv1.ProductFields{ContainsAlcohol: proto.Bool(false), VatRatePerMille: proto.Int32(100), VatRateTakeawayPerMille: proto.Int32(55)}
	if p, err := f.update(t, merchant, cider.GetId(), juice); err != nil || p.GetVatRateTakeawayPerMille() != 55 {
		t.Errorf("without alcohol: %v, %v", p, err)
	}
}

func TestTheOriginOfMeatIsStated(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	beef := &qrv1.MeatOrigin{Meat: "beef", Born: []string{"FR"}, Reared: []string{"FR", "IE"}, Slaughtered: []string{"FR"}}
	p := f.add(t, merchant, func(p *qrv1.ProductFields) { p.Origin = &qrv1.MeatOrigins{List: []*qrv1.MeatOrigin{beef}} })
	if got := p.GetOrigin(); len(got) != 1 || !proto.Equal(got[0], beef) {
		t.Errorf("stated %v", got)
	}
	for field, o := range map[string]*qrv1.MeatOrigin{
		"origin[0].meat":      {Meat: "fish", Reared: []string{"FR"}, Slaughtered: []string{"FR"}},
		"origin[0].born":      {Meat: "beef", Reared: []string{"FR"}, Slaughtered: []string{"FR"}},
		"origin[0].countries": {Meat: "pork", Reared: []string{"FR"}},
		"origin[0].reared":    {Meat: "pork", Reared: []string{"France"}, Slaughtered: []string{"FR"}},
	} {
		if _, err := f.update(t, merchant, p.GetId(), &qrv1.ProductFields{Origin: &qrv1.MeatOrigins{List: []*qrv1.MeatOrigin{o}}}); refusedField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestTextsAreCleanedInEveryLanguage(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	p := f.add(t, merchant, func(p *qrv1.ProductFields) {
		p.Translations = &qrv1.Translations{ByLanguage: map[string]*qrv1.Translation{"en": {Name: " Hazelnut <b>coffee</b>", Description: "Hot"}}}
	})
	if got := p.GetTranslations()["en"]; got.GetName() != "Hazelnut coffee" || got.GetDescription() != "Hot" {
		t.Errorf("in English: %v", got)
	}
	wrong := &qrv1.Translations{ByLanguage: map[string]*qrv1.Translation{"english": {Name: "Coffee"}}}
	if _, err := f.update(t, merchant, p.GetId(), &qrv1.ProductFields{Translations: wrong}); refusedField(err) != "translations" {
		t.Errorf("in a wrong language: %v", err)
	}
	g := sizes()
	g.Translations = &qrv1.Translations{ByLanguage: map[string]*qrv1.Translation{"en": {Name: "Size"}}}
	g.Options[1].Translations = &qrv1.Translations{ByLanguage: map[string]*qrv1.Translation{"en": {Name: "Large"}}}
	made := f.group(t, merchant, g)
	made.Translations, made.Options[1].Translations = nil, nil
	res, err := f.UpdateOptionGroup(t.Context(), &qrv1.UpdateOptionGroupRequest{MerchantId: merchant, Group: made})
	if err != nil || res.GetGroup().GetTranslations().GetByLanguage()["en"].GetName() != "Size" ||
		res.GetGroup().GetOptions()[1].GetTranslations().GetByLanguage()["en"].GetName() != "Large" {
		t.Errorf("a change that says nothing of languages lost them: %v, %v", res, err)
	}
}

func TestAProductIsSoldOutAndBack(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	a := NewAssortment(f.Server)
	p := f.add(t, merchant, nil)
	set := func(merchantID, until string) (*qrv1.Product, error) {
		res, err := a.SetSoldOut(t.Context(), &qrv1.SetSoldOutRequest{MerchantId: merchantID, ProductId: p.GetId(), Until: until})
		return res.GetProduct(), err
	}
	before := f.version(t, merchant)
	got, err := set(merchant, "tomorrow")
	if err != nil || !got.GetSoldOut() || !got.GetSoldOutUntil().AsTime().Equal(businessday.Usual.Next(noon)) || f.version(t, merchant) == before {
		t.Errorf("until tomorrow: %v, %v", got, err)
	}
	if err := businessday.Set(t.Context(), f.store.pool, merchant, 6*60, noon); err != nil {
		t.Fatal(err)
	}
	if got, err = set(merchant, "tomorrow"); err != nil || got.GetSoldOutUntil().AsTime().Sub(businessday.Usual.Next(noon)) != 2*time.Hour {
		t.Errorf("until a day that starts at six: %v, %v", got, err)
	}
	if got, err = set(merchant, "further_notice"); err != nil || !got.GetSoldOut() || got.GetSoldOutUntil() != nil {
		t.Errorf("until further notice: %v, %v", got, err)
	}
	if got, err = set(merchant, ""); err != nil || got.GetSoldOut() {
		t.Errorf("back: %v, %v", got, err)
	}
	if _, err = set(merchant, "monday"); refusedField(err) != "until" {
		t.Errorf("until Monday: %v", err)
	}
	if _, err = set(uuid.NewString(), "tomorrow"); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("a stranger's: %v", err)
	}
}

func TestCategoriesAreInTheirOrder(t *testing.T) {
	t.Parallel()
	f, merchant := setup(t), uuid.NewString()
	a := NewAssortment(f.Server)
	for _, name := range []string{"Desserts", "Plats", "Entrées"} {
		f.add(t, merchant, func(p *qrv1.ProductFields) { p.Category = proto.String(name) })
	}
	put := func(list ...*qrv1.Category) ([]*qrv1.Category, error) {
		res, err := a.ReplaceCategories(t.Context(), &qrv1.ReplaceCategoriesRequest{MerchantId: merchant, Categories: list})
		return res.GetCategories(), err
	}
	before := f.version(t, merchant)
	got, err := put(&qrv1.Category{Name: "Entrées", ImageUrl: "https://cdn.example/e.png", Translations: map[string]*qrv1.Translation{"en": {Name: "Starters"}}},
		&qrv1.Category{Name: "Plats"}, &qrv1.Category{Name: "Menus"})
	var names []string
	for _, c := range got {
		names = append(names, c.GetName())
	}
	if err != nil || !slices.Equal(names, []string{"Entrées", "Plats", "Menus", "Desserts"}) || got[0].GetProducts() != 1 || got[2].GetProducts() != 0 ||
		got[0].GetTranslations()["en"].GetName() != "Starters" || f.version(t, merchant) == before {
		t.Errorf("the categories are %v, %v", got, err)
	}
	if _, err := put(&qrv1.Category{Name: "Plats"}, &qrv1.Category{Name: "Plats"}); refusedField(err) != "categories[1].name" {
		t.Errorf("named twice: %v", err)
	}
	if _, err := put(&qrv1.Category{Name: "Plats"}, &qrv1.Category{Name: "Menus", ImageUrl: "http://x.example/a.png"}); refusedField(err) != "categories[1].image_url" {
		t.Errorf("an image without TLS: %v", err)
	}
	if list, err := a.ListCategories(t.Context(), &qrv1.ListCategoriesRequest{MerchantId: uuid.NewString()}); err != nil || len(list.GetCategories()) != 0 {
		t.Errorf("a stranger reads %v, %v", list, err)
	}
}
