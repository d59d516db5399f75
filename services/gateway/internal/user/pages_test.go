package user

import (
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// A mail leads a customer to the app and everybody else to the portal.
func TestMailsLeadToThePagesOfTheirReader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		portal string
		role   rights.Role
		want   string
	}{
		{"https://pay.example.com/portal", rights.RoleMerchant, "https://pay.example.com/portal/reset-password#token=t"},
		{"https://pay.example.com/portal/", rights.RoleCustomer, "https://pay.example.com/app/reset-password#token=t"},
		{"https://pay.example.com/portal", rights.RoleAdmin, "https://pay.example.com/portal/reset-password#token=t"},
		{"https://portal.example.com", rights.RoleCustomer, "https://portal.example.com/reset-password#token=t"},
	} {
		u := &Users{portalURL: c.portal}
		if got := u.page(c.role, "reset-password", "t"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
