package e2e

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/services/portal"
	"european-pay.eu/eupay/services/portal/migrations"
)

// attackText is what somebody else wrote, in every text of every answer.
const attackText = `"'><script>alert(1)</script><img src=x onerror=alert(1)> javascript:alert(1) ` + "\u202eשלום 🍵" + ` </script></style><!--`

// answering stands in for the API: every operation answers with an example of its schema. Any password is right, and the part of the e-mail
// address before the @ is the role of the user.
type answering struct {
	d   *description
	ops []*operation
	// refusal replaces the answer to everything but the question who is logged in; 0: nothing does.
	refusal int
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	role := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case strings.HasSuffix(path, "/auth/login"):
		var body struct{ Email string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			panic(err)
		}
		name, _, _ := strings.Cut(body.Email, "@")
		write(w, map[string]any{"token": name, "expires_in": 3600, "refresh_token": "r", "role": name})
	case path == "/auth/me":
		merchant := "6a2f41a3-c54c-4c0b-8a3c-0d1a52a3f6a1"
		if role == "admin" || role == "customer" {
			merchant = ""
		}
		write(w, map[string]any{"id": "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2", "email": attackText, "role": role, "email_verified": true, "merchant_id": merchant})
	case a.refusal != 0:
		w.WriteHeader(a.refusal)
		write(w, map[string]any{"success": false, "code": "RATE_LIMITED", "message": attackText})
	case path == "/openapi.json":
		http.Redirect(w, r, shared.stack.URL()+"/api/v1/openapi.json", http.StatusFound)
	default:
		a.example(w, r, path)
	}
}

func (a *answering) example(w http.ResponseWriter, r *http.Request, path string) {
	var op *operation
	best := -1
	for _, o := range a.ops {
		if exact, ok := o.matches(r.Method, path); ok && exact > best {
			op, best = o, exact
		}
	}
	if op == nil || op.answer == nil || op.kind != "application/json" {
		w.WriteHeader(http.StatusNotFound)
		write(w, map[string]any{"success": false, "code": "NOT_FOUND", "message": attackText})
		return
	}
	write(w, poisoned(a.d.example(op.answer)))
}

// poisoned replaces every text that may be any, and the names of what has any name.
func poisoned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, value := range v {
			if name == "1" {
				name = attackText
			}
			out[name] = poisoned(value)
		}
		return out
	case []any:
		for i := range v {
			v[i] = poisoned(v[i])
		}
		return v
	case string:
		if v == "1" {
			return attackText
		}
		return v
	default:
		return v
	}
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

// pagesOver are the pages over an API that stands in.
type pagesOver struct {
	t    *testing.T
	base string
}

