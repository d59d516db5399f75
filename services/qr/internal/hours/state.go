package hours

import (
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// State is what is known of when a merchant takes orders. Its zero value takes orders always.
type State struct {
	// Known: the merchant has said something.
	Known    bool
	Schedule Schedule
	Pickup   Pickup
	// Zero: not paused.
	dineInPaused, takeawayPaused time.Time
}

// Pickup is how takeaway orders are fetched. Without SlotMinutes there are no slots.
type Pickup struct {
	SlotMinutes, SlotCapacity, PreparationMinutes, DaysAhead int
}

func (p Pickup) slot() time.Duration        { return time.Duration(p.SlotMinutes) * time.Minute }
func (p Pickup) preparation() time.Duration { return time.Duration(p.PreparationMinutes) * time.Minute }

// ready is when an order for as soon as possible is prepared, in whole minutes.
func (p Pickup) ready(now time.Time) time.Time {
	at := now.Add(p.preparation())
	if whole := at.Truncate(time.Minute); whole.Before(at) {
		return whole.Add(time.Minute)
	}
	return at
}

// Admitted is an order that the merchant takes.
type Admitted struct {
	// Servings are what sells its products.
	Servings
	// PickupAt is when it is fetched; zero: the merchant does not say. SlotAt is the slot in which it needs a place; zero: none.
	PickupAt, SlotAt time.Time
}

func (s State) paused(takeaway bool) time.Time {
	if takeaway {
		return s.takeawayPaused
	}
	return s.dineInPaused
}

// Admit decides whether an order is taken that is placed now and wanted at that time; nil: as soon as possible. An order for after a pause is
// no burden to it.
func (s State) Admit(now time.Time, takeaway bool, wanted *time.Time) (Admitted, error) {
	var a Admitted
	at := now
	switch {
	case wanted != nil && (!takeaway || s.Pickup.SlotMinutes == 0):
		return a, errs.Invalid(errs.Field{Field: "pickup_at", Message: "pickup_at is only for takeaway orders of a merchant who has slots."})
	case wanted != nil:
		at = wanted.UTC()
		if !s.isSlot(now, at) {
			return a, errNoSlot()
		}
		a.PickupAt, a.SlotAt = at, at
		a.Servings = s.Schedule.fetched(now, at)
	default:
		a.Servings = s.Schedule.open(now)
		if takeaway && s.Pickup != (Pickup{}) {
			a.PickupAt = s.Pickup.ready(now)
		}
		if takeaway && s.Pickup.SlotMinutes > 0 {
			a.SlotAt = a.PickupAt.Truncate(s.Pickup.slot())
		}
	}
	if until := s.paused(takeaway); at.Before(until) {
		return a, closed(now, until, "Orders are paused for a moment. Order again at %s.")
	}
	if len(a.Servings) == 0 && wanted != nil {
		return a, errNoSlot()
	}
	if len(a.Servings) == 0 {
		return a, closed(now, s.Schedule.opens(now), "No orders are taken now. Order again from %s.")
	}
	return a, nil
}

func errNoSlot() error {
	return errs.Invalid(errs.Field{Field: "pickup_at", Message: "pickup_at must be the beginning of a free slot."})
}

// closed returns CLOSED until a time; zero: nobody knows when.
func closed(now, until time.Time, sentence string) error {
	if until.IsZero() {
		return errs.New(errs.Closed, "No orders are taken now. Ask the staff.")
	}
	e := errs.New(errs.Closed, sentence, until.In(paris).Format("15:04 on 2 January 2006"))
	e.RetryAfter = until.Sub(now)
	return e
}

// Ordering is what a menu says of it.
type Ordering struct {
	// Services are the names of those that are open.
	Services []string `json:"services"`
	DineIn   Opening  `json:"dine_in"`
	Takeaway Opening  `json:"takeaway"`
	// Pickup is absent where nothing is said of how takeaway orders are fetched.
	Pickup *PickupView `json:"pickup,omitempty"`
}

// Opening says whether orders of a kind are taken now. Times are null where they are not known.
type Opening struct {
	Open        bool       `json:"open"`
	OpensAt     *time.Time `json:"opens_at"`
	ClosesAt    *time.Time `json:"closes_at"`
	PausedUntil *time.Time `json:"paused_until"`
}

// PickupView is how takeaway orders are fetched.
type PickupView struct {
	SlotMinutes        int `json:"slot_minutes"`
	PreparationMinutes int `json:"preparation_minutes"`
	DaysAhead          int `json:"days_ahead"`
}

// Ordering returns what a menu says at that time, and when it says something else next; nil and zero: nothing, and never.
func (s State) Ordering(now time.Time) (*Ordering, time.Time) {
	if !s.Known {
		return nil, time.Time{}
	}
	o := &Ordering{Services: s.Schedule.open(now).names(), DineIn: s.opening(now, false), Takeaway: s.opening(now, true)}
	if p := s.Pickup; p != (Pickup{}) {
		o.Pickup = &PickupView{SlotMinutes: p.SlotMinutes, PreparationMinutes: p.PreparationMinutes, DaysAhead: p.DaysAhead}
	}
	return o, earlier(s.Schedule.changes(now), now, s.dineInPaused, s.takeawayPaused)
}

func (s State) opening(now time.Time, takeaway bool) Opening {
	from := now
	var o Opening
	if until := s.paused(takeaway); until.After(now) {
		from, o.PausedUntil = until, known(until)
	}
	isOpen := len(s.Schedule.open(from)) > 0
	switch {
	case isOpen && from.Equal(now):
		o.Open, o.ClosesAt = true, known(s.Schedule.closesAt(now))
	case isOpen:
		o.OpensAt = known(from)
	default:
		o.OpensAt = known(s.Schedule.opens(from))
	}
	return o
}

// closesAt is closes, without looking for an end that does not come.
func (s Schedule) closesAt(now time.Time) time.Time {
	if s.always() {
		return time.Time{}
	}
	return s.closes(now)
}

// known is a time for JSON, in seconds; nil for zero.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC().Truncate(time.Second)
	return &at
}

// Sold are the servings whose products a menu shows: those that are open. nil: all products are shown, because none is open, or none differs.
func (s State) Sold(now time.Time) Servings {
	if !s.Known || s.Schedule.always() {
		return nil
	}
	return s.Schedule.open(now)
}
