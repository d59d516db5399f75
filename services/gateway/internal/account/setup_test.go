package account

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSecret   = "a token secret for tests, long enough"
	testPassword = "correct horse battery"
	testIBAN     = "FR7630006000011234567890189"
)

var home = Device{IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Firefox on the counter"}

func newClock() *testclock.Clock { return testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)) }

// fixture is one replica on a database and a broker of its own.
type fixture struct {
	*Accounts
	pool  *pgxpool.Pool
	bus   *bus.Bus
	clock *testclock.Clock
	// attempts counts logins for all replicas.
	attempts ratelimit.Limiter
}

func setup(t testing.TB) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	f := &fixture{pool: pool, bus: natstest.New(t), clock: newClock()}
	f.attempts = ratelimit.NewMemoryOver(f.clock.Now, AttemptSpan)
	f.Accounts = open(t, f)
	return f
}

// replica is a second process on the same database, broker and clock.
func (f *fixture) replica(t testing.TB) *fixture {
	t.Helper()
	other := &fixture{pool: f.pool, bus: natstest.Connect(t, f.bus.NC.ConnectedUrl()), clock: f.clock, attempts: f.attempts}
	other.Accounts = open(t, other)
	return other
}

func open(t testing.TB, f *fixture) *Accounts {
	t.Helper()
	a, err := Open(Deps{
		Pool: f.pool, NATS: f.bus.NC, Log: slog.New(slog.DiscardHandler), Now: f.clock.Now, Wake: func() {},
		BcryptCost: bcrypt.MinCost, TokenSecret: testSecret, AttemptsPerIP: 40, Attempts: f.attempts,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// merchant registers one with that email and returns it and its user.
func (f *fixture) merchant(t testing.TB, email string) (Merchant, Session) {
	t.Helper()
	name, iban := "Café Noisette", testIBAN
	s, err := f.Users.Register(t.Context(), Registration{Email: email, Password: testPassword, Profile: MerchantChange{Name: &name, IBAN: &iban}}, home)
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Merchants.Get(t.Context(), s.MerchantID)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func (f *fixture) key(t testing.TB, merchantID string) (Key, string) {
	t.Helper()
	key, secret, err := f.Keys.Create(t.Context(), "user:test", merchantID, NewKey{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

// audited returns the actions on target in their order.
func (f *fixture) audited(t testing.TB, target string) []string {
	t.Helper()
	return f.strings(t, `select action from audit_log where target = $1 order by id`, target)
}

// announced returns the types of the merchant's events in their order.
func (f *fixture) announced(t testing.TB, merchantID string) []string {
	t.Helper()
	return f.strings(t, `select event_type from outbox where merchant_id = $1 order by id`, merchantID)
}

func (f *fixture) strings(t testing.TB, sql string, args ...any) []string {
	t.Helper()
	var list []string
	if err := f.pool.QueryRow(context.Background(), `select coalesce(array_agg(x), '{}') from (`+sql+`) as q(x)`, args...).Scan(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

func (f *fixture) begin(t testing.TB) pgx.Tx {
	t.Helper()
	tx, err := f.pool.Begin(t.Context())
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

// blocked returns once somebody waits for a lock.
func (f *fixture) blocked(t testing.TB) {
	t.Helper()
	eventually(t, "somebody waits for the lock", func() bool {
		return len(f.strings(t, `select pid::text from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)) > 0
	})
}

func wantCode(t testing.TB, err error, code errs.Code) *errs.Error {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got error %v, want %s", err, code)
	}
	return e
}

func fieldsOf(err error) []string {
	var names []string
	for _, f := range errs.From(err).Fields {
		names = append(names, f.Field)
	}
	return names
}

// eventually asks again until ok or until it has waited so long that something is broken.
func eventually(t testing.TB, what string, ok func() bool) {
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

func ptr[T any](v T) *T { return &v }
