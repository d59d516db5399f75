package order_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/order"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const (
	token = "1290332bc9b87af92e971985739e473a"
	here  = "/order/" + webtest.Merchant + "/" + token
)

// api is a table of a made-up API.
type api struct {
	menu   map[string]any
	status int        // of an answer other than success
	code   eupay.Code // for orders
	more   map[string]any
	down   bool // the menu cannot be had
	pay    string

	ordered map[string]any
	key     string

	once sync.Once
	raw  json.RawMessage
}

func product(id, name, description string, price float64) map[string]any {
	return map[string]any{"id": id, "name": name, "description": description, "price_ttc": price, "price_ht": price, "vat_rate": 10, "image_url": nil}
}

func menuOf(categories map[string][]any) map[string]any {
	return map[string]any{
		"table": map[string]any{"id": "t", "name": "Table 4", "zone": "Terrasse", "capacity": 4}, "merchant": map[string]any{"id": webtest.Merchant, "name": "Chez <Zoé>", "currency": "EUR"},
		"menu": categories, "offers": []any{}, "productOffers": []any{},
	}
}

func small() *api {
	return &api{menu: menuOf(map[string][]any{
		"Plats": {product("p1", "Quiche", "Tiède", 10.5), product("p2", `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, 4)},
		"":      {product("p3", "Divers", "", 1)},
	})}
}

func guestOrder(status string) map[string]any {
	return map[string]any{
		"id": "o1", "number": 12, "status": status, "order_type": "dine_in", "table": map[string]any{"id": "t", "name": "Table 4"},
		"items":    []any{map[string]any{"product_id": "p1", "name": "Quiche", "quantity": 2, "notes": "<b>sans</b>", "unit_price": 10.5, "discount": 0, "total": 21, "vat_rate": 10, "vat_amount": 1.91}},
		"subtotal": 21, "discount": 0, "total": 21, "vat_amount": 1.91, "currency": "EUR", "pay_now": false, "payment_status": "not_required", "paid_at": nil, "refund": nil,
		"created_at": webtest.Now, "updated_at": webtest.Now,
	}
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/table-order/orders/") && r.URL.Query().Get("token") == token:
		webtest.Answer(w, http.StatusOK, guestOrder("preparing"))
	case r.URL.Path != "/table-order/menu/"+webtest.Merchant+"/"+token:
		webtest.Refuse(w, http.StatusNotFound, eupay.ErrNotFound, nil)
	case r.Method == http.MethodGet && a.down:
		webtest.Refuse(w, http.StatusServiceUnavailable, eupay.ErrServiceUnavailable, nil)
	case r.Method == http.MethodGet:
		a.once.Do(func() { a.raw, _ = json.Marshal(a.menu) })
		webtest.Answer(w, http.StatusOK, a.raw)
	case a.status != 0:
		webtest.Refuse(w, a.status, a.code, a.more)
	default:
		text, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(text, &a.ordered)
		a.key = r.Header.Get("Idempotency-Key")
		placed := map[string]any{"order": guestOrder("received")}
		if a.pay != "" {
			placed["payment"] = map[string]any{"reference": "PAY-1", "payment_url": a.pay, "qr_data": nil}
		}
		webtest.Answer(w, http.StatusCreated, placed)
	}
}

func basket(more ...string) url.Values {
	v := url.Values{"step": {"order"}, "key": {"key-1"}, "shown": {"2100"}, "type": {"dine_in"}, "pay": {"counter"}, "q_p1": {"2"}, "n_p1": {"sans <lardons>"}, "t_p1": {"Quiche"}, "name": {"Zoé"}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

func TestGuestReadsTheMenu(t *testing.T) {
	a := small()
	stranger := product("p4", "Café", "", 2)
	stranger["image_url"] = "https://tracker.example/x.png"
	mine := product("p5", "Thé", "", 2)
	mine["image_url"] = "https://pictures.example/tea.webp"
	a.menu["menu"].(map[string][]any)["Boissons"] = []any{stranger, mine}
	a.menu["productOffers"] = []any{map[string]any{"id": "f", "product_id": "p5", "name": "Happy hour", "type": "percentage", "value": 25, "price_ttc": 1.5, "starts_at": nil, "ends_at": nil}}
	page := webtest.Serve(t, a, order.Register).Get(here)
	page.Has(t, "Chez &lt;Zoé&gt;", "Table 4", "€10.50", "&lt;script&gt;alert(1)&lt;/script&gt;", `src="https://pictures.example/tea.webp"`, "€1.50", "Happy hour", `data-offers="p2500"`)
	page.Lacks(t, "<script>alert", "<img src=x", "tracker.example", "htmx")
	if order := regexp.MustCompile(`(?s)>Boissons</a>.*>Plats</a>.*>More</a>`); page.Status != http.StatusOK || !order.MatchString(page.Body) {
		t.Errorf("%d: categories are not in order", page.Status)
	}
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "tracker") {
		t.Errorf("policy %s", csp)
	}
	if page.Header.Get("Cache-Control") != "no-store" {
		t.Error("a browser may show the page with a used key again")
	}
}

func TestGuestIsServedInTheLanguageOfTheBrowser(t *testing.T) {
	k := webtest.Serve(t, small(), order.Register)
	for accept, want := range map[string]string{"": "Voir le panier", "fr-FR": "Voir le panier", "en-GB,fr": "See the basket"} {
		k.Get(here, "Accept-Language", accept).Has(t, want)
	}
}

func TestGuestOrders(t *testing.T) {
	a := small()
	k := webtest.Serve(t, a, order.Register)
	reply := k.Post(here, basket("q_p2", "0", "q_p3", "nonsense"))
	if reply.Status != http.StatusSeeOther || reply.Header.Get("Location") != here+"?order=o1" {
		t.Fatalf("%d to %s", reply.Status, reply.Header.Get("Location"))
	}
	got := fmt.Sprintln(a.ordered["items"], a.ordered["expected_total"], a.ordered["customerName"], a.ordered["orderType"], a.key)
	if got != "[map[notes:sans <lardons> productId:p1 quantity:2]] 21 Zoé dine_in key-1\n" {
		t.Errorf("ordered %s", got)
	}
	k.Get(here+"?order=o1").Has(t, "Order 12", "In the kitchen", "&lt;b&gt;sans&lt;/b&gt;", `aria-current="step"`)
	part := k.Get(here+"?order=o1", "Hx-Request", "true")
	if part.Has(t, `data-every="12"`); strings.Contains(part.Body, "<html") {
		t.Error("the script gets a whole page")
	}
}

func TestGuestReviewsWithoutAScript(t *testing.T) {
	k := webtest.Serve(t, small(), order.Register)
	page := k.Post(here, basket("step", "review", "q_p3", "1"))
	page.Has(t, "Your basket", `name="shown" value="2200"`, "€22.00", `name="n_p1" value="sans &lt;lardons&gt;"`, `name="t_p3" value="Divers"`)
	k.Post(here, url.Values{"step": {"review"}}).Has(t, "Your basket is empty")
	k.Post(here, basket("step", "menu")).Has(t, `name="q_p1" type="number" inputmode="numeric" min="0" max="99" value="2"`, `value="sans &lt;lardons&gt;" data-kept`)
}

func TestGuestLosesNothingThatWasTyped(t *testing.T) {
	sold := map[string]any{"errors": []any{map[string]any{"field": "items[1].productId", "message": "x"}}}
	for name, c := range map[string]struct {
		status int
		code   eupay.Code
		more   map[string]any
		down   bool
		says   string
	}{
		"the total changed": {http.StatusConflict, eupay.ErrTotalChanged, map[string]any{"total": 23.5}, false, "The total is now €23.50"},
		"sold out":          {http.StatusBadRequest, eupay.ErrValidation, sold, false, "Sold out, or not enough is left"},
		"too many":          {http.StatusTooManyRequests, eupay.ErrRateLimitExceeded, nil, false, "Nothing was lost"},
		"no payments":       {http.StatusConflict, eupay.ErrMerchantNotEnabled, nil, false, "pay at the counter"},
		"down":              {http.StatusServiceUnavailable, eupay.ErrServiceUnavailable, nil, true, "SERVICE_UNAVAILABLE"},
		"key used":          {http.StatusConflict, eupay.ErrIdempotencyConflict, nil, false, "already ordered from this page"},
	} {
		t.Run(name, func(t *testing.T) {
			a := small()
			a.status, a.code, a.more, a.down = c.status, c.code, c.more, c.down
			page := webtest.Serve(t, a, order.Register).Post(here, basket("q_p3", "1", "t_p3", "Divers", "notes", "Arachides!"))
			page.Has(t, c.says, `name="q_p1" type="number" inputmode="numeric" min="0" max="99" value="2"`, `value="sans &lt;lardons&gt;"`, `value="Zoé"`, `value="Arachides!"`, `name="q_p3"`)
			if page.Status != http.StatusUnprocessableEntity {
				t.Errorf("status %d", page.Status)
			}
			if changed := strings.Contains(page.Body, `name="shown" value="2350"`); changed != (c.code == eupay.ErrTotalChanged) {
				t.Errorf("the guest agrees to the new total: %v", changed)
			}
			if kept := strings.Contains(page.Body, `name="key" value="key-1"`); kept == (c.code == eupay.ErrIdempotencyConflict) {
				t.Errorf("the same key again: %v", kept)
			}
			if wrong := regexp.MustCompile(`(?s)is-wrong"><div class="line-head"><span class="line-name"><bdi>Divers`); wrong.MatchString(page.Body) != (c.code == eupay.ErrValidation) {
				t.Error("the wrong dish is marked, or none")
			}
		})
	}
}

func TestGuestIsLedToTheBank(t *testing.T) {
	a := small()
	k := webtest.Serve(t, a, order.Register)
	a.pay = "https://bank.example/pay?x=1&y=2"
	page := k.Post(here, basket("pay", "now"))
	page.Has(t, `href="https://bank.example/pay?x=1&amp;y=2"`)
	if to := page.Header.Get("Refresh"); to != "0;url=https://bank.example/pay?x=1&y=2" || a.ordered["payNow"] != true {
		t.Errorf("leads to %q, ordered %v", to, a.ordered)
	}
	a.pay = "javascript:alert(1)"
	page = k.Post(here, basket("pay", "now"))
	if page.Lacks(t, "javascript:"); page.Header.Get("Refresh") != "" {
		t.Error("leads to a script")
	}
}

func TestGuestSeesTheSameForEveryWrongTable(t *testing.T) {
	k := webtest.Serve(t, small(), order.Register)
	first := k.Get("/order/" + webtest.Merchant + "/ffffffffffffffffffffffffffffffff")
	for _, path := range []string{"/order/x/y", "/order/x%2F..%2F/y", "/order/" + webtest.Merchant + "/ffffffffffffffffffffffffffffffff?order=o1"} {
		page := k.Get(path)
		if page.Status != http.StatusNotFound || !strings.Contains(page.Body, "This table takes no orders") {
			t.Errorf("%s: %d", path, page.Status)
		}
	}
	if first.Status != http.StatusNotFound {
		t.Errorf("status %d", first.Status)
	}
}

// many is a menu of that many products in 20 categories.
func many(n int) *api {
	categories := make(map[string][]any)
	for i := range n {
		c := fmt.Sprintf("Catégorie %02d", i%20)
		categories[c] = append(categories[c], product(fmt.Sprintf("0b8e7f5a-7c1f-4a51-9a35-%012d", i*7919), fmt.Sprintf("Plat numéro %d", i), fmt.Sprintf("Avec %d sortes de légumes, du pain et une sauce.", i%17), float64(i%40)+0.5))
	}
	return &api{menu: menuOf(categories)}
}

func TestGuestFindsADishOfTenThousand(t *testing.T) {
	k := webtest.Serve(t, many(10_000), order.Register)
	page := k.Get(here)
	if n := strings.Count(page.Body, `class="dish"`); n != 150 || len(page.Body) > 400_000 {
		t.Errorf("%d dishes in %d bytes", n, len(page.Body))
	}
	chosen := "q_0b8e7f5a-7c1f-4a51-9a35-000000000000"
	found := k.Post(here, url.Values{"step": {"find"}, "find": {"numéro 9999"}, chosen: {"3"}, "category": {"Catégorie 00"}})
	found.Has(t, "Plat numéro 9999", `type="hidden" name="`+chosen+`" value="3"`)
	k.Post(here, url.Values{"step": {"category:Catégorie 07"}, chosen: {"3"}}).Has(t, "Plat numéro 7<", `name="`+chosen+`" value="3"`)
	k.Post(here, url.Values{"step": {"review"}, chosen: {"3"}}).Has(t, "Plat numéro 0<", "€1.50")
}

// firstView is what a phone loads before anybody touches it, in bytes.
const firstView = 100_000

func TestGuestLoadsLittle(t *testing.T) {
	k := webtest.Serve(t, many(60), order.Register)
	page := k.Get(here, "Accept-Encoding", "br")
	total := len(page.Body)
	t.Logf("page %d", total)
	plain, err := io.ReadAll(brotli.NewReader(bytes.NewReader([]byte(page.Body))))
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`).FindAllStringSubmatch(string(plain), -1)
	names := map[string]bool{}
	for _, f := range files {
		names[f[1]] = true
	}
	for name := range names {
		reply := k.Get(name, "Accept-Encoding", "br")
		t.Logf("%s %d", name, len(reply.Body))
		total += len(reply.Body)
		if strings.Contains(name, "order") && strings.HasSuffix(name, ".css") {
			css := k.Get(name)
			for _, font := range regexp.MustCompile(`/assets/[^"]+woff2`).FindAllString(css.Body, -1) {
				size := len(k.Get(font).Body)
				t.Logf("%s %d", font, size)
				total += size
			}
		}
	}
	if len(names) < 4 || total > firstView {
		t.Errorf("%d files and the page are %d bytes", len(names), total)
	}
	if strings.Contains(string(plain), "preload") {
		t.Error("the page waits for a font")
	}
}

func TestAMenuNamesAllergensOnlyWhereTheyAreStated(t *testing.T) {
	with := func(id string, allergens any) map[string]any {
		p := product(id, "Dish "+id, "", 5)
		p["allergens"] = allergens
		return p
	}
	k := webtest.Serve(t, &api{menu: menuOf(map[string][]any{"Plats": {with("p1", []string{"milk", "new"}), with("p2", []string{}), with("p3", nil)}})}, order.Register)
	page := k.Get("/order/"+webtest.Merchant+"/"+token, "Accept-Language", "fr")
	page.Has(t, "Allergènes : Lait, new<", "demandez au personnel")
	if n := strings.Count(page.Body, "Aucun des 14"); n != 1 {
		t.Errorf("%d dishes have none", n)
	}
}
