package subscription

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

// paid tells the room that a link was paid, as the stream does: any number of times.
func (r *rig) paid(o Owner, link, payment string) {
	r.t.Helper()
	data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{Reference: payment, PaymentLinkId: link}})
	if err != nil {
		r.t.Fatal(err)
	}
	e := consume.Event{Event: events.Event{ID: events.NewID(), Type: "payment.completed", Merchant: o.MerchantID, Data: data}}
	if err := r.inTx(r.t.Context(), func(tx pgx.Tx) error { return r.Handle(r.t.Context(), tx, []consume.Event{e}) }); err != nil {
		r.t.Fatal(err)
	}
}

// dueTimes lists when the payer was told of an occurrence, in Paris, with the number of the reminder.
func (r *rig) dueTimes(id string) (list []string) {
	r.t.Helper()
	for _, e := range r.outbox("subscription.occurrence.due") {
		c := &eventsv1.SubscriptionChanged{}
		if err := proto.Unmarshal(e.Data, c); err != nil {
			r.t.Fatal(err)
		}
		if o := c.GetOccurrence(); c.GetSubscription().GetId() == id {
			list = append(list, fmt.Sprintf("%d/%d %s", o.GetNumber(), o.GetReminders(), e.Time.In(calendar.Paris).Format("01-02 15:04")))
			if !strings.HasPrefix(o.GetPaymentLinkUrl(), "https://pay.example/l/") {
				r.t.Errorf("the link is %q", o.GetPaymentLinkUrl())
			}
		}
	}
	return list
}

func (r *rig) linkOf(id string, number int) string {
	r.t.Helper()
	o, err := occurrence(r.t.Context(), r.pool, key{id, number})
	if err != nil {
		r.t.Fatal(err)
	}
	return o.LinkID
}

func (r *rig) linkStatus(link string) (status string) {
	r.t.Helper()
	if err := r.pool.QueryRow(r.t.Context(), `select status from payment_links where id = $1`, link).Scan(&status); err != nil {
		r.t.Fatal(err)
	}
	return status
}

// TestALinkIsSentAheadWithReminders: seven days before, on the day, and three and ten days after; then it ends and is missed. The clock is that of
// Paris, whatever the season.
func TestALinkIsSentAheadWithReminders(t *testing.T) {
	r := newRig(t)
	s := r.made(links, times(2), func(w *Wish) { w.Schedule.Start = time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC) })
	r.wantAnnounced(s.ID, "created", "active")
	r.until("2026-10-12")
	if got := r.dueTimes(s.ID); len(got) != 0 {
		t.Errorf("sent too early: %v", got)
	}
	for r.clock.Now().Before(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)) {
		r.clock.Advance(time.Hour) // the clocks change on 25 October
		r.work()
	}
	if got, want := fmt.Sprint(r.dueTimes(s.ID)), "[1/0 10-13 09:00 1/1 10-20 09:00 1/2 10-23 09:00 1/3 10-30 09:00]"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	r.wantCalendar(s.ID, "2026-10-20 missed link_expired", "2026-11-20 expected")
	first := r.linkOf(s.ID, 1)
	if got := r.linkStatus(first); got != "expired" && got != "revoked" {
		t.Errorf("the link of what is missed is %s", got)
	}
	// A payer who was at the bank when the link ended has paid all the same.
	r.paid(shop, first, "PAY-1")
	r.wantCalendar(s.ID, "2026-10-20 paid payment", "2026-11-20 expected")
	r.wantMoney() // that of a payment is the payment
	r.until("2026-11-14")
	r.paid(shop, r.linkOf(s.ID, 2), "PAY-2")
	r.want(s.ID, Completed, "")
	r.until("2026-12-20")
	if got := r.dueTimes(s.ID); len(got) != 5 {
		t.Errorf("a paid occurrence is reminded of: %v", got)
	}
}

