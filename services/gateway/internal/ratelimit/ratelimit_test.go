package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/run/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newClock() *testclock.Clock {
	return testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 123456000, time.UTC))
}

// bench is a limiter under test, with a way to move its time.
type bench struct {
	Limiter
	advance func(time.Duration)
}

func benches(t *testing.T) map[string]bench {
	t.Helper()
	mem := newClock()
	red := newClock()
	srv := miniredis.RunT(t)
	srv.SetTime(red.Now())
	return map[string]bench{
		"memory": {NewMemory(mem.Now), mem.Advance},
		"redis": {NewRedis(pool(t, "redis://"+srv.Addr()), "p1"), func(d time.Duration) {
			red.Advance(d)
			srv.SetTime(red.Now())
			srv.FastForward(d)
		}},
	}
}

func (b bench) call(t *testing.T, key string, limit int) (bool, time.Duration) {
	t.Helper()
	d, err := b.Allow(context.Background(), key, limit)
	if err != nil {
		t.Fatal(err)
	}
	return d.Allowed, d.Reset
}

func (b bench) allowed(t *testing.T, key string, limit, calls int) int {
	t.Helper()
	n := 0
	for range calls {
		if ok, _ := b.call(t, key, limit); ok {
			n++
		}
	}
	return n
}

// Both limiters behave the same.
func TestConformance(t *testing.T) {
	suite := map[string]func(*testing.T, bench){
		"no more than the limit":            exactLimit,
		"slides, does not reset":            slides,
		"refused calls do not count":        refusedAreFree,
		"the wait is exact":                 exactWait,
		"keys are apart":                    apart,
		"a lowered limit waits long enough": lowered,
		"concurrent calls":                  concurrent,
		"a limit of zero lets nobody in":    zero,
		"says where the caller stands":      standing,
		"forgets":                           forgets,
	}
	for name, test := range suite {
		for kind, b := range benches(t) {
			t.Run(name+"/"+kind, func(t *testing.T) { test(t, b) })
		}
	}
}

func exactLimit(t *testing.T, b bench) {
	t.Helper()
	if n := b.allowed(t, "k", 100, 130); n != 100 {
		t.Errorf("%d of 130 calls allowed, want 100", n)
	}
}

func slides(t *testing.T, b bench) {
	t.Helper()
	b.allowed(t, "k", 10, 5)
	b.advance(30 * time.Second)
	b.allowed(t, "k", 10, 5)
	b.advance(30*time.Second - time.Microsecond)
	if n := b.allowed(t, "k", 10, 10); n != 0 {
		t.Errorf("%d calls allowed just before the first ones leave the window, want 0", n)
	}
	b.advance(time.Microsecond)
	if n := b.allowed(t, "k", 10, 10); n != 5 {
		t.Errorf("%d calls allowed when the first five have left, want 5", n)
	}
}

func refusedAreFree(t *testing.T, b bench) {
	t.Helper()
	b.allowed(t, "k", 3, 50)
	b.advance(Window)
	if n := b.allowed(t, "k", 3, 50); n != 3 {
		t.Errorf("%d calls allowed a window after a burst, want 3", n)
	}
}

func standing(t *testing.T, b bench) {
	t.Helper()
	for i, want := range []Decision{
		{Allowed: true, Remaining: 2, Reset: time.Minute},
		{Allowed: true, Remaining: 1, Reset: 50 * time.Second},
		{Allowed: true, Remaining: 0, Reset: 40 * time.Second},
		{Reset: 30 * time.Second},
	} {
		want.Limit, want.Window = 3, Window
		got, err := b.Allow(context.Background(), "k", 3)
		if err != nil || got != want {
			t.Errorf("call %d: %+v, %v, want %+v", i+1, got, err, want)
		}
		b.advance(10 * time.Second)
	}
}

func exactWait(t *testing.T, b bench) {
	t.Helper()
	b.call(t, "k", 2)
	b.advance(10 * time.Second)
	b.call(t, "k", 2)
	b.advance(1500 * time.Millisecond)
	ok, wait := b.call(t, "k", 2)
	if want := 48500 * time.Millisecond; ok || wait != want {
		t.Fatalf("allowed %v, wait %v; want refused, %v", ok, wait, want)
	}
	b.advance(wait)
	if ok, _ := b.call(t, "k", 2); !ok {
		t.Error("still refused after exactly the wait that was announced")
	}
}

func apart(t *testing.T, b bench) {
	t.Helper()
	b.allowed(t, "one", 5, 10)
	if n := b.allowed(t, "two", 5, 10); n != 5 {
		t.Errorf("%d calls of another key allowed, want 5", n)
	}
}

func lowered(t *testing.T, b bench) {
	t.Helper()
	for range 4 {
		b.call(t, "k", 10)
		b.advance(time.Second)
	}
	_, wait := b.call(t, "k", 2) // the calls at 0 s, 1 s and 2 s must leave; it is 4 s
	if want := 58 * time.Second; wait != want {
		t.Errorf("wait %v, want %v", wait, want)
	}
}

