package merchant_test

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is merchants with their users on a database of its own.
type fixture struct {
	*roomtest.World
	*directory.Directory
}

func setup(t *testing.T, with ...func(*directory.Deps)) *fixture {
	t.Helper()
	f := &fixture{World: roomtest.New(t)}
	d := directory.Deps{
		Deps: user.Deps{
			Pool: f.Pool, Log: slog.New(slog.DiscardHandler), Now: f.Clock.Now, Wake: func() {}, BcryptCost: bcrypt.MinCost, TokenSecret: roomtest.Secret,
		},
		NATS: natstest.New(t).NC,
	}
	for _, change := range with {
		change(&d)
	}
	a, err := directory.Open(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	f.Directory = a
	return f
}

// merchant registers one with that email and returns it and its user.
func (f *fixture) merchant(t *testing.T, email string) (merchant.Merchant, user.Session) {
	t.Helper()
	name, iban := "Café Noisette", roomtest.IBAN
	s, err := f.Users.Register(t.Context(), user.Registration{
		Email: email, Password: roomtest.Password, Profile: merchant.Change{Name: &name, IBAN: &iban},
	}, roomtest.Home)
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
