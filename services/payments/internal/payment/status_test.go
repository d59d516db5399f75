package payment

import "testing"

func TestEveryPairOfStatuses(t *testing.T) {
	allowed := map[[2]Status]bool{
		{Pending, PendingSCA}: true, {Pending, Completed}: true, {Pending, Failed}: true, {Pending, Cancelled}: true,
		{PendingSCA, Completed}: true, {PendingSCA, Failed}: true, {PendingSCA, Cancelled}: true,
		{Completed, Refunded}: true, {Refunded, Refunded}: true,
	}
	for _, from := range Statuses {
		for _, to := range Statuses {
			if got := from.CanMoveTo(to); got != allowed[[2]Status{from, to}] {
				t.Errorf("%s → %s: allowed is %v", from, to, got)
			}
		}
	}
}

func TestFinalStatuses(t *testing.T) {
	final := map[Status]bool{Completed: true, Failed: true, Cancelled: true, Refunded: true}
	for _, s := range Statuses {
		if s.Final() != final[s] {
			t.Errorf("%s.Final() = %v", s, s.Final())
		}
	}
}