func newPagesOver(t *testing.T, api http.Handler) *pagesOver {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	s, err := portal.New(t.Context(), portal.Config{
		Plain:    boot.Plain{Grace: patience, DatabaseURL: pgtest.Database(t, "portal", migrations.FS), DatabaseConns: 4},
		HTTPAddr: "127.0.0.1:0", APIURL: server.URL, PublicURL: "http://127.0.0.1", MasterKey: strings.Repeat("07", 32), Development: true,
	}, boot.Deps{Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return &pagesOver{t, "http://" + s.HTTPAddr()}
}

// login returns the cookie of somebody in that role.
func (p *pagesOver) login(role string) string {
	p.t.Helper()
	path := "/portal/login"
	if role == "customer" {
		path = "/app/login"
	}
	res := p.send(http.MethodPost, path, "", url.Values{"email": {role + "@example.com"}, "password": {"correct horse battery"}})
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		if strings.HasPrefix(c.Name, "eupay") {
			return c.Name + "=" + c.Value
		}
	}
	p.t.Fatalf("%s cannot log in: %s %s", role, res.Status, res.Header)
	return ""
}

func (p *pagesOver) send(method, path, cookie string, form url.Values) *http.Response {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Accept-Language", "en")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := shared.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

// visit opens every page that the role may open, and returns their answers by path.
func (p *pagesOver) visit(column string) map[string]seenPage {
	p.t.Helper()
	cookie := map[bool]func() string{true: func() string { return "" }, false: func() string { return p.login(column) }}[column == "nobody"]()
	pages := make(map[string]seenPage)
	for _, path := range pagesFor(p.t, column) {
		res := p.send(http.MethodGet, path, cookie, nil)
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
			res.Body.Close()
			continue
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			p.t.Fatal(err)
		}
		pages[path] = seenPage{res.StatusCode, res.Header.Get("Content-Type"), string(body)}
	}
	return pages
}

type seenPage struct {
	status     int
	kind, text string
}

var pathPart = regexp.MustCompile(`\{[a-z]+\}`)

// pagesFor are the paths of the pages that the table of access opens for a role: merchant, admin, customer or nobody.
func pagesFor(t *testing.T, role string) (paths []string) {
	t.Helper()
	table, err := os.ReadFile("../../services/portal/access.txt")
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{"nobody": 2, "merchant": 3, "admin": 6, "customer": 7}[role]
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 8 || f[0] != "GET" || f[column] != "open" && f[column] != "yes" {
			continue
		}
		paths = append(paths, pathPart.ReplaceAllString(strings.TrimSuffix(f[1], "{$}"), "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"))
	}
	return paths
}

// TestNoPageRunsWhatOthersWrote opens every page over an API whose every text is an attack.
func TestNoPageRunsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	d := shared.description(t)
	p := newPagesOver(t, &answering{d: d, ops: d.operations(t)})
	for _, role := range []string{"nobody", "merchant", "admin", "customer"} {
		shown := 0
		for path, seen := range p.visit(role) {
			if seen.status == http.StatusInternalServerError {
				t.Errorf("%s as %s: %d", path, role, seen.status)
			}
			if !strings.HasPrefix(seen.kind, "text/html") {
				continue
			}
			for _, attack := range []string{"<script>alert", "<img src=x", `="javascript:`, "'><"} {
				if at := strings.Index(seen.text, attack); at >= 0 {
					t.Errorf("%s as %s: %q is in the page: …%s…", path, role, attack, seen.text[max(at-80, 0):min(at+80, len(seen.text))])
				}
			}
			if strings.Contains(seen.text, "&lt;script&gt;alert") {
				shown++
			}
		}
		t.Logf("%s sees the texts of others on %d pages", role, shown)
		if least := map[string]int{"merchant": 25, "admin": 3, "customer": 3}[role]; shown < least {
			t.Errorf("%s sees the texts of others on %d pages only: the test tries too little", role, shown)
		}
	}
}

// TestEveryPageSaysThatTheAPIIsBusyOrAway opens every page over an API that refuses everything.
func TestEveryPageSaysThatTheAPIIsBusyOrAway(t *testing.T) {
	t.Parallel()
	d := shared.description(t)
	for refusal, title := range map[int]string{
		http.StatusTooManyRequests: "Too many requests", http.StatusServiceUnavailable: "EU Pay does not answer", http.StatusInternalServerError: "EU Pay does not answer",
	} {
		p := newPagesOver(t, &answering{d: d, refusal: refusal})
		for _, role := range []string{"nobody", "merchant", "admin", "customer"} {
			for path, seen := range p.visit(role) {
				if seen.status == http.StatusInternalServerError || strings.Contains(seen.text, "<script>alert") {
					t.Errorf("%s as %s over an API that answers %d: %d %.300s", path, role, refusal, seen.status, seen.text)
				}
				if (seen.status >= 500 || seen.status == http.StatusTooManyRequests) && strings.HasPrefix(seen.kind, "text/html") && !strings.Contains(seen.text, title) {
					t.Errorf("%s as %s over an API that answers %d does not say %q", path, role, refusal, title)
				}
			}
		}
	}
}
