package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// imported is what the API says of a file.
type imported struct {
	Created, Updated, Unchanged int
	Problems                    []struct {
		Line            int
		Column, Message string
	}
}

func (m *merchant) imports(t testing.TB, query, file string) answer {
	t.Helper()
	return m.portal.with("Content-Type", "text/csv; charset=utf-8").do(t, http.MethodPost, "/product/imports"+query, file)
}

// importsShirts reads a file with a mistake, which is said and imports nothing, and then without it, which imports once.
func (m *merchant) importsShirts(t *testing.T) {
	t.Helper()
	const head = "Nom;Variante;Prix TTC;TVA;SKU;Code-barres;Stock;Seuil\n"
	wrong := head + "T-shirt;;19,90;20;TS;;;\nT-shirt;M / bleu;;;;4006381333932;4;2\n"
	checked := must[imported](t, m.imports(t, "?dry_run=true", wrong), http.StatusOK)
	if len(checked.Problems) != 1 || checked.Problems[0].Line != 3 || checked.Problems[0].Column != "ean" {
		t.Errorf("the check says %+v", checked)
	}
	if refused := m.imports(t, "", wrong).refused(t, http.StatusBadRequest, "VALIDATION_ERROR"); len(refused.Errors) != 1 || refused.Errors[0].Field != "lines[3].ean" {
		t.Errorf("the file is refused with %+v", refused)
	}
	file := strings.Replace(wrong, "4006381333932", "4006381333931", 1)
	if got := must[imported](t, m.imports(t, "?dry_run=true", file), http.StatusOK); got.Created != 2 || len(got.Problems) > 0 {
		t.Errorf("the check says %+v", got)
	}
	if got := must[imported](t, m.imports(t, "", file), http.StatusOK); got.Created != 2 {
		t.Errorf("the file made %+v", got)
	}
	if got := must[imported](t, m.imports(t, "", file), http.StatusOK); got.Unchanged != 2 {
		t.Errorf("the same file again made %+v", got)
	}
}

// TestAShopImportsScansSellsAndIsToldWhatRunsLow from the file of a spreadsheet to the webhook.
func TestAShopImportsScansSellsAndIsToldWhatRunsLow(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	if a := m.portal.do(t, http.MethodPatch, "/webhook-endpoints/"+m.endpoint, `{"event_types":["*"]}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	n := m.sells(t, "3.50", 20)
	m.importsShirts(t)
	found := must[struct {
		Product struct {
			ID       string
			Stock    int `json:"stock_quantity"`
			Variants []struct{ ID, Name string }
		}
		VariantID string `json:"variant_id"`
	}](t, m.portal.do(t, http.MethodGet, "/product/by-ean/4006381333931", ""), http.StatusOK)
	if found.Product.Stock != 4 || len(found.Product.Variants) != 1 || found.VariantID != found.Product.Variants[0].ID {
		t.Fatalf("the scanner finds %+v", found)
	}
	n.product = found.Product.ID
	without := object{"items": []object{{"productId": n.product, "quantity": 1}}, "orderType": "dine_in"}
	if refused := m.w.caller().do(t, http.MethodPost, n.path, without.json()).refused(t, http.StatusBadRequest, "VALIDATION_ERROR"); refused.Errors[0].Field != "items[0].variant_id" {
		t.Errorf("an order without the variant is refused with %+v", refused)
	}
	with := object{"items": []object{{"productId": n.product, "variant_id": found.VariantID, "quantity": 2}}, "orderType": "dine_in"}
	order := must[struct {
		Order struct {
			ID    string
			Items []struct {
				Name      string
				VariantID string `json:"variant_id"`
			}
		}
	}](t, m.w.caller().do(t, http.MethodPost, n.path, with.json()), http.StatusCreated).Order
	if line := order.Items[0]; line.Name != "T-shirt (M / bleu)" || line.VariantID != found.VariantID {
		t.Errorf("the order has %+v", order)
	}
	m.told(t, "product.low_stock", "", `"variant_id":"`+found.VariantID+`"`, `"stock_quantity":2`)

	loss := object{"product_id": n.product, "variant_id": found.VariantID, "reason": "loss", "quantity": -2, "reference": "broken"}.json()
	for range 2 { // once for its key
		if a := m.portal.with("Idempotency-Key", "loss-1").do(t, http.MethodPost, "/stock/movements", loss); a.status != http.StatusCreated {
			t.Errorf("%s", a.raw)
		}
	}
	m.told(t, "product.sold_out", "", `"variant_id":"`+found.VariantID+`"`)
	moved := must[struct {
		Data []struct {
			Reason, Reference string
			Before            int `json:"stock_before"`
			After             int `json:"stock_after"`
		}
	}](t, m.portal.do(t, http.MethodGet, "/stock/movements?product_id="+n.product+"&variant_id="+found.VariantID, ""), http.StatusOK).Data
	if len(moved) != 3 || moved[0].Reason != "loss" || moved[0].After != 0 || moved[1].Reason != "sale" || moved[1].Reference != order.ID || moved[1].Before != 4 || moved[2].Before != 0 {
		t.Errorf("the movements are %+v", moved)
	}
	if low := m.portal.do(t, http.MethodGet, "/stock/low", ""); !strings.Contains(string(low.raw), "T-shirt (M / bleu)") {
		t.Errorf("low is %s", low.raw)
	}
	if a := m.portal.do(t, http.MethodGet, "/product/export?separator=semicolon", ""); a.status != http.StatusOK || !strings.Contains(string(a.raw), "M / bleu") {
		t.Errorf("the export is %d %s", a.status, a.raw)
	}
	stranger := shared.newMerchant(t)
	for _, path := range []string{"/product/by-ean/4006381333931", "/product/" + n.product} {
		if a := stranger.portal.do(t, http.MethodGet, path, ""); a.status != http.StatusNotFound {
			t.Errorf("another merchant reads %s: %s", path, a.raw)
		}
	}
}
