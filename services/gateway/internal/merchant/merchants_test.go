package merchant_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestProfileChangesAreStoredAnnouncedAndAudited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	change := merchant.Change{
		Name: ptr(" Café Crème "), LegalStatus: ptr("SAS"), SIREN: ptr("732 829 320"), IBAN: ptr("de89 3704 0044 0532 0130 00"),
		BIC: ptr("cobadeffxxx"), WaitForSettlement: ptr(true), LoyaltyEligible: ptr(true),
	}
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, change, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	got, err := f.Merchants.Get(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := m
	want.Name, want.LegalStatus, want.SIREN, want.IBAN, want.BIC, want.WaitForSettlement, want.LoyaltyEligible =
		"Café Crème", "SAS", "732829320", "DE89370400440532013000", "COBADEFFXXX", true, true
	want.Version = 2
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, change, roomtest.Home); err != nil { // the same again: no event
		t.Fatal(err)
	}
	if want := []string{"merchant.registered", "merchant.updated"}; !slices.Equal(f.Announced(t, m.ID), want) || !slices.Equal(f.Audited(t, m.ID), want) {
		t.Fatalf("announced %v, audited %v", f.Announced(t, m.ID), f.Audited(t, m.ID))
	}
	for _, detail := range f.Strings(t, `select detail::text from audit_log`) {
		if strings.Contains(detail, "37040044") {
			t.Fatalf("the audit log shows an IBAN: %s", detail)
		}
	}
}

func TestEnablingIsAnnounced(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	for _, enabled := range []bool{true, true, false} {
		got, err := f.Merchants.Enable(t.Context(), "user:admin", m.ID, enabled, nil)
		if err != nil || got.GatewayEnabled != enabled {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	if want := []string{"merchant.registered", "merchant.enabled", "merchant.disabled"}; !slices.Equal(f.Announced(t, m.ID), want) {
		t.Fatalf("announced %v", f.Announced(t, m.ID))
	}
	var data []byte
	if err := f.Pool.QueryRow(t.Context(), `select data from outbox where event_type = 'merchant.enabled'`).Scan(&data); err != nil {
		t.Fatal(err)
	}
	var e eventsv1.MerchantChanged
	if err := proto.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	if e.GetMerchantId() != m.ID || e.GetName() != m.Name || e.GetEmail() != m.Email || !e.GetGatewayEnabled() || !e.GetOccurredAt().AsTime().Equal(f.Clock.Now()) {
		t.Fatalf("event %v", &e)
	}
}

func TestRefusedProfiles(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	cases := map[string]struct {
		change merchant.Change
		fields []string
	}{
		"empty name":         {merchant.Change{Name: ptr(" ")}, []string{"name"}},
		"long name":          {merchant.Change{Name: ptr(strings.Repeat("n", 141))}, []string{"name"}},
		"name with no sign":  {merchant.Change{Name: ptr("\t<b>\u202e")}, []string{"name"}},
		"long legal status":  {merchant.Change{LegalStatus: ptr(strings.Repeat("n", 101))}, []string{"legal_status"}},
		"SIREN check digit":  {merchant.Change{SIREN: ptr("732829321")}, []string{"siren"}},
		"IBAN check digits":  {merchant.Change{IBAN: ptr("FR7630006000011234567890188")}, []string{"iban"}},
		"IBAN taken away":    {merchant.Change{IBAN: ptr("")}, []string{"iban"}},
		"BIC too short":      {merchant.Change{BIC: ptr("ABCDFR")}, []string{"bic"}},
		"all wrong together": {merchant.Change{SIREN: ptr("1"), IBAN: ptr("2"), BIC: ptr("3")}, []string{"siren", "iban", "bic"}},
	}
	for name, c := range cases {
		_, err := f.Merchants.Update(t.Context(), "user:x", m.ID, c.change, roomtest.Home)
		if roomtest.WantCode(t, err, errs.ValidationError); !slices.Equal(roomtest.Fields(err), c.fields) {
			t.Errorf("%s: refused %v", name, roomtest.Fields(err))
		}
	}
	if got, err := f.Merchants.Get(t.Context(), m.ID); err != nil || !reflect.DeepEqual(got, m) {
		t.Fatalf("changed to %+v, %v", got, err)
	}
}

func TestUnknownMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, id := range []string{"", "x", "00000000-0000-0000-0000-000000000000", "urn:uuid:00000000-0000-0000-0000-000000000000"} {
		_, err := f.Merchants.Get(t.Context(), id)
		roomtest.WantCode(t, err, errs.NotFoundCode)
		_, err = f.Merchants.Enable(t.Context(), "user:x", id, true, nil)
		roomtest.WantCode(t, err, errs.NotFoundCode)
	}
}

func TestMerchantsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		f.merchant(t, email)
		f.Clock.Advance(1e9)
	}
	page, total, err := f.Merchants.List(t.Context(), 2, 2)
	if err != nil || total != 3 || len(page) != 1 || page[0].Email != "a@example.com" {
		t.Fatalf("got %+v, %d, %v", page, total, err)
	}
}

func TestAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	for _, sql := range []string{`update audit_log set actor = 'nobody'`, `delete from audit_log`, `truncate audit_log`} {
		if _, err := f.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was allowed", sql)
		}
	}
}
