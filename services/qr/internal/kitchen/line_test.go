package kitchen

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

func lines(states ...Status) (list []Line) {
	for i, s := range states {
		list = append(list, Line{Position: int32(i), Status: s, FiredAt: &noon})
	}
	return list
}

func TestAnOrderIsAsFarAsItsLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		order string
		lines []Line
		want  string
	}{
		{"received", lines(Waiting, Waiting), "received"},
		{"received", lines(Waiting, Preparing), "preparing"},
		{"received", lines(Waiting, Served), "preparing"},
		{"received", lines(Ready, Served), "ready"},
		{"preparing", lines(Waiting, Waiting), "preparing"},
		{"preparing", lines(Served, Served), "served"},
		{"ready", lines(Preparing), "ready"},
		{"received", nil, "received"},
	} {
		if got := Fold(c.order, c.lines); got != c.want {
			t.Errorf("%s with %v becomes %s, want %s", c.order, c.lines, got, c.want)
		}
	}
}

// TestLinesAndOrderAgree, whatever is done in whichever order: an order is never further than its least line, and lines never go back.
func TestLinesAndOrderAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		list, order := lines(Waiting, Waiting, Waiting), orderReceived
		list[2].Course, list[2].FiredAt = 2, nil
		list[1].Course = 1
		for range 12 {
			before := slices.Clone(list)
			switch n := r.IntN(8); n {
			case 0:
				if _, err := Fire(list, int32(1+r.IntN(2)), noon); err != nil {
					t.Fatal(err)
				}
			case 1:
				next := map[string]string{orderReceived: orderPreparing, orderPreparing: orderReady, orderReady: orderServed}[order]
				if next != "" {
					order = next
					Follow(order, list, noon)
				}
			default:
				_, _ = list[r.IntN(3)].Move([]Status{Preparing, Ready, Served}[r.IntN(3)], noon)
				order = Fold(order, list)
			}
			for i, l := range list {
				if ranks[l.Status] < ranks[before[i].Status] || l.Status != Waiting && l.FiredAt == nil {
					t.Fatalf("seed %d: %v becomes %v", seed, before, list)
				}
				if l.In(order).Status != l.Status {
					t.Fatalf("seed %d: an order that is %s has %v", seed, order, list)
				}
			}
		}
	}
}

func TestALineThatWaitsForItsCourseIsNotMade(t *testing.T) {
	t.Parallel()
	l := Line{Course: 2, Status: Waiting}
	if _, err := l.Move(Preparing, noon); !errs.Is(err, errs.InvalidState) {
		t.Errorf("got %v", err)
	}
	old := Line{}.In(orderPreparing) // ordered before the kitchen looked at lines
	if moved, err := old.Move(Ready, noon); err != nil || !moved || old.FiredAt == nil || old.ReadyAt == nil {
		t.Errorf("%v, %v", old, err)
	}
	if _, err := old.Move(Preparing, noon); !errs.Is(err, errs.InvalidState) {
		t.Errorf("it goes back: %v", err)
	}
}

func TestTheFirstCourseIsFiredWithWhatHasNone(t *testing.T) {
	t.Parallel()
	list := []Line{{Status: Waiting}, {Course: 3, Status: Waiting}, {Course: 2, Status: Waiting}}
	FireFirst(list, noon)
	if list[0].FiredAt == nil || list[1].FiredAt != nil || list[2].FiredAt == nil {
		t.Errorf("fired %v", list)
	}
	if _, err := Fire(list, 4, noon); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("a course that nobody ordered: %v", err)
	}
	if fired, err := Fire(list, 2, noon); err != nil || len(fired) > 0 {
		t.Errorf("fired twice: %v, %v", fired, err)
	}
}