// TestAPaidLinkCountsOnce: events come twice, and those of other merchants and of other links say nothing.
func TestAPaidLinkCountsOnce(t *testing.T) {
	r := newRig(t)
	s := r.made(links, func(w *Wish) { w.Schedule.Start = time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC) })
	r.work()
	link := r.linkOf(s.ID, 1)
	if link == "" {
		t.Fatal("no link was sent for what is due within the days before")
	}
	r.paid(other, link, "PAY-0")
	r.paid(shop, "plink_of_something_else", "PAY-0")
	r.wantCalendar(s.ID, "2026-06-20 expected")
	for range 3 {
		r.paid(shop, link, "PAY-1")
	}
	r.wantAnnounced(s.ID, "created", "active", "occurrence.due", "occurrence.paid")
	o, err := occurrence(t.Context(), r.pool, key{s.ID, 1})
	if err != nil || o.EvidenceReference != "PAY-1" {
		t.Errorf("paid by %q: %v", o.EvidenceReference, err)
	}
	_, _, err = r.Decide(t.Context(), shop, s.ID, Report{Number: 1, Status: Missed})
	wantCode(t, "missed after it was paid", err, errs.InvalidState)
}

// TestWhatIsCancelledIsNotCollected: a link that was sent for a later day is revoked, and nobody is left to wonder.
func TestWhatIsCancelledIsNotCollected(t *testing.T) {
	r := newRig(t)
	s := r.made(links, func(w *Wish) {
		w.Schedule.Frequency, w.Schedule.Start = calendar.Weekly, time.Date(2026, 6, 17, 0, 0, 0, 0, time.UTC)
	})
	r.work() // sends those of 17 and 24 June
	if _, err := r.Cancel(t.Context(), shop, s.ID, Cancellation{Actor: "user:1"}); err != nil {
		t.Fatal(err)
	}
	r.want(s.ID, Stopped, DetailCancelled)
	r.wantCalendar(s.ID, "2026-06-17 expected", "2026-06-24 missed stopped")
	if n := len(r.calendar(s.ID)); n != 2 {
		t.Errorf("%d occurrences are left", n)
	}
	if today, later := r.linkStatus(r.linkOf(s.ID, 1)), r.linkStatus(r.linkOf(s.ID, 2)); today != "active" || later != "revoked" {
		t.Errorf("the links are %s and %s", today, later)
	}
	r.until("2026-07-02") // what was due before the end is still followed to its own
	r.wantCalendar(s.ID, "2026-06-17 missed link_expired")
}

// TestWhatWasPaidInCashIsNotPaidTwice: the merchant says so, and the link ends.
func TestWhatWasPaidInCashIsNotPaidTwice(t *testing.T) {
	r := newRig(t)
	s := r.made(links, func(w *Wish) { w.Schedule.Start = time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC) })
	r.work()
	if _, _, err := r.Decide(t.Context(), shop, s.ID, Report{Number: 1, Status: Paid, Actor: "user:1"}); err != nil {
		t.Fatal(err)
	}
	if got := r.linkStatus(r.linkOf(s.ID, 1)); got != "revoked" {
		t.Errorf("the link is %s", got)
	}
}

// TestAStandingOrderTakesThePlaceOfLinks: the links end when the payer has authorised.
func TestAStandingOrderTakesThePlaceOfLinks(t *testing.T) {
	r := newRig(t)
	old := r.made(links)
	fresh := r.active("nowhere", func(w *Wish) { w.Replaces = old.ID })
	r.work()
	if s := r.want(old.ID, Stopped, DetailReplaced); s.ReplacedBy != fresh.ID {
		t.Errorf("replaced by %q", s.ReplacedBy)
	}
	back := r.made(links, func(w *Wish) { w.Replaces = fresh.ID })
	r.work()
	r.want(fresh.ID, Stopped, DetailReplaced)
	r.want(back.ID, Active, "")
}

// TestADueTimeThatWasMissedIsMadeUpFor: nothing worked for months.
func TestADueTimeThatWasMissedIsMadeUpFor(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere", func(w *Wish) { w.Schedule.Frequency = calendar.Daily })
	r.clock.Advance(60 * 24 * time.Hour)
	for range 3 {
		r.work()
	}
	all := r.calendar(s.ID)
	if n := len(all); n < 46+ahead-1 || !strings.HasSuffix(all[0], "unknown no_evidence") || !strings.HasSuffix(all[len(all)-1], "expected") {
		t.Errorf("%d occurrences, from %s to %s", n, all[0], all[len(all)-1])
	}
}
