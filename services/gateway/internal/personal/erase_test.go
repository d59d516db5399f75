package personal

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/privacytest"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

// fixture is a gateway's database with its users.
type fixture struct {
	*roomtest.World
	*privacytest.Desk
	users *user.Users
}

func setup(t *testing.T) *fixture {
	t.Helper()
	t.Parallel()
	w := roomtest.New(t)
	users, err := user.New(user.Deps{
		Pool: w.Pool, Log: slog.New(slog.DiscardHandler), Now: w.Clock.Now, Wake: func() {}, BcryptCost: bcrypt.MinCost, TokenSecret: roomtest.Secret,
		AttemptsPerIP: 40, Attempts: ratelimit.NewMemoryOver(w.Clock.Now, attempts.Span),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{w, privacytest.NewDesk(t, Room(), w.Pool, nil, w.Clock.Now()), users}
}

// id is that of the user with the address.
func (f *fixture) id(t *testing.T, email string) string {
	t.Helper()
	ids := f.Strings(t, `select id::text from users where lower(email) = $1`, email)
	if len(ids) != 1 {
		t.Fatalf("%s has the ids %q", email, ids)
	}
	return ids[0]
}

func known(email string) *privacyv1.Subject { return &privacyv1.Subject{Emails: []string{email}} }

var phone = device.Device{IP: netip.MustParseAddr("198.51.100.7"), UserAgent: "Phone/1"}

func TestACustomerIsForgottenAndTheLogKeepsWhatHappened(t *testing.T) {
	f := setup(t)
	if _, err := f.users.RegisterCustomer(t.Context(), "Jane@Example.com", roomtest.Password, "Jane Doe", phone); err != nil {
		t.Fatal(err)
	}
	id := f.id(t, "jane@example.com")
	if _, err := f.users.Login(t.Context(), "jane@example.com", roomtest.Password, user.Customer, phone); err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `update users set email = 'Jane@Example.com'`) // as earlier versions may have stored it
	f.Exec(t, `insert into ticket_mails select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), true, sha256(a::bytea), now()
		from unnest(array['jane@example.com', 'bob@example.com']) a`)
	logged := f.Audited(t, id)
	who := f.Resolve(known("jane@example.com"))
	if !slices.Equal(who.GetCustomers(), []string{id}) {
		t.Fatalf("Jane is known by %v", who)
	}
	found := f.Find(who)
	if len(found["users"]) != 1 || found["users"][0]["name"] != "Jane Doe" || len(found["sessions"]) != 2 || found["sessions"][0]["ip"] != "198.51.100.7" {
		t.Errorf("found %v", found)
	}
	if len(found["ticket_mails"]) != 1 {
		t.Errorf("the tickets sent to her are %v", found["ticket_mails"])
	}
	if found["audit_log"] == nil {
		t.Error("the logins are not found")
	}
	if elsewhere := f.Find(&privacyv1.Subject{Customers: []string{id}, MerchantId: "0190a000-0000-7000-8000-000000000009"}); len(elsewhere) != 0 {
		t.Errorf("a merchant's request finds the account of the app: %v", elsewhere)
	}
	f.MustErase(who)
	if left := f.Find(who); len(left) != 0 {
		t.Errorf("what stays is %v", left)
	}
	for _, c := range f.MustErase(who) {
		if c.GetErased() != 0 {
			t.Errorf("a second erasure erases %v", c)
		}
	}
	if now := f.Audited(t, id); !slices.Equal(logged, now) {
		t.Errorf("the log had %q and has %q", logged, now)
	}
	if all := f.Strings(t, `select coalesce(string_agg(detail::text, ''), '') from audit_log`); strings.Contains(all[0], "198.51.100.7") {
		t.Errorf("the log still says from where: %q", all)
	}
	if _, err := f.users.Login(t.Context(), "jane@example.com", roomtest.Password, user.Customer, phone); err == nil {
		t.Error("the account can still be used")
	}
	if _, err := f.users.RegisterCustomer(t.Context(), "jane@example.com", roomtest.Password, "Jane", phone); err != nil {
		t.Errorf("the address cannot be used again: %v", err)
	}
}

func TestWhoWorksForAMerchantIsRemovedFirst(t *testing.T) {
	f := setup(t)
	name, iban := "Café Noisette", roomtest.IBAN
	owner, err := f.users.Register(t.Context(), user.Registration{
		Email: "owner@cafe.example", Password: roomtest.Password, Profile: merchant.Change{Name: &name, IBAN: &iban},
	}, phone)
	if err != nil {
		t.Fatal(err)
	}
	by := audit.ByUser(f.id(t, "owner@cafe.example"))
	member, err := f.users.AddMember(t.Context(), by, owner.MerchantID, user.Member{
		Email: "bob@cafe.example", Password: roomtest.Password, Name: "Bob", Role: rights.RoleStaff,
	}, phone)
	if err != nil {
		t.Fatal(err)
	}
	for email, says := range map[string]string{"owner@cafe.example": "owner of merchant", "bob@cafe.example": "DELETE /merchant/team"} {
		who := f.Resolve(known(email))
		if _, open, err := f.Erase(who, true); err != nil || len(open) != 1 || !strings.Contains(open[0], says) {
			t.Errorf("open of %s is %q, %v", email, open, err)
		}
		if _, _, err := f.Erase(who, false); !errs.Is(err, errs.InvalidState) {
			t.Errorf("%s was erased: %v", email, err)
		}
		if found := f.Find(who); len(found["users"]) != 1 {
			t.Errorf("%s gets no copy: %v", email, found)
		}
	}
	if err := f.users.RemoveMember(t.Context(), by, owner.MerchantID, member.ID); err != nil {
		t.Fatal(err)
	}
	who := f.Resolve(known("bob@cafe.example"))
	f.MustErase(who)
	if left := f.Find(who); len(left) != 0 {
		t.Errorf("what stays of Bob is %v", left)
	}
	if left := f.Strings(t, `select email from users where email <> ''`); !slices.Equal(left, []string{"owner@cafe.example"}) {
		t.Errorf("the users are %q", left)
	}
}

func TestTheLogForgetsTheOriginAndNothingElse(t *testing.T) {
	f := setup(t)
	f.Exec(t, `insert into audit_log (at, actor, action, target, detail) values (now(), 'user:1', 'auth.login', '1', '{"ip":"::1","device":"Phone","outcome":"success"}')`)
	for _, change := range []string{
		`update audit_log set action = 'other'`,
		`update audit_log set actor = ''`,
		`update audit_log set detail = detail - 'outcome'`,
		`update audit_log set detail = '{}'`,
		`update audit_log set detail = detail || '{"ip":"::2"}'`,
		`update audit_log set merchant_id = gen_random_uuid(), detail = detail - array['ip', 'device']`,
		`delete from audit_log`,
		`truncate audit_log`,
	} {
		if _, err := f.Pool.Exec(t.Context(), change); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", change, err)
		}
	}
	f.Exec(t, `update audit_log set detail = detail - array['ip', 'device']`)
	if got := f.Strings(t, `select detail::text from audit_log`); !slices.Equal(got, []string{`{"outcome": "success"}`}) {
		t.Errorf("the entry is %q", got)
	}
}

