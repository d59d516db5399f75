package reward

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// ordered is the payment of an order of the merchant with a coffee for 4 euros and a cake for 6.
func (f *fixture) ordered(merchant, who string) (pay *paymentsv1.Payment, coffee, cake string) {
	f.t.Helper()
	order := uuid.NewString()
	coffee, cake = uuid.NewString(), uuid.NewString()
	for i, sql := range []string{
		`insert into products (id, merchant_id, name, category, price_ttc, vat_rate, stock_quantity, is_available, search_key, created_at, updated_at)
			select unnest(array[$2, $3]::uuid[]), $1::uuid, 'x', unnest(array['drinks', 'sweets']), 100, 100, 5, true, 'x', now(), now()`,
		`insert into orders (id, merchant_id, livemode, number, table_id, table_name, table_token, order_type, pay_now, status, holds_stock, customer_name, notes,
			subtotal_cents, discount_cents, total_cents, vat_cents, offer_name, sequence, created_at, updated_at, ask_due_at, ask_attempts)
			values ($2, $1, false, 1, $2, 'T', 't', 'dine_in', true, 'received', true, '', '', 1000, 0, 1000, 0, '', 1, now(), now(), null, 0)`,
		`insert into order_lines (order_id, position, product_id, name, quantity, notes, unit_price_cents, vat_per_mille, discount_cents, total_cents, vat_cents)
			values ($1, 0, $2, 'Coffee', 1, '', 400, 100, 0, 400, 0), ($1, 1, $3, 'Cake', 1, '', 600, 100, 0, 600, 0)`,
	} {
		args := [][]any{{merchant, coffee, cake}, {merchant, order}, {order, coffee, cake}}[i]
		if _, err := f.pool.Exec(f.t.Context(), sql, args...); err != nil {
			f.t.Fatal(err)
		}
	}
	p := named("PAY-"+order, who, 1000, 0, 3, f.now)
	p.MerchantId, p.Origin, p.OrderId = merchant, "order", order
	return p, coffee, cake
}

func TestProductsAndCategoriesOfOrdersEarn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	merchant := uuid.NewString()
	f.program(t, merchant, &qrv1.RewardProgram{
		Active: true, PointsPerEuroHundredths: 100, Categories: []string{"sweets"},
		Multipliers: []*qrv1.RewardMultiplier{{Hundredths: 300, Window: &qrv1.RewardWindow{Weekdays: []string{"wed"}}}},
	})
	p, _, _ := f.ordered(merchant, "C-1")
	f.handle(t, paid(p))
	id := f.enrol(t, merchant, "C-1")
	p.AmountRefundedCents, p.Sequence = 500, 4
	f.handle(t, paid(p))
	// An ordinary payment has no lines, so none of the category.
	other := named("PAY-2", "C-1", 1000, 0, 3, f.now)
	other.MerchantId = merchant
	f.handle(t, paid(other))
	if got := f.ledger(t, merchant, id); got != "earned +18, taken_back -9" {
		t.Errorf("%s", got)
	}
}

