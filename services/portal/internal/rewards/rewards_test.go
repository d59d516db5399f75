package rewards_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/rewards"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const hash = "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d"

// api has a program, one member with a line, and one redemption.
type api struct {
	program map[string]any
	code    eupay.Code
	field   string // what code is about; empty: no field
	sent    map[string]any
	key     string
}

func newAPI() *api {
	return &api{program: map[string]any{
		"version": 2, "active": true, "points_per_euro": 1.5, "minimum_amount": 5, "max_points_per_day": 200, "point_value": 0.01, "changed_at": webtest.Now,
		"schedule": map[string]any{"weekdays": []string{"mon"}}, "multipliers": []any{map[string]any{"multiplier": 2}},
	}}
}

func member() map[string]any {
	return map[string]any{"id": "m1", "customer_number": "<b>C-1</b>", "balance": -30, "held": 0, "available": 0, "created_at": webtest.Now}
}

func page(list ...any) map[string]any {
	return map[string]any{"success": true, "data": list, "pagination": map[string]any{"page": 1, "limit": 25, "total": len(list), "pages": 1}}
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		body, _ := io.ReadAll(r.Body)
		a.sent, a.key = nil, r.Header.Get("Idempotency-Key")
		_ = json.Unmarshal(body, &a.sent)
	}
	data := func(v any) { webtest.Answer(w, http.StatusOK, map[string]any{"success": true, "data": v}) }
	switch path := r.URL.Path; {
	case strings.Contains(path, "/theirs"):
		webtest.Refuse(w, http.StatusNotFound, eupay.ErrNotFound, nil)
	case a.field != "" && a.code != "" && r.Method != http.MethodGet:
		webtest.Refuse(w, http.StatusBadRequest, a.code, map[string]any{"errors": []any{map[string]any{"field": a.field, "message": "It must be a time."}}})
	case a.code != "" && r.Method != http.MethodGet:
		webtest.Refuse(w, http.StatusConflict, a.code, nil)
	case path == "/product/list":
		webtest.Answer(w, http.StatusOK, page(map[string]any{"id": "p1", "name": "Quiche", "category": "Tarts"}))
	case path == "/rewards/program":
		data(a.program)
	case path == "/rewards/members" && r.Method == http.MethodGet:
		webtest.Answer(w, http.StatusOK, page(member(), map[string]any{"id": "m2", "email_sha256": hash, "balance": 5, "created_at": webtest.Now}))
	case path == "/rewards/redemptions":
		webtest.Answer(w, http.StatusOK, page(map[string]any{
			"id": "r1", "member_id": "m1", "status": "captured", "points": 60, "amount": 2.99, "reference": "<i>TILL</i>", "created_at": webtest.Now,
		}))
	case strings.HasSuffix(path, "/entries") && r.Method == http.MethodGet:
		webtest.Answer(w, http.StatusOK, page(map[string]any{
			"id": "e1", "kind": "taken_back", "points": -30, "balance": -30, "reference": "PAY-1", "reason": "<script>x</script>", "occurred_at": webtest.Now,
		}))
	default:
		data(member())
	}
}

func serve(t *testing.T, a *api, role eupay.Role) *webtest.Kit {
	t.Helper()
	k := webtest.ServeUsers(t, a, rewards.Register)
	k.LogIn(role)
	return k
}

func TestMembersAndTheirStatement(t *testing.T) {
	k := serve(t, newAPI(), eupay.RoleMerchant)
	k.Get("/portal/rewards").Has(t, "&lt;b&gt;C-1&lt;/b&gt;", "By email", "8c87b489…", "Add a member")
	k.Get("/portal/rewards/members/m1").Has(t, "PAY-1", "Taken back after a refund", "&lt;script&gt;", "New points pay for them first", "Forget this member")
	k.Get("/portal/rewards/redemptions").Has(t, "&lt;i&gt;TILL&lt;/i&gt;", "Captured", "2.99")
}

