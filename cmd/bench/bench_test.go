package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func slow(took time.Duration) step {
	return func(*conn, int64) error {
		time.Sleep(took)
		return nil
	}
}

func TestAClosedLoopIsAsFastAsTheAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := load{duration: time.Second, do: slow(10 * time.Millisecond)}.closed(t.Context(), 4)
		if r.rate() != 400 || r.at(0.5) != 10*time.Millisecond || r.at(1) != 10*time.Millisecond {
			t.Errorf("%.0f/s, p50 %v, max %v", r.rate(), r.at(0.5), r.at(1))
		}
	})
}

func TestAnOpenLoopKeepsItsRateWhateverTheAnswersTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := load{duration: 2 * time.Second, do: slow(600 * time.Millisecond)}.open(t.Context(), 250)
		if r.rate() != 250 || r.at(0.99) != 600*time.Millisecond {
			t.Errorf("%.0f/s, p99 %v", r.rate(), r.at(0.99))
		}
	})
}

func TestAnOpenLoopCountsTheWaitForAServerThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := load{duration: time.Second, do: func(*conn, int64) error {
			time.Sleep(max(0, time.Until(begin.Add(900*time.Millisecond)))) // it answers nobody until then
			return nil
		}}.open(t.Context(), 100)
		if r.at(0) != 0 || r.at(1) != 700*time.Millisecond {
			t.Errorf("from %v to %v", r.at(0), r.at(1))
		}
	})
}

func TestFailuresDoNotCountAsLatencies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		r := load{duration: time.Second, do: func(_ *conn, n int64) error {
			time.Sleep(10 * time.Millisecond)
			if n%2 == 0 {
				return broken
			}
			return nil
		}}.closed(t.Context(), 1)
		if r.failures != 40 || len(r.latencies) != 40 || !errors.Is(r.failure, broken) {
			t.Errorf("%d failed, %d did not, %v", r.failures, len(r.latencies), r.failure)
		}
	})
}

func TestStatIsParsedWithAnyProcessName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stat")
	text := "42 (a) b (c) S 7 1 1 0 -1 0 0 0 0 0 150 25 0 0 20 0 1 0 1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, ok := readStat(path)
	if !ok || s != (stat{name: "a) b (c", parent: 7, used: 1750 * time.Millisecond}) {
		t.Errorf("got %+v, %v", s, ok)
	}
	if _, ok := readStat(path + ".gone"); ok {
		t.Error("a process that ended was read")
	}
}

func TestOnlyDescendantsCount(t *testing.T) {
	all := map[int]stat{2: {parent: 1}, 3: {parent: 2}, 4: {parent: 1}, 5: {parent: 5}}
	for pid, want := range map[int]bool{2: true, 3: true, 4: false, 5: false, 99: false} {
		if descends(all, pid, 2) != want {
			t.Errorf("process %d: %v", pid, !want)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, bad := range []settings{{Seconds: 0}, {Seconds: 61}, {Seconds: 5, Only: []string{"nothing"}}} {
		if bad.Validate() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
	s := settings{Seconds: 5, Only: []string{"read"}}
	if s.Validate() != nil || !s.wants("read") || s.wants("create") {
		t.Errorf("%+v is refused", s)
	}
}
