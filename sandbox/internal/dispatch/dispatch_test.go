package dispatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"european-pay.eu/eupay/sandbox/internal/dispatch"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// desk records what a dispatcher delivers, and when, since its start.
type desk struct {
	mu     sync.Mutex
	start  time.Time
	tries  []string
	done   []string
	refuse map[string]int // how often an attempt fails
	faults map[string][]fault.Fault
	hold   map[string]chan struct{} // delays an attempt until it is closed
}

func (d *desk) deliver(ctx context.Context, x *dispatch.Delivery[string]) bool {
	if gate := d.hold[x.Webhook]; gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return false
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	x.Attempts++
	d.tries = append(d.tries, fmt.Sprintf("%s@%s", x.Webhook, time.Since(d.start)))
	if d.refuse[x.Webhook] > 0 {
		d.refuse[x.Webhook]--
		return false
	}
	return true
}

func (d *desk) finished(w string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = append(d.done, w)
}

func (d *desk) seen() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.tries, " ")
}

// running runs a dispatcher with a retry of a second until the test in its bubble ends.
func running(t *testing.T, d *desk, adjust ...func(*dispatch.Settings[string])) *dispatch.Dispatcher[string] {
	t.Helper()
	s := dispatch.Settings[string]{
		Workers: 4, Timeout: time.Minute, Retry: time.Second, Log: slog.New(slog.DiscardHandler), Deliver: d.deliver, Done: d.finished,
		Faults: func(w string) []fault.Fault { return d.faults[w] },
	}
	for _, f := range adjust {
		f(&s)
	}
	x := dispatch.New(s)
	d.start = time.Now()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		x.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return x
}

// after lets the time of the bubble pass.
func after(d time.Duration) { <-time.After(d) }

func TestALaneKeepsItsOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{refuse: map[string]int{"a1": 2}}
		x := running(t, d)
		for _, w := range []string{"a1", "a2", "a3"} {
			x.Enqueue(1, w)
		}
		after(time.Minute)
		if got := d.seen(); got != "a1@0s a1@1s a1@2s a2@2s a3@2s" {
			t.Error(got)
		}
		if !slices.Equal(d.done, []string{"a1", "a2", "a3"}) || x.Backlog() != 0 {
			t.Errorf("%v, %d left", d.done, x.Backlog())
		}
	})
}

func TestLanesDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		d := &desk{hold: map[string]chan struct{}{"a1": gate}}
		x := running(t, d)
		x.Enqueue(1, "a1")
		x.Enqueue(1, "a2")
		x.Enqueue(2, "b1")
		after(time.Second)
		if got := d.seen(); got != "b1@0s" || x.Backlog() != 2 {
			t.Errorf("%s, %d wait", got, x.Backlog())
		}
		close(gate)
		after(time.Second)
		if got := d.seen(); got != "b1@0s a1@1s a2@1s" {
			t.Error(got)
		}
	})
}

func TestItGivesUpAfterItsTime(t *testing.T) {
	t.Parallel()
	for giveUp, want := range map[time.Duration]string{
		0: "a@0s a@1s a@2s a@3s a@4s a@5s", 3 * time.Second: "a@0s a@1s a@2s a@3s", time.Second: "a@0s a@1s",
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{refuse: map[string]int{"a": 100}}
			x := running(t, d, func(s *dispatch.Settings[string]) { s.GiveUp = giveUp })
			x.Enqueue(1, "a")
			after(5*time.Second + time.Millisecond)
			if got := d.seen(); got != want || (len(d.done) == 1) != (giveUp > 0) {
				t.Errorf("%s: %s, done %v", giveUp, got, d.done)
			}
		})
	}
}

