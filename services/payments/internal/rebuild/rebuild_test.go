package rebuild

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

var at = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

// books are a provider's.
type books []powens.Payment

func (b books) FindByReference(_ context.Context, reference string) (found []powens.Payment, err error) {
	for _, p := range b {
		if p.ReferenceID == reference {
			found = append(found, p)
		}
	}
	return found, nil
}

func (b books) List(_ context.Context, _ time.Time, visit func(powens.Payment) error) error {
	for _, p := range b {
		if err := visit(p); err != nil {
			return err
		}
	}
	return nil
}

func setup(t *testing.T, provider Provider) (Deps, *pgxpool.Pool) {
	t.Helper()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	now := func() time.Time { return at.Add(time.Hour) }
	return Deps{Pool: pool, Store: store.New(pool, vaulttest.New(t), now, func() {}), Test: provider, SessionTTL: time.Hour, Now: now}, pool
}

var shop = uuid.NewString()

// fact is an event about a test payment of the shop.
func fact(t *testing.T, kind, reference, from, to string, sequence int64) Fact {
	t.Helper()
	p := &paymentsv1.Payment{
		Reference: reference, Kind: "payment", MerchantId: shop, AmountCents: 2999, Currency: "EUR", Status: to, Sequence: sequence, Description: "Order",
		ExecutionType: "instant", MerchantName: "Shop", Origin: "api", CreatedAt: timestamppb.New(at), UpdatedAt: timestamppb.New(at),
	}
	if to == "completed" {
		p.CompletedAt = timestamppb.New(at)
	}
	return envelope(t, kind, &eventsv1.PaymentChanged{Payment: p, PreviousStatus: from, OccurredAt: timestamppb.New(at)})
}

func envelope(t *testing.T, kind string, m proto.Message) Fact {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return Fact{Event: events.Event{ID: events.NewID(), Type: kind, Source: "payments", Merchant: shop, Time: at, Data: data}, Stream: 7}
}

func merchantFact(t *testing.T) Fact {
	t.Helper()
	return envelope(t, "merchant.updated", &eventsv1.MerchantChanged{MerchantId: shop, Profile: &paymentsv1.Merchant{
		Id: shop, Version: 1, Name: "Shop", Iban: "FR7630006000011234567890189",
	}, GatewayEnabled: true})
}

const (
	done    = "PAY-20260617-00000000000000A1"
	sent    = "PAY-20260617-00000000000000A2"
	nowhere = "PAY-20260617-00000000000000A3"
	foreign = "PAY-20260617-00000000000000A4"
	twice   = "PAY-20260617-00000000000000A5"
)

// TestWhatCannotBeToldIsListedAndNotGuessed, and the rest is recorded once, with nothing to announce.
func TestWhatCannotBeToldIsListedAndNotGuessed(t *testing.T) {
	t.Parallel()
	payer := &powens.Account{IBAN: "FR1420041010050500013M02606"}
	d, pool := setup(t, books{
		{ID: "1", ReferenceID: done, State: powens.Done, Amount: 2999, Payer: payer},
		{ID: "2", ReferenceID: sent, State: powens.Validating, Amount: 2999},
		{ID: "4", ReferenceID: foreign, State: powens.Done, Amount: 500},
		{ID: "5", ReferenceID: "not ours", State: powens.Done},
		{ID: "6", ReferenceID: twice, State: powens.Done},
		{ID: "7", ReferenceID: twice, State: powens.Pending},
	})
	facts := []Fact{
		merchantFact(t), fact(t, "payment.created", done, "", "pending", 1), fact(t, "payment.pending_sca", done, "pending", "pending_sca", 2),
		fact(t, "payment.completed", done, "pending_sca", "completed", 3), fact(t, "payment.pending_sca", sent, "pending", "pending_sca", 2),
		fact(t, "payment.pending_sca", nowhere, "pending", "pending_sca", 2), fact(t, "payment.completed", twice, "pending_sca", "completed", 3),
	}
	want := map[string]Action{done: Recorded, sent: Recorded, nowhere: Unknown, foreign: Unknown, twice: Unknown}
	for _, apply := range []bool{false, true, true} {
		found, err := Run(t.Context(), d, facts, at, apply)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]Action)
		for _, f := range found {
			got[f.Reference] = f.Action
		}
		for reference, action := range want {
			if got[reference] != action || len(got) != len(want) {
				t.Errorf("apply %v, %s: %q, want %q (%d)", apply, reference, got[reference], action, len(got))
			}
		}
		if apply {
			delete(want, done)
			delete(want, sent)
		}
	}
	p, err := d.Store.ByReference(t.Context(), done)
	if err != nil || p.Status != payment.Completed || p.Sequence != 3 || p.ProviderID != "1" || p.Payer.IBAN != payer.IBAN || p.Beneficiary.IBAN == "" || p.DueAt != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := d.Store.ByReference(t.Context(), sent); err != nil || p.DueAt == nil || p.ProviderID != "2" {
		t.Errorf("%+v, %v", p, err)
	}
	var history, unpublished, kept int
	err = pool.QueryRow(t.Context(), `select (select count(*) from payment_history where cause = 'rebuilt'),
		(select count(*) from outbox where published_at is null), (select count(*) from outbox where sequence = 7)`).Scan(&history, &unpublished, &kept)
	if err != nil || history != 4 || unpublished != 0 || kept != 4 {
		t.Errorf("%d in the history, %d to announce, %d kept, %v", history, unpublished, kept, err)
	}
}

// TestAnEventThatTheStreamHasIsNotPublishedAgain: the database was restored to a moment before the relay had marked it.
func TestAnEventThatTheStreamHasIsNotPublishedAgain(t *testing.T) {
	t.Parallel()
	d, pool := setup(t, books{{ID: "1", ReferenceID: done, State: powens.Created}})
	facts := []Fact{merchantFact(t), fact(t, "payment.created", done, "", "pending", 1)}
	if _, err := Run(t.Context(), d, facts, at, true); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `update outbox set published_at = null, sequence = null`); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), d, facts, at, true); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := pool.QueryRow(t.Context(), `select count(*) from outbox where published_at is not null and sequence = 7`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d events are marked, %v", n, err)
	}
}

// TestNothingIsRebuiltBesideTheService: both would announce what the provider says.
func TestNothingIsRebuiltBesideTheService(t *testing.T) {
	t.Parallel()
	d, pool := setup(t, books{})
	if _, err := pool.Exec(t.Context(), `insert into leadership values ('outbox:payments', 'a replica', 1, now() + interval '1 hour')`); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), d, nil, at, false); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), "stop all services") {
		t.Errorf("got %v", err)
	}
}
