package hours

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const (
	// maxSlots is how many free slots are listed, and maxOffered how many a refusal offers.
	maxSlots, maxOffered = 200, 10
)

// isSlot reports whether a slot begins at that time that an order of now can be prepared for.
func (s State) isSlot(now, at time.Time) bool {
	last := dateOf(now).AddDate(0, 0, s.Pickup.DaysAhead)
	return at.Equal(at.Truncate(s.Pickup.slot())) && !at.Before(now.Add(s.Pickup.preparation())) && !dateOf(at).After(last)
}

// slots returns the slots of a date, or of all days for the zero time, that an order of now can be fetched in, whether free or not.
func (s State) slots(now, only time.Time) []time.Time {
	length := s.Pickup.slot()
	if length == 0 {
		return nil
	}
	today := dateOf(now)
	var list []time.Time
	for i := -1; i <= s.Pickup.DaysAhead; i++ {
		for _, v := range s.Schedule.on(today.AddDate(0, 0, i)) {
			if !now.Before(v.last) {
				continue
			}
			for at := latest(now.Add(s.Pickup.preparation()), v.From).Add(length - 1).Truncate(length); at.Before(v.Until); at = at.Add(length) {
				if s.isSlot(now, at) && (only.IsZero() || dateOf(at).Equal(only)) && !at.Before(s.takeawayPaused) {
					list = append(list, at)
				}
			}
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// free returns those slots that have room, the earliest first, at most limit.
func (s State) free(ctx context.Context, db pg.DB, merchantID string, now, only time.Time, limit int) ([]time.Time, error) {
	list := s.slots(now, only)
	if len(list) == 0 {
		return nil, nil
	}
	if s.Pickup.SlotCapacity > 0 {
		full, err := fullSlots(ctx, db, merchantID, list[0], list[len(list)-1], s.Pickup.SlotCapacity)
		if err != nil {
			return nil, err
		}
		list = slices.DeleteFunc(list, func(at time.Time) bool { return full[at.Unix()] })
	}
	return list[:min(len(list), limit)], nil
}

// Take takes the order's place in its slot, or refuses it with the free ones. It locks the slot until the end of the transaction.
func (s State) Take(ctx context.Context, tx pgx.Tx, merchantID string, a Admitted, now time.Time) error {
	if a.SlotAt.IsZero() {
		return nil
	}
	taken, err := TakePlace(ctx, tx, merchantID, a.SlotAt, now)
	if err != nil || taken {
		return err
	}
	return s.Full(ctx, tx, merchantID, a, now)
}

// Full refuses the order's slot, with others that are free.
func (s State) Full(ctx context.Context, db pg.DB, merchantID string, a Admitted, now time.Time) error {
	free, err := s.free(ctx, db, merchantID, now, time.Time{}, maxOffered+1)
	if err != nil {
		return err
	}
	free = slices.DeleteFunc(free, a.SlotAt.Equal)
	e := errs.New(errs.SlotFull, "This slot is full. Choose another one.")
	e.Slots = free[:min(len(free), maxOffered)]
	return e
}
