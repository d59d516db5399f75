package user

import (
	"slices"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestRegisteringMakesMerchantAndUserTogether(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, s := f.merchant(t, "Shop@Example.com")
	if s.Role != rights.RoleMerchant || s.MerchantID != m.ID || s.ExpiresIn != 15*time.Minute || m.Email != "shop@example.com" || m.GatewayEnabled {
		t.Fatalf("session %+v of %+v", s, m)
	}
	name := "Second"
	_, err := f.Users.Register(t.Context(), Registration{Email: "SHOP@example.COM", Password: roomtest.Password, Profile: merchant.Change{Name: &name}}, roomtest.Home)
	roomtest.WantCode(t, err, errs.AlreadyExists)
	if _, total, err := f.Merchants.List(t.Context(), 1, 10); err != nil || total != 1 {
		t.Fatalf("a refused registration left a merchant: %d, %v", total, err)
	}
	if got := f.Announced(t, m.ID); !slices.Equal(got, []string{"merchant.registered"}) {
		t.Fatalf("announced %v", got)
	}
	if _, err := f.login(t, " SHOP@EXAMPLE.COM ", roomtest.Password); err != nil {
		t.Fatal(err)
	}
}

// Somebody who registers twice is no reason for an error in the database's log.
func TestAnAddressThatIsTakenIsNoErrorOfTheDatabase(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Pool = pgtest.WithoutDuplicates(t, f.Pool)
	f.open(t)
	m, _ := f.merchant(t, "shop@example.com")
	name := "Second"
	for _, again := range []func() error{
		func() error {
			_, err := f.Users.Register(t.Context(), Registration{Email: "SHOP@example.com", Password: roomtest.Password, Profile: merchant.Change{Name: &name}}, roomtest.Home)
			return err
		},
		func() error {
			_, err := f.Users.RegisterCustomer(t.Context(), "shop@example.com", roomtest.Password, name, roomtest.Home)
			return err
		},
		func() error {
			_, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "shop@example.com", Password: roomtest.Password, Role: rights.RoleStaff}, roomtest.Home)
			return err
		},
		func() error {
			return insertUser(t.Context(), f.Pool, User{ID: m.ID, Email: "shop@example.com", Role: rights.RoleCustomer, CreatedAt: f.Clock.Now()})
		},
	} {
		roomtest.WantCode(t, again(), errs.AlreadyExists)
	}
	waits := User{ID: m.ID, Email: "shop@example.com", Role: rights.RoleCustomer, CreatedAt: f.Clock.Now(), Unverified: true}
	if err := insertUser(t.Context(), f.Pool, waits); err != nil {
		t.Fatal(err) // several may wait for an address
	}
	roomtest.WantCode(t, markVerified(t.Context(), f.Pool, waits), errs.AlreadyExists)
}

func TestRefusedRegistrations(t *testing.T) {
	t.Parallel()
	f := setup(t)
	cases := map[string]struct {
		reg    Registration
		fields []string
	}{
		"nothing":        {Registration{}, []string{"email", "password", "name"}},
		"short password": {Registration{Email: "a@example.com", Password: "12345678901", Profile: merchant.Change{Name: ptr("x")}}, []string{"password"}},
		"long password":  {Registration{Email: "a@example.com", Password: strings.Repeat("é", 37), Profile: merchant.Change{Name: ptr("x")}}, []string{"password"}},
		"bad IBAN":       {Registration{Email: "a@example.com", Password: roomtest.Password, Profile: merchant.Change{Name: ptr("x"), IBAN: ptr("FR00")}}, []string{"iban"}},
	}
	for name, c := range cases {
		_, err := f.Users.Register(t.Context(), c.reg, roomtest.Home)
		if roomtest.WantCode(t, err, errs.ValidationError); !slices.Equal(roomtest.Fields(err), c.fields) {
			t.Errorf("%s: refused %v", name, roomtest.Fields(err))
		}
	}
}

func TestTeam(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	other, _ := f.merchant(t, "other@example.com")
	f.Clock.Advance(time.Second)
	member, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "Tim@example.com", Password: roomtest.Password, Name: "Tim", Role: rights.RoleStaff}, roomtest.Home)
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.login(t, "tim@example.com", roomtest.Password)
	if err != nil || s.Role != rights.RoleStaff || s.MerchantID != m.ID {
		t.Fatalf("got %+v, %v", s, err)
	}
	list, total, err := f.Users.Team(t.Context(), m.ID, 1, 10)
	if err != nil || total != 2 || list[1].ID != member.ID {
		t.Fatalf("got %+v, %v", list, err)
	}
	if _, total, err := f.Users.Team(t.Context(), other.ID, 1, 10); err != nil || total != 1 {
		t.Fatalf("the other team has %d, %v", total, err)
	}
	for _, role := range []rights.Role{rights.RoleMerchant, rights.RoleAdmin, rights.RoleCustomer, "", "root"} {
		_, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "x@example.com", Password: roomtest.Password, Role: role}, roomtest.Home)
		if roomtest.WantCode(t, err, errs.ValidationError); !slices.Equal(roomtest.Fields(err), []string{"role"}) {
			t.Errorf("%q: refused %v", role, roomtest.Fields(err))
		}
	}
	_, err = f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "OTHER@example.com", Password: roomtest.Password, Role: rights.RoleStaff}, roomtest.Home)
	roomtest.WantCode(t, err, errs.AlreadyExists)
}

// The database itself refuses an admin with a merchant and a member without one.
func TestRoleFitsMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	for i, u := range []User{{Role: rights.RoleAdmin, MerchantID: m.ID}, {Role: rights.RoleCustomer, MerchantID: m.ID}, {Role: rights.RoleStaff}, {Role: "root"}} {
		u.ID, u.Email = "00000000-0000-0000-0000-000000000001", "a@example.com"
		if err := insertUser(t.Context(), f.Pool, u); err == nil {
			t.Errorf("user %d was stored", i)
		}
	}
}

// What must be refused in any case is refused before bcrypt, for which others wait.
func TestWhatIsRefusedAnywayCostsNoHash(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "owner@example.com")
	f.Users.hasher.Turns.Close()
	invite := func(email string) error {
		_, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: email, Password: roomtest.Password, Role: rights.RoleStaff}, roomtest.Home)
		return err
	}
	roomtest.WantCode(t, invite("new@example.com"), errs.Unavailable)
	roomtest.WantCode(t, invite("Owner@example.com"), errs.AlreadyExists)
	f.Exec(t, `insert into users (id, email, password_hash, role, merchant_id, created_at)
		select gen_random_uuid(), 'm' || n || '@example.com', '', 'staff', $1, now() from generate_series(2, $2::int) n`, m.ID, maxTeam)
	roomtest.WantCode(t, invite("new@example.com"), errs.InvalidState)
}
