// Package pgtest provides each test with its own database on a real PostgreSQL.
package pgtest

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/pg"
)

// EnvURL names the setting with the server for tests. `make test` sets it.
const EnvURL = "EUPAY_TEST_DATABASE_URL"

// ServerURL returns the administrative URL of the test server. Without one the test fails: a green run that tested nothing would
// be worse.
func ServerURL(t testing.TB) string {
	t.Helper()
	u := os.Getenv(EnvURL)
	if u == "" {
		t.Fatalf("%s is not set: run `make test`, or `go run ./cmd/with-postgres go test …`", EnvURL)
	}
	return u
}

// New returns a pool on a new database with the migrated schema, and the database's URL. Both are removed after the test.
func New(t testing.TB, schema string, migrations fs.FS) (*pgxpool.Pool, string) {
	t.Helper()
	dbURL := Database(t, schema, migrations)
	pool, err := pg.Open(context.Background(), pg.Settings{URL: dbURL, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, dbURL
}

// WithoutDuplicates returns a second pool on the pool's database that fails the test if a statement violates a unique key: the
// server logs an error for each violation, which regular operation must not cause.
func WithoutDuplicates(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	cfg := pool.Config()
	cfg.ConnConfig.OnPgError = func(_ *pgconn.PgConn, err *pgconn.PgError) bool {
		if err.Code == "23505" { // unique_violation
			t.Errorf("the server has an error in its log: %s", err.Message)
		}
		return true
	}
	watched, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watched.Close)
	return watched
}

// Empty returns the URL of a new, empty database.
func Empty(t testing.TB) string {
	t.Helper()
	return create(t, "template0")
}

// Database returns the URL of a new database with the migrated schema: a copy of a template that is migrated once for each set of
// migrations.
func Database(t testing.TB, schema string, migrations fs.FS) string {
	t.Helper()
	template := "template_" + fingerprint(t, schema, migrations)
	makeTemplate(t, template, schema, migrations)
	return create(t, template)
}

// admin is the one connection of this process on which databases are created and dropped. Opening a connection for each would
// cost more than the statements. It is closed when the process ends.
var admin struct {
	sync.Mutex
	conn      *pgx.Conn
	templates map[string]bool // those that are known to exist
}

// administer runs statements on the admin connection.
func administer(t testing.TB, statements func(conn *pgx.Conn)) {
	t.Helper()
	admin.Lock()
	defer admin.Unlock()
	if admin.conn == nil || admin.conn.IsClosed() {
		conn, err := pgx.Connect(context.Background(), ServerURL(t))
		if err != nil {
			t.Fatal(err)
		}
		admin.conn, admin.templates = conn, map[string]bool{}
	}
	statements(admin.conn)
}

func makeTemplate(t testing.TB, name, schema string, migrations fs.FS) {
	t.Helper()
	administer(t, func(conn *pgx.Conn) {
		if admin.templates[name] {
			return
		}
		// Other test binaries create the same template concurrently.
		exec(t, conn, `select pg_advisory_lock(20261120)`)
		defer exec(t, conn, `select pg_advisory_unlock(20261120)`)
		var exists bool
		if err := conn.QueryRow(context.Background(), `select exists (select from pg_database where datname = $1)`, name).Scan(&exists); err != nil {
			t.Fatal(err)
		}
		if !exists {
			building := name + "_building"
			exec(t, conn, `drop database if exists `+building)
			exec(t, conn, `create database `+building+` template template0`)
			if err := pg.Migrate(context.Background(), pg.Settings{URL: replaceDatabase(t, building), Schema: schema}, migrations); err != nil {
				t.Fatal(err)
			}
			exec(t, conn, `alter database `+building+` rename to `+name)
		}
		admin.templates[name] = true
	})
}

func create(t testing.TB, template string) string {
	t.Helper()
	id := uuid.New()
	name := "test_" + hex.EncodeToString(id[:])
	// Files are copied: this takes a third of the time of copying through the write-ahead log.
	administer(t, func(conn *pgx.Conn) {
		exec(t, conn, `create database `+name+` template `+template+` strategy file_copy`)
	})
	t.Cleanup(func() {
		administer(t, func(conn *pgx.Conn) { exec(t, conn, `drop database if exists `+name+` with (force)`) })
	})
	return replaceDatabase(t, name)
}

func exec(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func replaceDatabase(t testing.TB, name string) string {
	t.Helper()
	u, err := url.Parse(ServerURL(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func fingerprint(t testing.TB, schema string, migrations fs.FS) string {
	t.Helper()
	h := fnv.New64a()
	fmt.Fprint(h, schema)
	err := fs.WalkDir(migrations, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(migrations, path)
		fmt.Fprint(h, path, len(content))
		h.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum64())
}
