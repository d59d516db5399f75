package portal

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

const someID = "01a229c5-c852-7730-8f69-3f1816d74d52"

// someToken is that of a bill's link.
const someToken = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"

// amounts are all fields in which somebody types euros. AMOUNT stands for what is typed, and the API is to be asked for 12.50.
var amounts = []struct {
	// page has the field.
	page   string
	role   eupay.Role
	method string
	path   string
	form   string
	asks   string
}{
	{"app/confirm", eupay.RoleCustomer, "POST", "/app/pay", "data=x&account_id=" + someID + "&amount=AMOUNT", "POST /qr/pay"},
	{"bill/guest", "", "POST", "/order/bill/" + someToken, "kind=amount&tip=0&key=k&amount=AMOUNT", "POST /table-order/bill/" + someToken + "/shares"},
	{"bill/guest", "", "POST", "/order/bill/" + someToken, "kind=rest&tip=own&key=k&own_tip=AMOUNT", "POST /table-order/bill/" + someToken + "/shares"},
	{"bill/detail", eupay.RoleStaff, "POST", "/portal/bills/" + someID + "/payments", "method=cash&key=k&amount=AMOUNT", "POST /table-order/bills/" + someID + "/payments"},
	{"bill/detail", eupay.RoleStaff, "POST", "/portal/bills/" + someID + "/payments", "method=cash&key=k&amount=1&tip=AMOUNT", "POST /table-order/bills/" + someID + "/payments"},
	{"catalog/offer", eupay.RoleStaff, "POST", "/portal/catalog/offers/orders/" + someID, "name=Half&type=fixed&value=AMOUNT", "PUT /table-order/offers/" + someID},
	{"catalog/offer", eupay.RoleStaff, "POST", "/portal/catalog/offers/orders/" + someID, "name=Half&type=percentage&value=5&min_order=AMOUNT", "PUT /table-order/offers/" + someID},
	{"catalog/option", eupay.RoleStaff, "POST", "/portal/catalog/options/groups/" + someID, "name=Extras&min_choices=0&max_choices=1&name_0=Bacon&price_0=AMOUNT", "PUT /product/option-groups/" + someID},
	{"catalog/parts", eupay.RoleStaff, "POST", "/portal/catalog/set-menus/products/" + someID, "name_0=Plat&product_0_0=" + someID + "&supplement_0_0=AMOUNT", "PUT /product/" + someID},
	{"catalog/product", eupay.RoleStaff, "POST", "/portal/catalog/new", "name=Quiche&price_ttc=AMOUNT&vat_rate=10&stock_quantity=9", "POST /product/create"},
	{"promotions/code", eupay.RoleStaff, "POST", "/portal/promotions/new", "code=BIENVENUE&type=fixed_amount&value=AMOUNT", "POST /table-order/promotion-codes"},
	{"promotions/code", eupay.RoleStaff, "POST", "/portal/promotions/" + someID, "type=fixed_amount&value=5&min_order=AMOUNT", "PATCH /table-order/promotion-codes/" + someID},
	{"invoices/detail", eupay.RoleMerchant, "POST", "/portal/invoices/" + someID + "/paid", "payment_method=cash&amount=AMOUNT", "POST /einvoice/invoices/" + someID + "/mark-paid"},
	{"invoices/detail", eupay.RoleMerchant, "POST", "/portal/invoices/" + someID + "/credit", "reason=x&amount=AMOUNT", "POST /einvoice/invoices/" + someID + "/credit-note"},
	{"invoices/detail", eupay.RoleMerchant, "POST", "/portal/invoices/" + someID + "/credit", "reason=x&items[1].amount=AMOUNT", "POST /einvoice/invoices/" + someID + "/credit-note"},
	{"invoices/new", eupay.RoleMerchant, "POST", "/portal/invoices/new", "customer_name=A&items[0].quantity=1&items[0].unit_price_ttc=1&discount_amount=AMOUNT", "POST /einvoice/invoices"},
	{"invoices/new", eupay.RoleMerchant, "POST", "/portal/invoices/new", "customer_name=A&items[0].quantity=1&items[0].unit_price_ttc=AMOUNT", "POST /einvoice/invoices"},
	{"pay/code", "", "POST", "/pay", "data=x&amount=AMOUNT", "POST /qr/checkout"},
	{"links/new", eupay.RoleMerchant, "POST", "/portal/links/new", "description=x&kind=fixed&amount=AMOUNT", "POST /gateway/payment-links"},
	{"links/new", eupay.RoleMerchant, "POST", "/portal/links/new", "description=x&kind=open&minimum_amount=AMOUNT", "POST /gateway/payment-links"},
	{"links/new", eupay.RoleMerchant, "POST", "/portal/links/new", "description=x&kind=open&maximum_amount=AMOUNT", "POST /gateway/payment-links"},
	{"subscriptions/new", eupay.RoleMerchant, "POST", "/portal/subscriptions/new", "description=x&frequency=monthly&start_date=2037-01-31&collect=bank&amount=AMOUNT", "POST /gateway/subscriptions"},
	{"subscriptions/replace", eupay.RoleMerchant, "POST", "/portal/subscriptions/SUB-1/replace", "description=x&frequency=monthly&collect=bank&amount=AMOUNT", "POST /gateway/subscriptions/SUB-1/replace"},
	{"pay/link", "", "POST", "/l/7Fq2mXc9Tb", "amount=AMOUNT", "POST /links/7Fq2mXc9Tb/pay"},
	{"payments/detail", eupay.RoleMerchant, "POST", "/portal/payments/PAY-1/refund", "amount=AMOUNT", "POST /gateway/payments/PAY-1/refund"},
	{"payments/detail", eupay.RoleMerchant, "POST", "/portal/payments/PAY-1/late", "amount=AMOUNT", "POST /gateway/payments/PAY-1/late-receipt"},
	{"settlement/line", eupay.RoleMerchant, "POST", "/portal/settlement/lines/" + someID + "/match", "reference=PAY-1&amount=AMOUNT", "POST /settlement/lines/" + someID + "/match"},
	{"payments/list", eupay.RoleMerchant, "GET", "/portal/payments?min=AMOUNT", "", "GET /gateway/payments"},
	{"payments/list", eupay.RoleMerchant, "GET", "/portal/payments?max=AMOUNT", "", "GET /gateway/payments"},
	{"payments/new", eupay.RoleMerchant, "POST", "/portal/payments/new", "amount=AMOUNT&description=x", "POST /gateway/payments"},
	{"rewards/program", eupay.RoleMerchant, "POST", "/portal/rewards/program", "points_per_euro=AMOUNT", "PUT /rewards/program"},
	{"rewards/program", eupay.RoleMerchant, "POST", "/portal/rewards/program", "points_per_euro=1&minimum_amount=AMOUNT", "PUT /rewards/program"},
	{"rewards/program", eupay.RoleMerchant, "POST", "/portal/rewards/program", "points_per_euro=1&point_value=AMOUNT", "PUT /rewards/program"},
	{"rewards/program", eupay.RoleMerchant, "POST", "/portal/rewards/program", "points_per_euro=1&multipliers[0].multiplier=AMOUNT", "PUT /rewards/program"},
	{"settings/settings", eupay.RoleMerchant, "POST", "/portal/settings/payments", "refund_step_up_above=AMOUNT", "PATCH /merchant"},
}

