package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
)

// lunch is a set menu for 10 euros beside the product of a menu: that product for 3.50 at 10 %, and wine for 7 at 20 %.
type lunch struct {
	menu
	id, wine string
	parts    []string
}

func (n menu) withSetMenu(t testing.TB) lunch {
	t.Helper()
	create := func(fields object) string {
		return must[struct{ ID string }](t, n.m.portal.do(t, http.MethodPost, "/product/create", fields.json()), http.StatusCreated).ID
	}
	l := lunch{menu: n, wine: create(object{"name": "Vin", "price_ttc": 7, "vat_rate": 20, "contains_alcohol": true, "stock_quantity": 20})}
	l.id = create(object{"name": "Formule", "price_ttc": 10, "kind": "set_menu", "stock_unlimited": true, "parts": []object{
		{"name": "Café", "products": []object{{"product_id": n.product}}},
		{"name": "Verre", "products": []object{{"product_id": l.wine, "supplement": 2}}},
	}})
	for _, p := range must[struct{ Parts []struct{ ID string } }](t, n.m.portal.do(t, http.MethodGet, "/product/"+l.id, ""), http.StatusOK).Parts {
		l.parts = append(l.parts, p.ID)
	}
	return l
}

// TestAGuestOrdersASetMenu from the menu to the bill: it is taxed by what is chosen, it takes its parts from the stock, and it is sold out with them.
func TestAGuestOrdersASetMenu(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	l := m.sells(t, "3.50", 20).withSetMenu(t)
	orders := func(parts ...object) answer {
		body := object{"items": []object{{"productId": l.id, "quantity": 2, "parts": parts}}, "orderType": "dine_in"}
		return m.w.caller().do(t, http.MethodPost, l.path, body.json())
	}
	coffee, wine := object{"part": l.parts[0], "product_id": l.product}, object{"part": l.parts[1], "product_id": l.wine}
	got := must[struct {
		Order struct {
			Total json.Number
			Items []struct {
				Parts []struct{ Name string }
				Taxes []struct {
					Rate   json.Number `json:"vat_rate"`
					Amount json.Number
					VAT    json.Number `json:"vat_amount"`
				}
			}
		}
	}](t, orders(coffee, wine), http.StatusCreated).Order
	// 2 × 10 euros are 6.67 of coffee and 13.33 of wine, which has 2 × 2 more.
	if got.Total != "24" || len(got.Items[0].Parts) != 2 || len(got.Items[0].Taxes) != 2 {
		t.Fatalf("ordered %+v", got)
	}
	if low, high := got.Items[0].Taxes[0], got.Items[0].Taxes[1]; low.Amount != "6.67" || low.VAT != "0.61" || high.Amount != "17.33" || high.VAT != "2.89" || high.Rate != "20" {
		t.Errorf("taxed %+v", got.Items[0].Taxes)
	}
	if n := l.stock(t); n != 18 {
		t.Errorf("%d left of 20", n)
	}
	refused := orders(coffee).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	if len(refused.Errors) != 1 || refused.Errors[0].Field != "items[0].parts" {
		t.Errorf("without wine: %+v", refused)
	}
	if a := m.portal.do(t, http.MethodPost, "/product/"+l.wine+"/sold-out", `{"until":"tomorrow"}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	shown := must[struct {
		SoldOut []struct{ ID string } `json:"soldOut"`
	}](t, m.w.caller().do(t, http.MethodGet, l.path, ""), http.StatusOK)
	if len(shown.SoldOut) != 2 {
		t.Errorf("sold out are %+v", shown.SoldOut)
	}
	if a := orders(coffee, wine); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.raw)
	}
}
