package subscription

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/bank"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/journal"
	"european-pay.eu/eupay/services/payments/internal/link"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
	"european-pay.eu/eupay/services/payments/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	shop  = Owner{MerchantID: uuid.NewString()}
	other = Owner{MerchantID: uuid.NewString()}
)

// rig is the room with everything around it that is real: the database, the engine, the provider's client, and the sandbox bank over HTTP. One
// clock is that of all.
type rig struct {
	*Room
	t      *testing.T
	clock  *testclock.Clock
	pool   *pgxpool.Pool
	bank   *sandbox.Bank
	engine *engine.Engine
	store  *store.Store
	next   atomic.Int64
}

// merchants are all enabled. The one that is late arrives at the third look.
type merchants struct{ looks *atomic.Int64 }

const lateVersion = 7

func (m merchants) Get(_ context.Context, id string, version int64) (merchant.Merchant, error) {
	if version == lateVersion && m.looks.Add(1) < 3 {
		return merchant.Merchant{}, merchant.ErrNotSynced
	}
	return merchant.Merchant{GatewayEnabled: true, LiveEnabled: true, Profile: &paymentsv1.Merchant{
		Id: id, Version: version, Name: "Shop", Iban: "FR1420041010050500013M02606", LegalName: "Shop", LegalStatus: "SARL", Siren: "732829320",
	}}, nil
}

