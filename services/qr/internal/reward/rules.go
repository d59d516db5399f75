package reward

import (
	"slices"
	"time"
	_ "time/tzdata" // days and hours are those of Paris, also on a machine without a time zone database

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// hundred is the number of hundredths in one.
const hundred = 100

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the time zones are part of the program
	}
	return zone
}

// rules are those of a version of a program.
type rules struct{ *qrv1.RewardProgram }

// line is what was ordered of a product.
type line struct {
	ProductID, Category string
	Cents               int64
}

// defaultRules are those of the platform's own program.
func defaultRules(active bool, perEuro int64) rules {
	return rules{&qrv1.RewardProgram{Active: active, PointsPerEuroHundredths: perEuro * hundred}}
}

// weigh returns the cents of a payment that count, after multipliers. lines are those of its order; nil: it pays none. at is when it was
// completed.
func (r rules) weigh(cents int64, lines []line, at time.Time) int64 {
	if !within(r.GetWindow(), at) {
		return 0
	}
	if lines == nil {
		lines = []line{{Cents: cents}}
	}
	sum := int64(0)
	for _, l := range lines {
		if chosen(r.GetProducts(), r.GetCategories(), l) {
			sum += l.Cents * r.multiplier(l, at)
		}
	}
	return sum / hundred
}

// multiplier is the highest that applies, in hundredths; one if none does.
func (r rules) multiplier(l line, at time.Time) int64 {
	best := int64(0)
	for _, m := range r.GetMultipliers() {
		if within(m.GetWindow(), at) && chosen(m.GetProducts(), m.GetCategories(), l) {
			best = max(best, m.GetHundredths())
		}
	}
	if best == 0 {
		return hundred
	}
	return best
}

// chosen reports whether the line is of a product or a category in the lists. Empty lists choose everything.
func chosen(products, categories []string, l line) bool {
	if len(products)+len(categories) == 0 {
		return true
	}
	return l.ProductID != "" && slices.Contains(products, l.ProductID) || l.Category != "" && slices.Contains(categories, l.Category)
}

// weekdays by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// within reports whether the time is in the window. A window over midnight belongs to the day on which it begins.
func within(w *qrv1.RewardWindow, at time.Time) bool {
	if w == nil {
		return true
	}
	local := at.In(paris)
	day, clock := local.Weekday(), local.Format("15:04")
	if w.GetFrom() != "" {
		switch over := w.GetUntil() <= w.GetFrom(); {
		case over && clock < w.GetUntil():
			day = (day + 6) % 7
		case clock < w.GetFrom() || !over && clock >= w.GetUntil():
			return false
		}
	}
	return len(w.GetWeekdays()) == 0 || slices.Contains(w.GetWeekdays(), weekdays[day])
}

// worth returns the points of a payment, of which left cents were not refunded. weighted is what weigh returned for cents.
func (r rules) worth(weighted, cents, left int64) int64 {
	if left <= 0 || left < r.GetMinimumCents() {
		return 0
	}
	euros := weighted * left / cents / hundred
	return limited(euros*r.GetPointsPerEuroHundredths()/hundred, r.GetMaxPerPayment())
}

// limited returns at most that many points; 0: no limit.
func limited(points, most int64) int64 {
	if most > 0 {
		return min(points, most)
	}
	return points
}

// expiry returns when points expire that are given at that time; nil: never. They can be used to the end of their last day in Paris.
func (r rules) expiry(given time.Time) *time.Time {
	months := int(r.GetValidityMonths())
	if months == 0 {
		return nil
	}
	year, month, day := given.In(paris).Date()
	last := time.Date(year, month+time.Month(months)+1, 0, 0, 0, 0, 0, paris).Day()
	at := time.Date(year, month+time.Month(months), min(day, last)+1, 0, 0, 0, 0, paris).UTC()
	return &at
}

// dayOf is the day in Paris, at midnight UTC as PostgreSQL's dates are read.
func dayOf(at time.Time) time.Time {
	year, month, day := at.In(paris).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// share is what payments under one version of the rules earned together, and the limit of that version; nil: none.
type share struct {
	version int32
	worth   int64
	most    *int64
}

// granted returns what counts of the shares, which are in the order of versions. Points under earlier rules count towards the limit of later
// ones, and a lower limit takes nothing away. The result follows from the shares alone, in whatever order the payments came.
func granted(shares []share) []int64 {
	total, list := int64(0), make([]int64, len(shares))
	for i, s := range shares {
		next := total + s.worth
		if s.most != nil {
			next = max(total, min(next, *s.most))
		}
		list[i], total = next-total, next
	}
	return list
}

// added returns the shares with more points under a version, whose limit is most.
func added(shares []share, version int32, more int64, most *int64) []share {
	list := slices.Clone(shares)
	i, found := slices.BinarySearchFunc(list, version, func(s share, v int32) int { return int(s.version - v) })
	if !found {
		list = slices.Insert(list, i, share{version: version, most: most})
	}
	list[i].worth += more
	return list
}

// find returns the share of a version.
func find(shares []share, version int32) share {
	i := slices.IndexFunc(shares, func(s share) bool { return s.version == version })
	return shares[i]
}

// difference returns how much more counts of each version after a change.
func difference(before, after []share) map[int32]int64 {
	gained := map[int32]int64{}
	for i, n := range granted(before) {
		gained[before[i].version] -= n
	}
	for i, n := range granted(after) {
		gained[after[i].version] += n
	}
	return gained
}

func sum(list []int64) int64 {
	total := int64(0)
	for _, n := range list {
		total += n
	}
	return total
}

// limit is a limit in rules as it is stored: nil for none.
func limit(most int64) *int64 {
	if most == 0 {
		return nil
	}
	return &most
}