func concurrent(t *testing.T, b bench) {
	t.Helper()
	var allowed atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 10 {
				if d, err := b.Allow(context.Background(), "k", 77); err == nil && d.Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := allowed.Load(); n != 77 {
		t.Errorf("%d of 200 concurrent calls allowed, want 77", n)
	}
}

func zero(t *testing.T, b bench) {
	t.Helper()
	if ok, wait := b.call(t, "k", 0); ok || wait != Window {
		t.Errorf("allowed %v, wait %v", ok, wait)
	}
}

func forgets(t *testing.T, b bench) {
	t.Helper()
	b.allowed(t, "k", 2, 2)
	b.allowed(t, "other", 2, 2)
	if err := b.Forget(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if n, others := b.allowed(t, "k", 2, 3), b.allowed(t, "other", 2, 1); n != 2 || others != 0 {
		t.Errorf("%d calls are allowed, and %d of another key", n, others)
	}
}

// Forgetting in one limiter must forget in the other: it may be asked next.
func TestFallbackForgetsInBoth(t *testing.T) {
	t.Parallel()
	c := newClock()
	shared, local := &flaky{Limiter: NewMemory(c.Now)}, NewMemory(c.Now)
	f := NewFallback(shared, local, c.Now, slog.New(slog.DiscardHandler))
	b := bench{Limiter: f}
	b.allowed(t, "k", 1, 1)
	bench{Limiter: local}.allowed(t, "k", 1, 1)
	if err := f.Forget(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if n, m := b.allowed(t, "k", 1, 1), (bench{Limiter: local}).allowed(t, "k", 1, 1); n != 1 || m != 1 {
		t.Errorf("%d and %d allowed", n, m)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := NewMemory(c.Now)
	b := bench{Limiter: m}
	for i := range 3 * shards * keysPerShard / 2 {
		b.call(t, fmt.Sprint("flood-", i), 30)
	}
	total := 0
	for i := range m.shards {
		total += len(m.shards[i].windows)
	}
	if total > shards*keysPerShard {
		t.Errorf("%d keys held, bound is %d", total, shards*keysPerShard)
	}
	c.Advance(Window)
	for i := range 64 * shards {
		b.call(t, fmt.Sprint("later-", i), 30)
	}
	total = 0
	for i := range m.shards {
		total += len(m.shards[i].windows)
	}
	if total > 64*shards {
		t.Errorf("%d keys held after a quiet window, want the %d that called since", total, 64*shards)
	}
}

// flaky is a shared limiter that a test can switch off.
type flaky struct {
	Limiter
	down  atomic.Bool
	calls atomic.Int64
}

func (f *flaky) Allow(ctx context.Context, key string, limit int) (Decision, error) {
	f.calls.Add(1)
	if f.down.Load() {
		return Decision{}, errors.New("connection refused")
	}
	return f.Limiter.Allow(ctx, key, limit)
}

func TestFallbackStillLimits(t *testing.T) {
	t.Parallel()
	c := newClock()
	shared := &flaky{Limiter: NewMemory(c.Now)}
	b := bench{Limiter: NewFallback(shared, NewMemory(c.Now), c.Now, slog.New(slog.DiscardHandler))}
	if n := b.allowed(t, "k", 5, 10); n != 5 {
		t.Fatalf("%d allowed by the shared limiter, want 5", n)
	}
	shared.down.Store(true)
	before := shared.calls.Load()
	if n := b.allowed(t, "k", 5, 10); n != 5 {
		t.Errorf("%d allowed while the shared limiter is away, want 5", n)
	}
	if n := shared.calls.Load() - before; n != 1 {
		t.Errorf("the absent limiter was asked %d times within its pause, want once", n)
	}
	shared.down.Store(false)
	c.Advance(pause)
	if n := b.allowed(t, "k", 5, 10); n != 0 {
		t.Errorf("%d allowed after the shared limiter came back, want 0: it remembers the first five", n)
	}
}

func TestAnUnreachableRedis(t *testing.T) {
	t.Parallel()
	srv := miniredis.RunT(t)
	c := newClock()
	b := bench{Limiter: NewFallback(NewRedis(pool(t, "redis://"+srv.Addr()), "p"), NewMemory(c.Now), c.Now, slog.New(slog.DiscardHandler))}
	b.call(t, "connected", 3)
	srv.Close()
	if n := b.allowed(t, "k", 3, 10); n != 3 {
		t.Errorf("%d allowed without Redis, want 3", n)
	}
}

// TestACountInRedisIsAStepOfItsTrace, without its key, which may have an address.
func TestACountInRedisIsAStepOfItsTrace(t *testing.T) {
	t.Parallel()
	srv := miniredis.RunT(t)
	collector := otlptest.Start(t)
	ctx, finish := collector.Tracer(t, "gateway")
	ctx, root := trace.Root(ctx, nil, trace.Server, "request")
	r := NewRedis(pool(t, "redis://"+srv.Addr()), "p")
	if _, err := r.Allow(ctx, "ip:192.0.2.1", 3); err != nil {
		t.Error(err)
	}
	srv.Close()
	if _, err := r.Allow(ctx, "ip:192.0.2.1", 3); err == nil {
		t.Error("it counted without Redis")
	}
	root.End(nil)
	finish()
	var failed []bool
	for _, s := range collector.Spans() {
		if s.Name != "EVALSHA redis" {
			continue
		}
		failed = append(failed, s.Failed)
		if s.ParentID == "" || s.Kind != "CLIENT" || s.Attributes["db.system.name"] != "redis" || strings.Contains(fmt.Sprint(s), "192.0.2.1") {
			t.Errorf("the span is %+v", s)
		}
	}
	if !slices.Equal(failed, []bool{false, true}) {
		t.Errorf("%v failed, of %+v", failed, collector.Spans())
	}
}

func TestIPKey(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.7":            "ip:status:192.0.2.7",
		"::ffff:192.0.2.7":     "ip:status:192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "ip:status:2001:db8:1:2::/64",
		"2001:db8:1:2::9":      "ip:status:2001:db8:1:2::/64",
		"fe80::1%eth0":         "ip:status:fe80::/64",
	} {
		if got := IPKey("status", netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

func BenchmarkMemory(b *testing.B) {
	m := NewMemory(time.Now)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := m.Allow(context.Background(), "key", 100); err != nil {
				b.Fatal(err)
			}
		}
	})
}
