package account

import (
	"slices"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
)

func TestRegisteringMakesMerchantAndUserTogether(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, s := f.merchant(t, "Shop@Example.com")
	if s.Role != RoleMerchant || s.MerchantID != m.ID || s.ExpiresIn != 15*time.Minute || m.Email != "shop@example.com" || m.GatewayEnabled {
		t.Fatalf("session %+v of %+v", s, m)
	}
	name := "Second"
	_, err := f.Users.Register(t.Context(), Registration{Email: "SHOP@example.COM", Password: testPassword, Profile: MerchantChange{Name: &name}}, home)
	wantCode(t, err, errs.AlreadyExists)
	if _, total, err := f.Merchants.List(t.Context(), 1, 10); err != nil || total != 1 {
		t.Fatalf("a refused registration left a merchant: %d, %v", total, err)
	}
	if got := f.announced(t, m.ID); !slices.Equal(got, []string{"merchant.registered"}) {
		t.Fatalf("announced %v", got)
	}
	if _, err := f.login(t, " SHOP@EXAMPLE.COM ", testPassword); err != nil {
		t.Fatal(err)
	}
}

// Somebody who registers twice is no reason for an error in the database's log.
func TestAnAddressThatIsTakenIsNoErrorOfTheDatabase(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.pool = pgtest.WithoutDuplicates(t, f.pool)
	f.Accounts = open(t, f)
	m, _ := f.merchant(t, "shop@example.com")
	name := "Second"
	for _, again := range []func() error{
		func() error {
			_, err := f.Users.Register(t.Context(), Registration{Email: "SHOP@example.com", Password: testPassword, Profile: MerchantChange{Name: &name}}, home)
			return err
		},
		func() error {
			_, err := f.Users.RegisterCustomer(t.Context(), "shop@example.com", testPassword, name, home)
			return err
		},
		func() error {
			_, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "shop@example.com", Password: testPassword, Role: RoleStaff}, home)
			return err
		},
		func() error {
			return insertUser(t.Context(), f.pool, User{ID: m.ID, Email: "shop@example.com", Role: RoleCustomer, CreatedAt: f.clock.Now()})
		},
	} {
		wantCode(t, again(), errs.AlreadyExists)
	}
	waits := User{ID: m.ID, Email: "shop@example.com", Role: RoleCustomer, CreatedAt: f.clock.Now(), Unverified: true}
	if err := insertUser(t.Context(), f.pool, waits); err != nil {
		t.Fatal(err) // several may wait for an address
	}
	wantCode(t, markVerified(t.Context(), f.pool, waits), errs.AlreadyExists)
}

func TestRefusedRegistrations(t *testing.T) {
	t.Parallel()
	f := setup(t)
	cases := map[string]struct {
		reg    Registration
		fields []string
	}{
		"nothing":        {Registration{}, []string{"email", "password", "name"}},
		"short password": {Registration{Email: "a@example.com", Password: "12345678901", Profile: MerchantChange{Name: ptr("x")}}, []string{"password"}},
		"long password":  {Registration{Email: "a@example.com", Password: strings.Repeat("é", 37), Profile: MerchantChange{Name: ptr("x")}}, []string{"password"}},
		"bad IBAN":       {Registration{Email: "a@example.com", Password: testPassword, Profile: MerchantChange{Name: ptr("x"), IBAN: ptr("FR00")}}, []string{"iban"}},
	}
	for name, c := range cases {
		_, err := f.Users.Register(t.Context(), c.reg, home)
		if wantCode(t, err, errs.ValidationError); !slices.Equal(fieldsOf(err), c.fields) {
			t.Errorf("%s: refused %v", name, fieldsOf(err))
		}
	}
}

func TestTeam(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	other, _ := f.merchant(t, "other@example.com")
	f.clock.Advance(time.Second)
	member, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "Tim@example.com", Password: testPassword, Name: "Tim", Role: RoleStaff}, home)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.login(t, "tim@example.com", testPassword)
	if err != nil || s.Role != RoleStaff || s.MerchantID != m.ID {
		t.Fatalf("got %+v, %v", s, err)
	}
	list, total, err := f.Users.Team(t.Context(), m.ID, 1, 10)
	if err != nil || total != 2 || list[1].ID != member.ID {
		t.Fatalf("got %+v, %v", list, err)
	}
	if _, total, err := f.Users.Team(t.Context(), other.ID, 1, 10); err != nil || total != 1 {
		t.Fatalf("the other team has %d, %v", total, err)
	}
	for _, role := range []Role{RoleMerchant, RoleAdmin, RoleCustomer, "", "root"} {
		_, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "x@example.com", Password: testPassword, Role: role}, home)
		if wantCode(t, err, errs.ValidationError); !slices.Equal(fieldsOf(err), []string{"role"}) {
			t.Errorf("%q: refused %v", role, fieldsOf(err))
		}
	}
	_, err = f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "OTHER@example.com", Password: testPassword, Role: RoleStaff}, home)
	wantCode(t, err, errs.AlreadyExists)
}

// The database itself refuses an admin with a merchant and a member without one.
func TestRoleFitsMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	for i, u := range []User{{Role: RoleAdmin, MerchantID: m.ID}, {Role: RoleCustomer, MerchantID: m.ID}, {Role: RoleStaff}, {Role: "root"}} {
		u.ID, u.Email = "00000000-0000-0000-0000-000000000001", "a@example.com"
		if err := insertUser(t.Context(), f.pool, u); err == nil {
			t.Errorf("user %d was stored", i)
		}
	}
}

// What must be refused in any case is refused before bcrypt, for which others wait.
func TestWhatIsRefusedAnywayCostsNoHash(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "owner@example.com")
	key, _ := f.key(t, m.ID)
	for range maxOldSecrets {
		if _, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	revoked, _ := f.key(t, m.ID)
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, revoked.ID); err != nil {
		t.Fatal(err)
	}
	fill(f.Users.hasher.turns)
	fill(f.Keys.hasher.turns)
	invite := func(email string) error {
		_, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: email, Password: testPassword, Role: RoleStaff}, home)
		return err
	}
	wantCode(t, invite("new@example.com"), errs.Unavailable)
	wantCode(t, invite("Owner@example.com"), errs.AlreadyExists)
	f.exec(t, `insert into users (id, email, password_hash, role, merchant_id, created_at)
		select gen_random_uuid(), 'm' || n || '@example.com', '', 'staff', $1, now() from generate_series(2, $2::int) n`, m.ID, maxTeam)
	wantCode(t, invite("new@example.com"), errs.InvalidState)

	_, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour)
	wantCode(t, err, errs.InvalidState)
	_, _, err = f.Keys.Rotate(t.Context(), "user:x", m.ID, revoked.ID, 0)
	wantCode(t, err, errs.InvalidState)
	f.exec(t, `insert into api_keys (id, merchant_id, public, livemode, name, scopes, per_minute, created_at)
		select gen_random_uuid(), $1, 'pk_test_' || n, false, 'Shop', '{}', 1, now() from generate_series(2, $2::int) n`, m.ID, maxKeys)
	_, _, err = f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "One more"})
	wantCode(t, err, errs.InvalidState)
}

func (f *fixture) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := f.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
