package money

import (
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestADecimalIsReadAsItIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, scale := rapid.Int64Range(-1e12, 1e12).Draw(t, "n"), rapid.IntRange(1, 6).Draw(t, "scale")
		text := FormatDecimal(n, scale, rapid.IntRange(0, scale).Draw(t, "least"))
		if back, err := ParseDecimal(text, scale); err != nil || back != n {
			t.Fatalf("%d came back from %s as %d, %v", n, text, back, err)
		}
	})
}

func TestADecimalHasTheDecimalsThatItNeeds(t *testing.T) {
	for _, c := range []struct {
		n            int64
		scale, least int
		want         string
	}{
		{10_000, 4, 0, "1"}, {3330, 4, 0, "0.333"}, {18_863_333, 6, 2, "18.863333"}, {1_250_000_000, 6, 2, "1250.00"}, {-55, 1, 0, "-5.5"}, {0, 4, 0, "0"},
	} {
		if got := FormatDecimal(c.n, c.scale, c.least); got != c.want {
			t.Errorf("%d of 10^-%d is %q, want %q", c.n, c.scale, got, c.want)
		}
	}
}

func TestInvalidDecimalsAreRefused(t *testing.T) {
	for _, text := range []string{"", "-", ".5", "1,5", "1e3", "+1", " 1", "x", "1.00001", "1234567890123", "١"} {
		if n, err := ParseDecimal(text, 4); !errors.Is(err, ErrNotADecimal) {
			t.Errorf("%q is %d, %v", text, n, err)
		}
	}
	if n, err := ParseDecimal("5.5000000", 1); err != nil || n != 55 {
		t.Errorf("zeros at the end: %d, %v", n, err)
	}
}

func TestAPriceWithFourDecimalsIsAShortNumber(t *testing.T) {
	for e, want := range map[E4]string{31_818: "3.1818", 35_000: "3.5", 30_000: "3", 1: "0.0001", 0: "0", 10_010: "1.001"} {
		if got, err := json.Marshal(e); err != nil || string(got) != want {
			t.Errorf("%d is written as %s, %v, want %s", e, got, err, want)
		}
	}
}
