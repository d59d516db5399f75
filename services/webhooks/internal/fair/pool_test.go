package fair

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// free lets everything start at once, each key for itself.
var free = Hooks{Gate: func(string) time.Duration { return 0 }, Group: itself}

func itself(key string) string { return key }

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate holds jobs until they are let go, and counts them.
type gate struct {
	mu      sync.Mutex
	running map[string]int
	most    map[string]int
	order   []string
	entered chan string
	leave   chan struct{}
	verdict Verdict
}

func newGate(v Verdict) *gate {
	return &gate{running: map[string]int{}, most: map[string]int{}, entered: make(chan string, 10_000), leave: make(chan struct{}), verdict: v}
}

func (g *gate) run(key string, _ int) Verdict {
	g.mu.Lock()
	g.running[key]++
	g.most[key] = max(g.most[key], g.running[key])
	g.order = append(g.order, key)
	g.mu.Unlock()
	g.entered <- key
	<-g.leave
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running[key]--
	return g.verdict
}

func TestOneKeyNeverTakesAllWorkers(t *testing.T) {
	t.Parallel()
	g := newGate(Same)
	p := New(Limits{Running: 20, PerKey: 32, PerGroup: 1000, Late: 1000, Failing: 1000, Held: 1000}, free, g.run)
	for i := range 100 {
		p.Add("slow", i)
	}
	for range start {
		<-g.entered
	}
	p.Add("other", 0)
	if k := <-g.entered; k != "other" {
		t.Errorf("%s got another worker", k)
	}
	close(g.leave)
	p.Wait()
	if g.most["slow"] != start || len(g.order) != 101 {
		t.Errorf("%d jobs of one key at a time, %d in all", g.most["slow"], len(g.order))
	}
}

func TestKeysTakeTurns(t *testing.T) {
	t.Parallel()
	g := newGate(Same)
	p := New(Limits{Running: 1, PerKey: 1, PerGroup: 1000, Late: 1000, Failing: 1000, Held: 1000}, free, g.run)
	for i := range 9 {
		p.Add("a", i)
	}
	p.Add("b", 0)
	p.Add("c", 0)
	close(g.leave)
	p.Wait()
	if got := fmt.Sprint(g.order[:4]); got != "[a a b c]" && got != "[a b c a]" {
		t.Errorf("order %v", g.order)
	}
}

func TestAFastKeyGetsMoreAndASlowOneLess(t *testing.T) {
	t.Parallel()
	for verdict, want := range map[Verdict]int{Fast: 32, Late: start, Slow: 1, Same: start} {
		g := newGate(verdict)
		close(g.leave)
		p := New(Limits{Running: 64, PerKey: 32, PerGroup: 1000, Late: 1000, Failing: 1000, Held: 10_000}, free, g.run)
		p.Rest("k", true) // there is more of it, so that it is not forgotten
		for i := range 200 {
			p.Add("k", i)
		}
		p.Wait()
		if got := p.key("k").limit; got != want {
			t.Errorf("verdict %v: limit %d, want %d", verdict, got, want)
		}
	}
}

func TestWorkersGrowWithTheLimitOfAKey(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	all := make(chan struct{})
	p := New(Limits{Running: 64, PerKey: 32, PerGroup: 1000, Late: 1000, Failing: 1000, Held: 10_000}, free, func(_ string, job int) Verdict {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
			if n == 32 {
				close(all)
			}
		}
		if job >= 100 {
			<-all // reached only if 32 run at one time
		}
		running.Add(-1)
		return Fast
	})
	for i := range 400 {
		p.Add("k", i)
	}
	p.Wait()
	if most.Load() != 32 {
		t.Errorf("%d at one time", most.Load())
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	g := newGate(Same)
	p := New(Limits{Running: 1, PerKey: 1, PerGroup: 1000, Late: 1000, Failing: 1000, Held: 20}, free, g.run)
	reserved := 0
	for i := range 100 {
		if p.Reserve(fmt.Sprint("k", i%5)) {
			reserved++
		}
	}
	if reserved != 20 {
		t.Errorf("%d reserved of 20", reserved)
	}
	all, _, _ := p.Shares()
	if held, _ := p.Held(); held != 20 || all != 0 {
		t.Errorf("%d held, room for %d", held, all)
	}
	for i := range 20 {
		p.Cancel(fmt.Sprint("k", i%5))
	}
	if p.Reserve("k0") {
		t.Error("a job overtakes those that wait in the database")
	}
	if !p.Hungry("k0") {
		t.Error("nobody would fetch those that wait in the database")
	}
	p.Rest("k0", false)
	if !p.Reserve("k0") || p.Hungry("k0") {
		t.Error("no room although all is done")
	}
	p.Cancel("k0")
}

