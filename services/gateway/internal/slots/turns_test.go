package slots

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

// take fills all slots under names of its own until they are left.
func take(t testing.TB, g *Turns) (leave func()) {
	t.Helper()
	var inside []Turn
	for g.free > 0 {
		who := Turn{Name: "filler " + strconv.Itoa(len(inside))}
		if err := g.Enter(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		inside = append(inside, who)
	}
	return func() {
		for _, who := range inside {
			g.Leave(who)
		}
	}
}

// queue makes callers wait one after the other, and tells whose turn it was in which order.
func queue(t *testing.T, g *Turns, callers ...Turn) <-chan Turn {
	t.Helper()
	order := make(chan Turn, len(callers))
	for _, who := range callers {
		go func() {
			if err := g.Enter(t.Context(), who); err != nil {
				order <- Turn{Name: "refused " + who.Name, Rank: who.Rank}
				return
			}
			order <- who
			g.Leave(who)
		}()
		synctest.Wait()
	}
	return order
}

func TestNamesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewTurns(1, time.Minute)
		leave := take(t, g)
		order := queue(t, g, Turn{"a", 1}, Turn{"a", 2}, Turn{"a", 0}, Turn{"b", 5}, Turn{"b", 5}, Turn{"c", 0})
		leave()
		synctest.Wait()
		for i, want := range []Turn{{"a", 0}, {"b", 5}, {"c", 0}, {"a", 1}, {"b", 5}, {"a", 2}} {
			if got := <-order; got != want {
				t.Errorf("turn %d is of %v, want %v", i, got, want)
			}
		}
		if len(g.lines) != 0 || len(g.order) != 0 || g.waiting != 0 || g.free != 1 {
			t.Errorf("left behind: %+v", g)
		}
	})
}

func TestOneNameLeavesSlotsToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewTurns(4, time.Second)
		for range 2 {
			if err := g.Enter(t.Context(), Turn{Name: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		roomtest.WantCode(t, g.Enter(t.Context(), Turn{Name: "a"}), errs.Unavailable)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %s", waited)
		}
		if err := g.Enter(t.Context(), Turn{Name: "b"}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFullLineSendsTheWorstAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewTurns(1, time.Minute)
		g.perLine = 2
		leave := take(t, g)
		order := queue(t, g, Turn{"a", 1}, Turn{"a", 3}, Turn{"a", 2}, Turn{"a", 2}, Turn{"b", 9})
		for _, rank := range []int{3, 2} {
			if got := <-order; got != (Turn{"refused a", rank}) {
				t.Errorf("got %v", got)
			}
		}
		leave()
		synctest.Wait()
		for _, want := range []Turn{{"a", 1}, {"b", 9}, {"a", 2}} {
			if got := <-order; got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

func TestAFullHouseSendsTheLongestLineAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewTurns(1, time.Minute)
		g.perLine = maxWaiting
		leave := take(t, g)
		var flood []Turn
		for range maxWaiting {
			flood = append(flood, Turn{Name: "flood"})
		}
		start := time.Now()
		refused := queue(t, g, flood...)
		other := queue(t, g, Turn{Name: "other"})
		if got := <-refused; got.Name != "refused flood" || !time.Now().Equal(start) { // at once, not when its patience ends
			t.Errorf("%v after %s", got, time.Since(start))
		}
		leave()
		if got := <-other; got.Name != "other" {
			t.Errorf("%v", got)
		}
		synctest.Wait()
	})
}

func TestWhoGivesUpLeavesTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewTurns(1, time.Minute)
		leave := take(t, g)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.Enter(ctx, Turn{Name: "a"}) }()
		synctest.Wait()
		cancel()
		roomtest.WantCode(t, <-done, errs.Unavailable)
		leave()
		if len(g.lines) != 0 || g.waiting != 0 || g.free != 1 {
			t.Errorf("left behind: %+v", g)
		}
	})
}
