package eupay

import (
	"context"
	"net/http"
	"time"
)

// WeeklySchedule is a part of the week in Paris.
type WeeklySchedule struct {
	// On which it begins. Empty: every day. Each one of mon, tue, wed, thu, fri, sat, sun.
	Weekdays []string `json:"weekdays,omitzero"`
	// Such as 11:30. Both empty: the whole day. When Until is not after From, it is of the day after.
	From  string `json:"from,omitzero"`
	Until string `json:"until,omitzero"`
}

// OrderHours are when a merchant takes orders.
type OrderHours struct {
	// Empty: orders are taken always, but for exceptions.
	Services   []MealService  `json:"services"`
	Exceptions []DayException `json:"exceptions"`
	Pickup     Pickup         `json:"pickup"`
	// Until when orders are refused.
	PausedUntil OrdersPaused `json:"paused_until"`
	Timezone    string       `json:"timezone"`
}

// MealService is a named part of the day, such as lunch.
type MealService struct {
	Name    string           `json:"name"`
	Windows []WeeklySchedule `json:"windows"`
	// How long before the end of a window the last order is taken.
	LastOrderMinutes int `json:"last_order_minutes,omitzero"`
	// What it sells. Both empty: everything.
	Products   []string `json:"products,omitzero"`
	Categories []string `json:"categories,omitzero"`
}

// DayException replaces the windows that begin on a date.
type DayException struct {
	Date string `json:"date"`
	// Empty: closed.
	Windows []DayWindow `json:"windows,omitzero"`
}

// DayWindow is a window of an exception.
type DayWindow struct {
	// The name of a service. Empty: everything is sold.
	Service string `json:"service,omitzero"`
	From    string `json:"from"`
	Until   string `json:"until"`
}

// Pickup is how takeaway orders are fetched.
type Pickup struct {
	// One of 5, 10, 15, 20, 30, 60; 0: there are no slots.
	SlotMinutes int `json:"slot_minutes,omitzero"`
	// Orders in a slot; 0: any number.
	SlotCapacity       int `json:"slot_capacity,omitzero"`
	PreparationMinutes int `json:"preparation_minutes,omitzero"`
	// How many days ahead an order can be fetched; 0: only today.
	DaysAhead int `json:"days_ahead,omitzero"`
}

// OrdersPaused is until when orders are refused. Zero: they are not.
type OrdersPaused struct {
	DineIn   time.Time `json:"dine_in"`
	Takeaway time.Time `json:"takeaway"`
}

// OrderHoursParams replace services and exceptions.
type OrderHoursParams struct {
	Services   []MealService  `json:"services,omitzero"`
	Exceptions []DayException `json:"exceptions,omitzero"`
}

// PauseParams refuse orders for some minutes.
type PauseParams struct {
	Minutes int `json:"minutes"`
	// Empty: all. One of all, dine_in, takeaway.
	Kind string `json:"kind,omitzero"`
}

// ResumeParams take orders again.
type ResumeParams struct {
	// Empty: all. One of all, dine_in, takeaway.
	Kind string `json:"kind,omitzero"`
}

// Hours are when orders are taken. It takes a login.
type Hours struct{ c *caller }

const hoursPath = "/table-order/hours"

// Get reads when orders are taken.
func (s Hours) Get(ctx context.Context) (*OrderHours, error) {
	return get[OrderHours](ctx, s.c, call{method: http.MethodGet, path: hoursPath})
}

// Replace makes the hours what p says.
func (s Hours) Replace(ctx context.Context, p OrderHoursParams) (*OrderHours, error) {
	return get[OrderHours](ctx, s.c, call{method: http.MethodPut, path: hoursPath, body: p})
}

// SetPickup replaces how takeaway orders are fetched.
func (s Hours) SetPickup(ctx context.Context, p Pickup) (*OrderHours, error) {
	return get[OrderHours](ctx, s.c, call{method: http.MethodPut, path: "/table-order/pickup", body: p})
}

// Pause refuses orders for some minutes. It ends by itself.
func (s Hours) Pause(ctx context.Context, p PauseParams) (*OrderHours, error) {
	return get[OrderHours](ctx, s.c, call{method: http.MethodPost, path: ordersPath + "/pause", body: p})
}

// Resume ends a pause.
func (s Hours) Resume(ctx context.Context, p ResumeParams) (*OrderHours, error) {
	return get[OrderHours](ctx, s.c, call{method: http.MethodPost, path: ordersPath + "/resume", body: p})
}

// MenuOrdering says whether orders are taken now.
type MenuOrdering struct {
	// The names of the services that are open.
	Services []string    `json:"services"`
	DineIn   MenuOpening `json:"dine_in"`
	Takeaway MenuOpening `json:"takeaway"`
	// Nil: nothing is said of how takeaway orders are fetched.
	Pickup *MenuPickup `json:"pickup"`
}

// MenuOpening says whether orders of a kind are taken now. Zero times are not known.
type MenuOpening struct {
	Open        bool      `json:"open"`
	OpensAt     time.Time `json:"opens_at"`
	ClosesAt    time.Time `json:"closes_at"`
	PausedUntil time.Time `json:"paused_until"`
}

// MenuPickup is how takeaway orders are fetched.
type MenuPickup struct {
	// 0: there are no slots.
	SlotMinutes        int `json:"slot_minutes"`
	PreparationMinutes int `json:"preparation_minutes"`
	DaysAhead          int `json:"days_ahead"`
}

// PickupSlots are the free slots, the earliest first, at most 200.
type PickupSlots struct {
	Data        []PickupSlot `json:"data"`
	SlotMinutes int          `json:"slot_minutes"`
	// When an order for as soon as possible would be ready.
	Earliest time.Time `json:"earliest"`
}

// PickupSlot is a time at which an order can be fetched.
type PickupSlot struct {
	StartsAt time.Time `json:"starts_at"`
}

// Slots reads when a takeaway order can be fetched; date is one such as 2026-12-24, or empty for all.
func (s Menus) Slots(ctx context.Context, merchant, token, date string) (*PickupSlots, error) {
	q := query{}
	q.text("date", date)
	return get[PickupSlots](ctx, s.c, call{method: http.MethodGet, path: menuPath + "/slots", ids: []string{merchant, token}, query: q, open: true})
}
