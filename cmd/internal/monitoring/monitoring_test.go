package monitoring

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/golden"
)

const root = "../../.."

// observability is the folder as golden names files: from testdata.
const observability = "../" + root + "/deploy/observability/"

func groups(t *testing.T) []Group {
	t.Helper()
	all, err := Groups(root)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDashboardsAreMadeOfTheirSource(t *testing.T) {
	t.Parallel()
	var want []string
	for _, d := range Dashboards() {
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		golden.Same(t, observability+"dashboards/"+d.File+".json", text)
		want = append(want, d.File+".json")
	}
	files, err := filepath.Glob(root + "/deploy/observability/dashboards/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(want, filepath.Base(f)) {
			t.Errorf("%s has no source", f)
		}
	}
}

func TestTheObjectOfTheClusterHasTheRules(t *testing.T) {
	t.Parallel()
	text, err := Object(groups(t))
	if err != nil {
		t.Fatal(err)
	}
	golden.Same(t, observability+"prometheusrule.yaml", text)
}

// board is what Grafana needs to find in a dashboard.
type board struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct {
		List []struct{ Name, Type, Query string }
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Datasource  struct{ Type, UID string }
		Targets     []struct {
			RefID, Expr string
			Datasource  struct{ UID string }
		}
	}
}

func TestDashboardsAreSound(t *testing.T) {
	t.Parallel()
	uids := make(map[string]bool)
	for _, d := range Dashboards() {
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			t.Fatal(err)
		}
		for _, problem := range b.problems() {
			t.Errorf("%s: %s", d.File, problem)
		}
		if uids[b.UID] {
			t.Errorf("%s: another dashboard has its uid", d.File)
		}
		uids[b.UID] = true
	}
}

func (b board) problems() (all []string) {
	complain := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if b.SchemaVersion < 36 || b.UID == "" || len(b.UID) > 40 || b.Title == "" {
		complain("version %d, uid %q, title %q", b.SchemaVersion, b.UID, b.Title)
	}
	if list := b.Templating.List; len(list) != 1 || list[0].Name != "datasource" || list[0].Type != "datasource" || list[0].Query != "prometheus" {
		complain("the reader cannot choose the data source")
	}
	ids, taken := make(map[int]bool), make(map[[2]int]string)
	for _, p := range b.Panels {
		if p.ID == 0 || ids[p.ID] {
			complain("%q: the id %d is 0 or taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		if g := p.GridPos; g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > columns {
			complain("%q is beyond the grid", p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					complain("%q lies on %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" || p.Title == "" {
			complain("%q asks nothing", p.Title)
		}
		refs := make(map[string]bool)
		for _, q := range p.Targets {
			if q.Expr == "" || refs[q.RefID] || q.Datasource.UID != "${datasource}" {
				complain("%q: query %s %q", p.Title, q.RefID, q.Expr)
			}
			refs[q.RefID] = true
		}
	}
	return all
}

func TestOverlappingPanelsAreFound(t *testing.T) {
	t.Parallel()
	text, err := Dashboard{File: "x", Title: "X", Rows: []Row{{"R", []Panel{{Title: "a", Queries: one("up", "")}, {Title: "b", Queries: one("up", "")}}}}}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"x": 8`, `"x": 7`}, {`"id": 3`, `"id": 2`}, {`"expr": "up"`, `"expr": ""`}, {`"schemaVersion": 39`, `"schemaVersion": 1`}, {`"x": 8`, `"x": 20`},
	} {
		var b board
		if err := json.Unmarshal([]byte(strings.Replace(text, change[0], change[1], 1)), &b); err != nil {
			t.Fatal(err)
		}
		if len(b.problems()) == 0 {
			t.Errorf("nobody complains about %v", change)
		}
	}
}

// sections of a runbook.
var sections = []string{"**For merchants.**", "\n## See it\n", "\n## Do\n", "\n## It is over\n", "\n## Do not\n"}

func TestEveryAlertHasARunbookAndATest(t *testing.T) {
	t.Parallel()
	books, err := Blocks(root, "promql")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	files, err := filepath.Glob(root + "/deploy/observability/tests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(content)
	}
	alerts := make(map[string]bool)
	for _, g := range groups(t) {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			alerts[r.Alert] = true
			if s := r.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s: severity %q", r.Alert, s)
			}
			if r.Annotations["runbook_url"] != "docs/runbooks/"+r.Alert+".md" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s: annotations %v", r.Alert, r.Annotations)
			}
			if !strings.Contains(tests.String(), `alertname="`+r.Alert+`"`) {
				t.Errorf("%s is in no test of deploy/observability/tests", r.Alert)
			}
			if len(books[r.Alert]) == 0 {
				t.Errorf("%s has no runbook, or one without a query", r.Alert)
			}
		}
	}
	for name := range books {
		if !alerts[name] {
			t.Errorf("docs/runbooks/%s.md is of no alert", name)
		}
		content, err := os.ReadFile(filepath.Join(root, "docs/runbooks", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sections {
			if !strings.Contains(string(content), s) {
				t.Errorf("%s.md has no part %q", name, strings.TrimSpace(s))
			}
		}
	}
}

// recorded is the name of a recording rule.
var recorded = regexp.MustCompile(`\beupay:[a-z_]+(?::[a-z_]+[0-9a-z]*)?`)

// TestRecordsThatAreUsedAreMade: a misspelt one has no value, and no alert.
func TestRecordsThatAreUsedAreMade(t *testing.T) {
	t.Parallel()
	made, used := make(map[string]bool), make(map[string]string)
	for _, g := range groups(t) {
		for _, r := range g.Rules {
			if r.Record != "" {
				made[r.Record] = true
			}
		}
	}
	uses, err := Uses(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range uses {
		for _, name := range recorded.FindAllString(u.Expr, -1) {
			used[name] = u.Where
		}
	}
	for name, where := range used {
		if !made[name] {
			t.Errorf("%s asks for %s, which no rule makes", where, name)
		}
	}
	for name := range made {
		if used[name] == "" {
			t.Errorf("nobody uses %s", name)
		}
	}
}

// TestRunbooksNameWhatExists: files, and other runbooks.
func TestRunbooksNameWhatExists(t *testing.T) {
	t.Parallel()
	link, alert := regexp.MustCompile(`\]\(([^)#]+)\)`), regexp.MustCompile("`(Eupay[A-Za-z]+)`")
	books, err := Blocks(root, "sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(books)) {
		path := filepath.Join(root, "docs/runbooks", name+".md")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(content), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, m := range alert.FindAllStringSubmatch(string(content), -1) {
			if _, ok := books[m[1]]; !ok {
				t.Errorf("%s names %s, which has no runbook", name, m[1])
			}
		}
	}
}

func TestNamesOfAQuery(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`sum by (le, code) (rate(eupay_a_bucket{route="/x{id}", status!~"5..", le=~"5(.0)?"}[5m]))`: "[eupay_a_bucket] [code le route status]",
		`max(eupay_b) - max(eupay_b offset 1d) > 20 and on (mode) eupay_c{mode="live"}`:             "[eupay_b eupay_c] [mode]",
		`absent(up{job="x"})`: "[] [job]",
	} {
		if metrics, labels := Names(expr); fmt.Sprint(metrics, labels) != want {
			t.Errorf("%s: %v %v", expr, metrics, labels)
		}
	}
}
