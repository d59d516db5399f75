package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// order is how the long run begins: EUPAY_CHAOS_MINUTES, EUPAY_CHAOS_SEED and EUPAY_CHAOS_REPORT.
type order struct {
	lasting time.Duration
	seed    uint64
	// report is the file of the report; empty: none.
	report string
}

var errMinutes = errors.New("MINUTES must be a whole number from 1 to 600")

// readOrder reads what was asked for. Without a seed, one is drawn. ok is false without minutes: nobody asked.
func readOrder(minutes, seed, report string) (o order, ok bool, err error) {
	if minutes == "" {
		return order{}, false, nil
	}
	n, err := strconv.Atoi(minutes)
	if err != nil || n < 1 || n > 600 {
		return order{}, false, errMinutes
	}
	o = order{lasting: time.Duration(n) * time.Minute, seed: uint64(rand.Uint32()), report: report}
	if seed != "" {
		if o.seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
			return order{}, false, fmt.Errorf("SEED must be a number: %w", err)
		}
	}
	return o, true, nil
}

// step is a fault and a number that chooses its victim.
type step struct{ kind, pick int }

// plan draws steps: every kind once in a random order, then every kind again. The same seed draws the same.
func plan(seed uint64, kinds int) func() step {
	chance := rand.New(rand.NewPCG(seed, seed))
	var ahead []int
	return func() step {
		if len(ahead) == 0 {
			ahead = chance.Perm(kinds)
		}
		next := ahead[0]
		ahead = ahead[1:]
		return step{next, chance.IntN(1 << 20)}
	}
}

func TestThePlanIsThatOfItsSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) (steps []step) {
		next := plan(seed, 7)
		for range 14 {
			steps = append(steps, next())
		}
		return steps
	}
	if !slices.Equal(draw(4), draw(4)) || slices.Equal(draw(4), draw(5)) {
		t.Errorf("%v, again %v, another seed %v", draw(4), draw(4), draw(5))
	}
	for i, half := range [][]step{draw(4)[:7], draw(4)[7:]} {
		seen := map[int]bool{}
		for _, s := range half {
			seen[s.kind] = true
		}
		if len(seen) != 7 {
			t.Errorf("round %d has the kinds %v", i, half)
		}
	}
}

func TestTheOrderIsReadStrictly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minutes, seed string
		want          order
		ok, wrong     bool
	}{
		{"", "", order{}, false, false},
		{"10", "7", order{10 * time.Minute, 7, "r"}, true, false},
		{"0", "", order{}, false, true},
		{"-1", "", order{}, false, true},
		{"ten", "", order{}, false, true},
		{"601", "", order{}, false, true},
		{"1", "x", order{}, false, true},
	} {
		got, ok, err := readOrder(c.minutes, c.seed, "r")
		if got != c.want || ok != c.ok || (err != nil) != c.wrong {
			t.Errorf("%q %q: %+v %v %v", c.minutes, c.seed, got, ok, err)
		}
	}
	if one, ok, err := readOrder("1", "", ""); err != nil || !ok || one.lasting != time.Minute {
		t.Errorf("%+v %v %v", one, ok, err)
	}
}
