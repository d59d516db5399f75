package user

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is one replica on a database of its own.
type fixture struct {
	*roomtest.World
	Users     *Users
	Tokens    *Tokens
	Merchants *merchant.Merchants
	// attempts counts logins for all replicas.
	attempts ratelimit.Limiter
}

func setup(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{World: roomtest.New(t)}
	f.attempts = ratelimit.NewMemoryOver(f.Clock.Now, attempts.Span)
	f.open(t)
	return f
}

// replica is a second process on the same database and clock.
func (f *fixture) replica(t testing.TB) *fixture {
	t.Helper()
	other := &fixture{World: f.World, attempts: f.attempts}
	other.open(t)
	return other
}

func (f *fixture) open(t testing.TB) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	var err error
	f.Users, err = New(Deps{
		Pool: f.Pool, Log: log, Now: f.Clock.Now, Wake: func() {}, BcryptCost: bcrypt.MinCost, TokenSecret: roomtest.Secret,
		AttemptsPerIP: 40, Attempts: f.attempts,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Tokens = f.Users.Tokens()
	f.Merchants = merchant.New(merchant.Deps{Pool: f.Pool, Log: log, Now: f.Clock.Now, Wake: func() {}, Changed: func(string) {}})
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
