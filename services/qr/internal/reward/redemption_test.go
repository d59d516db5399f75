package reward

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// TestAHoldEndsAtItsTimeWhetherAWorkerHasSeenItOrNot: a late capture ends it, and is refused.
func TestAHoldEndsAtItsTimeWhetherAWorkerHasSeenItOrNot(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 10); err != nil {
		t.Fatal(err)
	}
	held, err := f.hold("m_1", id, 10)
	if err != nil {
		t.Fatal(err)
	}
	f.now = held.GetExpiresAt().AsTime()
	for range 2 {
		if _, err := f.capture("m_1", held.GetId()); !errs.Is(err, errs.InvalidState) {
			t.Errorf("captured after its time: %v", err)
		}
	}
	if _, err := f.release("m_1", held.GetId()); !errs.Is(err, errs.InvalidState) {
		t.Errorf("released after its time: %v", err)
	}
	got, err := f.s.GetRedemption(t.Context(), &qrv1.GetRedemptionRequest{MerchantId: "m_1", Id: held.GetId()})
	if err != nil || got.GetRedemption().GetStatus() != expired || !got.GetRedemption().GetEndedAt().AsTime().Equal(f.now) {
		t.Errorf("%v, %v", got, err)
	}
	if is := f.member(t, "m_1", id); is.GetBalance() != 10 || is.GetHeld() != 0 {
		t.Errorf("%v", is)
	}
}

// TestWhatIsOwedIsPaidByThePointsThatExpireFirst, so that the customer keeps those that can be used for longest.
func TestWhatIsOwedIsPaidByThePointsThatExpireFirst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointsPerEuroHundredths: 100, ValidityMonths: 1})
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 0, 3, f.now)))
	id := f.enrol(t, "m_1", "C-1")
	spent, err := f.hold("m_1", id, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.capture("m_1", spent.GetId()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second five expire a week later
		if err := f.adjust("m_1", id, 5); err != nil {
			t.Fatal(err)
		}
		f.now = f.now.AddDate(0, 0, 7)
	}
	last := rules{&qrv1.RewardProgram{ValidityMonths: 1}}.expiry(f.now.AddDate(0, 0, -7))
	held, err := f.hold("m_1", id, 10)
	if err != nil {
		t.Fatal(err)
	}
	f.handle(t, paid(named("PAY-1", "C-1", 1000, 500, 4, noon)))
	if is := f.member(t, "m_1", id); is.GetBalance() != 5 || is.GetHeld() != 10 {
		t.Fatalf("%v", is)
	}
	if _, err := f.hold("m_1", id, 1); !errs.Is(err, errs.InvalidState) {
		t.Errorf("points that are held and owed are spent: %v", err)
	}
	if _, err := f.release("m_1", held.GetId()); err != nil {
		t.Fatal(err)
	}
	if is := f.member(t, "m_1", id); is.GetBalance() != 5 || is.GetExpiringPoints() != 5 || !is.GetExpiringAt().AsTime().Equal(*last) {
		t.Errorf("%v, want 5 to %s", is, last)
	}
}

// TestOthersFindNothing: neither another merchant nor the other mode.
func TestOthersFindNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	ctx, id := t.Context(), f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 10); err != nil {
		t.Fatal(err)
	}
	held, err := f.hold("m_1", id, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []struct {
		merchant string
		live     bool
	}{{"m_2", false}, {"m_1", true}} {
		for name, try := range map[string]func() error{
			"member": func() error {
				_, err := f.s.GetMember(ctx, &qrv1.GetMemberRequest{MerchantId: other.merchant, Livemode: other.live, Id: id})
				return err
			},
			"forget": func() error {
				_, err := f.s.ForgetMember(ctx, &qrv1.ForgetMemberRequest{MerchantId: other.merchant, Livemode: other.live, Id: id})
				return err
			},
			"entries": func() error {
				_, err := f.s.ListRewardEntries(ctx, &qrv1.ListRewardEntriesRequest{MerchantId: other.merchant, Livemode: other.live, MemberId: id})
				return err
			},
			"adjust": func() error {
				_, err := f.s.AdjustPoints(ctx, &qrv1.AdjustPointsRequest{MerchantId: other.merchant, Livemode: other.live, MemberId: id, Points: 1, Reason: "x", IdempotencyKey: "k"})
				return err
			},
			"hold": func() error {
				_, err := f.s.HoldPoints(ctx, &qrv1.HoldPointsRequest{MerchantId: other.merchant, Livemode: other.live, MemberId: id, Points: 1, IdempotencyKey: "k"})
				return err
			},
			"redemption": func() error {
				_, err := f.s.GetRedemption(ctx, &qrv1.GetRedemptionRequest{MerchantId: other.merchant, Livemode: other.live, Id: held.GetId()})
				return err
			},
			"capture": func() error {
				_, err := f.s.CaptureRedemption(ctx, &qrv1.CaptureRedemptionRequest{MerchantId: other.merchant, Livemode: other.live, Id: held.GetId()})
				return err
			},
			"release": func() error {
				_, err := f.s.ReleaseRedemption(ctx, &qrv1.ReleaseRedemptionRequest{MerchantId: other.merchant, Livemode: other.live, Id: held.GetId()})
				return err
			},
		} {
			if err := try(); !errs.Is(err, errs.NotFoundCode) {
				t.Errorf("%s of %+v: %v", name, other, err)
			}
		}
		list, err := f.s.ListRedemptions(ctx, &qrv1.ListRedemptionsRequest{MerchantId: other.merchant, Livemode: other.live, MemberId: id, Limit: 10})
		if err != nil || list.GetTotal() != 0 {
			t.Error(list, err)
		}
		members, err := f.s.ListMembers(ctx, &qrv1.ListMembersRequest{MerchantId: other.merchant, Livemode: other.live, CustomerNumber: "C-1", Limit: 10})
		if err != nil || members.GetTotal() != 0 {
			t.Error(members, err)
		}
	}
	if is := f.member(t, "m_1", id); is.GetBalance() != 10 || is.GetHeld() != 5 {
		t.Error(is)
	}
}

// TestAnAmountTakesEnoughPoints: never more discount than the points are worth.
func TestAnAmountTakesEnoughPoints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.program(t, "m_1", &qrv1.RewardProgram{Active: true, PointValueCents: 5})
	id := f.enrol(t, "m_1", "C-1")
	if err := f.adjust("m_1", id, 100); err != nil {
		t.Fatal(err)
	}
	for cents, points := range map[int64]int64{1: 1, 5: 1, 6: 2, 299: 60} {
		got, err := f.s.HoldPoints(t.Context(), &qrv1.HoldPointsRequest{MerchantId: "m_1", MemberId: id, AmountCents: cents, IdempotencyKey: time.Duration(cents).String()})
		if r := got.GetRedemption(); err != nil || r.GetPoints() != points || r.GetAmountCents() != cents {
			t.Errorf("%d cents: %v, %v", cents, r, err)
		}
	}
	if got, err := f.hold("m_1", id, 10); err != nil || got.GetAmountCents() != 50 {
		t.Error(got, err)
	}
}
