package hours

import (
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

const dish, wine = "01a229c5-c852-7730-8f69-3f1816d74d52", "01a229c5-c852-7730-8f69-3f1816d74d53"

// bistro serves lunch from Monday to Friday and dinner over midnight on Friday and Saturday; at Christmas it is closed, and on New Year's Eve it
// serves dinner alone, longer.
var bistro = Schedule{
	Services: []Service{
		{Name: "Lunch", Windows: []Weekly{{Weekdays: []string{"mon", "tue", "wed", "thu", "fri"}, From: "12:00", Until: "14:30"}}, LastOrderMinutes: 30, Products: []string{dish}},
		{Name: "Dinner", Windows: []Weekly{{Weekdays: []string{"fri", "sat"}, From: "19:00", Until: "01:00"}}, Categories: []string{"Vins"}},
	},
	Exceptions: []Exception{{Date: "2026-12-25"}, {Date: "2026-12-31", Windows: []DayWindow{{Service: "Dinner", From: "19:00", Until: "04:00"}}}},
}

func TestAScheduleIsOpenClosedAndSaysWhenItOpens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at, names     string
		opens, closes string
	}{
		"before lunch":               {"2026-06-17T11:59:00+02:00", "", "2026-06-17T12:00:00+02:00", ""},
		"at lunch":                   {"2026-06-17T12:00:00+02:00", "Lunch", "", "2026-06-17T14:00:00+02:00"},
		"after the last order":       {"2026-06-17T14:00:00+02:00", "", "2026-06-18T12:00:00+02:00", ""},
		"dinner after midnight":      {"2026-06-20T00:59:00+02:00", "Dinner", "", "2026-06-20T01:00:00+02:00"},
		"sunday":                     {"2026-06-21T12:30:00+02:00", "", "2026-06-22T12:00:00+02:00", ""},
		"christmas, a friday":        {"2026-12-25T12:30:00+01:00", "", "2026-12-26T19:00:00+01:00", ""},
		"the night after the eve":    {"2027-01-01T03:00:00+01:00", "Dinner", "", "2027-01-01T04:00:00+01:00"},
		"no lunch on the eve itself": {"2026-12-31T12:30:00+01:00", "", "2026-12-31T19:00:00+01:00", ""},
	} {
		at := instant(t, c.at)
		open := bistro.open(at)
		if got := open.names(); len(open) > 1 || len(got) > 0 != (c.names != "") || len(got) > 0 && got[0] != c.names {
			t.Errorf("%s: %q is open, want %q", name, got, c.names)
		}
		if c.opens != "" && !bistro.opens(at).Equal(instant(t, c.opens)) {
			t.Errorf("%s: opens at %v, want %s", name, bistro.opens(at).In(paris), c.opens)
		}
		if c.closes != "" && !bistro.closes(at).Equal(instant(t, c.closes)) {
			t.Errorf("%s: closes at %v, want %s", name, bistro.closes(at).In(paris), c.closes)
		}
	}
	if lunch := bistro.open(instant(t, "2026-06-17T12:30:00+02:00")); !lunch.Sells(dish, "Plats") || lunch.Sells(wine, "Vins") {
		t.Error("lunch sells its product and nothing else")
	}
	if dinner := bistro.open(instant(t, "2026-06-19T20:00:00+02:00")); dinner.Sells(dish, "Plats") || !dinner.Sells(wine, "Vins") {
		t.Error("dinner sells its category and nothing else")
	}
}

// A menu that is kept says something else at the next change, and no later.
func TestNothingOfAScheduleChangesBeforeItsNextChange(t *testing.T) {
	t.Parallel()
	at := instant(t, "2026-12-18T00:00:00+01:00")
	for range 40 {
		next := bistro.changes(at)
		if !next.After(at) {
			t.Fatalf("after %v nothing changes: %v", at, next)
		}
		before := bistro.open(at).names()
		for between := at; between.Before(next); between = between.Add(10 * time.Minute) {
			if !slices.Equal(bistro.open(between).names(), before) {
				t.Fatalf("%v is open at %v, %v at %v, and it should change at %v", before, at, bistro.open(between).names(), between, next)
			}
		}
		at = next
	}
	if next := (Schedule{}).changes(at); !next.IsZero() {
		t.Errorf("what is always open changes at %v", next)
	}
}

func wantCode(t *testing.T, err error, code errs.Code) *errs.Error {
	t.Helper()
	if !errs.Is(err, code) {
		t.Fatalf("got %v, want %s", err, code)
	}
	return errs.From(err)
}

