package account

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is one replica on a database and a broker of its own.
type fixture struct {
	*Accounts
	*roomtest.World
	bus *bus.Bus
	// attempts counts logins for all replicas.
	attempts ratelimit.Limiter
}

func setup(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{World: roomtest.New(t), bus: natstest.New(t)}
	f.attempts = ratelimit.NewMemoryOver(f.Clock.Now, attempts.Span)
	f.Accounts = open(t, f)
	return f
}

// replica is a second process on the same database, broker and clock.
func (f *fixture) replica(t testing.TB) *fixture {
	t.Helper()
	other := &fixture{World: f.World, bus: natstest.Connect(t, f.bus.NC.ConnectedUrl()), attempts: f.attempts}
	other.Accounts = open(t, other)
	return other
}

func open(t testing.TB, f *fixture) *Accounts {
	t.Helper()
	a, err := Open(Deps{
		Pool: f.Pool, NATS: f.bus.NC, Log: slog.New(slog.DiscardHandler), Now: f.Clock.Now, Wake: func() {},
		BcryptCost: bcrypt.MinCost, TokenSecret: roomtest.Secret, AttemptsPerIP: 40, Attempts: f.attempts,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// merchant registers one with that email and returns it and its user.
func (f *fixture) merchant(t testing.TB, email string) (merchant.Merchant, Session) {
	t.Helper()
	name, iban := "Café Noisette", roomtest.IBAN
	s, err := f.Users.Register(t.Context(), Registration{Email: email, Password: roomtest.Password, Profile: merchant.Change{Name: &name, IBAN: &iban}}, roomtest.Home)
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Merchants.Get(t.Context(), s.MerchantID)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func ptr[T any](v T) *T { return &v }
