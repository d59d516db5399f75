package fair

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAGroupNeverUsesAllWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running := map[string]int{}
		most := map[string]int{}
		done := 0
		p := New(Limits{Running: 10, PerKey: 4, PerGroup: 6, Late: 1000, Failing: 1000, Held: 1000}, Hooks{Gate: free.Gate, Group: func(key string) string { return key[:1] }},
			func(key string, _ int) Verdict {
				mu.Lock()
				running[key[:1]]++
				most[key[:1]] = max(most[key[:1]], running[key[:1]])
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				running[key[:1]]--
				done++
				mu.Unlock()
				return Same
			})
		for i := range 50 {
			for _, key := range []string{"a1", "a2", "a3", "a4"} {
				p.Add(key, i)
			}
		}
		p.Add("b1", 0)
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		mu.Lock()
		if running["a"] != 6 || running["b"] != 1 {
			t.Errorf("running: %v", running)
		}
		mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if done != 201 || most["a"] != 6 {
			t.Errorf("%d done, at most %v at one time", done, most)
		}
		if len(p.keys) != 0 || len(p.groups) != 0 {
			t.Errorf("%d keys and %d groups are remembered", len(p.keys), len(p.groups))
		}
	})
}

// TestAKeyWithAClosedGateUsesNoSlotOfItsGroup: the merchant's other endpoints have all the workers of the group.
func TestAKeyWithAClosedGateUsesNoSlotOfItsGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opens := time.Now().Add(10 * time.Second)
		gate := func(key string) time.Duration {
			if key == "limited" && time.Now().Before(opens) {
				return time.Second // asked again and again
			}
			return 0
		}
		var mu sync.Mutex
		var order []string
		p := New(Limits{Running: 4, PerKey: 4, PerGroup: 2, Late: 1000, Failing: 1000, Held: 100}, Hooks{Gate: gate, Group: func(string) string { return "merchant" }},
			func(key string, _ int) Verdict {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, key)
				return Same
			})
		p.Add("limited", 0)
		time.Sleep(5 * time.Second)
		p.Add("other", 0)
		synctest.Wait()
		mu.Lock()
		if !slices.Equal(order, []string{"other"}) {
			t.Errorf("while the gate is closed %v ran", order)
		}
		mu.Unlock()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(order, []string{"other", "limited"}) || len(p.groups) != 0 {
			t.Errorf("%v ran, %d groups are remembered", order, len(p.groups))
		}
	})
}
