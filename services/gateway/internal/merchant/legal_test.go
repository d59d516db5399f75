package merchant_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/internal/user"
)

func TestANameThatNoBankCanWriteIsRefusedWithAWayOut(t *testing.T) {
	t.Parallel()
	f := setup(t)
	register := func(email string, c merchant.Change) error {
		c.IBAN = ptr(roomtest.IBAN)
		_, err := f.Users.Register(t.Context(), user.Registration{Email: email, Password: roomtest.Password, Profile: c}, roomtest.Home)
		return err
	}
	for _, name := range []string{"咖啡馆", "مقهى", "☕☕☕", "Café 咖啡"} {
		err := register("no@example.com", merchant.Change{Name: &name})
		if roomtest.WantCode(t, err, errs.ValidationError); !slices.Equal(roomtest.Fields(err), []string{"account_name"}) {
			t.Errorf("%s: refused %v", name, roomtest.Fields(err))
		}
	}
	for email, c := range map[string]merchant.Change{
		"greek@example.com":    {Name: ptr("Ταβέρνα Ψάρι")},
		"bulgaria@example.com": {Name: ptr("Кафе Щъркел")},
		"emoji@example.com":    {Name: ptr("☕ Coffee")},
		"china@example.com":    {Name: ptr("咖啡馆"), AccountName: ptr("Kafei Guan SARL")},
	} {
		if err := register(email, c); err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
}

func TestAProfileNeverLosesItsLatinName(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	update := func(c merchant.Change) error {
		after, err := f.Merchants.Update(t.Context(), "user:x", m.ID, c, roomtest.Home)
		if err == nil {
			m = after
		}
		return err
	}
	if err := update(merchant.Change{Name: ptr("咖啡馆")}); !slices.Equal(roomtest.Fields(err), []string{"account_name"}) {
		t.Errorf("got %v", err)
	}
	if err := update(merchant.Change{Name: ptr("咖啡馆"), AccountName: ptr("Kafei Großhandel")}); err != nil {
		t.Fatal(err)
	}
	if holder, err := m.Holder(); holder != "Kafei Grosshandel" || err != nil {
		t.Errorf("holder %q, %v", holder, err)
	}
	if err := update(merchant.Change{AccountName: ptr("")}); !slices.Equal(roomtest.Fields(err), []string{"account_name"}) {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"咖啡", strings.Repeat("ß", 36), strings.Repeat("n", 71), "a\tb", "..."} {
		if err := update(merchant.Change{AccountName: &bad}); !slices.Equal(roomtest.Fields(err), []string{"account_name"}) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if err := update(merchant.Change{LegalName: ptr(strings.Repeat("n", 141)), Address: ptr("a\tb")}); !slices.Equal(roomtest.Fields(err), []string{"legal_name", "address"}) {
		t.Errorf("got %v", err)
	}
	if err := update(merchant.Change{LegalName: ptr("Kafei SAS"), Address: ptr("84 RUE BEAUBOURG\n75003 PARIS")}); err != nil || m.Legal() != "Kafei SAS" {
		t.Errorf("got %+v, %v", m, err)
	}
	again, err := f.Merchants.Get(t.Context(), m.ID)
	if err != nil || !reflect.DeepEqual(again, m) {
		t.Errorf("stored %+v, %v", again, err)
	}
}

func TestNamesAreCleanedLikeThoseOfGuests(t *testing.T) {
	t.Parallel()
	f := setup(t)
	dirty, clean := " Ca\u202efé <b>Noi\x00sette</b><script>\n", "Café Noi sette"
	s, err := f.Users.Register(t.Context(), user.Registration{
		Email: "shop@example.com", Password: roomtest.Password, Profile: merchant.Change{Name: &dirty, LegalName: &dirty, IBAN: ptr(roomtest.IBAN)},
	}, roomtest.Home)
	if err != nil {
		t.Fatal(err)
	}
	made, err := f.Merchants.Get(t.Context(), s.MerchantID)
	if err != nil || made.Name != clean || made.LegalName != clean {
		t.Errorf("made %q, %q, %v", made.Name, made.LegalName, err)
	}
	other, _ := f.merchant(t, "other@example.com")
	changed, err := f.Merchants.Update(t.Context(), "user:x", other.ID, merchant.Change{Name: &dirty, LegalName: &dirty}, roomtest.Home)
	if err != nil || changed.Name != clean || changed.LegalName != clean {
		t.Errorf("changed %q, %q, %v", changed.Name, changed.LegalName, err)
	}
	member, err := f.Users.AddMember(t.Context(), "user:x", other.ID, user.Member{Email: "tim@example.com", Password: roomtest.Password, Name: dirty, Role: rights.RoleStaff}, roomtest.Home)
	if err != nil || member.Name != clean {
		t.Errorf("member %q, %v", member.Name, err)
	}
	if _, err := f.Users.RegisterCustomer(t.Context(), "guest@example.com", roomtest.Password, dirty, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	if got := f.Strings(t, `select name from users where email = 'guest@example.com'`); !slices.Equal(got, []string{clean}) {
		t.Errorf("customer %q", got)
	}
	_, err = f.Merchants.Update(t.Context(), "user:x", other.ID, merchant.Change{Name: ptr("<b>\u202e</b>"), LegalName: ptr("<i>" + strings.Repeat("n", 138))}, roomtest.Home)
	if !slices.Equal(roomtest.Fields(err), []string{"name", "legal_name"}) {
		t.Errorf("got %v", err)
	}
}

func TestLiveModeWantsTheLegalData(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com") // has a name and an IBAN
	if got := merchant.LiveMissing(m); !slices.Equal(got, []string{"legal_status", "siren"}) {
		t.Errorf("missing %v", got)
	}
	if got := merchant.LiveMissing(merchant.Merchant{Name: "咖啡"}); !slices.Equal(got, []string{"legal_status", "siren", "iban", "account_name"}) {
		t.Errorf("missing %v", got)
	}
	_, err := f.Merchants.Enable(t.Context(), "user:admin", m.ID, true, ptr(true))
	if roomtest.WantCode(t, err, errs.InvalidState); !strings.Contains(err.Error(), "legal_status, siren") {
		t.Errorf("got %v", err)
	}
	if err := merchant.CheckPayable(m, true); !errs.Is(err, errs.InvalidState) || !strings.Contains(err.Error(), "legal_status, siren") {
		t.Errorf("a live payment begins: %v", err)
	}
	if err := merchant.CheckPayable(m, false); err != nil {
		t.Errorf("a test payment does not begin: %v", err)
	}
	for _, bad := range []merchant.Merchant{{Name: "Shop"}, {Name: "咖啡", IBAN: roomtest.IBAN}} {
		if err := merchant.CheckPayable(bad, false); !errs.Is(err, errs.InvalidState) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if now, err := f.Merchants.Get(t.Context(), m.ID); err != nil || now.GatewayEnabled {
		t.Errorf("enabled all the same: %+v, %v", now, err)
	}
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, merchant.Change{LegalStatus: ptr("SAS"), SIREN: ptr("732829320")}, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if m, err = f.Merchants.Enable(t.Context(), "user:admin", m.ID, true, ptr(true)); err != nil || !m.GatewayEnabled || merchant.LiveMissing(m) != nil {
			t.Errorf("got %+v, %v", m, err)
		}
	}
}
