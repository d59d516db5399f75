package order_test

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/services/portal/internal/order"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

// withSetMenu adds a set menu of quiche and a drink, and a size to the drink.
func withSetMenu(a *api) {
	drink := product("p5", "Thé", "Chaud", 2)
	drink["option_groups"] = []any{"g1"}
	drink["translations"] = map[string]any{"en": map[string]any{"name": "Tea"}}
	drink["origin"] = []any{map[string]any{"meat": "beef", "born": []any{"FR"}, "reared": []any{"FR"}, "slaughtered": []any{"IE"}}}
	menu := product("m1", "Formule", "", 12)
	menu["kind"] = "set_menu"
	menu["parts"] = []any{
		map[string]any{"id": "s1", "name": "Plat", "min_choices": 1, "max_choices": 1, "products": []any{map[string]any{"product_id": "p1"}}},
		map[string]any{"id": "s2", "name": "Boisson", "min_choices": 0, "max_choices": 2, "products": []any{map[string]any{"product_id": "p5", "supplement": 1.5}}},
	}
	a.menu["menu"].(map[string][]any)["Boissons"] = []any{drink}
	a.menu["menu"].(map[string][]any)["Formules"] = []any{menu}
	a.menu["categories"] = []any{map[string]any{"name": "Formules"}, map[string]any{"name": "Boissons", "translations": map[string]any{"en": map[string]any{"name": "Drinks"}}}}
	gone := product("p9", "Soupe", "", 6)
	gone["category"] = "Boissons"
	a.menu["soldOut"] = []any{gone}
	a.menu["optionGroups"] = []any{map[string]any{"id": "g1", "name": "Taille", "min_choices": 1, "max_choices": 1, "options": []any{
		map[string]any{"id": "o1", "name": "Petit", "price": 0, "is_default": false, "is_available": true},
		map[string]any{"id": "o2", "name": "Grand", "price": 0.5, "is_default": false, "is_available": true},
	}}}
}

func TestGuestReadsTheMenuInTheOrderAndTheLanguageThatItHas(t *testing.T) {
	a := small()
	withSetMenu(a)
	k := webtest.Serve(t, a, order.Register)
	page := k.Get(here)
	page.Has(t, "Tea", ">Drinks</a>", "Soupe", "sold out", "Beef: born in France, reared in France, slaughtered in Ireland", `name="p_m1.s2" value="p5"`, `name="x_m1.s2.p5.g1"`)
	page.Lacks(t, `name="q_p9"`)
	if formulas, drinks, others := strings.Index(page.Body, ">Formules</a>"), strings.Index(page.Body, ">Drinks</a>"), strings.Index(page.Body, ">Plats</a>"); formulas > drinks || drinks > others {
		t.Errorf("the categories are at %d, %d and %d", formulas, drinks, others)
	}
}

func TestGuestChoosesTheSameSetMenuInTwoWays(t *testing.T) {
	a := small()
	withSetMenu(a)
	k := webtest.Serve(t, a, order.Register)
	chosen := basket("q_p1", "0", "q_m1", "1", "p_m1.s1", "p1", "q_m1~2", "2", "p_m1~2.s1", "p1", "p_m1~2.s2", "p5", "x_m1~2.s2.p5.g1", "o2", "x_m1.s2.p5.g1", "o2")
	chosen.Set("step", "review")
	// 12 euros, and twice 12 with tea for 1.50 that is large for 0.50.
	k.Post(here, chosen).Has(t, "€12.00", "€28.00", "€40.00", `name="q_m1~2"`, "Quiche, Tea, Grand")
	chosen.Set("step", "order")
	k.Post(here, chosen)
	items, _ := a.ordered["items"].([]any)
	if len(items) != 2 {
		t.Fatalf("ordered %v", a.ordered)
	}
	one, _ := items[0].(map[string]any)
	two, _ := items[1].(map[string]any)
	if parts, _ := one["parts"].([]any); one["productId"] != "m1" || len(parts) != 1 {
		t.Errorf("the first is %v", one)
	}
	parts, _ := two["parts"].([]any)
	tea, _ := parts[len(parts)-1].(map[string]any)
	if options, _ := tea["options"].([]any); two["productId"] != "m1" || two["quantity"] != 2.0 || len(parts) != 2 || tea["product_id"] != "p5" || len(options) != 1 || options[0] != "o2" {
		t.Errorf("the second is %v", two)
	}
	more := basket("step", "another:m1", "q_m1", "1", "p_m1.s1", "p1")
	k.Post(here, more).Has(t, `name="q_m1~2"`)
}