// TestARuleIsThatOfTheMomentOfThePayment, however late its event comes.
func TestARuleIsThatOfTheMomentOfThePayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100})
	paidAt := f.now.Add(time.Minute)
	f.now = f.now.Add(time.Hour)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: false, PointsPerEuroHundredths: 500})
	id := f.enrol(t, "m_1", "C-1")
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 0, 3, paidAt)), paid(named("PAY-2", "C-1", 1000, 0, 3, f.now)), paid(named("PAY-3", "C-1", 1000, 0, 3, noon.Add(-time.Hour))))
	if got := f.ledger(t, "m_1", id); got != "earned +10" {
		t.Errorf("%s", got)
	}
	got, err := f.s.ListRewardEntries(t.Context(), &qrv1.ListRewardEntriesRequest{MerchantId: "m_1", MemberId: id, Limit: 10})
	if err != nil || got.GetEntries()[0].GetProgramVersion() != 1 || got.GetEntries()[0].GetReference() != "PAY-1" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAPaymentNamesItsMember(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100, WelcomePoints: 5})
	id := f.enrol(t, "m_1", "C-1")
	for i, who := range []string{"C-1", id, " C-1 ", hashed("jane@example.com"), "Jane@Example.com", "other customer", ""} {
		f.handle(t, paid(named(fmt.Sprint("PAY-", i), who, 1000, 0, 3, noon)))
	}
	jane, _, err := memberOf(t.Context(), f.pool, "m_1", false, name{byEmail, hashed("jane@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string]string{
		id:   "welcome +5, earned +10, earned +10, earned +10",
		jane: "welcome +5, earned +10, earned +10",
	} {
		if got := f.ledger(t, "m_1", member); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	list, err := f.s.ListMembers(t.Context(), &qrv1.ListMembersRequest{MerchantId: "m_1", Limit: 10})
	if err != nil || list.GetTotal() != 3 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestAForgottenMemberKeepsItsLedger, and its refunds find it, while its number is free.
func TestAForgottenMemberKeepsItsLedger(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100})
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 0, 3, noon)))
	id := f.enrol(t, "m_1", "C-1")
	for range 2 {
		got, err := f.s.ForgetMember(t.Context(), &qrv1.ForgetMemberRequest{MerchantId: "m_1", Id: id})
		if err != nil || got.GetMember().GetCustomerNumber() != "" || got.GetMember().GetForgottenAt() == nil {
			t.Fatal(got, err)
		}
	}
	next := f.enrol(t, "m_1", "C-1")
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 1000, 4, noon)), paid(named("PAY-2", "C-1", 200, 0, 3, noon)))
	if old, now := f.ledger(t, "m_1", id), f.ledger(t, "m_1", next); old != "earned +10, taken_back -10" || now != "earned +2" {
		t.Errorf("%s; %s", old, now)
	}
}

func TestBadRequestsOfRewardsAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.enrol(t, "m_1", "C-1")
	ctx := t.Context()
	for name, try := range map[string]func() error{
		"no key": func() error {
			_, err := f.s.HoldPoints(ctx, &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, Points: 1})
			return err
		},
		"points and amount": func() error {
			_, err := f.s.HoldPoints(ctx, &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, Points: 1, AmountCents: 1, IdempotencyKey: "k"})
			return err
		},
		"an amount without a value": func() error {
			_, err := f.s.HoldPoints(ctx, &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, AmountCents: 1, IdempotencyKey: "k"})
			return err
		},
		"points below 0": func() error {
			_, err := f.s.HoldPoints(ctx, &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, Points: -1, IdempotencyKey: "k"})
			return err
		},
		"a hold for ever": func() error {
			_, err := f.s.HoldPoints(ctx, &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, Points: 1, ExpiresInSeconds: 1 << 30, IdempotencyKey: "k"})
			return err
		},
		"no reason": func() error {
			_, err := f.s.AdjustPoints(ctx, &qrv1.AdjustPointsRequest{MerchantId: "m_1", MemberId: id, Points: 1, IdempotencyKey: "k"})
			return err
		},
		"no points": func() error {
			_, err := f.s.AdjustPoints(ctx, &qrv1.AdjustPointsRequest{MerchantId: "m_1", MemberId: id, Reason: "x", IdempotencyKey: "k"})
			return err
		},
		"a number that is an address": func() error {
			_, err := f.s.CreateMember(ctx, &qrv1.CreateMemberRequest{MerchantId: "m_1", CustomerNumber: "a@b"})
			return err
		},
		"a number that is an id": func() error {
			_, err := f.s.CreateMember(ctx, &qrv1.CreateMemberRequest{MerchantId: "m_1", CustomerNumber: id})
			return err
		},
		"nobody": func() error {
			_, err := f.s.CreateMember(ctx, &qrv1.CreateMemberRequest{MerchantId: "m_1"})
			return err
		},
		"a weekday that is none": func() error {
			_, err := f.s.ReplaceProgram(ctx, &qrv1.ReplaceProgramRequest{MerchantId: "m_1", Program: &qrv1.RewardProgram{Window: &qrv1.RewardWindow{Weekdays: []string{"lundi"}}}})
			return err
		},
		"half a day": func() error {
			_, err := f.s.ReplaceProgram(ctx, &qrv1.ReplaceProgramRequest{MerchantId: "m_1", Program: &qrv1.RewardProgram{Window: &qrv1.RewardWindow{From: "08:00"}}})
			return err
		},
		"no rules": func() error {
			_, err := f.s.ReplaceProgram(ctx, &qrv1.ReplaceProgramRequest{MerchantId: "m_1"})
			return err
		},
	} {
		if err := try(); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestARepeatedRequestDoesNothingTwice, and another one with its key is refused.
func TestARepeatedRequestDoesNothingTwice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, other := f.enrol(t, "m_1", "C-1"), f.enrol(t, "m_2", "C-1")
	give := func(merchant, member string, points int64) (*qrv1.AdjustPointsResponse, error) {
		return f.s.AdjustPoints(t.Context(), &qrv1.AdjustPointsRequest{MerchantId: merchant, MemberId: member, Points: points, Reason: "x", IdempotencyKey: "k"})
	}
	first, err := give("m_1", id, 10)
	if err != nil || first.GetExisted() {
		t.Fatal(first, err)
	}
	if again, err := give("m_1", id, 10); err != nil || !again.GetExisted() || again.GetEntry().GetId() != first.GetEntry().GetId() {
		t.Error(again, err)
	}
	if _, err := give("m_1", id, 11); !errs.Is(err, errs.IdempotencyConflict) {
		t.Error(err)
	}
	if _, err := give("m_2", other, 7); err != nil {
		t.Error(err)
	}
	// A request that was refused leaves its key free.
	hold := func(points int64) (*qrv1.HoldPointsResponse, error) {
		return f.s.HoldPoints(t.Context(), &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, Points: points, IdempotencyKey: "k"})
	}
	if _, err := hold(11); !errs.Is(err, errs.InvalidState) {
		t.Error(err)
	}
	for i := range 2 {
		if got, err := hold(10); err != nil || got.GetExisted() != (i == 1) || got.GetRedemption().GetStatus() != held {
			t.Error(got, err)
		}
	}
	if got := f.member(t, "m_1", id); got.GetHeld() != 10 || got.GetBalance() != 10 {
		t.Error(got)
	}
}

