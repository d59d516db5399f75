package pg_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgbouncertest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
)

// pooled is a database, and the same one behind a PgBouncer.
type pooled struct{ direct, through string }

func newPooled(t *testing.T, o pgbouncertest.Options) pooled {
	t.Helper()
	p := pooled{direct: pgtest.Empty(t)}
	u, err := url.Parse(p.direct)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	o.Server, o.Passwords = p.direct, map[string]string{u.User.Username(): password}
	u.Host = pgbouncertest.Start(t, o)
	p.through = u.String()
	return p
}

// ofRole makes the schema the one of the database's connections, as eupayctl database prepare does for a role.
func (p pooled) ofRole(t *testing.T, schema string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), p.direct)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	if _, err := db.Exec(t.Context(), fmt.Sprintf(`create schema %s; do $$ begin execute format('alter database %%I set search_path = %[1]s', current_database()); end $$`, schema)); err != nil {
		t.Fatal(err)
	}
}

func openPool(t *testing.T, s pg.Settings) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// TestBehindAPoolerInTransactionModeStatementsFindTheirConnection: the second of two replicas did not start, because a statement
// that one connection of the server had prepared was executed on another.
func TestBehindAPoolerInTransactionModeStatementsFindTheirConnection(t *testing.T) {
	t.Parallel()
	p := newPooled(t, pgbouncertest.Options{Mode: "transaction", PoolSize: 3})
	p.ofRole(t, "sample")
	s := pg.Settings{URL: p.through, Schema: "sample", MaxConns: 6, Pooled: true, DirectURL: p.direct}
	files := fstest.MapFS{"0001_t.sql": {Data: []byte("-- +goose Up\ncreate table t (id int primary key, at timestamptz, tags text[], body jsonb);\n")}}
	replicas := []*pgxpool.Pool{openPool(t, s), openPool(t, s)}
	ended := make(chan error, 64)
	for range replicas {
		go func() { ended <- pg.Migrate(t.Context(), s, files) }() // both at once
	}
	for range replicas {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	for i, pool := range replicas {
		if err := pg.Check(t.Context(), pool, s); err != nil {
			t.Fatalf("replica %d: %v", i, err)
		}
	}
	for w := range cap(ended) {
		go func() { ended <- useSession(t.Context(), replicas[w%2], w) }()
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	var n int
	if err := replicas[0].QueryRow(t.Context(), `select count(*) from sample.t where tags = '{a,b}'`).Scan(&n); err != nil || n != cap(ended) {
		t.Errorf("%d rows, %v", n, err)
	}
}

// useSession does in all forms what a service does: a statement, a batch, a transaction.
func useSession(ctx context.Context, pool *pgxpool.Pool, id int) error {
	if _, err := pool.Exec(ctx, `insert into t values ($1, now(), $2, $3)`, id, []string{"a", "b"}, map[string]int{"n": id}); err != nil {
		return fmt.Errorf("statement: %w", err)
	}
	b := &pgx.Batch{}
	b.Queue(`select id from t where id = any($1)`, []int32{int32(id)})
	b.Queue(`update t set at = now() where id = $1`, id)
	if err := pool.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, id%3); err != nil {
			return err
		}
		var got int
		return tx.QueryRow(ctx, `select (body ->> 'n')::int from t where id = $1 for update`, id).Scan(&got)
	})
}

// TestTheStartSaysWhatIsWrongWithThePooler, instead of failing later at any statement.
func TestTheStartSaysWhatIsWrongWithThePooler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		pooler pgbouncertest.Options
		pooled bool
		role   string // the schema that the role uses
		want   string // empty: all is well
	}{
		"transaction mode, and not told":             {pgbouncertest.Options{Mode: "transaction", PoolSize: 5, Ignore: "search_path"}, false, "sample", "EUPAY_DATABASE_POOLING=transaction"},
		"transaction mode, search_path refused":      {pgbouncertest.Options{Mode: "transaction", PoolSize: 5}, false, "sample", "EUPAY_DATABASE_POOLING=transaction"},
		"transaction mode, another schema":           {pgbouncertest.Options{Mode: "transaction", PoolSize: 5}, true, "other", "eupayctl database prepare"},
		"transaction mode":                           {pgbouncertest.Options{Mode: "transaction", PoolSize: 5}, true, "sample", ""},
		"session mode, the role names the schema":    {pgbouncertest.Options{Mode: "session", PoolSize: 5, Ignore: "search_path"}, false, "sample", ""},
		"session mode, nobody names the schema":      {pgbouncertest.Options{Mode: "session", PoolSize: 5, Ignore: "search_path"}, false, "other", "eupayctl database prepare"},
		"session mode, and search_path is forbidden": {pgbouncertest.Options{Mode: "session", PoolSize: 5}, false, "sample", "ignore_startup_parameters"},
	} {
		p := newPooled(t, c.pooler)
		p.ofRole(t, c.role)
		s := pg.Settings{URL: p.through, Schema: "sample", MaxConns: 3, PlainStartup: true, Pooled: c.pooled, DirectURL: p.direct}
		err := pg.Check(t.Context(), openPool(t, s), s)
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || pg.IsUnreachable(err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADatabaseWithoutConnectionsIsExplained(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("migrate: %w", &pgconn.PgError{Code: "53300", Message: "sorry, too many clients already"})
	got := pg.Explain(full)
	if !errors.Is(got, full) || !strings.Contains(got.Error(), "EUPAY_DATABASE_CONNS") || !pg.IsUnreachable(got) {
		t.Errorf("got %v", got)
	}
	for _, code := range []string{"26000", "42P05"} {
		err := &pgconn.PgError{Code: code}
		if got := pg.Explain(err); !strings.Contains(got.Error(), "EUPAY_DATABASE_POOLING") || !pg.IsInfrastructure(got) || pg.IsData(got) {
			t.Errorf("%s: %v", code, got)
		}
	}
	if other := errors.New("x"); !errors.Is(pg.Explain(other), other) || pg.Explain(nil) != nil {
		t.Error("other errors are changed")
	}
}
