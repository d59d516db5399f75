package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// optional is a menu whose product has a group of options: one must be chosen, and the second costs 0.80 more.
type optional struct {
	menu
	group   string
	options []string
}

func (n menu) withOptions(t testing.TB) optional {
	t.Helper()
	g := must[struct {
		ID      string
		Options []struct{ ID string }
	}](t, n.m.portal.do(t, http.MethodPost, "/product/option-groups", `{"name":"Taille","min_choices":1,"options":[{"name":"Normal","is_default":true},{"name":"Grand","price":0.80}]}`), http.StatusCreated)
	if a := n.m.portal.do(t, http.MethodPut, "/product/"+n.product, object{"option_groups": []string{g.ID}}.json()); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	return optional{n, g.ID, []string{g.Options[0].ID, g.Options[1].ID}}
}

func (o optional) orders(t testing.TB, quantity int, options ...string) answer {
	t.Helper()
	body := object{"items": []object{{"productId": o.product, "quantity": quantity, "options": options}}, "orderType": "dine_in"}
	return o.m.w.caller().do(t, http.MethodPost, o.path, body.json())
}

// TestAGuestChoosesOptions from the menu to the kitchen; what is sold out or missing is refused by field, and nothing is taken from the stock.
func TestAGuestChoosesOptions(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	o := m.sells(t, "3.50", 20).withOptions(t)
	shown := must[struct {
		Menu map[string][]struct {
			Groups []string `json:"option_groups"`
		}
		Groups []struct {
			ID      string
			Min     int `json:"min_choices"`
			Max     int `json:"max_choices"`
			Options []struct {
				ID    string
				Price json.Number
			}
		} `json:"optionGroups"`
	}](t, shared.caller().do(t, http.MethodGet, o.path, ""), http.StatusOK)
	if g := shown.Groups; len(g) != 1 || g[0].ID != o.group || g[0].Min != 1 || g[0].Max != 1 || g[0].Options[1].Price != "0.8" || shown.Menu["boissons"][0].Groups[0] != o.group {
		t.Fatalf("the menu shows %+v", shown)
	}
	placed := must[placed](t, o.orders(t, 2, o.options[1]), http.StatusCreated)
	if placed.Order.Total != "8.6" {
		t.Errorf("2 × (3.50 + 0.80) is %s", placed.Order.Total)
	}
	kitchen := must[struct {
		Data []struct {
			Items []struct {
				Options []struct{ Group, Name string }
			}
		}
	}](t, m.portal.do(t, http.MethodGet, "/table-order/orders/kitchen", ""), http.StatusOK)
	if got := kitchen.Data[0].Items[0].Options; len(got) != 1 || got[0].Group != "Taille" || got[0].Name != "Grand" {
		t.Errorf("the kitchen reads %+v", kitchen)
	}
	soldOut := "/product/option-groups/" + o.group + "/options/" + o.options[1] + "/available"
	if a := m.portal.do(t, http.MethodPost, soldOut, `{"is_available":false}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	stranger := shared.newMerchant(t).sells(t, "3.50", 20).withOptions(t)
	for name, options := range map[string][]string{"none": {}, "both": o.options, "sold out": {o.options[1]}, "another merchant's": {stranger.options[0]}} {
		a := o.orders(t, 1, options...)
		refused := a.refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		if len(refused.Errors) == 0 || refused.Errors[0].Field != "items[0].options" {
			t.Errorf("%s: refused as %s", name, a.raw)
		}
	}
	if n := o.stock(t); n != 18 {
		t.Errorf("%d left of 20 after an order of 2", n)
	}
	if a := stranger.m.portal.do(t, http.MethodPost, soldOut, `{"is_available":true}`); a.status != http.StatusNotFound {
		t.Errorf("another merchant's option: %d %s", a.status, a.raw)
	}
}
