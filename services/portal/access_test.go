package portal

import (
	"cmp"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

var update = flag.Bool("update", false, "write access.txt")

// people are all who may come, the first without a login.
var people = []eupay.Role{"", eupay.RoleMerchant, eupay.RoleStaff, eupay.RoleAccountant, eupay.RoleAdmin, eupay.RoleCustomer}

// TestWhoMayOpenWhat goes to every route as everybody. The table is access.txt, for people to read.
func TestWhoMayOpenWhat(t *testing.T) {
	w := setup(t)
	cookies := make(map[eupay.Role]string)
	for _, role := range people {
		cookies[role] = w.login(role)
	}
	var table strings.Builder
	for _, route := range sorted(w.pages.Routes()) {
		method, path, _ := strings.Cut(route.Pattern, " ")
		fmt.Fprintf(&table, "%-70s", route.Pattern)
		for _, role := range people {
			cookie := cookies[role]
			if strings.HasSuffix(path, "/logout") {
				cookie = w.login(role) // the others are needed
			}
			got := w.outcome(method, example(path), cookie)
			if want := expected(role, route.Roles); want != "" && got != want {
				t.Errorf("%s as %q: %s, want %s", route.Pattern, role, got, want)
			}
			if len(route.Roles) == 0 {
				got = "open"
			}
			fmt.Fprintf(&table, " %-6s", got)
		}
		table.WriteByte('\n')
	}
	header := fmt.Sprintf("%-70s %-6s %-6s %-6s %-6s %-6s %-6s\n", "", "nobody", "owner", "staff", "books", "admin", "payer")
	compare(t, "access.txt", header+table.String())
}

// sorted are the routes by path.
func sorted(routes []web.Route) []web.Route {
	slices.SortFunc(routes, func(a, b web.Route) int {
		methodA, pathA, _ := strings.Cut(a.Pattern, " ")
		methodB, pathB, _ := strings.Cut(b.Pattern, " ")
		return cmp.Or(strings.Compare(pathA, pathB), strings.Compare(methodA, methodB))
	})
	return routes
}

// example fills the parts of a path.
func example(path string) string {
	parts := strings.Split(strings.TrimSuffix(path, "{$}"), "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
		}
	}
	return strings.Join(parts, "/")
}

// expected is the outcome for a role; empty: the handler decides.
func expected(role eupay.Role, roles []eupay.Role) string {
	switch {
	case len(roles) == 0:
		return ""
	case role == "":
		return "login"
	case slices.Contains(roles, role):
		return "yes"
	default:
		return "no"
	}
}

func (w *world) outcome(method, path, cookie string) string {
	a := w.send(method, path, cookie, "")
	location := a.header.Get("Location")
	switch {
	case strings.HasPrefix(location, "/portal/login") || strings.HasPrefix(location, "/app/login"):
		return "login"
	case a.status == http.StatusForbidden:
		return "no"
	case a.status == http.StatusInternalServerError:
		w.t.Errorf("%s %s: %d", method, path, a.status)
		return "fault"
	default:
		return "yes"
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the routes say: read the change, and write it with -update", name)
	}
}
