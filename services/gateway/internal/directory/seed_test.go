package directory_test

import (
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a directory on a database and a broker of its own.
type fixture struct {
	*roomtest.World
	*directory.Directory
}

func setup(t *testing.T) *fixture {
	t.Helper()
	w := roomtest.New(t)
	d, err := directory.Open(directory.Deps{
		Deps: user.Deps{
			Pool: w.Pool, Log: slog.New(slog.DiscardHandler), Now: w.Clock.Now, Wake: func() {}, BcryptCost: bcrypt.MinCost, TokenSecret: roomtest.Secret,
		},
		NATS: natstest.New(t).NC,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return &fixture{w, d}
}

func demo() directory.Demo {
	return directory.Demo{
		Merchant: merchant.Merchant{Name: "Demo", Email: "demo@example.com", IBAN: roomtest.IBAN}, MerchantPassword: "demo-merchant-1",
		AdminEmail: "admin@example.com", AdminPassword: "demo-admin-123",
		CustomerEmail: "customer@example.com", CustomerPassword: "demo-customer-1",
		Keys: []apikey.Demo{{Public: "pk_test_demo0000", Secret: "sk_test_demo0000", PerMinute: 1_000_000}, {Public: "pk_live_demo0000", Secret: "sk_live_demo0000"}},
	}
}

func TestSeedMakesEverythingUsableAndRunsTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range 2 {
		m, err := f.Seed(t.Context(), demo())
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Keys.Authenticate(t.Context(), "pk_test_demo0000", "sk_test_demo0000", roomtest.Home.IP)
		if err != nil || got.PerMinute != 1_000_000 || got.Livemode || got.Merchant.ID != m.ID || !got.Merchant.GatewayEnabled || got.Merchant.IBAN != roomtest.IBAN {
			t.Fatalf("got %+v, %v", got, err)
		}
		if got, err := f.Keys.Authenticate(t.Context(), "pk_live_demo0000", "sk_live_demo0000", roomtest.Home.IP); err != nil || !got.Livemode {
			t.Fatalf("got %+v, %v", got, err)
		}
		for _, u := range []struct {
			email, password string
			audience        user.Audience
			role            rights.Role
		}{
			{"demo@example.com", "demo-merchant-1", user.Portal, rights.RoleMerchant},
			{"admin@example.com", "demo-admin-123", user.Portal, rights.RoleAdmin},
			{"customer@example.com", "demo-customer-1", user.Customer, rights.RoleCustomer},
		} {
			if s, err := f.Users.Login(t.Context(), u.email, u.password, u.audience, roomtest.Home); err != nil || s.Role != u.role {
				t.Fatalf("%s: %+v, %v", u.email, s, err)
			}
		}
	}
	if n := f.Strings(t, `select id::text from users union all select id::text from merchants union all select id::text from api_keys union all select id::text from api_key_secrets`); len(n) != 3+1+2+2 {
		t.Fatalf("%d rows after the second run", len(n))
	}
}

func TestSeedRestoresTheGivenCredentials(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, err := f.Seed(t.Context(), demo())
	if err != nil {
		t.Fatal(err)
	}
	key, err := f.Keys.Authenticate(t.Context(), "pk_test_demo0000", "sk_test_demo0000", roomtest.Home.IP)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Merchants.Enable(t.Context(), "user:x", m.ID, false, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Keys.Authenticate(t.Context(), key.Public, "sk_test_demo0000", roomtest.Home.IP); !errs.Is(err, errs.InvalidAPIKey) {
		t.Fatal(err)
	}
	d := demo()
	d.MerchantPassword = "another password"
	if _, err := f.Seed(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Keys.Authenticate(t.Context(), key.Public, "sk_test_demo0000", roomtest.Home.IP); err != nil || !got.Merchant.GatewayEnabled {
		t.Fatalf("got %+v, %v", got, err)
	}
	if _, err := f.Users.Login(t.Context(), "demo@example.com", "another password", user.Portal, roomtest.Home); err != nil {
		t.Fatal(err)
	}
}

// A given secret that is on its way out, or a key that was asked for too early, must work for good after the seed.
func TestSeedMakesTheGivenSecretCurrent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := f.Keys.Authenticate(t.Context(), "pk_test_demo0000", "sk_test_demo0000", roomtest.Home.IP)
	roomtest.WantCode(t, err, errs.InvalidAPIKey)
	m, err := f.Seed(t.Context(), demo())
	if err != nil {
		t.Fatal(err)
	}
	key, err := f.Keys.Authenticate(t.Context(), "pk_test_demo0000", "sk_test_demo0000", roomtest.Home.IP)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seed(t.Context(), demo()); err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(2 * time.Hour)
	if _, err := f.Keys.Authenticate(t.Context(), key.Public, "sk_test_demo0000", roomtest.Home.IP); err != nil {
		t.Fatal(err)
	}
}

func TestSeedTakesNothingFromOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	name := "Shop"
	_, err := f.Users.Register(t.Context(), user.Registration{
		Email: "admin@example.com", Password: roomtest.Password, Profile: merchant.Change{Name: &name},
	}, roomtest.Home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seed(t.Context(), demo()); err == nil {
		t.Fatal("a merchant became an admin")
	}
	if _, total, err := f.Merchants.List(t.Context(), 1, 10); err != nil || total != 1 {
		t.Fatalf("the failed seed left %d merchants, %v", total, err)
	}
	d := demo()
	d.AdminEmail, d.Keys = "", []apikey.Demo{{Public: "pk_test_demo0000", Secret: "sk_live_demo0000"}}
	if _, err := f.Seed(t.Context(), d); err == nil {
		t.Fatal("a live secret for a test key")
	}
}
