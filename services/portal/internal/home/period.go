package home

import (
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// period is a time that the page is about: so many days, today included. Its phrases are home.period_<Key> and home.before_<Key>.
type period struct {
	Key  string
	days int
}

var periods = []period{{"today", 1}, {"7", 7}, {"30", 30}}

// periodOf is the one that the query names, or 7 days.
func periodOf(r *web.Request) period {
	for _, p := range periods {
		if p.Key == r.URL.Query().Get("period") {
			return p
		}
	}
	return periods[1]
}

// params ask for the period and for as many days before it.
func (p period) params(now time.Time) (period, before eupay.SummaryParams) {
	from := text.DaysBefore(now, p.days-1)
	period = eupay.SummaryParams{From: from, Interval: eupay.ByDay}
	if p.days == 1 {
		period.Interval = eupay.ByHour
	}
	return period, eupay.SummaryParams{From: text.DaysBefore(now, 2*p.days-1), To: from}
}

// Hourly reports whether the period is shown by hours.
func (p period) Hourly() bool { return p.days == 1 }
