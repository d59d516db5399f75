package order

import (
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// when is what a guest reads of when orders are taken, and chooses of when one is fetched.
type when struct {
	// Here and Takeaway say why orders of a kind are not taken; nil: they are.
	Here, Takeaway *closed
	// Slots are when a takeaway order can be fetched, the first as soon as possible; nil: there is no choice.
	Slots []map[string]any
	// Ready is when an order for as soon as possible would be; zero: nobody says.
	Ready time.Time
}

// closed is until when no orders are taken; zero: nobody knows.
type closed struct {
	Paused bool
	Until  time.Time
	// Today: the time alone says enough.
	Today bool
}

// Both reports whether no orders are taken at all.
func (w when) Both() bool { return w.Here != nil && w.Takeaway != nil }

// slotField is the field of the choice.
const slotField = "pickup_at"

func whenOf(r *web.Request, m *eupay.Menu) when {
	if m == nil || m.Ordering == nil {
		return when{}
	}
	w := when{Here: shut(r, m.Ordering.DineIn), Takeaway: shut(r, m.Ordering.Takeaway)}
	p := m.Ordering.Pickup
	if p == nil {
		return w
	}
	if w.Takeaway == nil && p.PreparationMinutes > 0 {
		w.Ready = r.Site.Now().Add(time.Duration(p.PreparationMinutes) * time.Minute)
	}
	if p.SlotMinutes > 0 {
		w.slots(r)
	}
	return w
}

func shut(r *web.Request, o eupay.MenuOpening) *closed {
	if o.Open {
		return nil
	}
	return &closed{
		Paused: !o.PausedUntil.IsZero(), Until: o.OpensAt, Today: r.Text.Date(o.OpensAt) == r.Text.Date(r.Site.Now()),
	}
}

// slots reads when an order can be fetched. When they cannot be had, the guest has no choice, and the API decides.
func (w *when) slots(r *web.Request) {
	got, err := r.API.Menus.Slots(r.Ctx(), r.PathValue("merchant"), r.PathValue("token"), "")
	if err != nil || len(got.Data) == 0 {
		return
	}
	today := r.Text.Date(r.Site.Now())
	if w.Takeaway == nil {
		w.Slots = append(w.Slots, map[string]any{"value": "", "label": r.Text.T("order.soon")})
	} else {
		w.Takeaway = nil // for later it can be ordered
	}
	for _, s := range got.Data {
		label := r.Text.Hour(s.StartsAt)
		if day := r.Text.Date(s.StartsAt); day != today {
			label = day + ", " + label
		}
		w.Slots = append(w.Slots, map[string]any{"value": s.StartsAt.UTC().Format(time.RFC3339), "label": label})
	}
}

// pickupIn is when the guest wants to fetch a takeaway order; zero: as soon as possible, or it is none.
func pickupIn(f *web.Form) time.Time {
	at, err := time.Parse(time.RFC3339, f.Get(slotField))
	if err != nil || f.Get("type") != "takeaway" {
		return time.Time{}
	}
	return at
}