func TestAnOrderIsAdmittedAtItsTime(t *testing.T) {
	t.Parallel()
	lunch, morning := instant(t, "2026-06-17T12:07:30+02:00"), instant(t, "2026-06-17T10:00:00+02:00")
	s := State{Known: true, Schedule: bistro, Pickup: Pickup{SlotMinutes: 15, SlotCapacity: 2, PreparationMinutes: 20, DaysAhead: 1}}
	a, err := s.Admit(lunch, true, nil)
	if want := instant(t, "2026-06-17T12:28:00+02:00"); err != nil || !a.PickupAt.Equal(want) || !a.SlotAt.Equal(instant(t, "2026-06-17T12:15:00+02:00")) {
		t.Errorf("as soon as possible: %v %v %v", a.PickupAt, a.SlotAt, err)
	}
	if a, err := s.Admit(lunch, false, nil); err != nil || !a.PickupAt.IsZero() || !a.SlotAt.IsZero() {
		t.Errorf("at the table: %v %v", a, err)
	}
	slot := instant(t, "2026-06-17T12:00:00+02:00")
	if a, err := s.Admit(morning, true, &slot); err != nil || !a.SlotAt.Equal(slot) || !a.Sells(dish, "") {
		t.Errorf("for lunch, in the morning: %v %v", a, err)
	}
	e := wantCode(t, func() error { _, err := s.Admit(morning, false, nil); return err }(), errs.Closed)
	if e.RetryAfter != 2*time.Hour {
		t.Errorf("closed for %v", e.RetryAfter)
	}
	for name, text := range map[string]string{
		"between slots": "2026-06-17T12:20:00+02:00", "while it is prepared": "2026-06-17T12:15:00+02:00", "closed then": "2026-06-17T15:00:00+02:00",
		"too far ahead": "2026-06-19T12:00:00+02:00", "past": "2026-06-16T12:00:00+02:00",
	} {
		at := instant(t, text)
		if _, err := s.Admit(lunch, true, &at); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Admit(morning, false, &slot); !errs.Is(err, errs.ValidationError) {
		t.Errorf("a slot at the table: %v", err)
	}
}

func TestAPauseEndsByItself(t *testing.T) {
	t.Parallel()
	now := instant(t, "2026-06-17T12:07:30+02:00")
	s := State{Known: true, Pickup: Pickup{SlotMinutes: 15}, takeawayPaused: now.Add(30 * time.Minute)}
	_, err := s.Admit(now, true, nil)
	if e := wantCode(t, err, errs.Closed); e.RetryAfter != 30*time.Minute {
		t.Errorf("paused for %v", e.RetryAfter)
	}
	if _, err := s.Admit(now, false, nil); err != nil {
		t.Errorf("a pause of takeaway closes the tables: %v", err)
	}
	later := instant(t, "2026-06-17T12:45:00+02:00")
	if _, err := s.Admit(now, true, &later); err != nil {
		t.Errorf("an order for after the pause: %v", err)
	}
	if _, err := s.Admit(s.takeawayPaused, true, nil); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	o, until := s.Ordering(now)
	if !until.Equal(s.takeawayPaused) || o.Takeaway.Open || !o.DineIn.Open || o.DineIn.ClosesAt != nil || !o.Takeaway.OpensAt.Equal(s.takeawayPaused.Truncate(time.Second)) {
		t.Errorf("the menu says %+v until %v", o, until)
	}
	for _, at := range s.slots(now, time.Time{}) {
		if at.Before(s.takeawayPaused) {
			t.Errorf("a slot in the pause: %v", at)
		}
	}
}

func TestSlotsAreThoseOfTheServices(t *testing.T) {
	t.Parallel()
	s := State{Known: true, Schedule: bistro, Pickup: Pickup{SlotMinutes: 30, PreparationMinutes: 20, DaysAhead: 2}}
	now := instant(t, "2026-06-17T13:05:00+02:00") // a Wednesday
	var got []string
	for _, at := range s.slots(now, time.Time{}) {
		got = append(got, at.In(paris).Format("Mon 15:04"))
	}
	want := []string{
		"Wed 13:30", "Wed 14:00", "Thu 12:00", "Thu 12:30", "Thu 13:00", "Thu 13:30", "Thu 14:00", "Fri 12:00", "Fri 12:30", "Fri 13:00", "Fri 13:30",
		"Fri 14:00", "Fri 19:00", "Fri 19:30", "Fri 20:00", "Fri 20:30", "Fri 21:00", "Fri 21:30", "Fri 22:00", "Fri 22:30", "Fri 23:00", "Fri 23:30",
	}
	if !slices.Equal(got, want) {
		t.Errorf("slots %q", got)
	}
	if after := s.slots(instant(t, "2026-06-17T14:00:00+02:00"), date(t, "2026-06-17")); len(after) != 0 {
		t.Errorf("after the last order: %v", after)
	}
	for _, at := range s.slots(now, time.Time{}) {
		if _, err := s.Admit(now, true, &at); err != nil {
			t.Errorf("a slot that is listed, %v, is refused: %v", at, err)
		}
	}
}
