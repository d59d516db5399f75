// Package roomtest has what the tests of merchants, users and API keys share: a database of their own, a clock that only the test moves,
// and looks into tables.
package roomtest

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/migrations"
)

const (
	// Secret signs login tokens.
	Secret = "a token secret for tests, long enough"
	// Password is everybody's.
	Password = "correct horse battery"
	// IBAN is that of every merchant.
	IBAN = "FR7630006000011234567890189"
	// OtherIBAN is one to change to.
	OtherIBAN = "DE89370400440532013000"
)

// Home is where everybody logs in from.
var Home = device.Device{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Firefox on the counter"}

// Clock stands still until the test moves it.
func Clock() *testclock.Clock { return testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)) }

// World is a database and a clock.
type World struct {
	Pool  *pgxpool.Pool
	Clock *testclock.Clock
}

// New returns a database with the gateway's tables, until the test ends.
func New(t testing.TB) *World {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	return &World{Pool: pool, Clock: Clock()}
}

// Exec runs a statement.
func (w *World) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := w.Pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// Strings are the first columns of what a query returns.
func (w *World) Strings(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	var list []string
	if err := w.Pool.QueryRow(context.Background(), `select coalesce(array_agg(x), '{}') from (`+sql+`) as q(x)`, args...).Scan(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

// Audited returns the actions on target in their order.
func (w *World) Audited(t testing.TB, target string) []string {
	t.Helper()
	return w.Strings(t, `select action from audit_log where target = $1 order by id`, target)
}

// Announced returns the types of the merchant's events in their order.
func (w *World) Announced(t testing.TB, merchantID string) []string {
	t.Helper()
	return w.Strings(t, `select event_type from outbox where merchant_id = $1 order by id`, merchantID)
}

// MailsOf returns the recipients of mails of one kind.
func (w *World) MailsOf(t testing.TB, kind string) []string {
	t.Helper()
	return w.Strings(t, `select recipient from mails where kind = $1 order by recipient`, kind)
}

// Begin opens a transaction that ends with the test at the latest.
func (w *World) Begin(t testing.TB) pgx.Tx {
	t.Helper()
	tx, err := w.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tx.Rollback(context.Background()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
	})
	return tx
}

// Blocked returns once somebody waits for a lock.
func (w *World) Blocked(t testing.TB) {
	t.Helper()
	Eventually(t, "somebody waits for the lock", func() bool {
		return len(w.Strings(t, `select pid::text from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)) > 0
	})
}

// WantCode wants an errs.Error with the code, and returns it.
func WantCode(t testing.TB, err error, code errs.Code) *errs.Error {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got error %v, want %s", err, code)
	}
	return e
}

// Fields are the names of the refused fields.
func Fields(err error) []string {
	var names []string
	for _, f := range errs.From(err).Fields {
		names = append(names, f.Field)
	}
	return names
}

// Eventually asks again until ok or until it has waited so long that something is broken.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal("never happened: " + what)
		case <-tick.C:
		}
	}
}
