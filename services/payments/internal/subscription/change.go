package subscription

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/run/pg"
)

// Meta is passed from a request to the events it causes. Their trace is that of the context.
type Meta struct{ RequestID string }

// unit is a subscription whose row is locked by the transaction. Each of its changes is written at once, with its row of the history and
// its event.
type unit struct {
	room *Room
	tx   pg.DB
	now  time.Time
	meta Meta
	Subscription
}

// open locks a subscription.
func (r *Room) open(ctx context.Context, tx pg.DB, id string, meta Meta) (*unit, error) {
	s, err := lock(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return &unit{room: r, tx: tx, now: r.clock(), meta: meta, Subscription: s}, nil
}

// openOwn locks a subscription of the merchant in the mode, or returns errNotFound.
func (r *Room) openOwn(ctx context.Context, tx pg.DB, o Owner, id string, meta Meta) (*unit, error) {
	u, err := r.open(ctx, tx, id, meta)
	if err == nil && (u.MerchantID != o.MerchantID || u.Livemode != o.Livemode) {
		return nil, errNotFound
	}
	return u, err
}

// why is what the history says of a change besides the statuses. event is the type of its event; empty: it has none.
type why struct{ cause, actor, note, event string }

// move changes the status of the subscription.
func (u *unit) move(ctx context.Context, to Status, detail, failure string, w why) error {
	from := u.Status
	if !from.CanMoveTo(to) {
		return fmt.Errorf("subscription %s cannot move from %s to %s", u.ID, from, to)
	}
	u.Status, u.Detail, u.Failure = to, detail, failure
	if to == Active {
		u.ActivatedAt, u.AuthorisationURL = &u.now, ""
	}
	if to.Final() {
		u.EndedAt, u.DueAt = &u.now, nil
		u.AuthorisationURL, u.ApprovalURL = "", ""
		u.Customer = u.Customer.NameOnly()
	}
	if w.event == "" {
		w.event = "subscription." + string(to)
	}
	return u.record(ctx, from, w)
}

// refine changes the detail, and fields that were set on the subscription.
func (u *unit) refine(ctx context.Context, detail string, w why) error {
	u.Detail = detail
	return u.record(ctx, u.Status, w)
}

// record writes the subscription with a row of the history.
func (u *unit) record(ctx context.Context, from Status, w why) error {
	u.Sequence++
	u.UpdatedAt = u.now
	if err := write(ctx, u.tx, u.Subscription); err != nil {
		return err
	}
	row := entry{Sequence: u.Sequence, From: string(from), To: string(u.Status), Detail: u.Detail, Failure: u.Failure, At: u.now, why: w}
	if err := addHistory(ctx, u.tx, u.ID, row); err != nil {
		return err
	}
	return u.announce(ctx, w.event, from, nil)
}

// settle gives an occurrence its outcome, if it may have it; false: it has another one.
func (u *unit) settle(ctx context.Context, o Occurrence, status OccurrenceStatus, by Evidence, reference string, w why) (Occurrence, bool, error) {
	if !o.canBecome(status, by) {
		return o, false, nil
	}
	w.event = "subscription.occurrence." + string(status)
	after := o.decided(status, by, reference, u.now)
	return after, true, u.recordOccurrence(ctx, o.Status, after, w)
}

// recordOccurrence writes an occurrence with a row of the history.
func (u *unit) recordOccurrence(ctx context.Context, from OccurrenceStatus, o Occurrence, w why) error {
	u.Sequence++
	u.UpdatedAt = u.now
	if err := write(ctx, u.tx, u.Subscription); err != nil {
		return err
	}
	if err := writeOccurrence(ctx, u.tx, o); err != nil {
		return err
	}
	row := entry{Sequence: u.Sequence, Occurrence: o.Number, From: string(from), To: string(o.Status), Detail: string(o.Evidence), At: u.now, why: w}
	if err := addHistory(ctx, u.tx, u.ID, row); err != nil {
		return err
	}
	return u.announce(ctx, w.event, u.Status, &o)
}
