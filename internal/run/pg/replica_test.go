package pg

import (
	"testing"
	"time"
)

var began = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

// walk is a trail of positions, one each second.
func walk(positions ...int64) *trail {
	t := &trail{}
	for i, p := range positions {
		t.add(began.Add(time.Duration(i)*time.Second), p)
	}
	return t
}

func TestAReplicaIsAsOldAsTheLastPositionThatItHasReached(t *testing.T) {
	t.Parallel()
	at := began.Add(4 * time.Second)
	for name, c := range map[string]struct {
		trail   *trail
		reached []int64
		want    time.Duration
		known   bool
	}{
		"nothing was compared":                     {walk(), nil, 0, false},
		"it has reached nothing":                   {walk(10, 20, 30), []int64{9}, 0, false},
		"it is at the end":                         {walk(10, 20, 30, 40, 50), []int64{50}, 0, true},
		"it is between two":                        {walk(10, 20, 30, 40, 50), []int64{39}, 2 * time.Second, true},
		"nothing is written":                       {walk(10, 10, 10, 10, 10), []int64{10}, 0, true},
		"it has stopped":                           {walk(10, 20, 30, 40, 50), []int64{20, 20, 20}, 3 * time.Second, true},
		"it goes on":                               {walk(10, 20, 30, 40, 50), []int64{20, 20, 45}, time.Second, true},
		"what the primary had was lost with it":    {walk(10, 90, 30, 40, 50), []int64{40, 50}, 0, true},
		"an older answer takes nothing back":       {walk(10, 20, 30, 40, 50), []int64{45, 15}, time.Second, true},
		"the primary was not asked for the newest": {walk(10, 20), []int64{70}, 3 * time.Second, true},
	} {
		for _, p := range c.reached {
			c.trail.reach(p)
		}
		if got, known := c.trail.lag(at); got != c.want || known != c.known {
			t.Errorf("%s: %s, %v", name, got, known)
		}
	}
}

// TestATrailIsBounded, also while the replica is away for days.
func TestATrailIsBounded(t *testing.T) {
	t.Parallel()
	tr := walk(1)
	tr.reach(1)
	for i := range 3 * longestTrail {
		tr.add(began.Add(time.Duration(i)*time.Second), int64(i+2))
	}
	if len(tr.ahead) != longestTrail {
		t.Errorf("%d positions", len(tr.ahead))
	}
	if lag, known := tr.lag(began.Add(time.Hour)); lag != time.Hour || !known {
		t.Errorf("the lag is %s, %v", lag, known)
	}
}
