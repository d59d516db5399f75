package merchant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/migrations"
)

const iban = "FR1420041010050500013M02606"

// merchantEvent returns an event about a merchant as the gateway publishes it.
func merchantEvent(t *testing.T, of string, m *eventsv1.MerchantChanged) consume.Event {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: "merchant.updated", Merchant: of, Time: time.Now(), Data: data}}
}

func TestTheNewestOfAMerchantIsKept(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	clock := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	all := merchant.New(pool, clock.Now)
	id := uuid.NewString()
	version := func(n int64, enabled bool) consume.Event {
		return merchantEvent(t, id, &eventsv1.MerchantChanged{
			Profile: &paymentsv1.Merchant{Id: id, Version: n, Name: "Shop", Iban: iban, Siren: "732829320"}, GatewayEnabled: enabled, LiveEnabled: enabled,
		})
	}
	apply := func(batch ...consume.Event) error {
		return pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error { return merchant.Handle(context.Background(), tx, batch) })
	}
	if _, err := all.Get(t.Context(), id, 0); !errors.Is(err, merchant.ErrNotSynced) {
		t.Errorf("unknown: %v", err)
	}
	if err := apply(version(2, true), version(1, false), merchantEvent(t, id, &eventsv1.MerchantChanged{MerchantId: id, Name: "of an earlier version"})); err != nil {
		t.Fatal(err)
	}
	m, err := all.Get(t.Context(), id, 2)
	if err != nil || m.Profile.GetVersion() != 2 || m.Profile.GetSiren() != "732829320" || m.CheckAllowed(true) != nil {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, err := all.Get(t.Context(), id, 3); !errors.Is(err, merchant.ErrNotSynced) {
		t.Errorf("newer than known: %v", err)
	}
	if err := apply(version(3, false)); err != nil {
		t.Fatal(err)
	}
	if m, err := all.Get(t.Context(), id, 3); err != nil || m.CheckAllowed(false) == nil {
		t.Errorf("a command that knows of the change gets %+v, %v", m, err)
	}
	if err := apply(version(4, true)); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Second)
	if m, err := all.Get(t.Context(), id, 0); err != nil || m.Profile.GetVersion() != 4 {
		t.Errorf("a second later: %+v, %v", m, err)
	}
}

func TestAnEventAboutAnotherMerchantIsNotApplied(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	id := uuid.NewString()
	e := merchantEvent(t, uuid.NewString(), &eventsv1.MerchantChanged{Profile: &paymentsv1.Merchant{Id: id, Version: 1, Iban: iban}})
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error { return merchant.Handle(t.Context(), tx, []consume.Event{e}) })
	if err == nil {
		t.Error("it was applied")
	}
	if _, err := merchant.New(pool, time.Now).Get(t.Context(), id, 0); !errors.Is(err, merchant.ErrNotSynced) {
		t.Errorf("it is kept: %v", err)
	}
}

func TestWhoMayBePaidForAnOrder(t *testing.T) {
	t.Parallel()
	complete := func() merchant.Merchant {
		return merchant.Merchant{
			Profile:        &paymentsv1.Merchant{Name: "Shop", Iban: iban, LegalStatus: "SARL", Siren: "552100554"},
			GatewayEnabled: true, LiveEnabled: true,
		}
	}
	for what, c := range map[string]struct {
		change     func(*merchant.Merchant)
		test, live errs.Code
	}{
		"complete":         {func(*merchant.Merchant) {}, "", ""},
		"not enabled":      {func(m *merchant.Merchant) { m.GatewayEnabled = false }, errs.MerchantNotEnabled, errs.MerchantNotEnabled},
		"not enabled live": {func(m *merchant.Merchant) { m.LiveEnabled = false }, "", errs.MerchantNotEnabled},
		"no account":       {func(m *merchant.Merchant) { m.Profile.Iban = "" }, errs.InvalidState, errs.InvalidState},
		"no Latin letter":  {func(m *merchant.Merchant) { m.Profile.Name = "寿司" }, errs.InvalidState, errs.InvalidState},
		"a holder's name":  {func(m *merchant.Merchant) { m.Profile.Name, m.Profile.AccountName = "寿司", "Sushi" }, "", ""},
		"no legal form":    {func(m *merchant.Merchant) { m.Profile.LegalStatus = "" }, "", errs.InvalidState},
		"no number":        {func(m *merchant.Merchant) { m.Profile.Siren = "" }, "", errs.InvalidState},
	} {
		m := complete()
		c.change(&m)
		for live, want := range map[bool]errs.Code{false: c.test, true: c.live} {
			if err := m.CheckPayable(live); want == "" && err != nil || want != "" && !errs.Is(err, want) {
				t.Errorf("%s, live %t: %v, want %q", what, live, err, want)
			}
		}
	}
}
