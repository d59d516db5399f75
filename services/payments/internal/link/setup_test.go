package link

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var shop, otherShop = uuid.NewString(), uuid.NewString()

type rig struct {
	*Links
	clock *testclock.Clock
	pool  *pgxpool.Pool
	next  *atomic.Int64
}

func setup(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	clock := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	s := store.New(pool, vaulttest.New(t), clock.Now, func() {})
	links := New(Deps{Pool: pool, Store: s, PagesURL: "https://pay.example", Wake: func() {}, Now: clock.Now, Log: slog.New(slog.DiscardHandler)})
	return &rig{Links: links, clock: clock, pool: pool, next: &atomic.Int64{}}
}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// make records a link of the shop; change adapts what is asked for.
func (r *rig) make(t tester, change func(*Spec)) Link {
	t.Helper()
	s := Spec{MerchantID: shop, Amount: 2999, UsesMax: 1, Description: "Bicycle", Reference: "ORDER-1", SuccessURL: "https://shop.example/thanks", Metadata: `{"a":"b"}`, Actor: "key:1"}
	if change != nil {
		change(&s)
	}
	x, _, err := r.Create(context.Background(), s, store.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// wanted is the payment that a command asks for.
func (r *rig) wanted(link string, amount money.Cents) payment.Payment {
	now := r.clock.Now()
	due := now.Add(time.Minute)
	return payment.Payment{
		Reference: fmt.Sprintf("PAY-20260617-%016X", r.next.Add(1)), Kind: payment.KindPayment, MerchantID: shop, Amount: amount, PaymentLinkID: link,
		ExecutionType: "instant", MerchantName: "Shop", RequestedAt: &now, DueAt: &due, ExpiresAt: now.Add(24 * time.Hour),
		Beneficiary: payment.Party{Kind: payment.Corporate, Name: "Shop", IBAN: "FR1420041010050500013M02606"}, Currency: "EUR",
	}
}

// pay pays a link with a new key.
func (r *rig) pay(link string, amount money.Cents) (payment.Payment, store.Match, error) {
	w := r.wanted(link, amount)
	return r.Pay(context.Background(), w, store.Idempotency{Key: "key-" + w.Reference}, store.Meta{})
}

// mustPay pays a link and expects a new payment.
func (r *rig) mustPay(t tester, link string, amount money.Cents) payment.Payment {
	t.Helper()
	p, match, err := r.pay(link, amount)
	if err != nil || match != store.NoMatch {
		t.Fatalf("pay: %v, match %q", err, match)
	}
	return p
}

// ends moves a payment to a state, as the bank would.
func (r *rig) ends(t tester, reference string, to payment.Status) {
	t.Helper()
	_, err := r.Store.Update(context.Background(), reference, store.Meta{}, func(p *payment.Payment) payment.Step {
		p.ReleaseHold()
		return payment.Changed(payment.Change{To: to, Cause: payment.CauseProvider, Event: "payment." + string(to)})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// events returns the events of the types that were recorded for a link's payments, or for the link.
func (r *rig) events(t tester, like string) []consume.Event {
	t.Helper()
	rows, err := r.pool.Query(context.Background(), `select event_id::text, event_type, merchant_id, livemode, occurred_at, data from outbox where event_type like $1 order by id`, like)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (consume.Event, error) {
		var e events.Event
		err := row.Scan(&e.ID, &e.Type, &e.Merchant, &e.Livemode, &e.Time, &e.Data)
		return consume.Event{Event: e}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// hears applies events in one transaction, as the consumer does.
func (r *rig) hears(t tester, batch ...consume.Event) {
	t.Helper()
	err := pgx.BeginFunc(context.Background(), r.pool, func(tx pgx.Tx) error { return r.Handle(context.Background(), tx, batch) })
	if err != nil {
		t.Fatal(err)
	}
}

// settles applies what has happened to the payments so far.
func (r *rig) settles(t tester) {
	t.Helper()
	for _, e := range r.events(t, "payment.%") {
		switch e.Type {
		case "payment.completed", "payment.failed", "payment.cancelled", "payment.late_receipt":
			r.hears(t, e)
		}
	}
}

func (r *rig) get(t tester, id string) Link {
	t.Helper()
	x, err := r.Get(context.Background(), shop, false, id)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// announced are the events about a link, each with the payment that it names.
func (r *rig) announced(t tester, id string) (list []string) {
	t.Helper()
	for _, e := range r.events(t, "payment_link.%") {
		c := &eventsv1.PaymentLinkChanged{}
		if err := proto.Unmarshal(e.Data, c); err != nil {
			t.Fatal(err)
		}
		if c.GetLink().GetId() == id {
			list = append(list, e.Type+" "+c.GetPaymentReference())
		}
	}
	return list
}

func changed(t tester, e consume.Event) *eventsv1.PaymentChanged {
	t.Helper()
	c := &eventsv1.PaymentChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *rig) mustRefuse(t tester, what string, err error, code errs.Code) {
	t.Helper()
	if !errs.Is(err, code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}
