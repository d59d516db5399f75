package portaltest

import (
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// Register creates a merchant and its owner.
func (p *Portal) Register(t *testing.T, email string) As {
	t.Helper()
	r := p.Must(t, As{}, "POST", "/auth/register", `{"email":"`+email+`","password":"`+Password+`","name":"Café Noisette","iban":"`+IBAN+`"}`)
	return As{Token: r.Str("token")}
}

// People are one login of each role; the first three of one merchant.
func (p *Portal) People(t *testing.T) map[rights.Role]As {
	t.Helper()
	owner := p.Register(t, "owner@example.com")
	who := map[rights.Role]As{rights.RoleMerchant: owner, "": {}}
	for _, role := range []rights.Role{rights.RoleStaff, rights.RoleAccountant} {
		p.Must(t, owner, "POST", "/merchant/team", `{"email":"`+string(role)+`@example.com","password":"`+Password+`","role":"`+string(role)+`"}`)
		who[role] = p.Login(t, "/auth/login", string(role)+"@example.com")
	}
	who[rights.RoleAdmin] = p.Admin(t)
	who[rights.RoleCustomer] = p.Customer(t)
	return who
}

// Customer returns a login of an app customer.
func (p *Portal) Customer(t *testing.T) As {
	t.Helper()
	return As{Token: p.Must(t, As{}, "POST", "/customer/auth/register", `{"email":"jane@example.com","password":"`+Password+`"}`).Str("token")}
}

// Login logs a user in.
func (p *Portal) Login(t *testing.T, path, email string) As {
	t.Helper()
	return As{Token: p.Must(t, As{}, "POST", path, `{"email":"`+email+`","password":"`+Password+`"}`).Str("token")}
}

// Session returns a login with its refresh token.
func (p *Portal) Session(t *testing.T, email string) (As, string) {
	t.Helper()
	r := p.Must(t, As{}, "POST", "/auth/login", `{"email":"`+email+`","password":"`+Password+`"}`)
	return As{Token: r.Str("token")}, r.Str("refresh_token")
}

// Admin seeds an admin, because admins cannot register.
func (p *Portal) Admin(t *testing.T) As {
	t.Helper()
	_, err := p.Accounts.Seed(t.Context(), directory.Demo{
		Merchant: merchant.Merchant{Name: "Demo", Email: "demo@example.com", IBAN: IBAN}, MerchantPassword: Password,
		AdminEmail: "admin@example.com", AdminPassword: Password,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.Login(t, "/auth/login", "admin@example.com")
}

// Member adds a member to the team and logs in.
func (p *Portal) Member(t *testing.T, owner As, email string) (id string, who As) {
	t.Helper()
	id = p.Must(t, owner, "POST", "/merchant/team", `{"email":"`+email+`","password":"`+Password+`","role":"staff"}`).Str("id")
	return id, p.Login(t, "/auth/login", email)
}

// APIKey creates a key with the scopes (a JSON list).
func (p *Portal) APIKey(t *testing.T, owner As, livemode, scopes string) As {
	t.Helper()
	r := p.Must(t, owner, "POST", "/merchant/api-keys", `{"name":"x","livemode":`+livemode+`,"scopes":`+scopes+`}`)
	return As{Public: r.Str("api_key"), Secret: r.Str("api_secret")}
}
