package reward

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// decided is the event of an occurrence of a subscription of 29.99.
func decided(merchant, subscription, who string, number int32, execution time.Time, status, evidence string, sequence int64) consume.Event {
	return event("subscription.occurrence."+status, merchant, &eventsv1.SubscriptionChanged{
		Subscription: &paymentsv1.Subscription{
			Id: subscription, MerchantId: merchant, AmountCents: 2999, Sequence: sequence, MetadataJson: fmt.Appendf(nil, `{"reward_member":%q}`, who),
		},
		Occurrence: &paymentsv1.Occurrence{
			SubscriptionId: subscription, Number: number, ExecutionDate: execution.Format(time.DateOnly), Status: status, Evidence: evidence, AmountCents: 2999,
		},
		OccurredAt: timestamppb.New(noon),
	}, noon)
}

// occurs applies events of occurrences.
func (f *fixture) occurs(t failer, list ...consume.Event) {
	t.Helper()
	err := pgx.BeginFunc(f.t.Context(), f.pool, func(tx pgx.Tx) error { return f.s.HandleOccurrences(f.t.Context(), tx, list) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnExecutedStandingOrderEarnsLikeAPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100, WelcomePoints: 5})
	tomorrow := noon.AddDate(0, 0, 1)
	told := func(number int32, status, evidence string, sequence int64) {
		f.occurs(t, decided("m_1", "SUB-1", "C-1", number, tomorrow, status, evidence, sequence))
	}
	told(1, "unknown", "no_evidence", 3)
	told(2, "missed", "stopped", 4)
	told(3, "paid", "payment", 5)
	found, err := f.s.ListMembers(t.Context(), &qrv1.ListMembersRequest{MerchantId: "m_1", Limit: 10})
	if err != nil || len(found.GetMembers()) != 0 {
		t.Fatalf("who has paid nothing by a standing order is enrolled: %v, %v", found, err)
	}
	id := f.enrol(t, "m_1", "C-1")
	told(1, "paid", "settlement", 6)
	told(1, "paid", "settlement", 6)
	told(1, "unknown", "no_evidence", 3)
	told(4, "paid", "bank", 7)
	told(4, "missed", "merchant", 8)
	told(4, "paid", "payment", 9)
	if got := f.ledger(t, "m_1", id); got != "welcome +5, earned +29, earned +29, taken_back -29" {
		t.Errorf("the ledger is %s", got)
	}
	list, err := f.s.ListRewardEntries(t.Context(), &qrv1.ListRewardEntriesRequest{MerchantId: "m_1", MemberId: id, Limit: 100})
	if err != nil || list.GetEntries()[2].GetReference() != "SUB-1/1" {
		t.Errorf("%v, %v", list, err)
	}
	err = pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		strange := decided("m_2", "SUB-2", "C-1", 1, tomorrow, "paid", "settlement", 1)
		strange.Merchant = "m_1"
		return f.s.HandleOccurrences(t.Context(), tx, []consume.Event{strange})
	})
	if err == nil {
		t.Error("an event of another merchant is applied")
	}
}

// TestAnyOrderOfProofsGivesTheSamePoints: proofs come, are taken back and come again, by events that are repeated and out of order.
func TestAnyOrderOfProofsGivesTheSamePoints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		merchant, number := fmt.Sprint("m_", round), fmt.Sprint("C-", round)
		programs, since := []*qrv1.RewardProgram{}, []time.Time{}
		f.now = noon
		for range rapid.IntRange(1, 2).Draw(r, "versions") {
			p := &qrv1.RewardProgram{
				Active: true, PointsPerEuroHundredths: 100, MaxPerDay: rapid.SampledFrom([]int64{0, 40}).Draw(r, "per day"),
				MaxPerMember: rapid.SampledFrom([]int64{0, 70}).Draw(r, "per member"),
			}
			f.program(r, merchant, p)
			programs, since = append(programs, p), append(since, f.now)
			f.now = f.now.Add(36 * time.Hour)
		}
		var list []consume.Event
		var final []*paymentsv1.Payment
		sequence := int64(2)
		for i := range rapid.IntRange(1, 5).Draw(r, "occurrences") {
			day := noon.AddDate(0, 0, rapid.IntRange(1, 4).Draw(r, "day"))
			begins := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, paris)
			refunded := int64(2999)
			for range rapid.IntRange(1, 4).Draw(r, "changes") {
				sequence++
				status, evidence := "unknown", "no_evidence"
				if refunded > 0 {
					status, evidence = "paid", rapid.SampledFrom([]string{"settlement", "bank", "merchant"}).Draw(r, "evidence")
				}
				refunded = 2999 - refunded
				list = append(list, decided(merchant, fmt.Sprint("SUB-", round), number, int32(i+1), day, status, evidence, sequence))
			}
			final = append(final, named("", number, 2999, refunded, 0, begins))
		}
		id := f.enrol(r, merchant, number)
		for _, i := range rapid.Permutation(append(indexes(list), indexes(list)...)).Draw(r, "order") {
			f.occurs(r, list[i])
		}
		if got, want := f.member(r, merchant, id).GetBalance(), owed(programs, since, final); got != want {
			r.Fatal("balance ", got, ", owed ", want, ": ", f.ledger(r, merchant, id))
		}
	})
}