func TestCloseReturnsWhatDidNotStart(t *testing.T) {
	t.Parallel()
	g := newGate(Fast)
	p := New(Limits{Running: 2, PerKey: 2, PerGroup: 1000, Late: 1000, Failing: 1000, Held: 100}, free, g.run)
	for i := range 10 {
		p.Add("k", i)
	}
	<-g.entered
	<-g.entered
	left := p.Close()
	p.Add("k", 10)
	if p.Reserve("k") {
		t.Error("a closed pool takes reservations")
	}
	close(g.leave)
	p.Wait()
	if left = append(left, p.Close()...); len(left) != 9 || len(g.order) != 2 || !p.Closed() {
		t.Errorf("%d left, %d started", len(left), len(g.order))
	}
}

func TestNoJobIsLostOrRunTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var mu sync.Mutex
		seen := map[int]int{}
		running := map[string]int{}
		limit := rapid.IntRange(1, 10).Draw(r, "limit")
		broken := ""
		verdicts := rapid.SliceOfN(rapid.SampledFrom([]Verdict{Fast, Late, Slow, Same}), 1, 20).Draw(r, "verdicts")
		limits := Limits{
			Running: rapid.IntRange(1, 8).Draw(r, "workers"), PerKey: limit, PerGroup: limit, Held: 1000,
			Late: rapid.IntRange(1, 8).Draw(r, "late"), Failing: rapid.IntRange(1, 8).Draw(r, "failing"),
		}
		p := New(limits, Hooks{Gate: free.Gate, Group: func(string) string { return "" }}, func(key string, job int) Verdict {
			mu.Lock()
			defer mu.Unlock()
			if running[key]++; running[key] > limit {
				broken = key
			}
			seen[job]++
			running[key]--
			return verdicts[job%len(verdicts)]
		})
		n := rapid.IntRange(0, 300).Draw(r, "jobs")
		for i := range n {
			key := fmt.Sprint(rapid.IntRange(0, 3).Draw(r, "key"))
			if i%2 == 0 && p.Reserve(key) {
				p.Push(key, i)
			} else {
				p.Add(key, i)
			}
		}
		p.Wait()
		if held, running := p.Held(); len(seen) != n || held != 0 || running != 0 || broken != "" {
			r.Fatalf("%d of %d jobs ran, %d held, %d running, %s", len(seen), n, held, running, broken)
		}
		for job, times := range seen {
			if times != 1 {
				r.Fatalf("job %d ran %d times", job, times)
			}
		}
	})
}

func TestAKeyWithAClosedGateDoesNotDelayOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		next := begin
		at := map[string][]time.Duration{}
		gate := func(key string) time.Duration {
			if key != "slow" {
				return 0
			}
			if wait := time.Until(next); wait > 0 {
				return wait
			}
			next = time.Now().Add(time.Second)
			return 0
		}
		p := New(Limits{Running: 4, PerKey: 4, PerGroup: 4, Late: 1000, Failing: 1000, Held: 100}, Hooks{Gate: gate, Group: itself}, func(key string, _ int) Verdict {
			mu.Lock()
			defer mu.Unlock()
			at[key] = append(at[key], time.Since(begin))
			return Fast
		})
		for i := range 4 {
			p.Add("slow", i)
			p.Add("free", i)
		}
		started := func(key string) []time.Duration {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(at[key])
		}
		if len(started("free")) != 4 || len(started("slow")) != 1 {
			t.Errorf("at once: %v, %v", started("free"), started("slow"))
		}
		time.Sleep(2500 * time.Millisecond)
		if got := started("slow"); len(got) != 3 || got[1] != time.Second || got[2] != 2*time.Second {
			t.Errorf("started at %v", got)
		}
		if left := p.Close(); len(left) != 1 {
			t.Errorf("%d left", len(left))
		}
		p.Wait()
	})
}
