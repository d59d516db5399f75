package fair

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// shops are keys that answer after a time of their own. The group of a key is its first letter.
type shops struct {
	mu      sync.Mutex
	pool    *Pool[time.Duration]
	running map[string]int
	done    map[string]int
	verdict func(took time.Duration) Verdict
}

// successes are judged by their time, as deliveries are.
func successes(took time.Duration) Verdict {
	if took < time.Second {
		return Fast
	}
	return Late
}

func newShops(t *testing.T, limits Limits, verdict func(time.Duration) Verdict) *shops {
	t.Helper()
	s := &shops{running: map[string]int{}, done: map[string]int{}, verdict: verdict}
	s.pool = New(limits, Hooks{Gate: free.Gate, Group: func(key string) string { return key[:1] }}, func(key string, takes time.Duration) Verdict {
		s.count(s.running, key, 1)
		time.Sleep(takes)
		s.count(s.running, key, -1)
		s.count(s.done, key, 1)
		return s.verdict(takes)
	})
	t.Cleanup(func() {
		s.pool.Close()
		s.pool.Wait()
	})
	return s
}

func (s *shops) count(what map[string]int, key string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what[key] += n
}

func (s *shops) add(key string, n int, takes time.Duration) {
	for range n {
		s.pool.Add(key, takes)
	}
}

// now returns the running and the finished jobs of a key.
func (s *shops) now(key string) (running, done int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[key], s.done[key]
}

func TestALateKeyKeepsTheShareOfANewOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShops(t, Limits{Running: 64, PerKey: 32, PerGroup: 64, Late: 48, Failing: 8, Held: 1000}, successes)
		s.add("late", 400, 3*time.Second)
		for range 10 {
			time.Sleep(3 * time.Second)
			if running, _ := s.now("late"); running != start {
				t.Fatalf("%d jobs at one time, want %d", running, start)
			}
		}
	})
}

// TestAKeyThatSucceedsAgainRegainsTheShare: after failures one job at a time is left, and late successes must not keep it there.
func TestAKeyThatSucceedsAgainRegainsTheShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slow atomic.Bool
		slow.Store(true)
		s := newShops(t, Limits{Running: 64, PerKey: 32, PerGroup: 64, Late: 48, Failing: 8, Held: 1000}, func(time.Duration) Verdict {
			if slow.Load() {
				return Slow
			}
			return Late
		})
		s.add("k", 500, 3*time.Second)
		time.Sleep(time.Minute)
		if running, _ := s.now("k"); running != 1 {
			t.Fatalf("%d jobs of a failing key at one time", running)
		}
		slow.Store(false)
		time.Sleep(time.Minute)
		if running, _ := s.now("k"); running != start {
			t.Errorf("%d jobs at one time a minute later, want %d", running, start)
		}
	})
}

// TestSlowKeysLeaveWorkersToTheOthers: with all seats taken, a new key starts at once, and with its first success all it has.
func TestSlowKeysLeaveWorkersToTheOthers(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]Verdict{"late": Late, "failing": Slow} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShops(t, Limits{Running: 16, PerKey: 8, PerGroup: 16, Late: 8, Failing: 4, Held: 10_000}, func(took time.Duration) Verdict {
					if took < time.Second {
						return Fast
					}
					return slow
				})
				for _, key := range []string{"a", "b", "c", "d"} {
					s.add(key, 1000, 10*time.Second)
				}
				time.Sleep(time.Minute) // known by now
				begin := time.Now()
				s.add("quick", 10, time.Millisecond)
				for {
					if _, done := s.now("quick"); done == 10 {
						break
					}
					time.Sleep(time.Millisecond)
				}
				if took := time.Since(begin); took > 5*time.Millisecond {
					t.Errorf("ten jobs of a millisecond took %v", took)
				}
			})
		})
	}
}

// TestSeatsAreDividedEvenly: a key that holds each seat three times as long gets no more of them, and neither does a group with
// more keys.
func TestSeatsAreDividedEvenly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShops(t, Limits{Running: 40, PerKey: 8, PerGroup: 40, Late: 12, Failing: 1, Held: 100_000}, successes)
		for _, key := range []string{"a1", "b1"} {
			s.add(key, 1000, 3*time.Second)
		}
		for _, key := range []string{"t1", "t2", "t3", "t4", "t5"} { // tarpits, all of one group
			s.add(key, 1000, 9900*time.Millisecond)
		}
		time.Sleep(time.Minute)
		_, before := s.now("a1")
		const minutes = 10
		for range minutes * 60 {
			time.Sleep(time.Second)
			tarpits := 0
			for _, key := range []string{"t1", "t2", "t3", "t4", "t5"} {
				running, _ := s.now(key)
				tarpits += running
			}
			if tarpits > 4 {
				t.Fatalf("the tarpits have %d of 12 seats, which three groups want", tarpits)
			}
		}
		_, after := s.now("a1")
		if perMinute := (after - before) / minutes; perMinute < 75 { // four seats, three seconds each: 80
			t.Errorf("%d jobs a minute", perMinute)
		}
	})
}

