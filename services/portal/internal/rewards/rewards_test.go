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
	case a.code != "" && r.Method != http.MethodGet:
		webtest.Refuse(w, http.StatusConflict, a.code, nil)
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

// TestSavingTheFormKeepsWhatOnlyTheAPISets: the form has no fields for it.
func TestSavingTheFormKeepsWhatOnlyTheAPISets(t *testing.T) {
	a := newAPI()
	k := serve(t, a, eupay.RoleMerchant)
	k.Get("/portal/rewards/program").Has(t, "were set with the API", `value="1.50"`, `value="200"`)
	k.Post("/portal/rewards/program", url.Values{"points_per_euro": {"2,50"}, "max_points_per_day": {"90"}})
	if a.sent["points_per_euro"] != 2.5 || a.sent["active"] != false || a.sent["max_points_per_day"] != 90.0 || a.sent["minimum_amount"] != nil {
		t.Errorf("sent %v", a.sent)
	}
	if s, _ := a.sent["schedule"].(map[string]any); s == nil || len(a.sent["multipliers"].([]any)) != 1 {
		t.Errorf("sent %v", a.sent)
	}
	a.sent = nil
	k.Post("/portal/rewards/program", url.Values{"points_per_euro": {"1"}, "welcome_points": {"many"}}).Has(t, "Enter a whole number from 0")
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
