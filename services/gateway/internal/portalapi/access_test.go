package portalapi

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/caller"
)

const nobody = "00000000-0000-0000-0000-000000000000"

const everyone = "merchant staff accountant admin customer"

// matrix names every endpoint that wants a login and who is let in. What an insider
// gets is another matter: the ids do not exist, so anything but 401 and 403 means "let in".
var matrix = []struct{ method, path, body, roles string }{
	{"GET", "/auth/me", "", "merchant staff accountant admin"},
	{"POST", "/auth/verify-email", `{}`, everyone},
	{"POST", "/auth/verify-email/resend", "", everyone},
	{"POST", "/auth/verify-email/address", `{}`, everyone},
	{"GET", "/auth/sessions", "", everyone},
	{"DELETE", "/auth/sessions", "", everyone},
	{"DELETE", "/auth/sessions/" + nobody, "", everyone},
	{"POST", "/auth/password", `{}`, everyone},
	{"GET", "/auth/mfa", "", everyone},
	{"POST", "/auth/mfa/totp", `{}`, everyone},
	{"POST", "/auth/mfa/totp/confirm", `{}`, everyone},
	{"POST", "/auth/mfa/totp/disable", `{}`, everyone},
	{"POST", "/auth/mfa/recovery-codes", `{}`, everyone},
	{"POST", "/auth/step-up", `{}`, everyone},
	{"POST", "/auth/step-up/passkey/options", "", everyone},
	{"POST", "/auth/step-up/passkey", `{}`, everyone},
	{"GET", "/auth/passkeys", "", everyone},
	{"POST", "/auth/passkeys/options", "", everyone},
	{"POST", "/auth/passkeys", `{}`, everyone},
	{"PATCH", "/auth/passkeys/" + nobody, `{"name":"x"}`, everyone},
	{"DELETE", "/auth/passkeys/" + nobody, "", everyone},
	{"GET", "/merchant", "", "merchant staff accountant"},
	{"PATCH", "/merchant", `{}`, "merchant"},
	{"DELETE", "/merchant/iban-change", "", "merchant"},
	{"GET", "/merchant/team", "", "merchant staff accountant"},
	{"POST", "/merchant/team", `{}`, "merchant"},
	{"PATCH", "/merchant/team/" + nobody, `{}`, "merchant"},
	{"DELETE", "/merchant/team/" + nobody, "", "merchant"},
	{"GET", "/merchant/audit", "", "merchant"},
	{"GET", "/merchant/audit/export", "", "merchant"},
	{"GET", "/merchant/api-keys", "", "merchant accountant"},
	{"POST", "/merchant/api-keys", `{}`, "merchant"},
	{"PATCH", "/merchant/api-keys/" + nobody, `{"name":"x"}`, "merchant"},
	{"DELETE", "/merchant/api-keys/" + nobody, "", "merchant"},
	{"POST", "/merchant/api-keys/" + nobody + "/rotate", "", "merchant"},
	{"GET", "/admin/merchants", "", "admin"},
	{"GET", "/admin/merchants/" + nobody + "/audit", "", "admin"},
	{"PATCH", "/admin/users/" + nobody, `{}`, "admin"},
	{"POST", "/admin/merchants/" + nobody + "/gateway", `{"enabled":true}`, "admin"},
	{"GET", "/webhook-endpoints", "", "merchant staff accountant"},
	{"POST", "/webhook-endpoints", `{}`, "merchant"},
	{"GET", "/webhook-endpoints/" + nobody, "", "merchant staff accountant"},
	{"PATCH", "/webhook-endpoints/" + nobody, `{}`, "merchant"},
	{"DELETE", "/webhook-endpoints/" + nobody, "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/rotate-secret", "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/promote-secret", "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/backfill", `{"since":"2026-06-17T12:00:00Z","dry_run":true}`, "merchant"},
	{"GET", "/events", "", "merchant staff accountant"},
	{"GET", "/events/types", "", "merchant staff accountant"},
	{"GET", "/events/" + nobody, "", "merchant staff accountant"},
	{"POST", "/webhook-endpoints/" + nobody + "/test", "", "merchant"},
	{"POST", "/webhook-endpoints/" + nobody + "/recover", `{"since":"2026-06-17T12:00:00Z"}`, "merchant"},
	{"GET", "/webhook-endpoints/" + nobody + "/attempts", "", "merchant staff accountant"},
	{"GET", "/webhook-deliveries", "", "merchant staff accountant"},
	{"POST", "/webhook-deliveries/resend", `{"reference":"PAY-1"}`, "merchant"},
	{"POST", "/webhook-deliveries/" + nobody + "/resend", "", "merchant"},
	{"GET", "/webhook-deliveries/" + nobody, "", "merchant staff accountant"},
	{"GET", "/push/key", "", "merchant staff accountant"},
	{"GET", "/push/subscriptions", "", "merchant staff accountant"},
	{"POST", "/push/subscriptions", `{}`, "merchant staff accountant"},
	{"DELETE", "/push/subscriptions/" + nobody, "", "merchant staff accountant"},
	{"POST", "/push/subscriptions/" + nobody + "/test", "", "merchant staff accountant"},
	{"GET", "/webhook-listener", "", "merchant staff accountant"},
	{"GET", "/webhook-listener/events", "", "merchant staff accountant"},
	{"GET", "/customer/loyalty", "", "customer"},
}

