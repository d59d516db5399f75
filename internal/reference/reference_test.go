package reference

import (
	"strings"
	"testing"
	"time"
)

func TestAProposedReferenceIsOneOfOurs(t *testing.T) {
	t.Parallel()
	paris := time.Date(2026, 1, 1, 0, 30, 0, 0, time.FixedZone("CET", 3600))
	for prefix, ref := range map[string]string{"PAY-20251231-": Payment(paris), "REF-20251231-": Refund(paris)} {
		if !Valid(ref) || !strings.HasPrefix(ref, prefix) {
			t.Errorf("%s is no reference of the UTC day", ref)
		}
	}
}

func TestReferenceShape(t *testing.T) {
	t.Parallel()
	const payRef = "PAY-20260617-0B25921FB72918ED"
	for _, good := range []string{payRef, "REF-20260617-0B25921FB72918EE"} {
		if !Valid(good) {
			t.Errorf("%s is refused", good)
		}
	}
	for _, bad := range []string{"", payRef + "\n", "PAX-20260617-0B25921FB72918ED", "PAY-20260617-0B25921FB72918EG"} {
		if Valid(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
	seen := map[string]bool{}
	for range 1000 {
		ref := Payment(time.Now())
		if seen[ref] || !Valid(ref) {
			t.Fatalf("reference %s", ref)
		}
		seen[ref] = true
	}
}
