package kitchen

import (
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// PartOf returns a part of a line that has no row of its own, because an older version placed the order: it is where the line is.
func (l Line) PartOf(part int32) Line {
	l.Part = part
	return l
}

// Under returns the part with what its line says of it: what was fired with the line is fired, and every part of a set menu that is ready is ready,
// also if an older version moved the line on.
func (l Line) Under(line Line) Line {
	if l.FiredAt == nil && l.Course == line.Course {
		l.FiredAt = line.FiredAt
	}
	if line.Status == Ready || line.Status == Served {
		l.raise(line.Status)
	}
	return l
}

// Sum returns the line of a set menu as far as its parts are, and never less far than it is. Its course is the first of its parts', and its station is
// where all of them are made.
func (l Line) Sum(parts []Line) Line {
	l.raise(Waiting)
	least, most := extremes(parts)
	switch {
	case least == Ready || least == Served:
		l.raise(least)
	case most != Waiting:
		l.raise(Preparing)
	}
	l.Course, l.StationID, l.StationName = parts[0].Course, parts[0].StationID, parts[0].StationName
	for _, p := range parts {
		l.Course = min(l.Course, p.Course)
		if p.StationID != l.StationID {
			l.StationID, l.StationName = "", ""
		}
	}
	for _, p := range parts {
		if p.Course == l.Course {
			l.FiredAt = earlier(l.FiredAt, p.FiredAt)
		}
	}
	l.PreparingAt, l.ReadyAt, l.ServedAt = l.times(parts)
	return l
}

// times returns since when the line is so far: preparing since the first of its parts is, ready and served since the last.
func (l Line) times(parts []Line) (preparing, ready, served *time.Time) {
	preparing, ready, served = l.PreparingAt, l.ReadyAt, l.ServedAt
	for _, p := range parts {
		preparing = earlier(preparing, p.PreparingAt)
		if ranks[l.Status] >= ranks[Ready] {
			ready = later(ready, p.ReadyAt)
		}
		if l.Status == Served {
			served = later(served, p.ServedAt)
		}
	}
	return preparing, ready, served
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

func later(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

// Of returns those of lines that a line is made of, by its position: its parts, or itself. Moving them moves lines.
func Of(lines []Line, position int32) []*Line {
	var list []*Line
	for i := range lines {
		if lines[i].Position == position {
			list = append(list, &lines[i])
		}
	}
	return list
}

// MoveWhole moves a line on with all of its parts, and returns those that changed. Preparing leaves courses waiting that were not fired; further on
// there are none.
func MoveWhole(line []*Line, to Status, now time.Time) (changed []Line, err error) {
	if len(line) == 1 {
		return moveOne(line[0], to, now)
	}
	if err := checkWhole(line, to); err != nil {
		return nil, err
	}
	for _, l := range line {
		if l.waits() || ranks[l.Status] >= ranks[to] {
			continue
		}
		l.reach(to, now)
		changed = append(changed, *l)
	}
	return changed, nil
}

func moveOne(l *Line, to Status, now time.Time) ([]Line, error) {
	moved, err := l.Move(to, now)
	if err != nil || !moved {
		return nil, err
	}
	return []Line{*l}, nil
}

// checkWhole refuses to move a set menu back, and to finish it while a course of it waits.
func checkWhole(parts []*Line, to Status) error {
	least, fired := Served, false
	for _, p := range parts {
		if p.waits() && to != Preparing {
			return notFired(p.Course)
		}
		fired = fired || !p.waits()
		if ranks[p.Status] < ranks[least] {
			least = p.Status
		}
	}
	switch {
	case !fired:
		return notFired(parts[0].Course)
	case ranks[to] < ranks[least]:
		return errs.New(errs.InvalidState, "A line that is %s cannot become %s.", least, to)
	default:
		return nil
	}
}

func notFired(course int32) error {
	return errs.New(errs.InvalidState, "Course %d was not fired yet. Fire it first.", course)
}
