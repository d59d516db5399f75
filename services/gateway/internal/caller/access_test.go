package caller_test

import (
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const everyone = "merchant staff accountant admin customer"

// matrix lists every endpoint that requires a login and who is admitted. The ids do not exist, so every answer except 401 and 403
// means "admitted".
var matrix = []portaltest.Row{
	{"GET", "/auth/me", "", "merchant staff accountant admin customer"},
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
	{"GET", "/admin/merchants/" + nobody, "", "admin"},
	{"GET", "/admin/merchants/" + nobody + "/audit", "", "admin"},
	{"GET", "/admin/merchants/" + nobody + "/users", "", "admin"},
	{"GET", "/admin/merchants/" + nobody + "/api-keys", "", "admin"},
	{"GET", "/admin/merchants/" + nobody + "/limits", "", "admin"},
	{"PUT", "/admin/merchants/" + nobody + "/limits", `{}`, "admin"},
	{"PATCH", "/admin/users/" + nobody, `{}`, "admin"},
	{"POST", "/admin/merchants/" + nobody + "/gateway", `{"enabled":true}`, "admin"},
}

func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	setup(t).CheckRoles(t, matrix)
}

// Every route except the public ones is in the matrix.
func TestMatrixIsComplete(t *testing.T) {
	t.Parallel()
	setup(t).CheckComplete(t, matrix, []string{
		"/auth/register", "/auth/login", "/auth/refresh", "/auth/logout", "/auth/forgot", "/auth/mfa/verify", "/auth/reset", "/customer/auth/register", "/customer/auth/login",
		"/auth/mfa/passkey/options", "/auth/mfa/passkey", "/auth/login/passkey/options", "/auth/login/passkey",
	})
}

// A token says what was true when it was issued; the database says what is true now.
func TestDisabledUserIsOutAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.People(t)
	f.Must(t, people[rights.RoleStaff], "GET", "/merchant", "")
	if _, err := f.Pool.Exec(t.Context(), `update users set disabled = true where role = 'staff'`); err != nil {
		t.Fatal(err)
	}
	f.Refused(t, errs.Unauthenticated, people[rights.RoleStaff], "GET", "/merchant", "")
	if _, err := f.Pool.Exec(t.Context(), `update users set role = 'accountant' where email = 'owner@example.com'`); err != nil {
		t.Fatal(err)
	}
	f.Refused(t, errs.Forbidden, people[rights.RoleMerchant], "PATCH", "/merchant", `{"name":"x"}`)
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	f := setup(t)
	who := f.Register(t, "owner@example.com")
	for _, token := range []string{"x", who.Token + "x", "a.b.c", strings.Repeat("a", 5000)} {
		f.Refused(t, errs.Unauthenticated, as{Token: token}, "GET", "/merchant", "")
	}
	f.Clock.Advance(15 * time.Minute)
	f.Refused(t, errs.Unauthenticated, who, "GET", "/merchant", "")
}

func TestCustomerLoginOpensOnlyTheApp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	people := f.People(t)
	f.Echo.GET("/api/v1/app", func(c echo.Context) error { return c.JSON(200, map[string]string{"user": caller.Of(c).Login.ID}) }, f.Access.CustomerLogin())
	if r := f.Must(t, people[rights.RoleCustomer], "GET", "/app", ""); r.Str("user") == "" {
		t.Fatalf("got %s", r.Text)
	}
	f.Refused(t, errs.Unauthenticated, people[rights.RoleMerchant], "GET", "/app", "")
	f.Refused(t, errs.Unauthenticated, as{}, "GET", "/app", "")
}
