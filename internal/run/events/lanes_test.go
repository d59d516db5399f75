package events

import "testing"

func TestALaneIsNamedAfterItsConsumer(t *testing.T) {
	t.Parallel()
	for _, lanes := range LaneNumbers {
		for _, name := range Durables("tester", lanes) {
			if got := ConsumerOf(name); got != "tester" {
				t.Errorf("%s is of %q", name, got)
			}
		}
	}
	for _, name := range []string{"tester", "tester-2", "tester-3-1"} {
		if got := ConsumerOf(name); got != name {
			t.Errorf("%s is of %q", name, got)
		}
	}
}