// newRig begins on Wednesday, 17 June 2026, at 14:00 in Paris.
func newRig(t *testing.T) *rig {
	t.Helper()
	t.Parallel()
	clock := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	quiet := slog.New(slog.DiscardHandler)
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	b, err := sandbox.New(sandbox.Config{ClientID: "client", ClientSecret: "secret", BaseURL: srv.URL, Now: clock.Now, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	handler = b.Handler()
	client := powens.New(powens.Config{
		BaseURL: srv.URL, ClientID: "client", ClientSecret: "secret", RedirectURI: "https://eupay.example/return", CallTimeout: 20 * time.Second,
	}, clock.Now, quiet)
	t.Cleanup(client.Close)
	s := store.New(pool, vaulttest.New(t), clock.Now, func() {})
	banks := bank.New(bank.Deps{Pool: pool, Test: client, Countries: []string{"FR"}, Now: clock.Now, Log: quiet})
	if err := banks.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	var cfg engine.Config
	if err := config.Parse(&cfg, nil); err != nil {
		t.Fatal(err)
	}
	e := engine.New(cfg, s, banks, nil, client, clock.Now, quiet)
	links := link.New(link.Deps{Pool: pool, Store: s, PagesURL: "https://pay.example", Wake: func() {}, Now: clock.Now, Log: quiet})
	room := New(Deps{Pool: pool, Engine: e, Mandates: s, Banks: banks, Merchants: merchants{new(atomic.Int64)}, Links: links, Now: clock.Now, Wake: func() {}, Log: quiet})
	s.OnMandate(room.Follow)
	t.Cleanup(func() { booksAddUp(t, pool) })
	return &rig{Room: room, t: t, clock: clock, pool: pool, bank: b, engine: e, store: s}
}

// booksAddUp checks after each test that what was paid without a payment, and nothing else, is in the merchants' books.
func booksAddUp(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	rows, err := pool.Query(context.Background(), `select o.subscription_id || '/' || o.number || ' is ' || o.status || ' ' || o.evidence || ' with ' || booked.cents
		from subscription_occurrences o join subscriptions s on s.id = o.subscription_id
		cross join lateral (select coalesce(sum(amount_cents), 0) as cents from subscription_receipts r
			where r.subscription_id = o.subscription_id and r.occurrence = o.number and r.merchant_id = s.merchant_id and r.livemode = s.livemode) booked
		where booked.cents <> case when o.status = 'paid' and o.evidence <> 'payment' then s.amount_cents else 0 end`)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(wrong) > 0 {
		t.Errorf("the books have %v, %v", wrong, err)
	}
}

// wantMoney compares the changes of the shop's books: "1 2990 merchant" is the first occurrence of a subscription.
func (r *rig) wantMoney(want ...string) {
	r.t.Helper()
	req := &paymentsv1.ListJournalRequest{
		MerchantId: shop.MerchantID, Basis: paymentsv1.JournalBasis_JOURNAL_BASIS_OCCURRENCES, From: timestamppb.New(time.Unix(0, 0)),
		To: timestamppb.New(r.clock.Now().Add(time.Hour)), Limit: 2,
	}
	var got []string
	for {
		res, err := journal.NewServer(r.pool).ListJournal(r.t.Context(), req)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(res.GetRows()) == 0 {
			break
		}
		for _, row := range res.GetRows() {
			got = append(got, fmt.Sprintf("%s %d %s", strings.TrimPrefix(row.GetReference(), row.GetSubscriptionId()+"/"), row.GetAmountCents(), row.GetStatusDetail()))
			req.AfterAt, req.AfterReference = row.GetAt(), row.GetPosition()
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("the books have %q, want %q", got, want)
	}
}

// wish is a subscription of 29.90 a month from 1 July 2026; change adapts it.
func (r *rig) wish(change ...func(*Wish)) Wish {
	w := Wish{
		ID: fmt.Sprintf("SUB-20260617-%016X", r.next.Add(1)), Owner: shop, Amount: 2990, Currency: "EUR", Collect: CollectAuto, DaysBefore: 7,
		Schedule:    calendar.Schedule{Frequency: calendar.Monthly, Start: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)},
		Description: "Gym", Customer: payment.Identity{Kind: payment.Individual, FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com"},
	}
	for _, c := range change {
		c(&w)
	}
	return w
}

func links(w *Wish)           { w.Collect = CollectLinks }
func times(n int) func(*Wish) { return func(w *Wish) { w.Count = n } }

// made creates a subscription.
func (r *rig) made(change ...func(*Wish)) Subscription {
	r.t.Helper()
	s, match, err := r.Create(r.t.Context(), r.wish(change...))
	if err != nil || match != NoMatch {
		r.t.Fatalf("create: %v, match %q", err, match)
	}
	return s
}

// active creates a subscription whose payer has authorised it at a bank.
func (r *rig) active(at string, change ...func(*Wish)) Subscription {
	r.t.Helper()
	s := r.made(change...)
	r.authorise(s.ID, at)
	return r.want(s.ID, Active, "")
}

// mandate is the provider's id of a subscription's payment there.
func (r *rig) mandate(id string) int64 {
	r.t.Helper()
	known := r.bank.ByReference(id)
	if len(known) != 1 {
		r.t.Fatalf("the bank has %d mandates %s", len(known), id)
	}
	return known[0].ID
}

func (r *rig) authorise(id, at string) {
	r.t.Helper()
	if err := r.bank.AuthoriseWith(r.mandate(id), sandbox.Choice{Connector: at}); err != nil {
		r.t.Fatal(err)
	}
	r.hint(id)
}

// hint reads the mandate from the bank, as a webhook makes the engine do.
func (r *rig) hint(id string) {
	r.t.Helper()
	p, err := r.store.ByReference(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	r.engine.Refresh(r.t.Context(), p, payment.CauseProvider)
}

func (r *rig) load(id string) Subscription {
	r.t.Helper()
	s, err := get(r.t.Context(), r.pool, shop, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *rig) want(id string, status Status, detail string) Subscription {
	r.t.Helper()
	s := r.load(id)
	if s.Status != status || s.Detail != detail {
		r.t.Fatalf("subscription is %s (%s, %s), want %s (%s)", s.Status, s.Detail, s.Failure, status, detail)
	}
	return s
}

// days moves the clock to the day after so many days and does all that falls due meanwhile, hour by hour.
func (r *rig) days(n int) {
	r.t.Helper()
	for range n * 24 {
		r.clock.Advance(time.Hour)
		r.work()
	}
}

// until is days for a date, to its noon in Paris.
func (r *rig) until(date string) {
	r.t.Helper()
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		r.t.Fatal(err)
	}
	for end := calendar.Clock(day, deadlineHour); r.clock.Now().Before(end); {
		r.clock.Advance(min(6*time.Hour, end.Sub(r.clock.Now())))
		r.work()
	}
}

// work does all that is due now, also for mandates.
func (r *rig) work() {
	r.t.Helper()
	ctx := r.t.Context()
	due, err := r.store.ClaimDue(ctx, 100, 45*time.Second)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range due {
		r.engine.Process(ctx, p)
	}
	if _, err := r.subscriptions.Once(ctx); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.occurrences.Once(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// calendar lists the occurrences with their outcome: "2026-07-01 paid bank".
func (r *rig) calendar(id string) (list []string) {
	r.t.Helper()
	all, _, err := listOccurrences(r.t.Context(), r.pool, id, "", 1, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, o := range all {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", dateText(o.Date), o.Status, o.Evidence)))
	}
	return list
}

func (r *rig) wantCalendar(id string, want ...string) {
	r.t.Helper()
	got := r.calendar(id)
	if len(got) > len(want) {
		got = got[:len(want)]
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("occurrences\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// announced lists the events of a subscription, without those before it was active.
func (r *rig) announced(id string) (list []string) {
	r.t.Helper()
	for _, e := range r.outbox("subscription.%") {
		c := &eventsv1.SubscriptionChanged{}
		if err := proto.Unmarshal(e.Data, c); err != nil {
			r.t.Fatal(err)
		}
		if c.GetSubscription().GetId() != id {
			continue
		}
		if c.GetSubscription().GetAuthorisationUrl() != "" {
			r.t.Errorf("%s names the page of the payer", e.Type)
		}
		list = append(list, strings.TrimPrefix(e.Type, "subscription."))
	}
	return list
}

func (r *rig) wantAnnounced(id string, want ...string) {
	r.t.Helper()
	if got := r.announced(id); fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("announced %v, want %v", got, want)
	}
}

func (r *rig) outbox(like string) []consume.Event {
	r.t.Helper()
	rows, err := r.pool.Query(r.t.Context(), `select event_id::text, event_type, merchant_id, livemode, occurred_at, data from outbox
		where event_type like $1 order by id`, like)
	if err != nil {
		r.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (consume.Event, error) {
		var e events.Event
		err := row.Scan(&e.ID, &e.Type, &e.Merchant, &e.Livemode, &e.Time, &e.Data)
		return consume.Event{Event: e}, err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func wantCode(t *testing.T, what string, err error, code errs.Code) {
	t.Helper()
	if !errs.Is(err, code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}
