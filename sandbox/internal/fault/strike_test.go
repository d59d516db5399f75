package fault

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// struck runs a strike and reports whether it cut the connection, as net/http does it.
func struck(strike func()) (cut bool) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(r)
			}
			cut = true
		}
	}()
	strike()
	return false
}

func request(ctx context.Context) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
}

// What each kind does before the work: go on, end with an error, or cut.
func TestStrikesBeforeTheWork(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]struct {
		over, cut bool
		takes     time.Duration
	}{
		Slow: {false, false, slowly}, Error: {true, false, 0}, RateLimit: {true, false, 0}, Unauthorized: {true, false, 0}, Cut: {false, true, 0}, NoAnswer: {false, true, time.Hour},
		Late: {false, false, 0}, LostAnswer: {false, false, 0}, Garbage: {false, false, 0}, HookDrop: {false, false, 0}, FieldsMap: {false, false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, start := Striker{HoldAtMost: time.Hour}, time.Now()
			var f Fault
			var over bool
			cut := struck(func() { f, over = s.Before(httptest.NewRecorder(), request(t.Context()), []Fault{{Kind: kind}}) })
			if over != want.over || cut != want.cut || over && f.Kind != kind || time.Since(start) != want.takes {
				t.Errorf("%s: over %v, cut %v, %v, after %s", kind, over, cut, f, time.Since(start))
			}
		})
	}
}

func TestStrikesAfterTheWork(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]struct {
		cut   bool
		takes time.Duration
	}{LostAnswer: {true, 0}, Late: {true, time.Hour}, Garbage: {false, 0}, Slow: {false, 0}, Error: {false, 0}} {
		synctest.Test(t, func(t *testing.T) {
			s, start := Striker{HoldAtMost: time.Hour}, time.Now()
			cut := struck(func() { s.After(request(t.Context()), []Fault{{Kind: kind}}) })
			if cut != want.cut || time.Since(start) != want.takes {
				t.Errorf("%s: cut %v after %s", kind, cut, time.Since(start))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s, start := Striker{HoldAtMost: time.Hour}, time.Now()
		if cut := struck(func() { s.After(request(t.Context()), []Fault{{Kind: Late, LatencyMS: 1500}}) }); cut || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("late by so much: cut %v after %s", cut, time.Since(start))
		}
	})
}

// A fault that the call itself asks for strikes at once, or is kept for the answer.
func TestStrikesWithinTheWork(t *testing.T) {
	t.Parallel()
	for kind, ofAnswer := range map[Kind]bool{Late: true, LostAnswer: true, Garbage: true, Error: false, Cut: false, NoAnswer: false, RateLimit: false, Unauthorized: false} {
		kept, err := Striker{}.Within(request(t.Context()), Fault{Kind: kind, Status: 503})
		var asked *Asked
		switch {
		case ofAnswer && (err != nil || len(kept) != 1 || kept[0].Kind != kind):
			t.Errorf("%s: %v %v", kind, kept, err)
		case !ofAnswer && (!errors.As(err, &asked) || asked.Fault.Kind != kind || asked.Fault.Status != 503 || asked.Error() != "fault "+string(kind) || kept != nil):
			t.Errorf("%s: %v %v", kind, kept, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		kept, err := Striker{}.Within(request(t.Context()), Fault{Kind: Slow, LatencyMS: 250})
		if kept != nil || err != nil || time.Since(start) != 250*time.Millisecond {
			t.Errorf("slow: %v %v after %s", kept, err, time.Since(start))
		}
	})
}

func TestRetryAfterIsSaidWhenItIsKnown(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int]string{0: "", 1: "1", 30: "30"} {
		w := httptest.NewRecorder()
		if _, over := (Striker{}).Before(w, request(t.Context()), []Fault{{Kind: RateLimit, RetryAfter: seconds}}); !over || w.Header().Get("Retry-After") != want {
			t.Errorf("%d: %q", seconds, w.Header().Get("Retry-After"))
		}
	}
}

// The first that ends a call does; a slow one before it takes its time.
func TestFaultsAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f, over := Striker{}.Before(httptest.NewRecorder(), request(t.Context()), []Fault{{Kind: Slow, LatencyMS: 100}, {Kind: Error, Status: 502}, {Kind: Unauthorized}})
		if !over || f.Status != 502 || time.Since(start) != 100*time.Millisecond {
			t.Errorf("%+v %v after %s", f, over, time.Since(start))
		}
	})
	if f, ok := Find([]Fault{{Kind: Slow}, {Kind: Error, Status: 1}, {Kind: Error, Status: 2}}, Error); !ok || f.Status != 1 {
		t.Errorf("%+v %v", f, ok)
	}
	if _, ok := Find(nil, Error); ok {
		t.Error("found in none")
	}
}

// Who is held is freed by leaving, by the end of the server, or by the bound; nothing is held for no time.
func TestAPauseEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end   func(leave context.CancelFunc, stop chan struct{})
		takes time.Duration
	}{
		"its time":   {func(context.CancelFunc, chan struct{}) {}, time.Hour},
		"the caller": {func(leave context.CancelFunc, _ chan struct{}) { leave() }, time.Minute},
		"the server": {func(_ context.CancelFunc, stop chan struct{}) { close(stop) }, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			stop := make(chan struct{})
			timer := time.AfterFunc(time.Minute, func() { c.end(leave, stop) })
			defer timer.Stop()
			start := time.Now()
			Striker{Stopped: stop}.Pause(request(ctx), time.Hour)
			if got := time.Since(start); got != c.takes {
				t.Errorf("%s: after %s", name, got)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		Striker{}.Pause(request(t.Context()), 0)
		Striker{}.Pause(request(t.Context()), -time.Second)
		if got := time.Since(start); got != 0 {
			t.Errorf("no time: %s", got)
		}
	})
}

// Each kind belongs to one of the three groups, and what is in none is unknown.
func TestKindsHaveTheirGroups(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{
		Slow, Error, Cut, NoAnswer, Late, LostAnswer, RateLimit, Unauthorized, Garbage, FieldsMap, AmountNumber, UnknownState, UnknownErrorCode, OtherAmount,
		HookDrop, HookDuplicate, HookReorder, HookForged, HookUnsigned, HookSlow,
	} {
		n := 0
		for _, in := range []bool{k.IsCall(), k.IsShape(), k.IsHook()} {
			if in {
				n++
			}
		}
		if n != 1 || !k.Known() {
			t.Errorf("%s is in %d groups", k, n)
		}
	}
	for _, k := range []Kind{"", "slow ", "Slow", "webhook"} {
		if k.Known() {
			t.Errorf("%q is known", k)
		}
	}
	s := Set{NoShapes: true}
	if _, err := s.Add(Fault{Kind: FieldsMap}); err == nil {
		t.Error("a shape was taken where there are none")
	}
}
