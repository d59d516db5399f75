package pg_test

import (
	"context"
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