func TestAPatternFindsNobody(t *testing.T) {
	f := setup(t)
	if _, err := f.users.RegisterCustomer(t.Context(), "jane@example.com", roomtest.Password, "Jane Doe", phone); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"%@%", "jane@%", "____@example.com", "*@example.com", "jane@example.com' or '1'='1"} {
		if found := f.Find(f.Resolve(known(pattern))); len(found) != 0 {
			t.Errorf("%q finds %v", pattern, found)
		}
	}
}

// TestAnUnverifiedAddressIsNobodys: a user who registered with another person's address is not in that person's copy and does not stop the erasure.
func TestAnUnverifiedAddressIsNobodys(t *testing.T) {
	f := setup(t)
	name, iban := "Stranger", roomtest.IBAN
	if _, err := f.users.Register(t.Context(), user.Registration{
		Email: "jane@example.com", Password: roomtest.Password, Profile: merchant.Change{Name: &name, IBAN: &iban},
	}, phone); err != nil {
		t.Fatal(err)
	}
	f.Exec(t, `update users set unverified_since = now()`)
	who := f.Resolve(known("jane@example.com"))
	if _, open, err := f.Erase(who, true); err != nil || len(open) != 0 || len(who.GetCustomers()) != 0 {
		t.Errorf("a stranger counts as Jane: %q, %v, %v", open, who, err)
	}
	if found := f.Find(who); len(found["users"])+len(found["sessions"])+len(found["merchants"]) != 0 {
		t.Errorf("Jane gets a stranger's data: %v", found)
	}
}
