package portal

import (
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// doing are all forms that have their effect each time that they are sent, and whose API has no idempotency key, with what the API is asked.
var doing = map[string]struct {
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
	"POST /portal/catalog/options/new":            {eupay.RoleStaff, "name=Extras&min_choices=0&max_choices=1&name_0=Bacon", "POST /product/option-groups", `{"id":"g1","name":"Extras"}`},
	"POST /portal/stock/products/{id}/variants":   {eupay.RoleStaff, "v_name=M", "POST /product/ID/variants", `{"id":"v1","name":"M"}`},
	"POST /portal/catalog/offers/new":             {eupay.RoleStaff, "on=products&name=Half&product_id=01a229c5-c852-7730-8f69-3f1816d74d52&type=percentage&value=50", "POST /table-order/product-offers", `{"id":"o1"}`},
	"POST /portal/promotions/new":                 {eupay.RoleStaff, "code=BIENVENUE10&type=percentage&value=10&is_active=1", "POST /table-order/promotion-codes", `{"id":"c1","code":"BIENVENUE10"}`},
	"POST /portal/tables/new":                     {eupay.RoleStaff, "name=T1&capacity=4&status=active", "POST /table-order/tables", `{"id":"t1","name":"T1"}`},
	"POST /portal/team":                           {eupay.RoleMerchant, "email=a@example.com&name=A&role=staff&password=correct+horse+battery", "POST /merchant/team", `{"id":"u1","email":"a@example.com"}`},
	"POST /portal/security/recovery-codes":        {eupay.RoleMerchant, "code=123456", "POST /auth/mfa/recovery-codes", `{"recovery_codes":["once-once"]}`},
	"POST /app/security/recovery-codes":           {eupay.RoleCustomer, "code=123456", "POST /auth/mfa/recovery-codes", `{"recovery_codes":["once-once"]}`},
	// The second would be refused, and the recovery codes of the first never be seen.
	"POST /portal/security/app/confirm":              {eupay.RoleMerchant, "code=123456", "POST /auth/mfa/totp/confirm", `{"recovery_codes":["once-once"]}`},
	"POST /app/security/app/confirm":                 {eupay.RoleCustomer, "code=123456", "POST /auth/mfa/totp/confirm", `{"recovery_codes":["once-once"]}`},
	"POST /portal/security/passkeys":                 {eupay.RoleMerchant, "name=Phone&credential={}", "POST /auth/passkeys", `{"id":"p1","recovery_codes":["once-once"]}`},
	"POST /app/security/passkeys":                    {eupay.RoleCustomer, "name=Phone&credential={}", "POST /auth/passkeys", `{"id":"p1","recovery_codes":["once-once"]}`},
	"POST /portal/verify-email/resend":               {eupay.RoleMerchant, "", "POST /auth/verify-email/resend", `{}`},
	"POST /app/verify-email/resend":                  {eupay.RoleCustomer, "", "POST /auth/verify-email/resend", `{}`},
	"POST /portal/kitchen/setup/stations":            {eupay.RoleStaff, "station_name=Bar", "POST /kitchen/stations", `{"id":"s1","name":"Bar"}`},
	"POST /portal/kitchen/setup/printers":            {eupay.RoleStaff, "printer_name=Bar", "POST /kitchen/printers", `{"id":"p1","name":"Bar","poll_url":"https://example.com/once"}`},
	"POST /portal/kitchen/setup/printers/{id}/token": {eupay.RoleStaff, "", "POST /kitchen/printers/ID/token", `{"id":"p1","name":"Bar","poll_url":"https://example.com/once"}`},
	"POST /portal/kitchen/setup/printers/{id}/test":  {eupay.RoleStaff, "", "POST /kitchen/printers/ID/test", `{"id":"j1"}`},
	"POST /portal/kitchen/setup/jobs/{id}/again":     {eupay.RoleStaff, "", "POST /kitchen/print-jobs/ID/print-again", `{"id":"j1"}`},
	"POST /portal/tables/{id}/refresh":               {eupay.RoleStaff, "", "POST /table-order/tables/ID/refresh-qr", `{"id":"t1","name":"T1"}`},
	"POST /portal/notifications/{id}/test":           {eupay.RoleStaff, "", "POST /push/subscriptions/ID/test", `{"result":"sent"}`},
	"POST /portal/webhooks/endpoints/{id}/test":      {eupay.RoleMerchant, "", "POST /webhook-endpoints/ID/test", `{"id":"d1","status":"delivered"}`},
	"POST /portal/webhooks/deliveries/{id}/resend":   {eupay.RoleMerchant, "", "POST /webhook-deliveries/ID/resend", `{"id":"d1"}`},
}

// harmless are the other forms, by why sending one twice does not do twice what it does.
var harmless = map[string][]string{
	"the API takes the key that is in the form": {
		"POST /app/pay", "POST /pay", "POST /l/{slug}", "POST /portal/links/new", "POST /portal/subscriptions/new", "POST /portal/subscriptions/{id}/replace", "POST /order/{merchant}/{token}", "POST /order/bill/{token}", "POST /portal/bills/{id}/payments", "POST /portal/payments/new", "POST /portal/payments/{reference}/refund",
		"POST /portal/invoices/new", "POST /portal/invoices/{id}/paid", "POST /portal/invoices/{id}/credit",
		"POST /portal/received/{id}/status", "POST /portal/received/{id}/pay",
		"POST /portal/rewards/members/{id}/points", "POST /portal/orders/{id}/cancellations",
		"POST /portal/stock/products/{id}/movements",
		"POST /portal/exports",
	},
	"it says what is to hold, which then holds": {
		"POST /portal/admin/merchants/{id}/gateway", "POST /portal/admin/merchants/{id}/limits", "POST /portal/admin/merchants/{id}/users",
		"POST /portal/catalog/offers/{kind}/{id}", "POST /portal/catalog/options/groups/{id}", "POST /portal/catalog/{id}", "POST /portal/catalog/{id}/available", "POST /portal/invoices/settings", "POST /portal/exports/accounts",
		"POST /portal/catalog/{id}/sold-out", "POST /portal/catalog/set-menus/products/{id}", "POST /portal/catalog/categories",
		"POST /portal/keys/{id}", "POST /portal/links/{id}", "POST /portal/settings/account", "POST /portal/settings/logo", "POST /portal/settings/payments", "POST /portal/settings/profile",
		"POST /portal/tables/{id}", "POST /portal/team/{id}", "POST /portal/webhooks/endpoints/{id}", "POST /portal/webhooks/endpoints/{id}/enabled",
		"POST /portal/hours", "POST /portal/hours/pickup", "POST /portal/hours/pause", "POST /portal/hours/resume", "POST /portal/promotions/{id}",
		"POST /portal/mode", "POST /preferences", "POST /portal/security/passkeys/{id}", "POST /app/security/passkeys/{id}",
		"POST /portal/notifications/{id}", "POST /portal/rewards/program",
		"POST /portal/stock/products/{id}", "POST /portal/stock/products/{id}/variants/{variant}",
		"POST /portal/stock/file", // the same file again changes nothing
		"POST /portal/rewards",    // a customer is a member once
		"POST /portal/settlement/lines/{id}/match",
		"POST /portal/notifications",      // a browser has one subscription
		"POST /portal/invoices/enrolment", // enrolling again sets the same again
		"POST /portal/security/app",       // the secret that is shown last is the one that is confirmed
		"POST /app/security/app",          // so here
		"POST /portal/subscriptions/{id}/report",
		"POST /portal/orders/{id}/status",   // an order does not go back
		"POST /portal/orders/{id}/payments", // an order is paid once
		"POST /portal/till/settings",
		"POST /portal/till",         // nothing is left to close
		"POST /portal/kitchen/{id}", // nor here
		"POST /portal/kitchen/{id}/lines/{position}", "POST /portal/kitchen/{id}/lines/{position}/parts/{part}", "POST /portal/kitchen/{id}/stations/{station}", "POST /portal/kitchen/{id}/courses/{course}", "POST /portal/kitchen/setup/stations/{id}",
	},
	"what it ends is ended only once": {
		"POST /app/accounts/{id}/remove", "POST /app/logout", "POST /portal/logout", "POST /portal/catalog/offers/{kind}/{id}/delete", "POST /portal/catalog/options/groups/{id}/delete", "POST /portal/catalog/{id}/delete",
		"POST /portal/invoices/{id}/cancel", "POST /portal/received/{id}/pay/cancel", "POST /portal/keys/{id}/revoke", "POST /portal/notifications/{id}/remove", "POST /portal/payments/{reference}/cancel",
		"POST /portal/links/{id}/revoke", "POST /portal/subscriptions/{id}/cancel", "POST /portal/settings/account/stop", "POST /portal/settings/logo/remove", "POST /portal/tables/{id}/delete", "POST /portal/team/{id}/remove",
		"POST /portal/rewards/members/{id}/forget", "POST /portal/promotions/{id}/delete",
		"POST /portal/stock/products/{id}/variants/{variant}/delete",
		"POST /portal/kitchen/setup/stations/{id}/delete", "POST /portal/kitchen/setup/printers/{id}/delete",
		"POST /order/bill/{token}/{share}/cancel", "POST /portal/bills/{id}/shares/{share}/cancel", "POST /portal/bills/{id}/close",
		"POST /portal/settlement/lines/{id}/undo", "POST /portal/settlement/accounts/{id}/remove",
		"POST /portal/webhooks/endpoints/{id}/delete", "POST /portal/webhooks/endpoints/{id}/promote",
		"POST /portal/security/app/remove", "POST /app/security/app/remove", "POST /portal/security/passkeys/{id}/remove", "POST /app/security/passkeys/{id}/remove",
		"POST /portal/security/sessions/others", "POST /app/security/sessions/others", "POST /portal/security/sessions/{id}/end", "POST /app/security/sessions/{id}/end",
	},
	"its state or its code lets it happen once": {
		"POST /portal/bills/{id}/payments/{payment}/invoice", "POST /portal/orders/{id}/invoice", // a payment has one invoice
		"POST /portal/bills/{id}/payments/{payment}/refund", // what was paid too much is given back once
		"POST /portal/invoices/{id}/submit", "POST /portal/payments/{reference}/received", "POST /portal/payments/{reference}/not-received",
		"POST /portal/orders/{id}/cancellations/{cancellation}/refund",  // what is under way or done is not asked for again
		"POST /portal/payments/{reference}/late",                        // the same receipt again is the one that is booked
		"POST /portal/webhooks/endpoints/{id}/recover",                  // what is sent again waits, and is no longer missed
		"POST /portal/webhooks/endpoints/{id}/backfill",                 // an endpoint gets an event once
		"POST /portal/admin/operations/dead-letters/{sequence}/requeue", // the letter is gone, and its consumer takes a message once
		"POST /app/accounts/confirm", "POST /portal/settlement/accounts/confirm", "POST /portal/verify-email", "POST /app/verify-email",
		"POST /portal/security/password", "POST /app/security/password", // the current one is no longer that
		"POST /portal/reset-password", "POST /app/reset-password",
	},
	"a ticket is sent a few times at most, and says that it is a duplicate": {
		"POST /order/bill/{token}/ticket", "POST /order/{merchant}/{token}/{order}/ticket", "POST /portal/bills/{id}/ticket", "POST /portal/orders/{id}/ticket",
	},
	"it only reads, or leads somewhere": {
		"POST /portal/audit/export", "POST /portal/keys/env", "POST /portal/step-up", "POST /app/step-up",
		"POST /portal/catalog/upload", // a place at the store, for one picture
		"POST /portal/security/passkeys/new", "POST /app/security/passkeys/new",
		"POST /portal/settlement/accounts/connect",
		"POST /app/accounts/connect", // a connection that nobody confirms ends by itself
	},
	"nobody is logged in yet, and the API bounds or refuses the second": {
		"POST /portal/register", "POST /app/register", "POST /portal/forgot", "POST /app/forgot", "POST /portal/login", "POST /app/login", "POST /portal/login/code", "POST /app/login/code",
		"POST /portal/login/passkey", "POST /app/login/passkey", "POST /portal/login/passkey/options", "POST /app/login/passkey/options",
	},
}

// A form that is new has its effect once, or there is a reason why that does not matter.
func TestOfEveryFormItIsKnownWhatSendingItTwiceDoes(t *testing.T) {
	known := make(map[string]int)
	for pattern := range doing {
		known[pattern]++
	}
	for _, patterns := range harmless {
		for _, pattern := range patterns {
			known[pattern]++
		}
	}
	for _, route := range setup(t).pages.Routes() {
		if _, once := doing[route.Pattern]; route.Once != once {
			t.Errorf("%s: has its effect once: %t, listed as such: %t", route.Pattern, route.Once, once)
		}
		if strings.HasPrefix(route.Pattern, "POST ") && known[route.Pattern] != 1 {
			t.Errorf("%s: listed %d times", route.Pattern, known[route.Pattern])
		}
		delete(known, route.Pattern)
	}
	if len(known) > 0 {
		t.Errorf("no such forms: %v", known)
	}
}

// A second click, a reload and Back with another click send a form again. It has its effect once, and the second answer is the first.
func TestAFormThatIsSentTwiceHasItsEffectOnce(t *testing.T) {
	w := setup(t)
	const id = "01a229c5-c852-7730-8f69-3f1816d74d52"
	w.api.on("GET /merchant/api-keys", func(rw http.ResponseWriter, _ *http.Request) {
		reply(rw, http.StatusOK, map[string]any{
			"data":       []any{map[string]any{"id": id, "api_key": "pk_test_1", "name": "Shop"}},
			"pagination": map[string]any{"page": 1, "limit": 100, "total": 1, "pages": 1},
		})
	})
	for _, path := range []string{"/kitchen/stations", "/kitchen/printers", "/kitchen/print-jobs", "/events/types", "/webhook-deliveries", "/webhook-endpoints/" + id, "/webhook-endpoints/" + id + "/attempts"} {
		w.api.on("GET "+path, func(rw http.ResponseWriter, _ *http.Request) {
			reply(rw, http.StatusOK, map[string]any{"id": id, "data": []any{}})
		})
	}
	for pattern, c := range doing {
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
	files = append(files, "internal/web/layout/components.html")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += len(once.FindAll(raw, -1))
	}
	need := 0
	for pattern := range doing {
		if !strings.HasPrefix(pattern, "POST /app/") { // the app shares its forms with the portal
			need++
		}
	}
	if n != need {
		t.Errorf("%d forms have a token, %d need one", n, need)
	}
}

// A form with a file has its token in its address.
func TestAProductWithItsPictureThatIsSentTwiceIsCreatedOnce(t *testing.T) {
	w := setup(t)
	var mu sync.Mutex
	asked := make(map[string]int)
	count := func(route, says string) {
		w.api.on(route, func(rw http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			asked[route]++
			mu.Unlock()
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusCreated)
			fmt.Fprint(rw, says)
		})
	}
	count("POST /product/create", `{"id":"p1","name":"Quiche"}`)
	count("PUT /store", "")
	count("POST /product/upload-image-url", `{"uploadUrl":"`+w.api.URL+`/store","imageUrl":"https://cdn.example/p.png"}`)
	cookie := w.login(eupay.RoleStaff)
	page := w.send("GET", "/portal/catalog/new", cookie, "").body
	action := regexp.MustCompile(`action="(/portal/catalog/new\?once=[^"]+)"`).FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("the form has no token: %s", page)
	}
	body, kind := multipartForm(t, map[string]string{"name": "Quiche", "price_ttc": "5", "vat_rate": "10", "stock_quantity": "9"}, "picture", []byte("\x89PNG\r\n\x1a\n"))
	for range 2 {
		if a := w.send("POST", action[1], cookie, body, "Content-Type", kind); a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/portal/catalog") {
			t.Errorf("%d to %q: %.500s", a.status, a.header.Get("Location"), a.body)
		}
	}
	if len(asked) != 3 || asked["POST /product/create"] != 1 || asked["PUT /store"] != 1 {
		t.Errorf("the API was asked %v", asked)
	}
}

// multipartForm is a form with a file as a browser sends it, and its type.
func multipartForm(t *testing.T, fields map[string]string, name string, file []byte) (body, kind string) {
	t.Helper()
	var b strings.Builder
	form := multipart.NewWriter(&b)
	for field, value := range fields {
		if err := form.WriteField(field, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile(name, name+".png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), form.FormDataContentType()
}
