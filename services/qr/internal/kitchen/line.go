// Package kitchen is what happens to an order between the table and the pass: which station makes a line, how far it is, which course is made now, who
// follows it live, and the tickets that are printed. See docs/adr/0051-kitchens.md.
package kitchen

import (
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// Status of a line.
type Status string

// The states of a line, in their order. A line only goes forward, and may pass over some.
const (
	Waiting   Status = "waiting"
	Preparing Status = "preparing"
	Ready     Status = "ready"
	Served    Status = "served"
)

// The states of an order that the kitchen works on, and the one after.
const (
	orderReceived  = "received"
	orderPreparing = "preparing"
	orderReady     = "ready"
	orderServed    = "served"
)

// ranks are the states in their order; 0 is no state.
var ranks = map[Status]int{Waiting: 1, Preparing: 2, Ready: 3, Served: 4}

// MaxCourse is the last course of an order.
const MaxCourse = 9

// Line is what the kitchen knows of a line of an order, or of a part of one that is a set menu: a kitchen works on parts, and the line follows them.
// The zero value is a line that was ordered before the kitchen looked at lines.
type Line struct {
	Position int32
	// Part is its place among the parts of a set menu, from 1; 0: a line.
	Part                   int32
	StationID, StationName string
	// Course from 1; 0: none, it is made at once.
	Course int32
	Status Status
	// FiredAt is since when it is to be made; nil: its course waits.
	FiredAt, PreparingAt, ReadyAt, ServedAt *time.Time
}

// In returns the line as it is in an order with the status. An order that is ready has no line that is not, whoever moved it on.
func (l Line) In(order string) Line {
	if l.Status == "" {
		l.Status = Waiting
		if order == orderPreparing {
			l.Status = Preparing
		}
	}
	switch order {
	case orderReady:
		l.raise(Ready)
	case orderServed:
		l.raise(Served)
	}
	return l
}

func (l *Line) raise(to Status) {
	if ranks[l.Status] < ranks[to] {
		l.Status = to
	}
}

// waits reports whether the line's course was not fired yet.
func (l Line) waits() bool { return l.Course > 0 && l.FiredAt == nil }

// Move moves a line on, and reports whether that changed it.
func (l *Line) Move(to Status, now time.Time) (bool, error) {
	switch {
	case l.waits():
		return false, notFired(l.Course)
	case ranks[to] < ranks[l.Status]:
		return false, errs.New(errs.InvalidState, "A line that is %s cannot become %s.", l.Status, to)
	case to == l.Status:
		return false, nil
	}
	l.reach(to, now)
	return true, nil
}

// reach notes when the line got so far.
func (l *Line) reach(to Status, now time.Time) {
	l.Status = to
	if l.FiredAt == nil {
		l.FiredAt = &now
	}
	for status, at := range map[Status]**time.Time{Preparing: &l.PreparingAt, Ready: &l.ReadyAt, Served: &l.ServedAt} {
		if ranks[status] <= ranks[to] && *at == nil {
			*at = &now
		}
	}
}

// Fold returns the status of an order with these lines: that of the line that is least far, but no less than preparing as soon as one is begun, and
// never less than the order has.
func Fold(order string, lines []Line) string {
	least, most := extremes(lines)
	to := order
	switch {
	case len(lines) == 0:
		return order
	case least == Served:
		to = orderServed
	case least == Ready:
		to = orderReady
	case most != Waiting:
		to = orderPreparing
	}
	if stages[to] < stages[order] {
		return order
	}
	return to
}

// extremes are the states of the lines that are least and most far.
func extremes(lines []Line) (least, most Status) {
	least, most = Served, Waiting
	for _, l := range lines {
		if ranks[l.Status] < ranks[least] {
			least = l.Status
		}
		if ranks[l.Status] > ranks[most] {
			most = l.Status
		}
	}
	return least, most
}

// stages are the states of an order in their order.
var stages = map[string]int{orderReceived: 1, orderPreparing: 2, orderReady: 3, orderServed: 4}

// Follow moves the lines of an order on that somebody has moved on as a whole, and returns those that changed. Preparing leaves courses waiting that
// were not fired.
func Follow(order string, lines []Line, now time.Time) (changed []Line) {
	to, ok := map[string]Status{orderPreparing: Preparing, orderReady: Ready, orderServed: Served}[order]
	if !ok {
		return nil
	}
	for i := range lines {
		l := &lines[i]
		if ranks[l.Status] >= ranks[to] || to == Preparing && l.waits() {
			continue
		}
		l.reach(to, now)
		changed = append(changed, *l)
	}
	return changed
}

// first is the course that is made with what has none; 0 if no line has a course.
func first(lines []Line) int32 {
	lowest := int32(0)
	for _, l := range lines {
		if l.Course > 0 && (lowest == 0 || l.Course < lowest) {
			lowest = l.Course
		}
	}
	return lowest
}

// FireFirst fires what is made as soon as the order is received: the lines without a course, and the lowest course.
func FireFirst(lines []Line, now time.Time) {
	lowest := first(lines)
	for i := range lines {
		if l := &lines[i]; l.FiredAt == nil && (l.Course == 0 || l.Course == lowest) {
			l.FiredAt = &now
		}
	}
}

// Fire fires a course and returns the lines that are to be made now; none if it was fired before.
func Fire(lines []Line, course int32, now time.Time) (fired []Line, err error) {
	found := false
	for i := range lines {
		l := &lines[i]
		if l.Course != course {
			continue
		}
		found = true
		if l.FiredAt == nil {
			l.FiredAt = &now
			fired = append(fired, *l)
		}
	}
	if !found {
		return nil, errs.NotFound("Course")
	}
	return fired, nil
}
