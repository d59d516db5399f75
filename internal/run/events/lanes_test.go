package events

import (
	"fmt"
	"testing"
)

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

// TestMerchantsAreSpreadOverLanes, also those whose ids differ in their last digits only.
func TestMerchantsAreSpreadOverLanes(t *testing.T) {
	t.Parallel()
	const n = 8000
	for _, lanes := range LaneNumbers {
		count := make([]int, lanes)
		for i := range n {
			count[LaneOf(fmt.Sprintf("019a2f5c-7d31-7000-8000-%012x", i), lanes)]++
		}
		for lane, got := range count {
			if fair := n / lanes; got < fair*8/10 || got > fair*12/10 {
				t.Errorf("lane %d of %d has %d of %d merchants", lane+1, lanes, got, n)
			}
		}
	}
}
