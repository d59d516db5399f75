package pg_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
)

func TestInfrastructureErrorsAreRecognised(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]bool{
		&pgconn.PgError{Code: "40P01"}: true, &pgconn.PgError{Code: "40001"}: true, &pgconn.PgError{Code: "53300"}: true, &pgconn.PgError{Code: "53100"}: true,
		&pgconn.PgError{Code: "57P03"}: true, &pgconn.PgError{Code: "57P01"}: true, &pgconn.PgError{Code: "57014"}: true, &pgconn.PgError{Code: "55P03"}: true,
		&pgconn.PgError{Code: "25006"}: true, &pgconn.PgError{Code: "08006"}: true, &pgconn.PgError{Code: "58030"}: true, &pgconn.PgError{Code: "28P01"}: true,
		&pgconn.PgError{Code: "23505"}: false, &pgconn.PgError{Code: "22P02"}: false, &pgconn.PgError{Code: "42P08"}: false, errors.New("no such merchant"): false,
		context.DeadlineExceeded: true, context.Canceled: true, &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}: true,
		errors.New("closed pool"): true, &pgconn.PgError{}: false,
	} {
		if got := pg.IsInfrastructure(fmt.Errorf("apply: %w", err)); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
	for code, want := range map[string]bool{"22P02": true, "23505": true, "25006": false, "42P01": false, "P0001": false} {
		if got := pg.IsData(&pgconn.PgError{Code: code}); got != want {
			t.Errorf("%s is data: %v", code, got)
		}
	}
}

// TestAConnectionToADemotedPrimaryIsDropped: it would refuse every write until the process ends.
func TestAConnectionToADemotedPrimaryIsDropped(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), pg.Settings{URL: pgtest.Empty(t), Schema: "public", MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	exec := func(sql string) error { _, err := pool.Exec(t.Context(), sql); return err }
	if err := exec(`set default_transaction_read_only = on`); err != nil { // of this one connection
		t.Fatal(err)
	}
	var pgErr *pgconn.PgError
	if err := exec(`create table t (id int)`); !errors.As(err, &pgErr) || pgErr.Code != "25006" {
		t.Fatalf("got %v", err)
	}
	if err := exec(`create table t (id int)`); err != nil {
		t.Errorf("the connection is used again: %v", err)
	}
}

// TestOnlyAServerThatAcceptsWritesIsUsed: of two hosts in a URL it is the primary, not the first that answers.
func TestOnlyAServerThatAcceptsWritesIsUsed(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	admin, err := pg.Open(t.Context(), pg.Settings{URL: url, Schema: "public"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	if _, err := admin.Exec(t.Context(), `do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$`); err != nil {
		t.Fatal(err)
	}
	for suffix, want := range map[string]bool{"": false, "any": true} {
		s := pg.Settings{URL: url, Schema: "public"}
		if suffix != "" {
			s.URL = withParameter(url, "target_session_attrs="+suffix)
		}
		pool, err := pg.Open(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		err = pool.Ping(t.Context())
		pool.Close()
		if (err == nil) != want || err != nil && !pg.IsInfrastructure(err) {
			t.Errorf("target_session_attrs %q: %v", suffix, err)
		}
	}
}

// TestTheServerDetectsAVanishedClient: otherwise it keeps our locks and leases for two hours.
func TestTheServerDetectsAVanishedClient(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	for plain, want := range map[bool]string{false: "3/2/2/8000", true: "7200/75/9/0"} {
		pool, err := pg.Open(t.Context(), pg.Settings{URL: url, Schema: "public", PlainStartup: plain})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		var got string
		err = pool.QueryRow(t.Context(), `select string_agg(setting, '/' order by position) from pg_settings join unnest(array['tcp_keepalives_idle',
			'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout']) with ordinality as w(name, position) using (name)`).Scan(&got)
		if err != nil || got != want {
			t.Errorf("plain %v: %s, %v", plain, got, err)
		}
	}
}

// TestATransactionWhoseClientHasVanishedIsEnded: it kept its locks, and the process that took over waited for them. When the network is
// cut behind a proxy, the server still sees a healthy connection on which no statement comes.
func TestATransactionWhoseClientHasVanishedIsEnded(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), pg.Settings{URL: pgtest.Empty(t), Schema: "public"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), `create table t (id int)`); err != nil {
		t.Fatal(err)
	}
	silent, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := silent.Exec(t.Context(), `lock table t`); err != nil {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := pool.Exec(limit, `insert into t values (1)`); err != nil {
		t.Errorf("the lock is still there: %v", err)
	}
	if err := silent.Commit(t.Context()); err == nil || !pg.IsInfrastructure(err) {
		t.Errorf("the transaction ended with %v", err)
	}
}

func withParameter(url, parameter string) string {
	for _, c := range url {
		if c == '?' {
			return url + "&" + parameter
		}
	}
	return url + "?" + parameter
}
