package decimal

import "testing"

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1": 100, "1.5": 150, "1.50": 150, "-0.01": -1, "0": 0, "999999999999.99": 99999999999999, "1.500000": 150,
	} {
		if got, ok := Parse(text, 2); !ok || got != want {
			t.Errorf("Parse(%q) = %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", ".", "1.", ".5", "1.005", "1e2", "+1", " 1", "1 ", "1,5", "--1", "0x1", "1234567890123", "1.-5", "NaN"} {
		if got, ok := Parse(text, 2); ok {
			t.Errorf("Parse(%q) = %d", text, got)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n          int64
		scale, low int
		want       string
	}{{150, 2, 2, "1.50"}, {-1, 2, 2, "-0.01"}, {10000, 4, 0, "1"}, {3333, 4, 0, "0.3333"}, {55, 1, 0, "5.5"}, {1500000, 6, 2, "1.50"}} {
		if got := Format(c.n, c.scale, c.low); got != c.want {
			t.Errorf("Format(%d, %d, %d) = %s, want %s", c.n, c.scale, c.low, got, c.want)
		}
	}
}
