package till

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/businessday"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

func TestADayIsClosedOnceAfterItsEnd(t *testing.T) {
	t.Parallel()
	r := setup(t)
	first, second := r.order(2200), r.order(1100)
	r.pay(first, "cash", 2200, 150)
	r.pay(second, journal.ByEUPay, 1100, 0)
	r.back(second, journal.ByEUPay, 550)
	third := r.order(3300)
	r.append(journal.Entry{Kind: journal.Cancelled, OrderID: third, Amount: -3300, Taxes: []vat.Share{vat.Whole(-3300, vat.Intermediate)}})
	r.clock.Advance(13*time.Hour + 59*time.Minute) // 03:59 in France
	r.close()
	if n := len(r.list("")); n != 0 {
		t.Fatalf("%d closings before the end of the day", n)
	}
	r.clock.Advance(time.Minute)
	r.close()
	r.close()
	list := r.list("")
	if len(list) != 1 {
		t.Fatalf("%d closings", len(list))
	}
	c := list[0]
	if c.Period != Day || c.Date != "2026-06-17" || c.Number != 1 || c.First != 1 || c.Last != 7 || c.Sequence != 8 || c.ByHand {
		t.Errorf("the closing is %+v", c)
	}
	x := c.Totals
	if x.Orders != 3 || x.Gross != 3300 || x.Cancelled != 3300 || x.Cancellations != 1 || x.Discount != 300 || x.Received != 3300 || x.Refunded != 550 ||
		x.Refunds != 1 || x.Tips != 150 || len(x.Methods) != 2 || x.Methods[0].Method != "cash" || x.Methods[0].Received != 2200 || x.Methods[1].Refunded != 550 {
		t.Errorf("the totals are %+v", x)
	}
	if c.Grand != (Grand{6600, 3300, 3300, 550}) {
		t.Errorf("the grand totals are %+v", c.Grand)
	}
	if p := r.verify(); p.GetProblem() != "" || p.GetClosings() != 1 || p.GetRecords() != 8 {
		t.Errorf("the journal: %v", p)
	}
}

// Nothing ran for three days and a turn of the year. Each day gets its closing, each month and the year as well, in order.
func TestMissedDaysMonthsAndYearsAreClosed(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, at := range []string{"2026-11-29T12:00:00Z", "2026-11-30T12:00:00Z", "2026-12-31T23:00:00Z", "2027-01-01T02:00:00Z", "2027-01-01T12:00:00Z"} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(when.Sub(r.clock.Now()))
		r.pay(r.order(1000), "card", 1000, 0)
	}
	r.clock.Advance(24 * time.Hour)
	r.close()
	r.close()
	var got []string
	for _, c := range r.list("") {
		got = append(got, string(c.Period)+" "+c.Date+" "+c.Totals.Gross.String()+" "+c.Grand.Total.String())
	}
	want := []string{
		"day 2026-11-29 10.00 10.00", "day 2026-11-30 10.00 20.00", "day 2026-12-31 20.00 40.00", "day 2027-01-01 10.00 50.00",
		"month 2026-11-01 20.00 20.00", "month 2026-12-01 20.00 40.00", "year 2026-01-01 40.00 40.00",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("closed were\n%s", strings.Join(got, "\n"))
	}
	if p := r.verify(); p.GetProblem() != "" || p.GetClosings() != 7 {
		t.Errorf("the journal: %v", p)
	}
	told := r.told()
	for i, c := range r.list("") {
		if len(told) != 7 || !proto.Equal(told[i].GetClosing(), c.view()) || told[i].GetMerchantId() != r.who.MerchantID || !told[i].GetLivemode() {
			t.Fatalf("%d closings were announced, the one of number %d as %v", len(told), i+1, told[i])
		}
	}
}