func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.people(t)
	for _, m := range matrix {
		for role, who := range people {
			r := f.call(t, who, m.method, m.path, m.body)
			want := "let in"
			switch {
			// The customers' tokens and the portal's are for endpoints of their own.
			case role == "", role == account.RoleCustomer && !strings.Contains(m.roles, "customer"), role != account.RoleCustomer && m.roles == "customer":
				want = "UNAUTHENTICATED"
			case !slices.Contains(strings.Fields(m.roles), string(role)):
				want = "FORBIDDEN"
			}
			got := "let in"
			if r.status == 401 || r.status == 403 {
				got = r.code()
			}
			if got != want {
				t.Errorf("%s %s as %q: %s, want %s", m.method, m.path, role, got, want)
			}
		}
	}
}

// Every route but the public ones stands in the matrix.
func TestMatrixIsComplete(t *testing.T) {
	t.Parallel()
	f := setup(t)
	public := []string{
		"/auth/register", "/auth/login", "/auth/refresh", "/auth/logout", "/auth/forgot", "/auth/mfa/verify", "/auth/reset", "/customer/auth/register", "/customer/auth/login",
		"/auth/mfa/passkey/options", "/auth/mfa/passkey", "/auth/login/passkey/options", "/auth/login/passkey",
	}
	known := map[string]bool{}
	for _, m := range matrix {
		known[m.method+" "+strings.ReplaceAll(m.path, nobody, ":id")] = true
	}
	for _, r := range f.echo.Routes() {
		path := strings.TrimPrefix(r.Path, "/api/v1")
		if r.Method != "echo_route_not_found" && !slices.Contains(public, path) && !known[r.Method+" "+path] {
			t.Errorf("%s %s has no row", r.Method, path)
		}
	}
}

// A token says what was true when it was made; the database says what is true now.
func TestDisabledUserIsOutAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.people(t)
	f.must(t, people[account.RoleStaff], "GET", "/merchant", "")
	if _, err := f.pool.Exec(t.Context(), `update users set disabled = true where role = 'staff'`); err != nil {
		t.Fatal(err)
	}
	f.refused(t, errs.Unauthenticated, people[account.RoleStaff], "GET", "/merchant", "")
	if _, err := f.pool.Exec(t.Context(), `update users set role = 'accountant' where email = 'owner@example.com'`); err != nil {
		t.Fatal(err)
	}
	f.refused(t, errs.Forbidden, people[account.RoleMerchant], "PATCH", "/merchant", `{"name":"x"}`)
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.register(t, "owner@example.com")
	for _, token := range []string{"x", who.token + "x", "a.b.c", strings.Repeat("a", 5000)} {
		f.refused(t, errs.Unauthenticated, as{token: token}, "GET", "/merchant", "")
	}
	f.clock.Advance(15 * time.Minute)
	f.refused(t, errs.Unauthenticated, who, "GET", "/merchant", "")
}

func TestCustomerLoginOpensOnlyTheApp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.people(t)
	f.echo.GET("/api/v1/app", func(c echo.Context) error { return c.JSON(200, map[string]string{"user": caller.Of(c).Login.ID}) }, f.access.CustomerLogin())
	if r := f.must(t, people[account.RoleCustomer], "GET", "/app", ""); r.str("user") == "" {
		t.Fatalf("got %s", r.text)
	}
	f.refused(t, errs.Unauthenticated, people[account.RoleMerchant], "GET", "/app", "")
	f.refused(t, errs.Unauthenticated, as{}, "GET", "/app", "")
}
