package tally

import "time"

// The levels of counters, as they are stored.
const (
	month int16 = iota
	day
	hour
	minute
)

// The bounds of an unbounded period: whole months before the first row and after the last.
var (
	first = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	last  = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// segments are disjoint parts of a period, each of whole buckets of one level, as columns.
type segments struct {
	level  []int16
	lo, hi []time.Time
}

func (s segments) append(o segments) segments {
	return segments{append(s.level, o.level...), append(s.lo, o.lo...), append(s.hi, o.hi...)}
}

// cover divides a period of whole minutes into as few segments as there can be. A zero bound is none.
func cover(from, to time.Time) segments {
	if from.IsZero() {
		from = first
	}
	return coverFrom(month, from.UTC(), end(to))
}

// end returns to, or the end of all time.
func end(to time.Time) time.Time {
	if to.IsZero() {
		return last
	}
	return to.UTC()
}

func coverFrom(level int16, from, to time.Time) segments {
	if level > minute || !from.Before(to) {
		return segments{}
	}
	lo, hi := ceil(level, from), floor(level, to)
	if !lo.Before(hi) {
		return coverFrom(level+1, from, to)
	}
	s := coverFrom(level+1, from, lo).append(segments{[]int16{level}, []time.Time{lo}, []time.Time{hi}})
	return s.append(coverFrom(level+1, hi, to))
}

// floor returns when the bucket that has t begins.
func floor(level int16, t time.Time) time.Time {
	t = t.UTC()
	switch level {
	case month:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	case day:
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	case hour:
		return t.Truncate(time.Hour)
	default:
		return t.Truncate(time.Minute)
	}
}

// ceil returns when the first bucket that does not begin before t begins.
func ceil(level int16, t time.Time) time.Time {
	begin := floor(level, t)
	if begin.Equal(t) {
		return begin
	}
	switch level {
	case month:
		return begin.AddDate(0, 1, 0)
	case day:
		return begin.AddDate(0, 0, 1)
	case hour:
		return begin.Add(time.Hour)
	default:
		return begin.Add(time.Minute)
	}
}
