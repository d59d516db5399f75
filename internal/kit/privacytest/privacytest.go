// Package privacytest checks a service's list of personal data: that it knows every column that looks personal, that its statements are valid,
// and that docs/personal-data.md says the same.
package privacytest

import (
	"flag"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/privacy"
)

var update = flag.Bool("update", false, "write the tables of docs/personal-data.md")

// looks matches the names of columns that may be about a person.
var looks = regexp.MustCompile(`(^|_)(name|names|e?mail|iban|bic|phone|address|addresses|ip|network|payer|customer|beneficiary|recipient|holder|identity|user|agent` +
	`|device|notes?|metadata|description|reason|detail|body|headers|raw|answer|text|sealed|payload|document|xml|pdf|evidence|actor|subject|label|url|key|by|token` +
	`|birth|city|street)(_|$)`)

// texts are types that can hold a text about a person, and free those that can hold anything, whatever the column's name says.
var (
	texts = []string{"text", "character varying", "ARRAY"}
	free  = []string{"bytea", "jsonb", "json", "inet", "cidr"}
)

type column struct{ Table, Name, Type string }

// Complete fails for every column of the service's schema that looks personal and is not on the list, and for everything on the list that is
// no column. For a new column, add to the list what it holds and what an erasure does with it, or why it is not personal.
func Complete(t *testing.T, room privacy.Room, migrations fs.FS) {
	t.Helper()
	pool, _ := pgtest.New(t, room.Service, migrations)
	rows, err := pool.Query(t.Context(), `select c.table_name, c.column_name, c.data_type from information_schema.columns c
		join information_schema.tables t using (table_schema, table_name)
		where c.table_schema = current_schema() and t.table_type = 'BASE TABLE' order by 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil || len(columns) < 10 {
		t.Fatalf("%d columns: %v", len(columns), err)
	}
	exist := map[string]bool{}
	for _, c := range columns {
		exist[c.Table+"."+c.Name] = true
		if c.Table == "goose_db_version" || shared[c.Table] || room.Knows(c.Table, c.Name) {
			continue
		}
		if slices.Contains(free, c.Type) || slices.Contains(texts, c.Type) && looks.MatchString(c.Name) {
			t.Errorf("%s.%s (%s) looks personal: add it to the service's list of personal data (internal/privacy), or to its columns that are not, and say why",
				c.Table, c.Name, c.Type)
		}
	}
	for name := range room.Impersonal {
		if !exist[name] {
			t.Errorf("%s is on the list of columns that are not personal, and there is no such column", name)
		}
	}
	for _, h := range room.Holdings {
		for _, name := range h.Columns {
			if !exist[h.Table+"."+name] {
				t.Errorf("%s.%s is on the list, and there is no such column", h.Table, name)
			}
		}
		if h.What == "" || h.Why == "" || h.Kept == "" || h.Erasing == "" {
			t.Errorf("say what %s holds, what for, for how long, and what an erasure does", h.Table)
		}
	}
}

// shared are tables of internal/run and internal/vault: positions, leases, ids of messages. None names a person.
var shared = map[string]bool{"leadership": true, "outbox_position": true, "consumer_position": true, "inbox": true, "vault_check": true}

// Documented compares the room's table in the file docs/personal-data.md with the list. With -update it writes it.
func Documented(t *testing.T, room privacy.Room, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+room.Service+" -->\n", "<!-- end of "+room.Service+" -->"
	before, rest, ok := strings.Cut(string(text), begin)
	has, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for %s", file, room.Service)
	}
	if has == room.Page() {
		return
	}
	if !*update {
		t.Errorf("%s says something else of %s than its list: run this test with -update", file, room.Service)
		return
	}
	if err := os.WriteFile(file, []byte(before+begin+room.Page()+end+after), 0o644); err != nil { //nolint:gosec // a page of the repository
		t.Fatal(err)
	}
}