// TestWhatHappensIsAnnouncedOnce, with the balance of that moment.
func TestWhatHappensIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100, ValidityMonths: 1, WelcomePoints: 5})
	for range 2 {
		f.handle(t, paid(named("PAY-1", "C-1", 1000, 0, 3, noon)))
	}
	id := f.enrol(t, "m_1", "C-1")
	kept, err := f.hold("m_1", id, 6)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := f.capture("m_1", kept.GetId()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.hold("m_1", id, 1); err != nil {
		t.Fatal(err)
	}
	f.now = noon.AddDate(0, 2, 0)
	for range 2 {
		if _, err := f.s.holds.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := f.s.lots.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 1000, 4, noon)))
	var types []string
	if err := f.pool.QueryRow(t.Context(), `select array_agg(event_type order by id) from outbox`).Scan(&types); err != nil {
		t.Fatal(err)
	}
	want := "[reward.earned reward.earned reward.redeemed reward.expired reward.released reward.expired reward.taken_back]"
	if fmt.Sprint(types) != want {
		t.Errorf("%v, want %s", types, want)
	}
	if got := f.ledger(t, "m_1", id); got != "welcome +5, earned +10, redeemed -6, expired -8, expired -1, taken_back -1" {
		t.Errorf("%s", got)
	}
}

// TestTheExportHasEveryLineOnce, in parts, of one merchant and mode.
func TestTheExportHasEveryLineOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, merchant := range []string{"m_1", "m_2"} {
		for i := range 3 {
			id := f.enrol(t, merchant, fmt.Sprint("C-", i))
			for range 3 {
				if err := f.adjust(merchant, id, 5); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	seen, after := map[string]bool{}, ""
	for more := true; more; {
		part, err := f.s.ListRewardEntries(t.Context(), &qrv1.ListRewardEntriesRequest{MerchantId: "m_1", Limit: 4, StartingAfter: after})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range part.GetEntries() {
			if seen[e.GetId()] {
				t.Error("twice")
			}
			seen[e.GetId()], after = true, e.GetId()
		}
		more = part.GetHasMore()
	}
	if len(seen) != 9 {
		t.Errorf("%d lines", len(seen))
	}
	other, err := f.s.ListRewardEntries(t.Context(), &qrv1.ListRewardEntriesRequest{MerchantId: "m_1", Livemode: true, Limit: 4})
	if err != nil || len(other.GetEntries()) != 0 {
		t.Error(other, err)
	}
}
