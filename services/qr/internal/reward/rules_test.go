package reward

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
	if err != nil {
		panic(err)
	}
	return t
}

func TestPointsAreForWholeEurosOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		program            *qrv1.RewardProgram
		cents, left, wants int64
	}{
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100}, 2999, 2999, 29},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100}, 2999, 99, 0},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 10}, 2999, 2999, 2},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 150}, 300, 300, 4},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100, MinimumCents: 1000}, 1000, 1000, 10},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100, MinimumCents: 1000}, 1000, 999, 0},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100, MaxPerPayment: 7}, 1000, 1000, 7},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100, Multipliers: []*qrv1.RewardMultiplier{{Hundredths: 150}, {Hundredths: 120}}}, 1500, 1500, 22},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100, Multipliers: []*qrv1.RewardMultiplier{{Hundredths: 50}}}, 1500, 1500, 7},
		{&qrv1.RewardProgram{PointsPerEuroHundredths: 100, Products: []string{"p"}}, 1500, 1500, 0},
	} {
		r := rules{test.program}
		if got := r.worth(r.weigh(test.cents, nil, noon), test.cents, test.left); got != test.wants {
			t.Errorf("%v: %d cents of which %d are left: %d points, want %d", test.program, test.cents, test.left, got, test.wants)
		}
	}
}

func TestLinesOfOrdersCountByProductAndCategory(t *testing.T) {
	t.Parallel()
	lines := []line{{"coffee", "drinks", 400}, {"cake", "sweets", 600}, {"gone", "", 1000}}
	for name, test := range map[string]struct {
		program *qrv1.RewardProgram
		wants   int64
	}{
		"everything":         {&qrv1.RewardProgram{}, 2000},
		"a product":          {&qrv1.RewardProgram{Products: []string{"cake"}}, 600},
		"a category":         {&qrv1.RewardProgram{Categories: []string{"drinks"}}, 400},
		"both":               {&qrv1.RewardProgram{Products: []string{"cake"}, Categories: []string{"drinks"}}, 1000},
		"a doubled category": {&qrv1.RewardProgram{Multipliers: []*qrv1.RewardMultiplier{{Hundredths: 200, Categories: []string{"sweets"}}}}, 2600},
	} {
		if got := (rules{test.program}).weigh(2000, lines, noon); got != test.wants {
			t.Errorf("%s: %d cents count, want %d", name, got, test.wants)
		}
	}
}

func TestAWindowIsOfTheClocksInParis(t *testing.T) {
	t.Parallel()
	lunch := &qrv1.RewardWindow{Weekdays: []string{"mon"}, From: "11:30", Until: "14:00"}
	night := &qrv1.RewardWindow{Weekdays: []string{"fri"}, From: "22:00", Until: "02:00"}
	for _, test := range []struct {
		window *qrv1.RewardWindow
		at     time.Time
		wants  bool
	}{
		{nil, noon, true},
		{&qrv1.RewardWindow{Weekdays: []string{"wed"}}, noon, true},
		{&qrv1.RewardWindow{Weekdays: []string{"thu"}}, noon, false},
		{lunch, at("2026-06-15 11:30"), true},
		{lunch, at("2026-06-15 11:29"), false},
		{lunch, at("2026-06-15 14:00"), false},
		{lunch, time.Date(2026, 6, 15, 11, 45, 0, 0, time.UTC), true},  // 13:45 in summer
		{lunch, time.Date(2026, 6, 15, 12, 15, 0, 0, time.UTC), false}, // 14:15 in summer
		{lunch, time.Date(2026, 12, 14, 12, 15, 0, 0, time.UTC), true}, // 13:15 in winter
		{night, at("2026-06-19 22:00"), true},
		{night, at("2026-06-20 01:59"), true}, // Saturday, but Friday's night
		{night, at("2026-06-20 02:00"), false},
		{night, at("2026-06-19 01:00"), false}, // Thursday's night
	} {
		if got := within(test.window, test.at); got != test.wants {
			t.Errorf("%s in %v: %t", test.at, test.window, got)
		}
	}
}

func TestPointsCanBeUsedToTheEndOfTheirLastDay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		months       int32
		given, wants string
	}{
		{1, "2026-01-31 23:30", "2026-03-01 00:00"},
		{12, "2024-02-29 12:00", "2025-03-01 00:00"},
		{1, "2027-01-30 12:00", "2027-03-01 00:00"},
		{6, "2026-06-17 12:00", "2026-12-18 00:00"},
		{10, "2026-12-31 12:00", "2027-11-01 00:00"},
		{1, "2026-09-25 02:30", "2026-10-26 00:00"},
	} {
		got := rules{&qrv1.RewardProgram{ValidityMonths: test.months}}.expiry(at(test.given))
		if !got.Equal(at(test.wants)) {
			t.Errorf("%d months from %s: %s, want %s", test.months, test.given, got.In(paris), test.wants)
		}
	}
	if (rules{&qrv1.RewardProgram{}}).expiry(noon) != nil {
		t.Error("points expire without a rule")
	}
}

// TestLimitsFollowFromTheShares: no limit takes anything away, and none is passed by what came under its rules.
func TestLimitsFollowFromTheShares(t *testing.T) {
	t.Parallel()
	most := func(n int64) *int64 { return &n }
	for _, test := range []struct {
		shares []share
		wants  int64
	}{
		{nil, 0},
		{[]share{{1, 30, most(20)}}, 20},
		{[]share{{1, 30, nil}, {2, 30, most(20)}}, 30},
		{[]share{{1, 10, nil}, {2, 30, most(20)}}, 20},
		{[]share{{1, 30, most(20)}, {2, 30, most(40)}}, 40},
		{[]share{{1, 30, most(20)}, {2, 30, nil}}, 50},
	} {
		if got := sum(granted(test.shares)); got != test.wants {
			t.Errorf("%+v: %d, want %d", test.shares, got, test.wants)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		var shares []share
		for v := range rapid.Int32Range(1, 4).Draw(r, "versions") {
			s := share{version: v, worth: rapid.Int64Range(0, 50).Draw(r, "worth")}
			if rapid.Bool().Draw(r, "limited") {
				s.most = most(rapid.Int64Range(1, 60).Draw(r, "most"))
			}
			shares = append(shares, s)
		}
		for i, n := range granted(shares) {
			if n < 0 || n > shares[i].worth {
				r.Fatal(shares, granted(shares))
			}
		}
	})
}
