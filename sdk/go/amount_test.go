package eupay

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
)

func TestAnAmountIsItsDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Amount{"29.99": 2999, "30": 3000, "0.5": 50, "-0.50": -50, "0": 0, "0.07": 7, "999999999999999.99": 99999999999999999} {
		var a Amount
		if err := json.Unmarshal([]byte(text), &a); err != nil || a != want {
			t.Errorf("%s: %d, %v", text, a, err)
		}
		if again, err := json.Marshal(a); err != nil || json.Unmarshal(again, &a) != nil || a != want {
			t.Errorf("%s: written %s, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "1.005", "1e2", ".5", "5.", "01", "+1", " 1", "1,5", "--1", "NaN", "9999999999999999", "١"} {
		if a, err := ParseAmount(text); !errors.Is(err, ErrAmount) {
			t.Errorf("%q: %d, %v", text, a, err)
		}
	}
	for a, want := range map[Amount]string{0: "0.00", 5: "0.05", -5: "-0.05", 2999: "29.99", math.MinInt64: "-92233720368547758.08"} {
		if a.String() != want {
			t.Errorf("%d: %s", a, a)
		}
	}
	p := Payment{Amount: 7}
	if err := json.Unmarshal([]byte(`{"amount":null}`), &p); err != nil || p.Amount != 7 {
		t.Errorf("null: %d, %v", p.Amount, err)
	}
}
