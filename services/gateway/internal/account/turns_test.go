package account

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// take fills all slots under names of its own until they are left.
func take(t testing.TB, g *turns) (leave func()) {
	t.Helper()
	var inside []turn
	for g.free > 0 {
		who := turn{name: "filler " + randomText(8)}
		if err := g.enter(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		inside = append(inside, who)
	}
	return func() {
		for _, who := range inside {
			g.leave(who)
		}
	}
}

func waiters(g *turns) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// queue makes callers wait one after the other, and tells whose turn it was in which order.
func queue(t *testing.T, g *turns, callers ...turn) <-chan turn {
	t.Helper()
	order := make(chan turn, len(callers))
	for _, who := range callers {
		go func() {
			if err := g.enter(t.Context(), who); err != nil {
				order <- turn{name: "refused " + who.name, rank: who.rank}
				return
			}
			order <- who
			g.leave(who)
		}()
		synctest.Wait()
	}
	return order
}

func TestNamesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTurns(1, time.Minute)
		leave := take(t, g)
		order := queue(t, g, turn{"a", 1}, turn{"a", 2}, turn{"a", 0}, turn{"b", 5}, turn{"b", 5}, turn{"c", 0})
		leave()
		synctest.Wait()
		for i, want := range []turn{{"a", 0}, {"b", 5}, {"c", 0}, {"a", 1}, {"b", 5}, {"a", 2}} {
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
		g := newTurns(4, time.Second)
		for range 2 {
			if err := g.enter(t.Context(), turn{name: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		wantCode(t, g.enter(t.Context(), turn{name: "a"}), errs.Unavailable)
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %s", waited)
		}
		if err := g.enter(t.Context(), turn{name: "b"}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFullLineSendsTheWorstAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTurns(1, time.Minute)
		g.perLine = 2
		leave := take(t, g)
		order := queue(t, g, turn{"a", 1}, turn{"a", 3}, turn{"a", 2}, turn{"a", 2}, turn{"b", 9})
		for _, rank := range []int{3, 2} {
			if got := <-order; got != (turn{"refused a", rank}) {
				t.Errorf("got %v", got)
			}
		}
		leave()
		synctest.Wait()
		for _, want := range []turn{{"a", 1}, {"b", 9}, {"a", 2}} {
			if got := <-order; got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

func TestAFullHouseSendsTheLongestLineAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTurns(1, time.Minute)
		g.perLine = maxWaiting
		leave := take(t, g)
		var flood []turn
		for range maxWaiting {
			flood = append(flood, turn{name: "flood"})
		}
		start := time.Now()
		refused := queue(t, g, flood...)
		other := queue(t, g, turn{name: "other"})
		if got := <-refused; got.name != "refused flood" || !time.Now().Equal(start) { // at once, not when its patience ends
			t.Errorf("%v after %s", got, time.Since(start))
		}
		leave()
		if got := <-other; got.name != "other" {
			t.Errorf("%v", got)
		}
		synctest.Wait()
	})
}

func TestWhoGivesUpLeavesTheLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTurns(1, time.Minute)
		leave := take(t, g)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.enter(ctx, turn{name: "a"}) }()
		synctest.Wait()
		cancel()
		wantCode(t, <-done, errs.Unavailable)
		leave()
		if len(g.lines) != 0 || g.waiting != 0 || g.free != 1 {
			t.Errorf("left behind: %+v", g)
		}
	})
}