func TestOnlyOwnersChangeSomething(t *testing.T) {
	k := serve(t, newAPI(), eupay.RoleStaff)
	for path, hidden := range map[string]string{"/portal/rewards": "Add a member", "/portal/rewards/members/m1": "Give or take points", "/portal/rewards/program": "Save"} {
		if p := k.Get(path); p.Status != http.StatusOK || strings.Contains(p.Body, hidden) {
			t.Errorf("%s: %d with %s", path, p.Status, hidden)
		}
	}
}

// TestTheFormHasAllRules: what the API has set is in its fields, and is sent as it stands there.
func TestTheFormHasAllRules(t *testing.T) {
	a := newAPI()
	k := serve(t, a, eupay.RoleMerchant)
	k.Get("/portal/rewards/program").Has(t, `value="1.50"`, `value="200"`, `name="schedule.weekdays" value="mon" checked`, `name="multipliers[0].multiplier" type="text" value="2.00"`,
		`name="multipliers[1].multiplier" type="text" value=""`, `name="products" value="p1"`, "Quiche", `name="categories" value="Tarts"`)
	rules := url.Values{
		"points_per_euro": {"2,50"}, "max_points_per_day": {"90"}, "schedule.weekdays": {"sat", "sun"}, "schedule.from": {"17:00"}, "schedule.until": {"19:00"}, "categories": {"Tarts"},
		"multipliers[0].multiplier": {""}, "multipliers[0].products": {"gone"}, "multipliers[1].multiplier": {"3"}, "multipliers[1].products": {"p1"}, "multipliers[1].schedule.weekdays": {"mon"},
	}
	k.Post("/portal/rewards/program", rules)
	sent, err := json.Marshal(a.sent)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"active":false,"categories":["Tarts"],"max_points_per_day":90,"multipliers":[{"multiplier":3,"products":["p1"],"schedule":{"weekdays":["mon"]}}],` +
		`"points_per_euro":2.5,"schedule":{"from":"17:00","until":"19:00","weekdays":["sat","sun"]}}`; string(sent) != want {
		t.Errorf("sent %s\nwant %s", sent, want)
	}
	a.code, a.field = eupay.ErrValidation, "multipliers[0].schedule.from" // of the first that was sent, which was the second row
	if p := k.Post("/portal/rewards/program", rules); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Body, `id="w-multipliers[0].schedule.from"`) ||
		!strings.Contains(p.Body, `name="multipliers[0].multiplier" type="text" value="3.00"`) || strings.Contains(p.Body, "gone") {
		t.Errorf("%d %s", p.Status, p.Body)
	}
	a.code, a.sent = "", nil
	k.Post("/portal/rewards/program", url.Values{"points_per_euro": {"1"}, "welcome_points": {"many"}}).Has(t, "Enter a whole number from 0")
	k.Post("/portal/rewards/program", url.Values{"points_per_euro": {"1"}, "multipliers[0].multiplier": {"twice"}}).Has(t, `value="twice"`, `id="w-multipliers[0].multiplier"`)
	if a.sent != nil {
		t.Errorf("sent %v", a.sent)
	}
}

func TestPointsAreGivenOnceForEachForm(t *testing.T) {
	a := newAPI()
	k := serve(t, a, eupay.RoleMerchant)
	k.Post("/portal/rewards/members/m1/points", url.Values{"points": {"-50"}, "reason": {"Mistake"}, "key": {"k1"}})
	if a.key != "k1" || a.sent["points"] != -50.0 || a.sent["reason"] != "Mistake" {
		t.Errorf("key %q, %v", a.key, a.sent)
	}
	k.Post("/portal/rewards/members/m1/points", url.Values{"points": {"0"}, "reason": {"x"}}).Has(t, "Enter a whole number other than 0")
	a.code = eupay.ErrInvalidState
	if p := k.Post("/portal/rewards/members/m1/points", url.Values{"points": {"-50"}, "reason": {"Mistake"}, "key": {"k1"}}); p.Status != http.StatusUnprocessableEntity || strings.Contains(p.Body, `value="k1"`) {
		t.Errorf("%d: %s", p.Status, p.Body)
	}
	if p := k.Get("/portal/rewards/members/theirs"); p.Status != http.StatusNotFound {
		t.Errorf("%d", p.Status)
	}
}
