package lifecycle

import "testing"

func TestEveryStepHasAName(t *testing.T) {
	t.Parallel()
	seen := map[string]int32{}
	for code := int32(200); code <= 213; code++ {
		label := Label(code)
		if label == "" || seen[label] != 0 {
			t.Errorf("%d is %q, as %d", code, label, seen[label])
		}
		seen[label] = code
	}
	if Label(210) != "Refusée" || Label(213) != "Rejetée" || Label(0) != "" || Label(214) != "" {
		t.Error("a step has the name of another")
	}
}
