package table

import (
	"testing"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// burger is a product with a size, which must be chosen, and extras, of which two may be; it returns the ids of the options by name.
func (f *fixture) burger(t *testing.T) (product string, options map[string]string) {
	t.Helper()
	product = f.product(t, f.merchant, "Burger", 1000, 50)
	options = make(map[string]string)
	for position, g := range []struct {
		name     string
		min, max int
		options  map[string]int
	}{{"Cuisson", 1, 1, map[string]int{"Saignant": 0, "À point": 0}}, {"Extras", 0, 2, map[string]int{"Fromage": 150, "Bacon": 200, "Œuf": 100}}} {
		group := uuid.NewString()
		f.exec(t, `insert into option_groups (id, merchant_id, name, min_choices, max_choices, created_at, updated_at) values ($1, $2, $3, $4, $5, now(), now())`,
			group, f.merchant, g.name, g.min, g.max)
		f.exec(t, `insert into product_option_groups (product_id, group_id, position) values ($1, $2, $3)`, product, group, position)
		for name, cents := range g.options {
			options[name] = uuid.NewString()
			f.exec(t, `insert into options (id, group_id, position, name, price_cents, is_default, is_available) values ($1, $2, 0, $3, $4, false, true)`,
				options[name], group, name, cents)
		}
	}
	return product, options
}

func (f *fixture) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := f.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func TestOptionsAreOrderedWithTheirPrice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	burger, o := f.burger(t)
	wanted := &qrv1.OrderItem{ProductId: burger, Quantity: 2, OptionIds: []string{o["Fromage"], o["Bacon"], o["À point"]}}
	placed := f.mustPlace(t, f.request(wanted))
	l := f.order(t, placed.GetId()).GetLines()[0]
	if l.GetUnitPriceCents() != 1350 || l.GetTotalCents() != 2700 || l.GetVatCents() != 245 || len(l.GetOptions()) != 3 {
		t.Fatalf("ordered %v", l)
	}
	if first := l.GetOptions()[0]; first.GetGroup() != "Cuisson" || first.GetName() != "À point" || first.GetOptionId() != o["À point"] {
		t.Errorf("the first option is %v", first)
	}
	r := f.request(wanted)
	r.ExpectedTotalCents = new(int64)
	*r.ExpectedTotalCents = 2000
	if _, err := f.PlaceOrder(t.Context(), r); !errs.Is(err, errs.TotalChanged) {
		t.Errorf("a total without the options: %v", err)
	}
	if n := f.stock(t, burger); n != 48 {
		t.Errorf("stock %d: what was refused took some", n)
	}
}

func TestAnOfferOnAProductLeavesThePriceOfItsOptions(t *testing.T) {
	t.Parallel()
	f := setup(t)
	burger, o := f.burger(t)
	if _, err := f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{
		MerchantId: f.merchant, OnProduct: true, Offer: &qrv1.Offer{ProductId: burger, Name: "Midi", Type: percentage, Value: 5000},
	}); err != nil {
		t.Fatal(err)
	}
	placed := f.mustPlace(t, f.request(&qrv1.OrderItem{ProductId: burger, Quantity: 2, OptionIds: []string{o["Saignant"], o["Bacon"]}}))
	if placed.GetSubtotalCents() != 2400 || placed.GetTotalCents() != 1400 {
		t.Errorf("half of 2 × 10.00 and 2 × 2.00 is %d of %d", placed.GetTotalCents(), placed.GetSubtotalCents())
	}
}

func TestWrongOptionsAreRefusedWithoutAnOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	burger, o := f.burger(t)
	pizza, of := f.burger(t)
	f.exec(t, `update options set is_available = false where id = $1`, o["Œuf"])
	for name, ids := range map[string][]string{
		"none of a group that needs one": {o["Bacon"]},
		"two of a group that takes one":  {o["Saignant"], o["À point"]},
		"of another product":             {o["Saignant"], of["Bacon"]},
		"unknown":                        {o["Saignant"], "x"},
		"sold out":                       {o["Saignant"], o["Œuf"]},
		"twice":                          {o["Saignant"], o["Bacon"], o["Bacon"]},
	} {
		_, err := f.PlaceOrder(t.Context(), f.request(item(f.water(t), 1), &qrv1.OrderItem{ProductId: burger, Quantity: 1, OptionIds: ids}))
		if e := errs.From(err); e.Code != errs.ValidationError || e.Fields[0].Field != "items[1].options" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.PlaceOrder(t.Context(), f.request(item(pizza, 1))); errs.From(err).Code != errs.ValidationError {
		t.Errorf("without options: %v", err)
	}
	if n := f.stock(t, burger); n != 50 {
		t.Errorf("stock %d", n)
	}
}

// water is a product without options.
func (f *fixture) water(t *testing.T) string {
	t.Helper()
	return f.product(t, f.merchant, "Eau", 300, 5)
}

func TestTheMenuHasEachGroupOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	burger, _ := f.burger(t)
	second := f.product(t, f.merchant, "Cheeseburger", 1100, 5)
	f.exec(t, `insert into product_option_groups (product_id, group_id, position) select $2, group_id, position from product_option_groups where product_id = $1`, burger, second)
	f.product(t, f.merchant, "Eau", 300, 5)
	m := f.menu(t, f.Server, f.table.GetToken())
	groups, _ := m["optionGroups"].([]any)
	if len(groups) != 2 {
		t.Fatalf("the menu has the groups %v", m["optionGroups"])
	}
	first, _ := groups[0].(map[string]any)
	if options, _ := first["options"].([]any); first["name"] != "Cuisson" || first["min_choices"] != 1.0 || len(options) != 2 {
		t.Errorf("the first group is %v", first)
	}
	list, _ := m["menu"].(map[string]any)["boissons"].([]any)
	for _, p := range list {
		p, _ := p.(map[string]any)
		ids, _ := p["option_groups"].([]any)
		if want := map[any]int{"Burger": 2, "Cheeseburger": 2, "Eau": 0}[p["name"]]; len(ids) != want {
			t.Errorf("%v has the groups %v", p["name"], ids)
		}
	}
}
