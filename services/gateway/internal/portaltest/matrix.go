package portaltest

import (
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// Row is an endpoint that requires a login, and the roles that are admitted.
type Row = struct{ Method, Path, Body, Roles string }

// CheckRoles calls the endpoints in every role. The ids do not exist, so every answer except 401 and 403 means "admitted".
func (p *Portal) CheckRoles(t *testing.T, matrix []Row) {
	t.Helper()
	people := p.People(t)
	for _, m := range matrix {
		for role, who := range people {
			r := p.Call(t, who, m.Method, m.Path, m.Body)
			want := "let in"
			switch {
			// The customers' tokens and the portal's are for endpoints of their own.
			case role == "", role == rights.RoleCustomer && !strings.Contains(m.Roles, "customer"), role != rights.RoleCustomer && m.Roles == "customer":
				want = "UNAUTHENTICATED"
			case !slices.Contains(strings.Fields(m.Roles), string(role)):
				want = "FORBIDDEN"
			}
			got := "let in"
			if r.Status == 401 || r.Status == 403 {
				got = r.Code()
			}
			if got != want {
				t.Errorf("%s %s as %q: %s, want %s", m.Method, m.Path, role, got, want)
			}
		}
	}
}

// CheckComplete requires a row for every route, except public paths and those that begin with one of the others.
func (p *Portal) CheckComplete(t *testing.T, matrix []Row, public []string, others ...string) {
	t.Helper()
	known := map[string]bool{}
	for _, m := range matrix {
		known[m.Method+" "+strings.ReplaceAll(m.Path, Nobody, ":id")] = true
	}
	for _, r := range p.Echo.Routes() {
		path := strings.TrimPrefix(r.Path, "/api/v1")
		foreign := slices.ContainsFunc(others, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
		if r.Method != "echo_route_not_found" && !foreign && !slices.Contains(public, path) && !known[r.Method+" "+path] {
			t.Errorf("%s %s has no row", r.Method, path)
		}
	}
}
