package money

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Cents{
		"29.99": 2999, "30": 3000, "30.0": 3000, "0.5": 50, "0.01": 1, "-1.5": -150, "0": 0, "-0": 0,
		"10000": 1000000, "999999999999999.99": 99999999999999999,
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]error{
		"": ErrNotANumber, "-": ErrNotANumber, ".5": ErrNotANumber, "1.": ErrNotANumber, "01": ErrNotANumber,
		"+1": ErrNotANumber, "1e3": ErrNotANumber, "1E400": ErrNotANumber, "NaN": ErrNotANumber, "Infinity": ErrNotANumber,
		" 1": ErrNotANumber, "1,5": ErrNotANumber, "0x10": ErrNotANumber, "١": ErrNotANumber, `"1"`: ErrNotANumber,
		"29.999": ErrManyDecimals, "1.000": ErrManyDecimals,
		"1" + strings.Repeat("0", 400): ErrOutOfRange, "1000000000000000": ErrOutOfRange,
	} {
		if got, err := Parse(text); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %d, %v; want %v", text, got, err, want)
		}
	}
}

func TestJSONIsTheShortestNumber(t *testing.T) {
	for c, want := range map[Cents]string{2999: "29.99", 2990: "29.9", 3000: "30", 1: "0.01", 10: "0.1", 0: "0", -50: "-0.5", 100000: "1000"} {
		if got := c.JSON(); got != want {
			t.Errorf("%d.JSON() = %s, want %s", int64(c), got, want)
		}
	}
	if got := Cents(math.MinInt64).String(); got != "-92233720368547758.08" {
		t.Errorf("smallest amount prints as %s", got)
	}
}

func TestEveryAmountSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Cents(rapid.Int64Range(-99999999999999999, 99999999999999999).Draw(t, "cents"))
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(string(raw)); err != nil || back != c {
			t.Fatalf("%d printed as %s reads back as %d, %v", c, raw, back, err)
		}
	})
}

func TestAddRefusesToWrap(t *testing.T) {
	if _, err := Cents(math.MaxInt64).Add(1); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("MaxInt64 + 1: %v", err)
	}
	if _, err := Cents(math.MinInt64).Add(-1); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("MinInt64 - 1: %v", err)
	}
	if sum, err := Cents(2).Add(-3); err != nil || sum != -1 {
		t.Errorf("2 + -3 = %d, %v", sum, err)
	}
}

func TestCentsReadTheJSONTheyWrite(t *testing.T) {
	for _, c := range []Cents{0, 1, 30, 2990, 2999, 3000, -50, -1} {
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back Cents
		if err := json.Unmarshal(text, &back); err != nil || back != c {
			t.Errorf("%s came back as %s, %v", text, back, err)
		}
	}
	kept := Cents(5)
	for _, text := range []string{`"1"`, "1.234", "1e3"} {
		if err := json.Unmarshal([]byte(text), &kept); err == nil {
			t.Errorf("%s was read as %s", text, kept)
		}
	}
	if err := json.Unmarshal([]byte("null"), &kept); err != nil || kept != 5 {
		t.Errorf("null: %s, %v", kept, err)
	}
}