// TestSeatsAreNotLeftEmpty: whoever waits for a seat gets it, whatever stands before it.
func TestSeatsAreNotLeftEmpty(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShops(t, Limits{Running: 40, PerKey: 8, PerGroup: 6, Late: 20, Failing: 1, Held: 100_000}, successes)
		for _, key := range []string{"a1", "a2", "a3", "b1", "c1", "d1"} {
			s.add(key, 2000, 3*time.Second)
		}
		time.Sleep(time.Minute)
		for range 100 {
			time.Sleep(time.Second)
			total := 0
			for _, key := range []string{"a1", "a2", "a3", "b1", "c1", "d1"} {
				running, _ := s.now(key)
				total += running
			}
			if total != 20 {
				t.Fatalf("%d of 20 seats are taken", total)
			}
		}
	})
}

func TestALateKeyIsRememberedAndAQuickOneIsNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShops(t, Limits{Running: 8, PerKey: 8, PerGroup: 8, Late: 4, Failing: 2, Held: 100}, successes)
		s.add("late", 1, 3*time.Second)
		s.add("quick", 1, time.Millisecond)
		time.Sleep(time.Minute)
		s.pool.mu.Lock()
		if k := s.pool.keys["late"]; k == nil || k.standing != late || s.pool.keys["quick"] != nil {
			t.Errorf("remembered: %v", s.pool.keys)
		}
		s.pool.mu.Unlock()
		s.add("late", start-1, time.Millisecond)
		time.Sleep(time.Minute)
		s.pool.mu.Lock()
		if k := s.pool.keys["late"]; k == nil || k.standing != late {
			t.Error("the key counts as quick after fewer fast jobs than it has at one time")
		}
		s.pool.mu.Unlock()
		s.add("late", 1, time.Millisecond)
		time.Sleep(time.Minute)
		s.pool.mu.Lock()
		if len(s.pool.keys) != 0 {
			t.Error("the key was fast eight times and is still remembered")
		}
		s.pool.mu.Unlock()
	})
}

// TestSlowKeysLeaveMemoryToTheOthers: their jobs wait in the database instead.
func TestSlowKeysLeaveMemoryToTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShops(t, Limits{Running: 8, PerKey: 8, PerGroup: 8, Late: 4, Failing: 2, Held: 40}, successes)
		s.add("late", 1, 3*time.Second)
		time.Sleep(time.Minute)
		held := 0
		for s.pool.Reserve("late") {
			held++
		}
		if all, _, _ := s.pool.Shares(); held != 30 || all != 0 {
			t.Errorf("a slow key holds %d of 40, %d may be claimed", held, all)
		}
		for range 10 {
			if !s.pool.Reserve("new") {
				t.Error("no room for another key")
			}
		}
	})
}

// TestSixtyFourSlowMerchantsKeepUp: each has 100 jobs a minute that take 3 s, beside four tarpits and one merchant with 200 a second. The
// limits are those of the service.
func TestSixtyFourSlowMerchantsKeepUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			mu     sync.Mutex
			waited = map[byte][]time.Duration{}
		)
		type job struct {
			at    time.Time
			takes time.Duration
		}
		p := New(Limits{Running: 512, PerKey: 32, PerGroup: 128, Late: 384, Failing: 64, Held: 8192}, free, func(key string, j job) Verdict {
			mu.Lock()
			waited[key[0]] = append(waited[key[0]], time.Since(j.at))
			mu.Unlock()
			time.Sleep(j.takes)
			return successes(j.takes)
		})
		var publishers sync.WaitGroup
		publish := func(key string, first, every, takes time.Duration) {
			publishers.Go(func() {
				time.Sleep(first)
				for begin := time.Now(); time.Since(begin) < 2*time.Minute; time.Sleep(every) {
					if p.Reserve(key) {
						p.Push(key, job{time.Now(), takes})
					}
				}
			})
		}
		for i := range 64 {
			publish(fmt.Sprint("slow", i), time.Duration(i)*9*time.Millisecond, 600*time.Millisecond, 3*time.Second)
		}
		for i := range 4 {
			publish(fmt.Sprint("tarpit", i), 0, 600*time.Millisecond, 9900*time.Millisecond)
		}
		publish("quick", 0, 5*time.Millisecond, 2*time.Millisecond)
		publishers.Wait()
		p.Close()
		p.Wait()
		for kind, c := range map[byte]struct {
			jobs int
			p99  time.Duration
		}{'s': {64 * 200, 100 * time.Millisecond}, 'q': {24_000, time.Millisecond}} {
			list := waited[kind]
			slices.Sort(list)
			p99 := list[len(list)*99/100]
			t.Logf("%c: %d jobs, p99 of their wait %v, at most %v", kind, len(list), p99, list[len(list)-1])
			if len(list) < c.jobs || p99 > c.p99 {
				t.Errorf("%c: %d jobs, want %d; p99 of their wait %v, want at most %v", kind, len(list), c.jobs, p99, c.p99)
			}
		}
	})
}
