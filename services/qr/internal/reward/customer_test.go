package reward

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/migrations"
)

var noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

type fixture struct {
	t    *testing.T
	pool *pgxpool.Pool
	s    *Server
	now  time.Time
}

func setup(t *testing.T) *fixture {
	t.Helper()
	return setupWith(t, 1)
}

// setupWith has that many points for a euro in the default program.
func setupWith(t *testing.T, perEuro int64) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	f := &fixture{t: t, pool: pool, now: noon}
	f.s = New(Deps{
		Pool: pool, Reads: pool, PerEuro: perEuro, Now: func() time.Time { return f.now }, Wake: func() {}, Log: slog.New(slog.DiscardHandler),
	})
	return f
}

// failer is a test or one drawn case of it.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func event(eventType, merchant string, payload proto.Message, at time.Time) consume.Event {
	data, err := proto.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: eventType, Merchant: merchant, Time: at, Data: data}}
}

func participates(merchant string, eligible bool, at time.Time) consume.Event {
	return event("merchant.updated", merchant, &eventsv1.MerchantChanged{
		MerchantId: merchant, Name: "Café " + merchant, LoyaltyEligible: eligible, OccurredAt: timestamppb.New(at),
	}, at)
}

func paid(p *paymentsv1.Payment) consume.Event {
	return event("payment."+p.GetStatus(), p.GetMerchantId(), &eventsv1.PaymentChanged{Payment: p, OccurredAt: timestamppb.New(noon)}, noon)
}

func payment(reference, customer string, cents, refunded, sequence int64) *paymentsv1.Payment {
	status := "completed"
	if refunded > 0 {
		status = "refunded"
	}
	return &paymentsv1.Payment{
		Reference: reference, Kind: "payment", MerchantId: "m_1", CustomerId: customer, AmountCents: cents, AmountRefundedCents: refunded,
		Currency: "EUR", Status: status, Sequence: sequence,
	}
}

func (f *fixture) handle(t failer, list ...consume.Event) {
	t.Helper()
	err := pgx.BeginFunc(f.t.Context(), f.pool, func(tx pgx.Tx) error { return f.s.Handle(f.t.Context(), tx, list) })
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) points(t failer, customer string) *qrv1.GetLoyaltyResponse {
	t.Helper()
	resp, err := NewCustomers(f.pool).GetLoyalty(f.t.Context(), &qrv1.GetLoyaltyRequest{CustomerId: customer, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestACompletedPaymentEarnsAPointForEachWholeEuro(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon), paid(payment("PAY-1", "c_1", 2999, 0, 3)), paid(payment("PAY-2", "c_1", 99, 0, 3)),
		paid(payment("PAY-3", "c_2", 500, 0, 3)), paid(payment("PAY-4", "", 100_00, 0, 3)))
	got := f.points(t, "c_1")
	if got.GetBalance() != 29 || got.GetTotal() != 1 {
		t.Fatalf("%v", got)
	}
	e := got.GetEntries()[0]
	if e.GetKind() != "earned" || e.GetPoints() != 29 || e.GetBalance() != 29 || e.GetMerchantName() != "Café m_1" || e.GetReference() != "PAY-1" || !e.GetOccurredAt().AsTime().Equal(noon) {
		t.Errorf("%v", e)
	}
	if f.points(t, "c_2").GetBalance() != 5 || f.points(t, "nobody").GetBalance() != 0 {
		t.Error("points went astray")
	}
}

func TestOnlyParticipatingMerchantsAwardPoints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, paid(payment("PAY-1", "c_1", 1000, 0, 3)))
	// The later event counts although it arrives first.
	f.handle(t, participates("m_1", false, noon.Add(time.Hour)), participates("m_1", true, noon), paid(payment("PAY-2", "c_1", 1000, 0, 3)))
	if got := f.points(t, "c_1"); got.GetBalance() != 0 || got.GetTotal() != 0 {
		t.Errorf("%v", got)
	}
}

func TestARefundTakesPointsBackAlsoWhenTheMerchantLeft(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon), paid(payment("PAY-1", "c_1", 1050, 0, 3)), participates("m_1", false, noon.Add(time.Hour)),
		paid(payment("PAY-1", "c_1", 1050, 60, 4)), paid(payment("PAY-1", "c_1", 1050, 1050, 5)))
	got := f.points(t, "c_1")
	var lines []string
	for _, e := range got.GetEntries() {
		lines = append(lines, fmt.Sprintf("%s %d=%d", e.GetKind(), e.GetPoints(), e.GetBalance()))
	}
	if fmt.Sprint(lines) != "[taken_back -9=0 taken_back -1=9 earned 10=10]" || got.GetBalance() != 0 {
		t.Errorf("%v", lines)
	}
}

func TestModesHavePointsOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	live := payment("PAY-1", "c_1", 1000, 0, 3)
	live.Livemode = true
	e := paid(live)
	e.Livemode = true
	f.handle(t, participates("m_1", true, noon), e)
	if got := f.points(t, "c_1").GetBalance(); got != 0 {
		t.Errorf("test balance %d", got)
	}
}

// TestTheLedgerAddsUp draws histories, deals them out twice and in any order, and compares with what is owed.
func TestTheLedgerAddsUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.handle(t, participates("m_1", true, noon))
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		customer := fmt.Sprintf("c_%d", round)
		owed := int64(0)
		var list []consume.Event
		for i := range rapid.IntRange(1, 5).Draw(r, "payments") {
			amount := rapid.Int64Range(1, 5000).Draw(r, "amount")
			reference, refunded, sequence := fmt.Sprintf("PAY-%d-%d", round, i), int64(0), int64(3)
			list = append(list, paid(payment(reference, customer, amount, 0, sequence)))
			for range rapid.IntRange(0, 3).Draw(r, "refunds") {
				refunded = min(amount, refunded+rapid.Int64Range(1, 2000).Draw(r, "refund"))
				sequence++
				list = append(list, paid(payment(reference, customer, amount, refunded, sequence)))
			}
			owed += (amount - refunded) / 100
		}
		for _, i := range rapid.Permutation(append(indexes(list), indexes(list)...)).Draw(r, "order") {
			f.handle(r, list[i])
		}
		got, sum := f.points(r, customer), int64(0)
		for i := len(got.GetEntries()) - 1; i >= 0; i-- {
			e := got.GetEntries()[i]
			if sum += e.GetPoints(); sum != e.GetBalance() {
				r.Fatal("a line says ", e.GetBalance(), ", the lines so far make ", sum)
			}
		}
		if sum != owed || got.GetBalance() != owed {
			r.Fatal("owed ", owed, ", balance ", got.GetBalance(), ", lines ", sum)
		}
	})
}

func indexes(list []consume.Event) []int {
	out := make([]int, len(list))
	for i := range out {
		out[i] = i
	}
	return out
}

func TestAForeignPayloadIsParked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	e := paid(payment("PAY-1", "c_1", 1000, 0, 3))
	e.Merchant = "m_2"
	err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error { return f.s.Handle(t.Context(), tx, []consume.Event{e}) })
	if err == nil {
		t.Error("it was applied")
	}
}

func TestBadQuestionsAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, r := range []*qrv1.GetLoyaltyRequest{{}, {CustomerId: "c_1", Limit: 101}, {CustomerId: "c_1", Limit: -1}, {CustomerId: "c_1", Page: 2_000_000}} {
		if _, err := NewCustomers(f.pool).GetLoyalty(t.Context(), r); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%v: %v", r, err)
		}
	}
}
