package ledger

import (
	"context"
	"errors"
	"testing"
)

func TestABurstOfOneMerchantDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	var g gate
	a, b := Who{MerchantID: "a"}, Who{MerchantID: "b"}
	var leaves []func()
	for range turnsPerMerchant {
		leave, err := g.enter(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.enter(gone, a); !errors.Is(err, context.Canceled) {
		t.Errorf("one more of the same merchant got in: %v", err)
	}
	leave, err := g.enter(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	waits := make(chan error, 1)
	go func() {
		leave, err := g.enter(t.Context(), a)
		if err == nil {
			leave()
		}
		waits <- err
	}()
	for _, leave := range leaves {
		leave()
	}
	if err := <-waits; err != nil {
		t.Errorf("who waited got no turn: %v", err)
	}
	if len(g.queues) != 0 {
		t.Errorf("%d queues are left", len(g.queues))
	}
}