// The faults that concern when a webhook is sent.
func TestFaultsOfTime(t *testing.T) {
	t.Parallel()
	of := func(kind fault.Kind, ms int) map[string][]fault.Fault {
		return map[string][]fault.Fault{"a1": {{Kind: kind, LatencyMS: ms}}}
	}
	for name, c := range map[string]struct {
		faults map[string][]fault.Fault
		queue  []string
		want   string
	}{
		"none":            {nil, []string{"a1", "a2"}, "a1@0s a2@0s"},
		"slow by a retry": {of(fault.HookSlow, 0), []string{"a1", "a2"}, "a1@1s a2@1s"},
		"slow by so much": {of(fault.HookSlow, 2500), []string{"a1"}, "a1@2.5s"},
		"out of order":    {of(fault.HookReorder, 0), []string{"a1", "a2", "a3"}, "a2@0s a1@0s a3@0s"},
		"the other is slow, too": {
			map[string][]fault.Fault{"a1": {{Kind: fault.HookReorder}}, "a2": {{Kind: fault.HookSlow}}}, []string{"a1", "a2", "a3"}, "a2@0s a1@0s a3@0s",
		},
		"nothing to be overtaken by": {of(fault.HookReorder, 0), []string{"a1"}, "a1@1s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{faults: c.faults, hold: map[string]chan struct{}{}}
			s := dispatch.Settings[string]{Workers: 1, Timeout: time.Minute, Retry: time.Second, Log: slog.New(slog.DiscardHandler), Deliver: d.deliver, Done: d.finished}
			s.Faults = func(w string) []fault.Fault { return d.faults[w] }
			x := dispatch.New(s)
			for _, w := range c.queue {
				x.Enqueue(1, w) // all of them wait before the first is sent
			}
			d.start = time.Now()
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				x.Run(ctx)
			}()
			after(time.Minute)
			if got := d.seen(); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
			stop()
			<-ended
		})
	}
}

// One that was overtaken by a webhook that came in while it waited goes out behind it.
func TestItIsOvertakenByOneThatComesLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{faults: map[string][]fault.Fault{"a1": {{Kind: fault.HookReorder}}}}
		x := running(t, d)
		x.Enqueue(1, "a1")
		after(time.Millisecond)
		x.Enqueue(1, "a2")
		after(time.Minute)
		if got := d.seen(); got != "a2@1s a1@1s" {
			t.Error(got)
		}
	})
}

func TestClearForgetsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{refuse: map[string]int{"a": 1}}
		x := running(t, d)
		x.Enqueue(1, "a")
		x.Enqueue(1, "b")
		after(time.Millisecond)
		if x.Backlog() != 2 {
			t.Errorf("%d wait", x.Backlog())
		}
		x.Clear()
		after(time.Minute)
		if got := d.seen(); got != "a@0s" || x.Backlog() != 0 || len(d.done) != 0 {
			t.Errorf("%s, %d wait, done %v", got, x.Backlog(), d.done)
		}
		x.Enqueue(1, "c")
		after(time.Millisecond)
		if got := d.seen(); !strings.HasPrefix(got, "a@0s c@") {
			t.Error(got)
		}
	})
}

// What is under way when the dispatcher ends is neither done nor given up: the next one sends it.
func TestWhatIsCutOffIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{hold: map[string]chan struct{}{"a": make(chan struct{})}}
		s := dispatch.Settings[string]{Workers: 1, Timeout: time.Minute, Retry: time.Second, GiveUp: time.Nanosecond, Log: slog.New(slog.DiscardHandler), Deliver: d.deliver, Done: d.finished}
		s.Faults = func(string) []fault.Fault { return nil }
		x := dispatch.New(s)
		x.Enqueue(1, "a")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			x.Run(ctx)
		}()
		after(time.Second)
		stop()
		<-ended
		if len(d.done) != 0 || x.Backlog() != 1 {
			t.Errorf("done %v, %d wait", d.done, x.Backlog())
		}
	})
}

// Send tells the status, follows no redirect, and is 0 for who does not answer.
func TestSendTellsTheStatus(t *testing.T) {
	t.Parallel()
	x := dispatch.New(dispatch.Settings[string]{Workers: 1, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/away":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/long":
			fmt.Fprint(w, strings.Repeat("x", 1<<20))
		case "/bad":
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(server.Close)
	for path, want := range map[string]int{"/ok": 200, "/away": 302, "/bad": 502, "/long": 200, "/cut": 0} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Send(req); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}
