package table

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// lunch is a set menu for 20 euros: a starter, a main dish, and a drink, which nobody must choose. Wine adds 2 euros.
type lunch struct {
	menu, soup, steak, water, wine string
	starter, main, drink           string
}

func (f *fixture) lunch(t *testing.T) lunch {
	t.Helper()
	l := lunch{
		menu: f.product(t, f.merchant, "Formule", 2000, 50), soup: f.product(t, f.merchant, "Soupe", 600, 50), steak: f.product(t, f.merchant, "Steak", 1800, 50),
		water: f.product(t, f.merchant, "Eau", 300, 50), wine: f.product(t, f.merchant, "Vin", 600, 50),
		starter: uuid.NewString(), main: uuid.NewString(), drink: uuid.NewString(),
	}
	f.exec(t, `update products set vat_rate = 200, contains_alcohol = true where id = $1`, l.wine)
	f.exec(t, `update products set vat_rate_takeaway = 55 where id = $1`, l.soup)
	f.exec(t, `update products set kind = 'set_menu' where id = $1`, l.menu)
	for i, p := range []struct {
		id, name string
		least    int
	}{{l.starter, "Entrée", 1}, {l.main, "Plat", 1}, {l.drink, "Boisson", 0}} {
		f.exec(t, `insert into set_menu_parts (id, product_id, position, name, min_choices, max_choices) values ($1, $2, $3, $4, $5, 1)`, p.id, l.menu, i, p.name, p.least)
	}
	for product, part := range map[string]string{l.soup: l.starter, l.steak: l.main, l.water: l.drink, l.wine: l.drink} {
		f.exec(t, `insert into set_menu_choices (part_id, product_id, position, supplement_cents) values ($1, $2, 0, case when $2 = $3::uuid then 200 else 0 end)`, part, product, l.wine)
	}
	return l
}

func (l lunch) order(count int32, parts ...*qrv1.WantedPart) *qrv1.OrderItem {
	return &qrv1.OrderItem{ProductId: l.menu, Quantity: count, Parts: parts}
}

func choose(part, product string) *qrv1.WantedPart {
	return &qrv1.WantedPart{PartId: part, ProductId: product}
}

// Alone, soup, steak and wine cost 6, 18 and 6 euros, so they are 4, 12 and 4 of the 20; wine has 2 more.
func TestASetMenuIsTaxedByWhatIsChosen(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.lunch(t)
	r := f.request(l.order(2, choose(l.starter, l.soup), choose(l.main, l.steak), choose(l.drink, l.wine)))
	got := f.order(t, f.mustPlace(t, r).GetId()).GetLines()[0]
	if got.GetUnitPriceCents() != 2200 || got.GetTotalCents() != 4400 || got.GetVatCents() != 291+200 || got.GetVatPerMille() != 100 {
		t.Errorf("ordered %v", got)
	}
	want := []vat.Share{vat.Whole(3200, vat.Intermediate), vat.Whole(1200, vat.Standard)}
	if taxes := got.GetTaxes(); len(taxes) != 2 || taxes[0].GetGrossCents() != int64(want[0].Gross) || taxes[0].GetVatCents() != 291 ||
		taxes[1].GetGrossCents() != 1200 || taxes[1].GetVatCents() != 200 {
		t.Errorf("taxed %v, want %v", taxes, want)
	}
	if p := got.GetParts(); len(p) != 3 || p[2].GetName() != "Vin" || p[2].GetPart() != "Boisson" || p[2].GetSupplementCents() != 200 || p[2].GetVatPerMille() != 200 {
		t.Errorf("its parts are %v", p)
	}
	for _, id := range []string{l.menu, l.soup, l.steak, l.wine} {
		if n := f.stock(t, id); n != 48 {
			t.Errorf("%d left", n)
		}
	}
}

func TestASetMenuGivesEverythingBack(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.lunch(t)
	placed := f.mustPlace(t, f.request(l.order(2, choose(l.starter, l.soup), choose(l.main, l.steak))))
	if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: placed.GetId(), Status: string(Cancelled)}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{l.menu, l.soup, l.steak} {
		if n := f.stock(t, id); n != 50 {
			t.Errorf("%d left", n)
		}
	}
}

func TestWhatIsTakenAwayHasItsOwnRate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.lunch(t)
	r := f.paidRequest(item(l.soup, 1), l.order(1, choose(l.starter, l.soup), choose(l.main, l.steak)))
	r.OrderType = takeaway
	lines := f.mustPlace(t, r).GetLines()
	if soup := lines[0]; soup.GetVatPerMille() != 55 || soup.GetTotalCents() != 600 || soup.GetVatCents() != 31 {
		t.Errorf("soup to take away: %v", soup)
	}
	if taxes := lines[1].GetTaxes(); len(taxes) != 2 || taxes[0].GetVatPerMille() != 55 || taxes[0].GetGrossCents() != 500 || taxes[1].GetGrossCents() != 1500 {
		t.Errorf("a set menu to take away: %v", taxes)
	}
	if here := f.mustPlace(t, f.request(item(l.soup, 1))).GetLines()[0]; here.GetVatPerMille() != 100 || len(here.GetTaxes()) != 1 {
		t.Errorf("soup eaten here: %v", here)
	}
}

