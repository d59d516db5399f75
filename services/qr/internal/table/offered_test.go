package table

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// names are those of a list of objects, such as products.
func names(list any) []string {
	var out []string
	all, _ := list.([]any)
	for _, one := range all {
		one, _ := one.(map[string]any)
		out = append(out, fmt.Sprint(one["name"]))
	}
	return out
}

func drinks(m map[string]any) any {
	list, _ := m["menu"].(map[string]any)
	return list["boissons"]
}

func (f *fixture) changed(t testing.TB, sql string, args ...any) {
	t.Helper()
	f.exec(t, sql, args...)
	f.exec(t, `insert into menu_versions (merchant_id, version) values ($1, 1) on conflict (merchant_id) do update set version = menu_versions.version + 1`, f.merchant)
	f.clock.Advance(checkEvery)
}

func TestWhatIsSoldOutUntilTomorrowComesBackByItself(t *testing.T) {
	t.Parallel()
	f := setup(t)
	water := f.water(t)
	f.product(t, f.merchant, "Jus", 400, 5)
	until := f.clock.Now().Add(time.Hour)
	f.changed(t, `update products set sold_out = true, sold_out_until = $2 where id = $1`, water, until)
	m := f.menu(t, f.Server, f.table.GetToken())
	if on, out := names(drinks(m)), names(m["soldOut"]); fmt.Sprint(on, out) != "[Jus] [Eau]" {
		t.Fatalf("on the menu are %v, and sold out %v", on, out)
	}
	_, err := f.PlaceOrder(t.Context(), f.request(item(water, 1)))
	wantFields(t, err, "items[0].productId")
	f.clock.Advance(time.Hour)
	if on := names(drinks(f.menu(t, f.Server, f.table.GetToken()))); fmt.Sprint(on) != "[Eau Jus]" {
		t.Errorf("an hour later the menu has %v", on)
	}
	f.mustPlace(t, f.request(item(water, 1)))
}

func TestAnUnlimitedStockIsNotCounted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	water := f.water(t)
	f.changed(t, `update products set stock_unlimited = true, stock_quantity = 0 where id = $1`, water)
	if on := names(drinks(f.menu(t, f.Server, f.table.GetToken()))); fmt.Sprint(on) != "[Eau]" {
		t.Fatalf("the menu has %v", on)
	}
	placed := f.mustPlace(t, f.request(item(water, 50)))
	if n := f.stock(t, water); n != 0 {
		t.Errorf("stock %d", n)
	}
	o, err := readOrder(t.Context(), f.pool, placed.GetId())
	if err != nil || len(o.pieces()) != 1 {
		t.Fatal(o, err)
	}
}

func TestASetMenuWithoutAMainDishIsSoldOut(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.lunch(t)
	m := f.menu(t, f.Server, f.table.GetToken())
	if out := names(m["soldOut"]); len(out) != 0 {
		t.Fatalf("sold out are %v", out)
	}
	f.changed(t, `update products set sold_out = true where id = $1 or id = $2`, l.steak, l.water)
	m = f.menu(t, f.Server, f.table.GetToken())
	if on, out := names(drinks(m)), names(m["soldOut"]); fmt.Sprint(on, out) != "[Soupe Vin] [Eau Formule Steak]" {
		t.Errorf("on the menu are %v, and sold out %v", on, out)
	}
}

func TestTheMenuHasCategoriesInTheirOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.water(t)
	first := f.product(t, f.merchant, "Zeste", 400, 5)
	f.exec(t, `update products set position = 0, translations = '{"en": {"name": "Zest"}}', origin = '[{"meat": "beef", "born": ["FR"]}]' where id = $1`, first)
	f.exec(t, `update products set position = 1 where name = 'Eau'`)
	f.changed(t, `insert into categories (merchant_id, name, position, translations) values ($1, 'Plats', 0, '{}'), ($1, 'boissons', 1, '{"en": {"name": "Drinks"}}')`, f.merchant)
	m := f.menu(t, f.Server, f.table.GetToken())
	if c := names(m["categories"]); fmt.Sprint(c) != "[boissons]" { // no dish is there
		t.Errorf("the categories are %v", c)
	}
	if on := names(drinks(m)); fmt.Sprint(on) != "[Zeste Eau]" {
		t.Errorf("the drinks are %v", on)
	}
	list, _ := drinks(m).([]any)
	zest, _ := list[0].(map[string]any)
	if fmt.Sprint(zest["translations"], zest["origin"]) != "map[en:map[name:Zest]] [map[born:[FR] meat:beef]]" {
		t.Errorf("it has %v and %v", zest["translations"], zest["origin"])
	}
}

// large is a menu of 500 products that share 20 groups, so that each has 20 options.
func large() *content {
	c := &content{known: true, merchant: uuid.NewString(), name: "Café", groups: map[string]catalog.OptionGroup{}, groupsOf: map[string][]string{}}
	c.tables = []seat{{ID: uuid.NewString(), Name: "Table 4", Token: newToken()}}
	var groups []string
	for i := range 20 {
		g := catalog.OptionGroup{ID: uuid.NewString(), Name: fmt.Sprintf("Choix %d", i), Max: 2}
		for j := range 5 {
			g.Options = append(g.Options, catalog.Option{
				ID: uuid.NewString(), Name: fmt.Sprintf("Supplément %d", j), Price: 150, Available: true, Translations: catalog.Translations{"en": {Name: fmt.Sprintf("Extra %d", j)}},
			})
		}
		c.groups[g.ID], groups = g, append(groups, g.ID)
	}
	for i := range 500 {
		p := catalog.Orderable{
			ID: uuid.NewString(), Name: fmt.Sprintf("Assiette du marché %d", i), Description: fmt.Sprintf("Légumes de saison, numéro %d, et sa sauce maison", i*7919),
			Category: fmt.Sprintf("Catégorie %d", i/25), Price: 1250, VATPerMill: vat.Intermediate, Allergens: catalog.Allergens{"gluten", "milk"},
			ImageURL: "https://cdn.european-pay.fr/product-images/" + uuid.NewString() + ".jpg",
		}
		p.Translations = catalog.Translations{"en": {Name: fmt.Sprintf("Market plate %d", i), Description: fmt.Sprintf("Vegetables of the season, number %d", i*7919)}}
		c.products = append(c.products, p)
		for j := range 4 {
			c.groupsOf[p.ID] = append(c.groupsOf[p.ID], groups[(i+5*j)%20])
		}
	}
	return c
}

func TestALargeMenuStaysSmall(t *testing.T) {
	t.Parallel()
	c := large()
	body, _ := c.body(time.Now())
	text, err := encode(body)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	z.Close()
	if n := packed.Len(); n > 100_000 {
		t.Errorf("%d bytes, %d packed", len(text), n)
	}
}