// A French keyboard has a comma where an English one has a point, and people have either.
func TestEveryAmountIsReadWithACommaAndWithAPoint(t *testing.T) {
	w := setup(t)
	cookies := make(map[eupay.Role]string)
	for _, role := range people {
		cookies[role] = w.login(role)
	}
	w.api.on("GET /rewards/program", func(rw http.ResponseWriter, _ *http.Request) { // saving it keeps what it does not show
		reply(rw, http.StatusOK, map[string]any{"success": true, "data": map[string]any{"version": 1, "points_per_euro": 1}})
	})
	w.api.on("GET /product/"+someID, func(rw http.ResponseWriter, _ *http.Request) { reply(rw, http.StatusOK, map[string]any{"id": someID}) })
	w.api.on("GET /product/list", func(rw http.ResponseWriter, _ *http.Request) {
		reply(rw, http.StatusOK, map[string]any{"data": []any{}, "pagination": map[string]any{}})
	})
	w.api.on("GET /table-order/bill/"+someToken, func(rw http.ResponseWriter, _ *http.Request) {
		reply(rw, http.StatusOK, map[string]any{"token": someToken, "status": "open", "total": 100, "due": 100, "free": 100})
	})
	twelve := regexp.MustCompile(`[:=]12\.50?\b`)
	for _, c := range amounts {
		var asked string
		w.api.on(c.asks, func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			asked = r.URL.RawQuery + string(body)
			refuse(rw, http.StatusBadRequest, "VALIDATION_ERROR")
		})
		for _, typed := range []string{"12,50", "12.50", "12,5 €", " 12.5"} {
			for _, lang := range []string{"fr", "en"} {
				fill := strings.NewReplacer("AMOUNT", url.QueryEscape(typed))
				asked = ""
				a := w.send(c.method, fill.Replace(c.path), cookies[c.role]+"; eupay-lang="+lang, fill.Replace(c.form))
				if !twelve.MatchString(asked) {
					t.Errorf("%s in %s, %s: the API is asked %q; %d", c.page, lang, fill.Replace(c.form+c.path), asked, a.status)
				}
			}
		}
	}
}

