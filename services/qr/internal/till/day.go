package till

import "time"

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func monthOf(day time.Time) time.Time { return date(day.Year(), day.Month(), 1) }

func yearOf(day time.Time) time.Time { return date(day.Year(), time.January, 1) }