func TestAWrongChoiceOfASetMenuIsRefusedByField(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l, other := f.lunch(t), f.lunch(t)
	f.exec(t, `update products set sold_out = true where id = $1`, l.water)
	soup, steak := choose(l.starter, l.soup), choose(l.main, l.steak)
	for name, c := range map[string]struct {
		field string
		parts []*qrv1.WantedPart
	}{
		"a part missing":            {"items[0].parts", []*qrv1.WantedPart{soup}},
		"two of a part of one":      {"items[0].parts", []*qrv1.WantedPart{soup, soup, steak}},
		"a product of another part": {"items[0].parts[1].product_id", []*qrv1.WantedPart{soup, choose(l.main, l.soup), steak}},
		"of another set menu":       {"items[0].parts[2].part", []*qrv1.WantedPart{soup, steak, choose(other.drink, l.wine)}},
		"sold out":                  {"items[0].parts[2].product_id", []*qrv1.WantedPart{soup, steak, choose(l.drink, l.water)}},
		"unknown":                   {"items[0].parts[0].product_id", []*qrv1.WantedPart{choose(l.starter, "x"), steak}},
	} {
		if _, err := f.PlaceOrder(t.Context(), f.request(l.order(1, c.parts...))); !slices.Contains(fields(wantCode(t, err, "VALIDATION_ERROR")), c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := item(l.soup, 1)
	plain.Parts = []*qrv1.WantedPart{steak}
	_, err := f.PlaceOrder(t.Context(), f.request(plain))
	wantFields(t, err, "items[0].parts")
	if n := f.stock(t, l.soup); n != 50 {
		t.Errorf("what was refused took %d", 50-n)
	}
}

func TestAPartOfASetMenuHasOptions(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.lunch(t)
	burger, o := f.burger(t)
	f.exec(t, `insert into set_menu_choices (part_id, product_id, position, supplement_cents) values ($1, $2, 1, 0)`, l.main, burger)
	main := choose(l.main, burger)
	_, err := f.PlaceOrder(t.Context(), f.request(l.order(1, choose(l.starter, l.soup), main)))
	wantFields(t, err, "items[0].parts[1].options")
	main.OptionIds = []string{o["À point"], o["Fromage"]}
	got := f.order(t, f.mustPlace(t, f.request(l.order(1, choose(l.starter, l.soup), main))).GetId()).GetLines()[0]
	if got.GetTotalCents() != 2150 || len(got.GetParts()[1].GetOptions()) != 2 {
		t.Errorf("ordered %v", got)
	}
}

// A table that orders the same steak alone and in set menus holds one stock of it.
func TestSetMenusHoldTheirPartsToo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	l := f.lunch(t)
	f.exec(t, `update products set stock_quantity = 10 where id = $1`, l.steak)
	f.mustPlace(t, f.request(l.order(6, choose(l.starter, l.soup), choose(l.main, l.steak))))
	_, err := f.PlaceOrder(t.Context(), f.request(item(l.steak, 3)))
	wantFields(t, err, "items[0].quantity")
}

// The shares of a set menu are its total, whatever it costs and whatever an offer takes off, and no share is negative.
func TestTheSharesOfASetMenuAreItsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := line{Quantity: rapid.Int32Range(1, 99).Draw(t, "quantity"), VATPerMill: vat.Standard, Unit: money.Cents(rapid.Int64Range(0, 100_00).Draw(t, "price"))}
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			l.Parts = append(l.Parts, part{
				Price: money.Cents(rapid.Int64Range(0, 30_00).Draw(t, "alone")), Supplement: money.Cents(rapid.Int64Range(0, 5_00).Draw(t, "supplement")),
				VATPerMill: rapid.SampledFrom(vat.Rates[1:]).Draw(t, "rate"),
			})
		}
		l.Unit += l.extra()
		whole := money.Cents(l.Quantity) * l.Unit
		l.Total = whole - money.Cents(rapid.Int64Range(0, int64(whole)).Draw(t, "off"))
		l.tax()
		gross, tax := vat.Total(l.taxes())
		if gross != l.Total || tax != l.VAT {
			t.Fatalf("%v of %d with %d of VAT", l.taxes(), l.Total, l.VAT)
		}
		for _, s := range l.taxes() {
			if s.Gross < 0 || s.VAT != vat.In(s.Gross, s.Rate) {
				t.Fatalf("a share is %v", s)
			}
		}
	})
}
