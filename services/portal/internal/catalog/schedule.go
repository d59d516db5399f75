package catalog

import (
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// fillSchedule writes when an offer counts in each week in the fields of the form.
func fillSchedule(f *web.Form, s *eupay.WeeklySchedule) {
	if s != nil {
		f.Values["schedule.weekdays"] = s.Weekdays
		f.Values.Set("schedule.from", s.From)
		f.Values.Set("schedule.until", s.Until)
	}
}

// scheduleOf reads it; nil: always.
func scheduleOf(f *web.Form) *eupay.WeeklySchedule {
	s := eupay.WeeklySchedule{Weekdays: f.Values["schedule.weekdays"], From: f.Get("schedule.from"), Until: f.Get("schedule.until")}
	if len(s.Weekdays) == 0 && s.From == "" && s.Until == "" {
		return nil
	}
	return &s
}