// The limit of refunds was shown to French readers as 500.00.
func TestEveryAmountInAFieldIsWrittenAsTheReadersLanguageDoes(t *testing.T) {
	w := setup(t)
	say := func(path string, body map[string]any) {
		w.api.on("GET "+path, func(rw http.ResponseWriter, _ *http.Request) { reply(rw, http.StatusOK, body) })
	}
	say("/merchant", map[string]any{"id": someID, "name": "Shop", "refund_step_up_above": 1500.00})
	say("/product/"+someID, map[string]any{"id": someID, "name": "Quiche", "price_ttc": 1500.00, "vat_rate": 10})
	say("/product/list", map[string]any{"data": []any{}, "pagination": map[string]any{}})
	say("/table-order/offers/"+someID, map[string]any{"id": someID, "name": "Half", "type": "fixed", "value": 2.5, "min_order": 1500.00})
	cookie := w.login(eupay.RoleMerchant)
	for path, field := range map[string]string{
		"/portal/settings": "refund_step_up_above", "/portal/catalog/" + someID: "price_ttc", "/portal/catalog/offers/orders/" + someID: "min_order",
	} {
		for lang, want := range map[string]string{"fr": "1500,00", "en": "1500.00"} {
			a := w.send("GET", path, cookie+"; eupay-lang="+lang, "")
			found := regexp.MustCompile(`name="` + field + `"[^>]* value="([^"]*)"`).FindStringSubmatch(a.body)
			if len(found) != 2 || found[1] != want {
				t.Errorf("%s in %s: %d, %q, want %s", path, lang, a.status, found, want)
			}
		}
	}
}

// decimals are the fields for numbers with fractions in a page, or the uses of a component that has one.
var decimals = regexp.MustCompile(`"inputmode" "decimal"|inputmode="decimal"|template "euro_field"`)

// others are what decimals finds besides euros: a quantity, a place, the component itself, and the examples of components.
var others = map[string]int{"invoices/new": 1, "invoices/detail": 1, "payments/list": 1, "components/page": 1, "catalog/categories": 1}

func TestEveryFieldForEurosIsKnown(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("internal/*/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "internal/"), ".html")
		known := others[page]
		for _, c := range amounts {
			if c.page == page {
				known++
			}
		}
		if n := len(decimals.FindAll(raw, -1)); n != known {
			t.Errorf("%s has %d fields for euros, the list %d", page, n, known)
		}
	}
}
