package bill

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// table4 is a bill of 100.00 at two rates, nothing of which is paid.
func table4() *account {
	return &account{Status: open, Lines: []line{
		{OrderID: "o1", Position: 0, Name: "Menu", Quantity: 3, Total: 70_00, Taxes: []vat.Share{vat.Whole(70_00, vat.Intermediate)}},
		{OrderID: "o1", Position: 1, Name: "Wine", Quantity: 1, Total: 30_00, Taxes: []vat.Share{vat.Whole(30_00, vat.Standard)}},
	}}
}

// pays has somebody pay what the share measures.
func (a *account) pays(t interface{ Fatal(...any) }, s *share) money.Cents {
	if err := a.measure(s); err != nil {
		t.Fatal(err)
	}
	s.ID, s.Status = string(rune('a'+len(a.Shares))), paid
	a.Shares = append(a.Shares, s)
	a.Payments = append(a.Payments, &received{ID: s.ID, ShareID: s.ID, Amount: s.Amount, Taxes: a.taxesOf(s.Amount)})
	return s.Amount
}

func TestEqualPartsAddUpToTheCent(t *testing.T) {
	t.Parallel()
	a := table4()
	var got []money.Cents
	for range 3 {
		got = append(got, a.pays(t, &share{Kind: kindEqual, People: 3, Parts: 1}))
	}
	if !slices.Equal(got, []money.Cents{33_33, 33_34, 33_33}) || a.due() != 0 {
		t.Errorf("paid %v, due %s", got, a.due())
	}
	if err := a.measure(&share{Kind: kindRest}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("a paid bill can be paid: %v", err)
	}
}

func TestPartsOfOthersAreNotTaken(t *testing.T) {
	t.Parallel()
	a := table4()
	a.pays(t, &share{Kind: kindEqual, People: 3, Parts: 2})
	if err := a.measure(&share{Kind: kindEqual, People: 3, Parts: 2}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("the second of one part: %v", err)
	}
	a.Shares = append(a.Shares, &share{Kind: kindEqual, People: 3, Parts: 1, Status: open, Amount: 33_33})
	if err := a.measure(&share{Kind: kindAmount, Amount: 1}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("what another is paying: %v", err)
	}
}

func TestPiecesOfALineCostTheLine(t *testing.T) {
	t.Parallel()
	a := table4()
	one := func() *share {
		return &share{Kind: kindItems, Items: []pieces{{OrderID: "o1", Position: 0, Quantity: 1}}}
	}
	got := []money.Cents{a.pays(t, one()), a.pays(t, one()), a.pays(t, one())}
	if !slices.Equal(got, []money.Cents{23_33, 23_33, 23_34}) {
		t.Errorf("paid %v", got)
	}
	if err := a.measure(one()); !errs.Is(err, errs.ValidationError) {
		t.Errorf("a fourth of three: %v", err)
	}
	if err := a.measure(&share{Kind: kindItems, Items: []pieces{{OrderID: "o2", Quantity: 1}}}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("a line of another bill: %v", err)
	}
	// What was given back can be taken again.
	a.Payments[0].Refunded = 23_33
	if err := a.measure(one()); err != nil {
		t.Error(err)
	}
}

func TestARefundTakesFromTheTipLast(t *testing.T) {
	t.Parallel()
	r := &received{Amount: 10_00, Tip: 2_00, Taxes: []vat.Share{vat.Whole(10_00, vat.Standard)}}
	for back, want := range map[money.Cents][2]money.Cents{0: {10_00, 2_00}, 4_00: {6_00, 2_00}, 11_00: {0, 1_00}, 12_00: {0, 0}} {
		r.Refunded = back
		if r.kept() != want[0] || r.tip() != want[1] {
			t.Errorf("after %s: %s and a tip of %s", back, r.kept(), r.tip())
		}
		if gross, _ := vat.Total(r.keptTaxes()); gross != r.kept() {
			t.Errorf("after %s: VAT of %s", back, gross)
		}
	}
}

// However a bill is divided, every cent is paid once, and the VAT of the payments is the VAT of the bill.
func TestHoweverABillIsDividedItIsPaidOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		a := &account{Status: open}
		for i := range rapid.IntRange(1, 6).Draw(r, "lines") {
			total := money.Cents(rapid.Int64Range(0, 200_00).Draw(r, "total"))
			a.Lines = append(a.Lines, line{
				OrderID: "o", Position: int32(i), Quantity: rapid.Int32Range(1, 7).Draw(r, "count"), Total: total,
				Taxes: []vat.Share{vat.Whole(total, rapid.SampledFrom(vat.Rates).Draw(r, "rate"))},
			})
		}
		all := a.taxes()
		total := a.sums().Total
		for step := 0; a.due() > 0; step++ {
			s := &share{Kind: kindRest}
			if step < 12 {
				s = drawShare(r, a)
			}
			if a.measure(s) != nil {
				continue
			}
			if s.Amount > a.free() {
				r.Fatalf("a share of %s out of %s", s.Amount, a.free())
			}
			a.pays(r, s)
			if sum := a.sums(); sum.Kept+sum.Pending > sum.Total {
				r.Fatalf("%s paid of %s", sum.Kept, sum.Total)
			}
		}
		var taxes [][]vat.Share
		for _, p := range a.Payments {
			if gross, _ := vat.Total(p.Taxes); gross != p.Amount {
				r.Fatalf("a payment of %s has the VAT of %s", p.Amount, gross)
			}
			taxes = append(taxes, p.Taxes)
		}
		if a.sums().Kept != total || a.overpaid() != 0 || !slices.Equal(vat.Sum(taxes...), all) {
			r.Fatalf("paid %s of %s, VAT %v of %v", a.sums().Kept, total, vat.Sum(taxes...), all)
		}
	})
}

