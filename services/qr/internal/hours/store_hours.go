package hours

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

const stateColumns = `schedule, dine_in_paused_until, takeaway_paused_until, slot_minutes, slot_capacity, preparation_minutes, days_ahead`

func scanState(row pgx.CollectableRow) (State, error) {
	s := State{Known: true}
	var dineIn, takeaway *time.Time
	p := &s.Pickup
	err := row.Scan(&s.Schedule, &dineIn, &takeaway, &p.SlotMinutes, &p.SlotCapacity, &p.PreparationMinutes, &p.DaysAhead)
	if dineIn != nil {
		s.dineInPaused = dineIn.UTC()
	}
	if takeaway != nil {
		s.takeawayPaused = takeaway.UTC()
	}
	return s, err
}

// Read returns what is known of a merchant; the zero value if nothing is.
func Read(ctx context.Context, db pg.DB, merchantID string) (State, error) {
	rows, err := db.Query(ctx, `select `+stateColumns+` from order_hours where merchant_id = $1`, merchantID)
	if err != nil {
		return State{}, fmt.Errorf("read hours: %w", err)
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanState)
	if errors.Is(err, pgx.ErrNoRows) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("read hours: %w", err)
	}
	return s, nil
}

func writeSchedule(ctx context.Context, tx pgx.Tx, merchantID string, s Schedule) error {
	_, err := tx.Exec(ctx, `insert into order_hours (merchant_id, schedule) values ($1, $2)
		on conflict (merchant_id) do update set schedule = excluded.schedule`, merchantID, s)
	if err != nil {
		return fmt.Errorf("write hours: %w", err)
	}
	return nil
}

func writePickup(ctx context.Context, tx pgx.Tx, merchantID string, p Pickup) error {
	_, err := tx.Exec(ctx, `insert into order_hours (merchant_id, slot_minutes, slot_capacity, preparation_minutes, days_ahead) values ($1, $2, $3, $4, $5)
		on conflict (merchant_id) do update set slot_minutes = excluded.slot_minutes, slot_capacity = excluded.slot_capacity,
		preparation_minutes = excluded.preparation_minutes, days_ahead = excluded.days_ahead`,
		merchantID, p.SlotMinutes, p.SlotCapacity, p.PreparationMinutes, p.DaysAhead)
	if err != nil {
		return fmt.Errorf("write how orders are fetched: %w", err)
	}
	return nil
}

// writePause sets until when orders are refused, of the kinds that are named; nil: they are not.
func writePause(ctx context.Context, tx pgx.Tx, merchantID string, dineIn, takeaway bool, until *time.Time) error {
	_, err := tx.Exec(ctx, `insert into order_hours as h (merchant_id, dine_in_paused_until, takeaway_paused_until)
		values ($1, case when $2 then $4::timestamptz end, case when $3 then $4::timestamptz end)
		on conflict (merchant_id) do update set dine_in_paused_until = case when $2 then $4 else h.dine_in_paused_until end,
		takeaway_paused_until = case when $3 then $4 else h.takeaway_paused_until end`, merchantID, dineIn, takeaway, until)
	if err != nil {
		return fmt.Errorf("write a pause: %w", err)
	}
	return nil
}

// fullSlots returns the slots from one to another that have no room, by their Unix time.
func fullSlots(ctx context.Context, db pg.DB, merchantID string, from, to time.Time, capacity int) (map[int64]bool, error) {
	rows, err := db.Query(ctx, `select starts_at from pickup_slots where merchant_id = $1 and starts_at between $2 and $3 and taken >= $4`,
		merchantID, from, to, capacity)
	if err != nil {
		return nil, fmt.Errorf("read slots: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return nil, fmt.Errorf("read slots: %w", err)
	}
	full := make(map[int64]bool, len(list))
	for _, at := range list {
		full[at.Unix()] = true
	}
	return full, nil
}

// slotsKept is how long the counts of slots are kept; those of orders that end later are gone.
const slotsKept = 7 * 24 * time.Hour

// TakePlace takes a place in a slot, and reports whether there was one. It locks the slot until the end of the transaction, so lock products
// first.
func TakePlace(ctx context.Context, tx pgx.Tx, merchantID string, slot, now time.Time) (bool, error) {
	if _, err := tx.Exec(ctx, `delete from pickup_slots where merchant_id = $1 and starts_at < $2`, merchantID, now.Add(-slotsKept)); err != nil {
		return false, fmt.Errorf("forget old slots: %w", err)
	}
	tag, err := tx.Exec(ctx, `insert into pickup_slots as s (merchant_id, starts_at, taken) values ($1, $2, 1)
		on conflict (merchant_id, starts_at) do update set taken = s.taken + 1
		where s.taken < coalesce((select nullif(slot_capacity, 0) from order_hours where merchant_id = $1), 2147483647)`, merchantID, slot)
	if err != nil {
		return false, fmt.Errorf("take a place in a slot: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// GiveBackPlace returns the place of an order.
func GiveBackPlace(ctx context.Context, tx pgx.Tx, merchantID string, slot time.Time) error {
	_, err := tx.Exec(ctx, `update pickup_slots set taken = taken - 1 where merchant_id = $1 and starts_at = $2 and taken > 0`, merchantID, slot)
	if err != nil {
		return fmt.Errorf("give back a place in a slot: %w", err)
	}
	return nil
}

// leads reports whether the code is of an active table of an active merchant.
func leads(ctx context.Context, db pg.DB, merchantID, token string) (found bool, err error) {
	err = db.QueryRow(ctx, `select exists (select from dining_tables t join menu_merchants m using (merchant_id)
		where t.merchant_id = $1 and t.token = $2 and t.status = 'active' and m.is_active)`, merchantID, token).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("read the table of a code: %w", err)
	}
	return found, nil
}
