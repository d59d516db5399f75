package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/catalog"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

// api is a made-up catalog with one product, and its image store.
type api struct {
	mu     sync.Mutex
	status int // of an answer other than success
	sent   map[string]any
	stored string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	product := map[string]any{
		"id": "p1", "merchant_id": webtest.Merchant, "name": "<b>Café</b>", "description": "", "category": "Boissons", "price_ttc": 3.5, "vat_rate": 10, "vat_code": "TVA10",
		"price_ht": 3.1818, "vat_amount": 0.3182, "stock_quantity": 7, "image_url": "https://elsewhere.example/x.png", "is_available": true, "created_at": webtest.Now, "updated_at": webtest.Now,
	}
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.URL.Path == "/store":
		a.stored = string(body)
	case r.URL.Path == "/product/categories":
		if r.Method == http.MethodPut {
			a.sent = nil
			_ = json.Unmarshal(body, &a.sent)
		}
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{}})
	case strings.HasPrefix(r.URL.Path, "/product/") && r.URL.Path != "/product/list" && r.Method == http.MethodGet && r.URL.Path != "/product/p1":
		webtest.Refuse(w, http.StatusNotFound, eupay.ErrNotFound, nil)
	case r.Method == http.MethodGet && r.URL.Path == "/product/list":
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{product}, "pagination": map[string]any{"page": 1, "limit": 24, "total": 1, "pages": 1}})
	case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "offers"):
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{}, "pagination": map[string]any{"page": 1, "limit": 24, "total": 0, "pages": 0}})
	case r.Method == http.MethodGet:
		webtest.Answer(w, http.StatusOK, product)
	case a.status != 0:
		webtest.Refuse(w, a.status, eupay.ErrRateLimitExceeded, nil)
	case r.URL.Path == "/product/upload-image-url":
		webtest.Answer(w, http.StatusOK, map[string]any{"uploadUrl": "http://" + r.Host + "/api/v1/store", "imageUrl": "https://pictures.example/new.png", "key": "k", "expiresIn": 300, "headers": map[string]string{"Content-Type": "image/png"}})
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		a.sent = nil
		_ = json.Unmarshal(body, &a.sent)
		webtest.Answer(w, http.StatusOK, product)
	}
}

func serve(t *testing.T, role eupay.Role) (*webtest.Kit, *api) {
	t.Helper()
	a := &api{}
	k := webtest.ServeUsers(t, a, catalog.Register)
	k.LogIn(role)
	return k, a
}

// typed is what a browser sends of the form of a product.
func typed(more ...string) map[string]string {
	v := map[string]string{"name": "Thé", "price_ttc": "3,50", "vat_rate": "5.5", "stock_quantity": "10", "category": "Boissons", "description": "aux <épices>", "is_available": "1"}
	for i := 0; i+1 < len(more); i += 2 {
		v[more[i]] = more[i+1]
	}
	return v
}