func drawShare(r *rapid.T, a *account) *share {
	s := &share{Kind: rapid.SampledFrom([]string{kindEqual, kindItems, kindAmount}).Draw(r, "kind")}
	switch s.Kind {
	case kindEqual:
		s.People = rapid.Int32Range(2, 5).Draw(r, "people")
		s.Parts = rapid.Int32Range(1, s.People).Draw(r, "parts")
	case kindItems:
		s.Items = []pieces{{OrderID: "o", Position: rapid.Int32Range(0, int32(len(a.Lines))).Draw(r, "line"), Quantity: rapid.Int32Range(1, 3).Draw(r, "pieces")}}
	default:
		s.Amount = money.Cents(rapid.Int64Range(1, 100_00).Draw(r, "amount"))
	}
	return s
}

// What is paid too much has VAT as well, until it is given back.
func TestWhatIsOverpaidHasTheRatesOfTheBill(t *testing.T) {
	t.Parallel()
	a := table4()
	a.pays(t, &share{Kind: kindRest})
	if gross, _ := vat.Total(a.taxesOf(10_00)); gross != 10_00 {
		t.Errorf("VAT of %s", gross)
	}
	a.Lines = nil
	if got := a.taxesOf(10_00); !slices.Equal(got, []vat.Share{{Gross: 10_00}}) {
		t.Errorf("of nothing: %v", got)
	}
	if a.overpaid() != 100_00 {
		t.Errorf("overpaid %s", a.overpaid())
	}
}

// TestRefundsUnderWayLeaveTheRest: with two under way only the larger one was taken off what is overpaid, so a third gave back what was owed.
func TestRefundsUnderWayLeaveTheRest(t *testing.T) {
	t.Parallel()
	a := table4()
	a.Status = closed
	for range 3 { // all came late
		a.Payments = append(a.Payments, &received{Amount: 50_00})
	}
	a.Payments[0].Refund = refund{Status: refundRequested, Amount: 30_00}
	if got, err := a.refundable(a.Payments[1], 0); err != nil || got != 20_00 {
		t.Errorf("beside 30.00 of 50.00: %s, %v", got, err)
	}
	a.Payments[1].Refund = refund{Status: refundPending, Amount: 15_00}
	if got, err := a.refundable(a.Payments[2], 0); err != nil || got != 5_00 {
		t.Errorf("beside 45.00 of 50.00: %s, %v", got, err)
	}
	if _, err := a.refundable(a.Payments[2], 5_01); !errs.Is(err, errs.RefundExceeds) {
		t.Errorf("a cent too much: %v", err)
	}
	a.Payments[1].Refund.Status = refundFailed
	if got, err := a.refundable(a.Payments[2], 0); err != nil || got != 20_00 {
		t.Errorf("beside one that failed: %s, %v", got, err)
	}
}

func TestALargeRefundWantsAProof(t *testing.T) {
	t.Parallel()
	limit := int64(50_00)
	byShare, cash := &received{ShareID: "s", Amount: 90_00, Refunded: 30_00}, &received{Amount: 90_00}
	for _, most := range []*int64{nil, &limit} {
		if err := byShare.checkLimit(20_00, most); err != nil {
			t.Errorf("within the limit: %v", err)
		}
	}
	if err := byShare.checkLimit(20_01, &limit); !errs.Is(err, errs.StepUpRequired) {
		t.Errorf("together with what was given back before: %v", err)
	}
	if err := cash.checkLimit(80_00, &limit); err != nil {
		t.Errorf("what the merchant gives back itself: %v", err)
	}
}

// TestTooManyPiecesAreOneProblem: each of thousands was one more, in the answer to a guest.
func TestTooManyPiecesAreOneProblem(t *testing.T) {
	t.Parallel()
	_, err := decodeShare(&qrv1.CreateShareRequest{Kind: kindItems, Items: make([]*qrv1.ShareItem, 20_000)})
	if fields := errs.From(err).Fields; len(fields) != 1 || fields[0].Field != "items" {
		t.Errorf("%d problems: %.200v", len(fields), fields)
	}
}
