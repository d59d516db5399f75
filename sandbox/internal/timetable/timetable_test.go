package timetable

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestNextGivesTheEarliestThatIsDue(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	table := New()
	table.Add(3, start.Add(3*time.Second))
	table.Add(1, start.Add(time.Second))
	table.Add(2, start.Add(2*time.Second))
	if _, ok := table.Next(start); ok {
		t.Fatal("nothing is due yet")
	}
	var got []int64
	for key, ok := table.Next(start.Add(2 * time.Second)); ok; key, ok = table.Next(start.Add(2 * time.Second)) {
		got = append(got, key)
	}
	if !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("due: %v", got)
	}
	table.Clear()
	if _, ok := table.Next(start.Add(time.Hour)); ok {
		t.Error("a cleared table has nothing")
	}
}

func TestRunFiresInTimeAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table, start := New(), time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		fired := make(chan int64, 4)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			table.Run(ctx, time.Now, func(key int64) { fired <- key })
		}()
		synctest.Wait()
		table.Add(2, start.Add(2*time.Hour)) // later than the idle pause: must still be on time
		table.Add(1, start.Add(time.Second))
		if key := <-fired; key != 1 || time.Since(start) != time.Second {
			t.Errorf("first %d after %s", key, time.Since(start))
		}
		if key := <-fired; key != 2 || time.Since(start) != 2*time.Hour {
			t.Errorf("second %d after %s", key, time.Since(start))
		}
		cancel()
		<-ended
	})
}

// A reader who came while the watch had a step in its hands saw the state of before it.
func TestWatchLeavesWhatIsDueToWhoeverTakesIt(t *testing.T) {
	t.Parallel()
	table, now := New(), time.Unix(1000, 0)
	table.Add(7, now)
	ctx, cancel := context.WithCancel(t.Context())
	called, carryOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		table.Watch(ctx, func() time.Time { return now }, func() {
			called <- struct{}{}
			<-carryOn
		})
	}()
	<-called
	if key, ok := table.Next(now); !ok || key != 7 {
		t.Errorf("it is gone: %d %v", key, ok)
	}
	cancel()
	close(carryOn)
	for {
		select {
		case <-called: // woken before it ended
		case <-ended:
			return
		}
	}
}
