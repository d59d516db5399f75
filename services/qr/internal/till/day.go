package till

import "time"

// A business day begins at 04:00 in France and has the date of its beginning: what is sold after midnight belongs to the evening before.
const beginsAt = 4

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// dayOf returns the business day of a time, as midnight UTC of its date.
func dayOf(at time.Time) time.Time {
	local := at.In(paris)
	day := date(local.Year(), local.Month(), local.Day())
	if local.Hour() < beginsAt {
		return day.AddDate(0, 0, -1)
	}
	return day
}

// begin returns when a business day begins, which is when the day before ends.
func begin(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), beginsAt, 0, 0, 0, paris).UTC()
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func monthOf(day time.Time) time.Time { return date(day.Year(), day.Month(), 1) }

func yearOf(day time.Time) time.Time { return date(day.Year(), time.January, 1) }
