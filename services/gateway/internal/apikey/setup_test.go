package apikey

import (
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is one replica on a database and a broker of its own.
type fixture struct {
	*roomtest.World
	Keys      *Keys
	Merchants *merchant.Merchants
	bus       *bus.Bus
}

func setup(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{World: roomtest.New(t), bus: natstest.New(t)}
	f.open(t)
	return f
}

// replica is a second process on the same database, broker and clock.
func (f *fixture) replica(t testing.TB) *fixture {
	t.Helper()
	other := &fixture{World: f.World, bus: natstest.Connect(t, f.bus.NC.ConnectedUrl())}
	other.open(t)
	return other
}

func (f *fixture) open(t testing.TB) {
	t.Helper()
	var err error
	log := slog.New(slog.DiscardHandler)
	if f.Keys, err = Open(Deps{Pool: f.Pool, NATS: f.bus.NC, Log: log, Now: f.Clock.Now, BcryptCost: bcrypt.MinCost}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Keys.Close)
	f.Merchants = merchant.New(merchant.Deps{Pool: f.Pool, Now: f.Clock.Now, Log: log, Wake: func() {}, Changed: f.Keys.Forget})
}

// merchant registers one with that email.
func (f *fixture) merchant(t testing.TB, email string) merchant.Merchant {
	t.Helper()
	m := merchant.Merchant{ID: events.NewID(), Name: "Café Noisette", IBAN: roomtest.IBAN, Email: email, CreatedAt: f.Clock.Now()}
	err := pgx.BeginFunc(t.Context(), f.Pool, func(tx pgx.Tx) error { return merchant.Register(t.Context(), tx, "user:test", &m, false) })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (f *fixture) key(t testing.TB, merchantID string) (Key, string) {
	t.Helper()
	key, secret, err := f.Keys.Create(t.Context(), "user:test", merchantID, NewKey{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

func ptr[T any](v T) *T { return &v }
