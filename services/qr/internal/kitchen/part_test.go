package kitchen

import (
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

func parts(states ...Status) []Line {
	list := lines(states...)
	for i := range list {
		list[i].Position, list[i].Part = 0, int32(i)+1
	}
	return list
}

func TestASetMenuIsAsFarAsItsParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line  Status
		parts []Line
		want  Status
	}{
		{"", parts(Waiting, Waiting), Waiting},
		{Waiting, parts(Waiting, Preparing), Preparing},
		{Waiting, parts(Ready, Waiting), Preparing},
		{Preparing, parts(Ready, Served), Ready},
		{Ready, parts(Served, Served), Served},
		{Preparing, parts(Waiting, Waiting), Preparing}, // an older version began it
	} {
		if got := (Line{Status: c.line}).Sum(c.parts); got.Status != c.want {
			t.Errorf("%s with %v becomes %s, want %s", c.line, c.parts, got.Status, c.want)
		}
	}
}

// A version that knows no parts finds a set menu in the first of its courses, fired with it, and at a station only if all of it is made there.
func TestASetMenuIsInTheFirstOfItsCourses(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Minute)
	list := []Line{{Part: 1, Course: 2, StationID: "grill", FiredAt: &noon, Status: Waiting}, {Part: 2, Course: 1, StationID: "bar", Status: Waiting}}
	if got := (Line{StationID: "pass"}).Sum(list); got.Course != 1 || got.FiredAt != nil || got.StationID != "" {
		t.Errorf("got %+v", got)
	}
	list[1].FiredAt, list[1].StationID = &later, "grill"
	if got := (Line{}).Sum(list); got.FiredAt != &later || got.StationID != "grill" {
		t.Errorf("got %+v", got)
	}
	list[0].Course = 0
	if got := (Line{}).Sum(list); got.Course != 0 || got.FiredAt != &noon {
		t.Errorf("got %+v", got)
	}
}

func TestPartsFollowALineThatAnOlderVersionMovedOn(t *testing.T) {
	t.Parallel()
	line := Line{Course: 1, FiredAt: &noon, Status: Ready}
	first, second := Line{Course: 1, Status: Served}.Under(line), Line{Course: 2, Status: Waiting}.Under(line)
	if first.Status != Served || first.FiredAt == nil || second.Status != Ready || second.FiredAt != nil {
		t.Errorf("got %+v and %+v", first, second)
	}
	if got := (Line{Status: Waiting}).Under(Line{Status: Preparing}); got.Status != Waiting {
		t.Errorf("one of several parts was begun, and all are %s", got.Status)
	}
	if got := line.PartOf(2); got.Part != 2 || got.Status != Ready || got.Course != 1 {
		t.Errorf("a part without a row is %+v", got)
	}
}

func TestASetMenuIsMovedWithAllItsParts(t *testing.T) {
	t.Parallel()
	list := parts(Waiting, Ready, Waiting)
	list[2].Course, list[2].FiredAt = 2, nil
	whole := Of(list, 0)
	if _, err := MoveWhole(whole, Ready, noon); !errs.Is(err, errs.InvalidState) {
		t.Errorf("ready before its dessert is called: %v", err)
	}
	if changed, err := MoveWhole(whole, Preparing, noon); err != nil || len(changed) != 1 || !slices.Equal(states(list), []Status{Preparing, Ready, Waiting}) {
		t.Errorf("begun: %v %v", list, err)
	}
	if _, err := Fire(list, 2, noon); err != nil {
		t.Fatal(err)
	}
	if changed, err := MoveWhole(whole, Served, noon); err != nil || len(changed) != 3 || list[2].ReadyAt == nil {
		t.Errorf("served: %v %v", changed, err)
	}
	if changed, err := MoveWhole(whole, Served, noon); err != nil || len(changed) != 0 {
		t.Errorf("served twice: %v %v", changed, err)
	}
	if _, err := MoveWhole(whole, Ready, noon); !errs.Is(err, errs.InvalidState) {
		t.Errorf("it goes back: %v", err)
	}
	if got := Of(list, 1); len(got) != 0 {
		t.Errorf("no such line: %v", got)
	}
}

func states(list []Line) (all []Status) {
	for _, l := range list {
		all = append(all, l.Status)
	}
	return all
}
