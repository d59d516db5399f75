package pg_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
)

// TestAMigrationGivesWay: while the version before worked on a table, a migration of the table ended in a deadlock and the new version did
// not start. Without the deadlock it would have waited, and everybody after it.
func TestAMigrationGivesWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := pg.Settings{URL: pgtest.Empty(t), Schema: "sample"}
	files := fstest.MapFS{"0001_sample.sql": {Data: []byte("-- +goose Up\ncreate table sample (id int primary key, at int);\ncreate index sample_at on sample (at);\n")}}
	if err := pg.Migrate(ctx, s, files); err != nil {
		t.Fatal(err)
	}
	before, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close(t.Context())
	if _, err := before.Exec(ctx, `begin; select id from sample.sample`); err != nil {
		t.Fatal(err)
	}
	files["0002_sample.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nalter table sample add column more int;\ndrop index sample_at;\n")}
	if err := pg.Migrate(ctx, s, files); !pg.IsContended(err) {
		t.Fatalf("beside the version before: %v", err)
	}
	if _, err := before.Exec(ctx, `insert into sample.sample (id) values (1); commit`); err != nil {
		t.Errorf("the version before: %v", err)
	}
	if err := pg.Migrate(ctx, s, files); err != nil {
		t.Errorf("once more: %v", err)
	}
	if _, err := before.Exec(ctx, `update sample.sample set more = 1`); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestAMigrationThatWouldBeMisreadIsRefused before any is applied: what goose would run outside a transaction, or not at all, is no plain SQL.
func TestAMigrationThatWouldBeMisreadIsRefused(t *testing.T) {
	t.Parallel()
	s := pg.Settings{URL: pgtest.Empty(t), Schema: "sample"}
	good := &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table sample (id int);\n")}
	for name, text := range map[string]string{
		"unmarked":    "create table more (id int);\n",
		"both ways":   "-- +goose Up\ncreate table more (id int);\n--+goose  Down\ndrop table more;\n",
		"transaction": "-- +goose Up\n-- +goose NO TRANSACTION\ncreate index concurrently sample_id on sample (id);\n",
	} {
		err := pg.Migrate(t.Context(), s, fstest.MapFS{"0001_sample.sql": good, "0002_more.sql": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), "0002_more.sql: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := pg.Migrate(t.Context(), s, fstest.MapFS{"0001_sample.sql": good, "0002_more.sql": {Data: []byte("-- +goose Up\ncreate table more (id int);\nselect 1/0;\n")}})
	if err == nil || !strings.Contains(err.Error(), "0002_more.sql: ") {
		t.Errorf("wrong SQL: %v", err)
	}
	db, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	var first, second bool
	if err := db.QueryRow(t.Context(), `select to_regclass('sample.sample') is not null, to_regclass('sample.more') is not null`).Scan(&first, &second); err != nil || !first || second {
		t.Errorf("the first is applied: %v, the second: %v, %v", first, second, err)
	}
}
