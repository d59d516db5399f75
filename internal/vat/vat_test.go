package vat

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
)

// The first example is that of the API reference.
func TestPricesAreSplitExactly(t *testing.T) {
	t.Parallel()
	const highest = 100_000_000 // of the catalog
	for _, c := range []struct {
		price    money.Cents
		rate     Rate
		net, tax money.E4
	}{
		{350, 100, 31818, 3182},
		{1200, 200, 100000, 20000},
		{999, 55, 94692, 5208},
		{100, 21, 9794, 206},
		{0, 200, 0, 0},
		{3, 200, 250, 50},
		{1, 200, 83, 17},
		{highest, 21, 9794319295, 205680705},
	} {
		if net, tax := Split(c.price, c.rate); net != c.net || tax != c.tax {
			t.Errorf("%s at %s: %d + %d, want %d + %d", c.price, c.rate, net, tax, c.net, c.tax)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		price, rate := money.Cents(rapid.Int64Range(0, highest).Draw(t, "price")), rapid.SampledFrom(Rates).Draw(t, "rate")
		net, tax := Split(price, rate)
		// Half up: the exact value lies from half a unit below to less than half a unit above.
		exact, unit := 2*int64(price)*100*1000, 2*(1000+int64(rate))
		if int64(net+tax) != int64(price)*100 || exact < int64(net)*unit-unit/2 || exact >= int64(net)*unit+unit/2 {
			t.Fatalf("%s at %s: %d + %d", price, rate, net, tax)
		}
	})
}

func TestVATAndNetAddUpToTheCent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		gross money.Cents
		rate  Rate
		tax   money.Cents
	}{{1200, 200, 200}, {1000, 100, 91}, {1000, 55, 52}, {1000, 21, 21}, {999, 0, 0}, {-1200, 200, -200}, {9, 200, 2}} {
		if tax, net := In(c.gross, c.rate), Net(c.gross, c.rate); tax != c.tax || (tax+net != c.gross && c.gross != 9) {
			t.Errorf("%s at %s: %s in it, %s without", c.gross, c.rate, tax, net)
		}
	}
	// A half is rounded in both: who needs a sum takes one from the other.
	if tax, net := In(9, Standard), Net(money.Cents(9), Standard); tax != 2 || net != 8 {
		t.Errorf("0.09: %s in it, %s without", tax, net)
	}
}

func TestARateIsPrintedInOneWay(t *testing.T) {
	t.Parallel()
	for r, want := range map[Rate]string{0: "0", Special: "2.1", Reduced: "5.5", Intermediate: "10", Standard: "20", 196: "19.6", OverseasStandard: "8.5", OverseasLivestock: "1.75", OverseasPress: "1.05"} {
		if got, err := json.Marshal(Percent(r)); err != nil || string(got) != want || r.String() != want {
			t.Errorf("%d is %s, as JSON %s, %v", int32(r), r, got, err)
		}
		if back, err := Parse(want); err != nil || back != r {
			t.Errorf("%s is read as %d, %v", want, int32(back), err)
		}
	}
	if got, err := json.Marshal(Reduced); err != nil || string(got) != "55" { // as stored documents have it
		t.Errorf("a rate is stored as %s, %v", got, err)
	}
	for _, bad := range []string{"", "5.555", "x", "500000000", "1000", "1000.01", "-5.55", "1e1"} {
		if r, err := Parse(bad); !errors.Is(err, money.ErrNotADecimal) {
			t.Errorf("%q is read as %d, %v", bad, int32(r), err)
		}
	}
}

func TestEveryRateAboveZeroHasACode(t *testing.T) {
	t.Parallel()
	for r, want := range map[Rate]string{200: "TVA20", 100: "TVA10", 55: "TVA55", 21: "TVA21", 0: "", 196: ""} {
		if got := r.Code(); got != want {
			t.Errorf("%s has the code %q, want %q", r, got, want)
		}
	}
	for _, r := range Rates {
		if (r.Code() == "") != (r == 0) {
			t.Errorf("%s has the code %q", r, r.Code())
		}
	}
}

// 1.75 and 1.05 have no whole number per mille.
func TestRatesOfTwoDecimalsAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		gross money.Cents
		rate  Rate
		tax   money.Cents
	}{{101_75, OverseasLivestock, 1_75}, {101_05, OverseasPress, 1_05}, {108_50, OverseasStandard, 8_50}, {1000, OverseasPress, 10}} {
		if tax, net := In(c.gross, c.rate), Net(c.gross, c.rate); tax != c.tax || tax+net != c.gross {
			t.Errorf("%s at %s: %s in it, %s without", c.gross, c.rate, tax, net)
		}
	}
	order := []Rate{OverseasPress, OverseasLivestock, Special, Reduced, OverseasStandard, Intermediate, Standard}
	if !slices.IsSortedFunc(order, Compare) || Compare(Standard, OverseasPress) != 1 || Compare(Special, Special) != 0 {
		t.Error("rates are not ordered by their height")
	}
}
