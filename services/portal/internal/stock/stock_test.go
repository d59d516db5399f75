package stock_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/stock"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

// api has one product with a variant, which runs low, and one movement.
type api struct {
	code eupay.Code
	sent map[string]any
	key  string
	path string
}

func product() map[string]any {
	variant := map[string]any{"id": "v1", "product_id": "p1", "name": "<b>M</b>", "ean": "4006381333931", "stock_quantity": 2, "low_stock_at": 3, "is_available": true}
	return map[string]any{"id": "p1", "name": "<i>T-shirt</i>", "price_ttc": 19.9, "stock_quantity": 2, "variants": []any{variant}}
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		body, _ := io.ReadAll(r.Body)
		a.sent, a.key, a.path = nil, r.Header.Get("Idempotency-Key"), r.Method+" "+r.URL.RequestURI()
		_ = json.Unmarshal(body, &a.sent)
	}
	moved := map[string]any{"id": "m1", "product_id": "p1", "name": "<i>T-shirt</i>", "reason": "sale", "quantity": -2, "stock_before": 4, "stock_after": 2, "occurred_at": webtest.Now}
	switch path := r.URL.Path; {
	case path == "/product/by-ean/4006381333931":
		webtest.Answer(w, http.StatusOK, map[string]any{"product": product(), "variant_id": "v1"})
	case strings.HasPrefix(path, "/product/by-ean/"):
		webtest.Refuse(w, http.StatusNotFound, eupay.ErrNotFound, nil)
	case a.code != "" && r.Method != http.MethodGet:
		webtest.Refuse(w, http.StatusConflict, a.code, nil)
	case path == "/stock/low":
		low := map[string]any{"product_id": "p1", "variant_id": "v1", "name": "<i>T-shirt</i> (M)", "stock_quantity": 0}
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{low}, "pagination": map[string]any{"page": 1, "limit": 25, "total": 1, "pages": 1}})
	case path == "/stock/movements" && r.Method == http.MethodGet:
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{moved}, "has_more": true})
	case path == "/stock/movements":
		webtest.Answer(w, http.StatusCreated, moved)
	case path == "/product/imports":
		webtest.Answer(w, http.StatusOK, map[string]any{"dry_run": true, "lines": 3, "problems": []any{map[string]any{"line": 2, "column": "ean", "message": "<u>wrong</u>"}}})
	default:
		webtest.Answer(w, http.StatusOK, product())
	}
}

func serve(t *testing.T, a *api, role eupay.Role) *webtest.Kit {
	t.Helper()
	k := webtest.ServeUsers(t, a, stock.Register)
	k.LogIn(role)
	return k
}

func TestAShopSeesItsStock(t *testing.T) {
	k := serve(t, &api{}, eupay.RoleStaff)
	k.Get("/portal/stock").Has(t, "&lt;i&gt;T-shirt&lt;/i&gt; (M)", "Sold out", `name="ean"`)
	k.Get("/portal/stock/movements").Has(t, "&lt;i&gt;T-shirt&lt;/i&gt;", "Sale", "?after=m1")
	k.Get("/portal/stock/products/p1").Has(t, "&lt;b&gt;M&lt;/b&gt;", `value="4006381333931"`, "Record a movement", "Add the variant")
	k.Get("/portal/stock/file").Has(t, "CSV", "Check")
	k.LogIn(eupay.RoleAccountant)
	k.Get("/portal/stock/products/p1").Lacks(t, "Record a movement", "Add the variant")
	k.Get("/portal/stock/file").Lacks(t, `type="file"`)
}

func TestAScannedCodeLeadsToItsVariant(t *testing.T) {
	k := serve(t, &api{}, eupay.RoleStaff)
	if p := k.Get("/portal/stock?ean=4006381333931"); p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Header.Get("Location"), "/portal/stock/products/p1?variant=v1") {
		t.Errorf("%d to %s", p.Status, p.Header.Get("Location"))
	}
	k.Get("/portal/stock?ean=96385074").Has(t, "None of your products has this code")
}

func TestAMovementIsSentOnceWithItsSign(t *testing.T) {
	a := &api{}
	k := serve(t, a, eupay.RoleStaff)
	k.Post("/portal/stock/products/p1/movements", url.Values{"variant": {"v1"}, "reason": {"loss"}, "quantity": {"2"}, "key": {"k1"}})
	if a.key != "k1" || a.sent["quantity"] != -2.0 || a.sent["variant_id"] != "v1" {
		t.Errorf("key %q, %v", a.key, a.sent)
	}
	k.Post("/portal/stock/products/p1/movements", url.Values{"variant": {"v1"}, "reason": {"count"}, "quantity": {"0"}, "expected": {"2"}, "key": {"k2"}})
	if a.sent["counted"] != 0.0 || a.sent["expected"] != 2.0 || a.sent["quantity"] != nil {
		t.Errorf("the count is %v", a.sent)
	}
	a.sent = nil
	k.Post("/portal/stock/products/p1/movements", url.Values{"reason": {"loss"}, "quantity": {"-2"}}).Has(t, "Give a whole number")
	if a.sent != nil {
		t.Errorf("sent %v", a.sent)
	}
	a.code = eupay.ErrInvalidState
	if p := k.Post("/portal/stock/products/p1/movements", url.Values{"reason": {"count"}, "quantity": {"1"}, "expected": {"9"}, "key": {"k3"}}); p.Status != http.StatusUnprocessableEntity ||
		strings.Contains(p.Body, `value="k3"`) || strings.Contains(p.Body, `name="expected" value="9"`) {
		t.Errorf("a count that was refused: %d %s", p.Status, p.Body)
	}
}

func TestAFileIsCheckedBeforeItIsApplied(t *testing.T) {
	a := &api{}
	k := serve(t, a, eupay.RoleStaff)
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "catalog.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("name\nA\n")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(form.WriteField("step", "check"), form.Close()); err != nil {
		t.Fatal(err)
	}
	k.Do(http.MethodPost, "/portal/stock/file", &b, "Content-Type", form.FormDataContentType()).Has(t, "&lt;u&gt;wrong&lt;/u&gt;", "ean")
	if !strings.Contains(a.path, "dry_run=true") || !strings.Contains(a.path, "set_stock=false") {
		t.Errorf("sent to %s", a.path)
	}
	k.Post("/portal/stock/file", url.Values{"step": {"import"}}).Has(t, "Choose a file")
}