func TestADayIsClosedByHandAndWhatComesLaterIsInAnother(t *testing.T) {
	t.Parallel()
	r := setup(t)
	if _, err := r.CloseNow(t.Context(), r.who); !errs.Is(err, errs.InvalidState) {
		t.Errorf("an empty till was closed: %v", err)
	}
	r.order(1000)
	if c, err := r.CloseNow(t.Context(), r.who); err != nil || !c.ByHand || c.Totals.Gross != 1000 {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := r.CloseNow(t.Context(), r.who); !errs.Is(err, errs.InvalidState) {
		t.Errorf("it was closed twice: %v", err)
	}
	r.order(500)
	r.clock.Advance(24 * time.Hour)
	r.order(200)
	r.close()
	list := r.list(Day)
	if len(list) != 2 || list[1].Date != "2026-06-17" || list[1].Totals.Gross != 500 || list[1].Grand.Total != 1500 || list[1].ByHand {
		t.Fatalf("%d closings, the last %+v", len(list), list[len(list)-1])
	}
	// What is recorded after a day was closed counts as of today, whenever it happened.
	r.clock.Advance(-24 * time.Hour)
	r.order(100)
	r.clock.Advance(24 * time.Hour)
	r.close()
	r.clock.Advance(24 * time.Hour)
	r.close()
	if list = r.list(Day); len(list) != 3 || list[2].Date != "2026-06-18" || list[2].Totals.Gross != 300 {
		t.Errorf("%d closings, the last %+v", len(list), list[len(list)-1])
	}
}

// The sums of all closings are those of the payments, and each record of money is in one closing.
func TestClosingsAddUpToWhatWasPaid(t *testing.T) {
	t.Parallel()
	r := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		r.who.MerchantID = journalOwner(rt)
		var ordered, received, refunded money.Cents
		for range rapid.IntRange(1, 8).Draw(rt, "orders") {
			amount := money.Cents(rapid.Int64Range(1, 9999).Draw(rt, "amount"))
			id := r.order(amount)
			ordered += amount
			if rapid.Bool().Draw(rt, "paid") {
				r.pay(id, rapid.SampledFrom(Methods).Draw(rt, "method"), amount, 0)
				received += amount
				if rapid.Bool().Draw(rt, "refunded") {
					r.back(id, "cash", amount)
					refunded += amount
				}
			}
			r.clock.Advance(time.Duration(rapid.Int64Range(0, 160).Draw(rt, "quarters")) * 15 * time.Minute)
			if rapid.Bool().Draw(rt, "change") {
				r.startAt(rapid.SampledFrom(businessday.All()).Draw(rt, "start").String())
			}
			switch rapid.IntRange(0, 3).Draw(rt, "close") {
			case 0:
				r.close()
			case 1:
				if _, err := r.CloseNow(rt.Context(), r.who); err != nil && !errs.Is(err, errs.InvalidState) {
					rt.Fatal(err)
				}
			}
		}
		r.clock.Advance(72 * time.Hour)
		r.close()
		var all Totals
		next, last := int64(1), ""
		for _, c := range r.list(Day) {
			if c.Date < last {
				rt.Fatalf("closing %d is of %s, after one of %s", c.Number, c.Date, last)
			}
			last = c.Date
			if c.First != next {
				rt.Fatalf("closing %d begins at %d, not at %d", c.Number, c.First, next)
			}
			next = c.Last + 1
			all.join(c.Totals)
		}
		if all.Gross != ordered || all.Received != received || all.Refunded != refunded || all.Net+all.VAT != all.Gross {
			rt.Fatalf("closings have %+v of %s, %s, %s", all, ordered, received, refunded)
		}
		if p := r.verify(); p.GetProblem() != "" {
			rt.Fatal(p.GetProblem())
		}
	})
}

func TestAChangedClosingIsFound(t *testing.T) {
	t.Parallel()
	r := setup(t)
	exec := func(sql string) {
		t.Helper()
		if _, err := r.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	r.order(1000)
	if _, err := r.CloseNow(t.Context(), r.who); err != nil {
		t.Fatal(err)
	}
	if _, err := r.pool.Exec(t.Context(), `delete from till_closings`); err == nil || !strings.Contains(err.Error(), "never changed") {
		t.Fatalf("a closing was removed: %v", err)
	}
	exec(`alter table till_closings disable trigger till_closings_are_kept`)
	exec(`update till_closings set totals = jsonb_set(totals, '{totals,gross}', '9')`)
	if p := r.verify(); p.GetSequence() != 2 || !strings.Contains(p.GetProblem(), "list of closings") {
		t.Errorf("a changed closing: %v", p)
	}
	exec(`delete from till_closings`)
	if p := r.verify(); !strings.Contains(p.GetProblem(), "list of closings") {
		t.Errorf("a removed closing: %v", p)
	}
}
