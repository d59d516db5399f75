package portal

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// creating are all forms that create something and whose API has no idempotency key, with what the API is asked.
var creating = map[string]struct {
	role eupay.Role
	form string
	asks string
	// says is the API's answer; there are also the answers of others for the page after it.
	says string
}{
	"POST /portal/keys/new":                       {eupay.RoleMerchant, "name=Shop&per_minute=100&scopes=payments:read", "POST /merchant/api-keys", `{"id":"k1","api_key":"pk_test_1","api_secret":"sk_test_once","name":"Shop"}`},
	"POST /portal/keys/{id}/rotate":               {eupay.RoleMerchant, "overlap=0", "POST /merchant/api-keys/ID/rotate", `{"id":"k1","api_key":"pk_test_1","api_secret":"sk_test_once","name":"Shop"}`},
	"POST /portal/webhooks/new":                   {eupay.RoleMerchant, "url=https://example.com/hook&events=payment.completed", "POST /webhook-endpoints", `{"id":"e1","url":"https://example.com/hook","secret":"whsec_once"}`},
	"POST /portal/webhooks/endpoints/{id}/rotate": {eupay.RoleMerchant, "overlap=0", "POST /webhook-endpoints/ID/rotate-secret", `{"id":"e1","url":"https://example.com/hook","secret":"whsec_once"}`},
	"POST /portal/catalog/new":                    {eupay.RoleStaff, "name=Quiche&price_ttc=5&vat_rate=10&stock_quantity=9", "POST /product/create", `{"id":"p1","name":"Quiche"}`},
	"POST /portal/catalog/offers/new":             {eupay.RoleStaff, "on=products&name=Half&product_id=01a229c5-c852-7730-8f69-3f1816d74d52&type=percentage&value=50", "POST /table-order/product-offers", `{"id":"o1"}`},
	"POST /portal/tables/new":                     {eupay.RoleStaff, "name=T1&capacity=4&status=active", "POST /table-order/tables", `{"id":"t1","name":"T1"}`},
	"POST /portal/team":                           {eupay.RoleMerchant, "email=a@example.com&name=A&role=staff&password=correct+horse+battery", "POST /merchant/team", `{"id":"u1","email":"a@example.com"}`},
	"POST /portal/security/recovery-codes":        {eupay.RoleMerchant, "code=123456", "POST /auth/mfa/recovery-codes", `{"recovery_codes":["once-once"]}`},
	"POST /app/security/recovery-codes":           {eupay.RoleCustomer, "code=123456", "POST /auth/mfa/recovery-codes", `{"recovery_codes":["once-once"]}`},
}

// A second click, a reload and Back with another click send a form again. It has its effect once, and the second answer is the first.
func TestAFormThatIsSentTwiceCreatesOnce(t *testing.T) {
	w := setup(t)
	for _, route := range w.pages.Routes() {
		if _, ok := creating[route.Pattern]; route.Once != ok {
			t.Errorf("%s: is it a form that creates something? It is tested: %t", route.Pattern, ok)
		}
	}
	const id = "01a229c5-c852-7730-8f69-3f1816d74d52"
	w.api.on("GET /merchant/api-keys", func(rw http.ResponseWriter, _ *http.Request) {
		reply(rw, http.StatusOK, map[string]any{
			"data":       []any{map[string]any{"id": id, "api_key": "pk_test_1", "name": "Shop"}},
			"pagination": map[string]any{"page": 1, "limit": 100, "total": 1, "pages": 1},
		})
	})
	for pattern, c := range creating {
		path := strings.ReplaceAll(strings.TrimPrefix(pattern, "POST "), "{id}", id)
		asks := strings.ReplaceAll(c.asks, "ID", id)
		var mu sync.Mutex
		asked := 0
		w.api.on(asks, func(rw http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if asked++; asked == 1 {
				refuse(rw, http.StatusBadRequest, "VALIDATION_ERROR")
				return
			}
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusCreated)
			fmt.Fprint(rw, c.says)
		})
		cookie := w.login(c.role)
		send := func(token string) answer { return w.send("POST", path, cookie, c.form+"&once="+token) }
		if a := send("token-1"); a.status < 400 || asked != 1 {
			t.Errorf("%s: refused with %d, the API was asked %d times: %.300s", pattern, a.status, asked, a.body)
		}
		var answers [3]answer
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = send("token-1") })
		}
		all.Wait()
		if asked != 2 {
			t.Errorf("%s: three forms ask the API %d times", pattern, asked-1)
		}
		for _, a := range answers {
			if a.status != answers[0].status || a.status >= 400 || a.body != answers[0].body || a.header.Get("Location") != answers[0].header.Get("Location") {
				t.Errorf("%s: the answers differ: %d and %d", pattern, answers[0].status, a.status)
			}
		}
		if send("token-2"); asked != 3 {
			t.Errorf("%s: another form creates nothing", pattern)
		}
		if other := w.login(c.role); w.send("POST", path, other, c.form+"&once=token-1").status >= 400 || asked != 4 {
			t.Errorf("%s: another session gets somebody else's answer", pattern)
		}
	}
}

// hosts are the templates whose forms need the token.
func TestFormsThatCreateCarryTheirToken(t *testing.T) {
	t.Parallel()
	once := regexp.MustCompile(`\{\{template "once"\}\}|\?once=\{\{once\}\}`)
	n := 0
	files, err := filepath.Glob("internal/*/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += len(once.FindAll(raw, -1))
	}
	if need := len(creating) - 1; n != need { // the app and the portal share the form for recovery codes
		t.Errorf("%d forms have a token, %d need one", n, need)
	}
}