func send(t *testing.T, k *webtest.Kit, path string, fields map[string]string, file string) webtest.Reply {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := m.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		part, err := m.CreateFormFile("picture", "picture.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, file); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return k.Do(http.MethodPost, path, &b, "Content-Type", m.FormDataContentType())
}

// A form that says nothing of allergens must not say that there are none.
func TestAllergensOfAProductAreStatedOrNot(t *testing.T) {
	k, a := serve(t, eupay.RoleStaff)
	for want, more := range map[string][]string{"<nil>": {"allergens", "milk"}, "[]": {"allergens_said", "1"}, "[milk]": {"allergens_said", "1", "allergens", "milk"}} {
		if reply := send(t, k, "/portal/catalog/p1", typed(more...), ""); reply.Status != http.StatusSeeOther || fmt.Sprint(a.sent["allergens"]) != want {
			t.Errorf("%v: %d, sent %v", more, reply.Status, a.sent["allergens"])
		}
		if _, given := a.sent["allergens"]; !given {
			t.Errorf("%v: not sent", more)
		}
	}
	if page := k.Get("/portal/catalog/p1"); strings.Count(page.Body, `name="allergens"`) != 14 || strings.Contains(page.Body, `name="allergens_said" value="1" checked`) {
		t.Errorf("the form: %s", page.Body)
	}
}

func TestProductIsAddedWithItsPicture(t *testing.T) {
	k, a := serve(t, eupay.RoleStaff)
	reply := send(t, k, "/portal/catalog/new", typed(), png)
	if reply.Status != http.StatusSeeOther || reply.Header.Get("Location") != "/portal/catalog?notice=product_added" {
		t.Fatalf("%d: %.500s", reply.Status, reply.Body)
	}
	got := fmt.Sprintln(a.sent["name"], a.sent["price_ttc"], a.sent["vat_rate"], a.sent["stock_quantity"], a.sent["image_url"], a.sent["is_available"])
	if got != "Thé 3.5 5.5 10 https://pictures.example/new.png true\n" || a.stored != png {
		t.Errorf("sent %s, stored %q", got, a.stored)
	}
	if to := send(t, k, "/portal/catalog/new", typed("another", "1"), "").Header.Get("Location"); to != "/portal/catalog/new?category=Boissons&notice=product_added" {
		t.Errorf("another one is at %s", to)
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	k, a := serve(t, eupay.RoleMerchant)
	for name, file := range map[string]string{
		"HTML": "<html><script>alert(1)</script></html>", "SVG": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "text": "hello",
		"too large": png + strings.Repeat("x", 5<<20),
	} {
		page := send(t, k, "/portal/catalog/new", typed(), file)
		page.Has(t, "This is no JPEG, PNG, WebP or GIF", `value="Thé"`, "aux &lt;épices&gt;", `value="3,50"`)
		if page.Status != http.StatusUnprocessableEntity || a.stored != "" || a.sent != nil {
			t.Errorf("%s: %d, sent %v", name, page.Status, a.sent)
		}
	}
	if page := send(t, k, "/portal/catalog/new", typed(), png+strings.Repeat("x", 7<<20)); page.Status != http.StatusBadRequest {
		t.Errorf("a body without end: %d", page.Status)
	}
}

func TestScriptGetsAPlaceForPicturesOnly(t *testing.T) {
	k, _ := serve(t, eupay.RoleMerchant)
	for body, want := range map[string]int{
		`{"content_type":"image/webp","size":1000}`: http.StatusOK, `{"content_type":"text/html","size":1000}`: http.StatusUnprocessableEntity,
		`{"content_type":"image/png","size":5242881}`: http.StatusUnprocessableEntity, `{"content_type":"image/png"}`: http.StatusUnprocessableEntity, `[`: http.StatusUnprocessableEntity,
	} {
		if got := k.Do(http.MethodPost, "/portal/catalog/upload", strings.NewReader(body), "Content-Type", "application/json"); got.Status != want {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
	}
	if got := k.Do(http.MethodPost, "/portal/catalog/upload", strings.NewReader(`{"content_type":"image/png","size":9}`), "Sec-Fetch-Site", "cross-site"); got.Status != http.StatusForbidden {
		t.Errorf("another site gets a place: %d", got.Status)
	}
	if csp := k.Get("/portal/catalog/new").Header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self' https://pictures.example") {
		t.Errorf("policy %s", csp)
	}
}

func TestChangesAreOnlyWhatWasChanged(t *testing.T) {
	k, a := serve(t, eupay.RoleMerchant)
	// Guests have ordered since the form was opened: the stock that was shown is not put back.
	reply := send(t, k, "/portal/catalog/p1", typed("stock_quantity", "7", "image_url", "https://elsewhere.example/x.png"), "")
	if _, stock := a.sent["stock_quantity"]; reply.Status != http.StatusSeeOther || stock || a.sent["image_url"] != nil {
		t.Errorf("%d, sent %v", reply.Status, a.sent)
	}
	send(t, k, "/portal/catalog/p1", typed("remove_image", "1"), "")
	if a.sent["image_url"] != "" || a.sent["stock_quantity"] != 10.0 {
		t.Errorf("sent %v", a.sent)
	}
	reply = k.Post("/portal/catalog/p1/available", url.Values{"on": {""}, "next": {"//evil.example"}})
	if a.sent["is_available"] != false || reply.Header.Get("Location") != "/portal/catalog?notice=product_hidden" {
		t.Errorf("sent %v, leads to %s", a.sent, reply.Header.Get("Location"))
	}
}

func TestNothingTypedIsLost(t *testing.T) {
	k, a := serve(t, eupay.RoleMerchant)
	a.status = http.StatusTooManyRequests
	send(t, k, "/portal/catalog/p1", typed(), "").Has(t, `value="Thé"`, "aux &lt;épices&gt;", `role="alert"`)
	k.Post("/portal/catalog/offers/new", url.Values{"on": {"orders"}, "name": {"Midi <3"}, "type": {"percentage"}, "value": {"10"}, "starts_at": {"2026-12-01T12:00"}}).
		Has(t, `value="Midi &lt;3"`, `value="2026-12-01T12:00"`, `role="alert"`)
	a.status = 0
	send(t, k, "/portal/catalog/new", typed("price_ttc", "abc", "stock_quantity", ""), "").Has(t, `value="abc"`, "Enter an amount in euros", "Enter a whole number")
}

func TestListShowsNoStrangersPictureAndNoScript(t *testing.T) {
	k, _ := serve(t, eupay.RoleMerchant)
	page := k.Get("/portal/catalog?search=%22%3E%3Cscript%3E")
	page.Has(t, "&lt;b&gt;Café&lt;/b&gt;", "7 left")
	page.Lacks(t, "elsewhere.example", `"><script>`, "<b>Café")
	k.Get("/portal/catalog/p1").Has(t, "This picture is on another site")
	if got := k.Get("/portal/catalog/of-somebody-else").Status; got != http.StatusNotFound {
		t.Errorf("another merchant's product: %d", got)
	}
}

func TestOffersAreMade(t *testing.T) {
	k, a := serve(t, eupay.RoleMerchant)
	k.Post("/portal/catalog/offers/new", url.Values{"on": {"products"}, "product_id": {"p1"}, "name": {"Happy hour"}, "type": {"fixed_price"}, "value": {"2,50"}, "starts_at": {"2026-12-01T17:00"}})
	// Times of forms are those of Paris.
	if got := fmt.Sprint(a.sent); got != "map[name:Happy hour product_id:p1 starts_at:2026-12-01T17:00:00+01:00 type:fixed_price value:2.5]" {
		t.Errorf("sent %s", got)
	}
	if got := k.Post("/portal/catalog/offers/everything/x/delete", nil).Status; got != http.StatusNotFound {
		t.Errorf("an unknown kind: %d", got)
	}
}

// A place between two others is written with a point or a comma.
func TestCategoriesAreSavedInTheirPlaces(t *testing.T) {
	k, a := serve(t, eupay.RoleMerchant)
	form := url.Values{"category_0": {"Plats"}, "place_0": {"2"}, "category_1": {"Boissons"}, "place_1": {"1,5"}, "category_2": {"Entrées"}, "place_2": {"1"}}
	page := k.Post("/portal/catalog/categories", form)
	list, ok := a.sent["categories"].([]any)
	if !ok {
		t.Fatalf("nothing was saved: %d %s", page.Status, page.Body)
	}
	var names []any
	for _, c := range list {
		names = append(names, c.(map[string]any)["name"])
	}
	if got := fmt.Sprint(names); got != "[Entrées Boissons Plats]" {
		t.Errorf("saved in the order %s", got)
	}
	a.sent = nil
	form.Set("place_1", "between")
	if got := k.Post("/portal/catalog/categories", form).Status; got != http.StatusUnprocessableEntity || a.sent != nil {
		t.Errorf("a place that is no number: %d, sent %v", got, a.sent)
	}
}

func TestAccountantsOnlyRead(t *testing.T) {
	k, a := serve(t, eupay.RoleAccountant)
	page := k.Get("/portal/catalog")
	page.Has(t, "Café")
	page.Lacks(t, "/portal/catalog/new", "/available")
	if got := k.Get("/portal/catalog/p1"); got.Status != http.StatusOK || strings.Contains(got.Body, "save-bar") {
		t.Errorf("%d", got.Status)
	}
	for _, path := range []string{"/portal/catalog/new", "/portal/catalog/p1", "/portal/catalog/p1/available", "/portal/catalog/p1/delete", "/portal/catalog/upload", "/portal/catalog/offers/new", "/portal/catalog/offers/orders/x", "/portal/catalog/offers/orders/x/delete"} {
		if got := k.Post(path, url.Values{}).Status; got != http.StatusForbidden || a.sent != nil {
			t.Errorf("%s: %d", path, got)
		}
	}
}
