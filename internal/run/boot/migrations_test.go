package boot_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/pg"
)

// reader makes a role that may read and write rows of the schema sample and not change it, and returns the database's URL for it.
func reader(t *testing.T, owner string) string {
	t.Helper()
	u, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/") + "_sample"
	db, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), "create role "+name+" login password 'secret'; grant usage on schema sample to "+name+
		"; grant select, insert, update, delete on all tables in schema sample to "+name+
		"; alter default privileges in schema sample grant select, insert, update, delete on tables to "+name); err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, "secret")
	return u.String()
}

// TestAServiceWaitsForTheMigrationsOfAnother: one whose role may not change the schema says which migration is missing and is not ready.
// It starts as soon as the owner has applied it.
func TestAServiceWaitsForTheMigrationsOfAnother(t *testing.T) {
	b := base(t, natstest.Server(t))
	owner := pg.Settings{URL: b.DatabaseURL, Schema: "sample"}
	if err := pg.Migrate(t.Context(), owner, migrations); err != nil {
		t.Fatal(err)
	}
	b.DatabaseURL, b.Migrations = reader(t, b.DatabaseURL), "wait"
	open(t, b) // nothing is missing

	next := maps.Clone(migrations)
	next["0002_sample.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table more (id int primary key);\n")}
	said, opened := make(chan string), make(chan error)
	log := slog.New(slog.NewJSONHandler(writer(func(line []byte) {
		select {
		case said <- string(line):
		case <-t.Context().Done():
		}
	}), nil))
	var core *boot.Core
	go func() {
		var err error
		core, err = boot.Open(t.Context(), "sample", b, next, boot.Deps{Log: log})
		opened <- err
	}()
	select {
	case line := <-said:
		if !strings.Contains(line, "the schema sample lacks the migration 0002_sample.sql") || !strings.Contains(line, "eupayctl database migrate") {
			t.Errorf("said %s", line)
		}
	case err := <-opened:
		t.Fatalf("it did not wait: %v", err)
	}
	if err := pg.Migrate(t.Context(), owner, next); err != nil {
		t.Fatal(err)
	}
	for waits := true; waits; {
		select {
		case <-said:
		case err := <-opened:
			if err != nil {
				t.Fatal(err)
			}
			waits = false
		}
	}
	defer core.Close()
	if _, err := core.Pool.Exec(t.Context(), `insert into more (id) values (1)`); err != nil {
		t.Errorf("write a row: %v", err)
	}
	var refused *pgconn.PgError
	if _, err := core.Pool.Exec(t.Context(), `create table mine (id int)`); !errors.As(err, &refused) || refused.Code != "42501" {
		t.Errorf("change the schema: %v", err)
	}
	open(t, b) // the version before, beside the newer schema
}

// TestAServiceSaysWhatIsMissingWhenItGivesUp, also where there is no schema's version at all.
func TestAServiceSaysWhatIsMissingWhenItGivesUp(t *testing.T) {
	b := base(t, natstest.Server(t))
	db, err := pgx.Connect(t.Context(), b.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if _, err := db.Exec(t.Context(), `create schema sample`); err != nil {
		t.Fatal(err)
	}
	b.Migrations = "wait"
	all := maps.Clone(migrations)
	all["0002_sample.sql"] = all["0001_sample.sql"]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := slog.New(slog.NewJSONHandler(writer(func([]byte) { cancel() }), nil))
	_, err = boot.Open(ctx, "sample", b, all, boot.Deps{Log: log})
	if err == nil || !strings.Contains(err.Error(), "lacks 2 migrations, from 0001_sample.sql to 0002_sample.sql") {
		t.Errorf("got %v", err)
	}
}
