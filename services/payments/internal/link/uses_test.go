package link

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// TestUsesAddUpWhateverHappens: payers, banks, late receipts, an early end and the consumer act in any order, and events come twice and out
// of order. There are never more open and paid payments than places, and when all events have arrived, the link has counted every
// payment exactly once.
func TestUsesAddUpWhateverHappens(t *testing.T) {
	r := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		w := &world{rig: r, t: t, stock: rapid.IntRange(0, 3).Draw(t, "stock"), state: map[string]payment.Status{}, late: map[string]bool{}}
		w.link = r.make(t, func(s *Spec) { s.UsesMax, s.Amount = w.stock, 100 })
		t.Repeat(map[string]func(*rapid.T){
			"pay": w.pays, "complete": w.ended(payment.Completed), "fail": w.ended(payment.Failed), "cancel": w.ended(payment.Cancelled),
			"late": w.books, "hear": w.hear, "revoke": w.revoke, "": w.check,
		})
		w.settle()
	})
}

// world is what a slow and obvious model knows.
type world struct {
	*rig
	t     *rapid.T
	link  Link
	stock int
	order []string
	state map[string]payment.Status
	late  map[string]bool
}

func (w *world) pays(t *rapid.T) {
	p, match, err := w.pay(w.link.ID, 0)
	switch {
	case err == nil && match != store.NoMatch: // the open one of a link that is paid once
	case err == nil:
		w.order = append(w.order, p.Reference)
		w.state[p.Reference] = payment.Pending
	case !errs.Is(err, errs.InvalidState):
		t.Fatal(err)
	}
}

func (w *world) draw(t *rapid.T, is func(string) bool) string {
	var fit []string
	for _, ref := range w.order {
		if is(ref) {
			fit = append(fit, ref)
		}
	}
	if len(fit) == 0 {
		t.Skip("no payment is in that state now: draw another step")
	}
	return rapid.SampledFrom(fit).Draw(t, "payment")
}

func (w *world) ended(to payment.Status) func(*rapid.T) {
	return func(t *rapid.T) {
		ref := w.draw(t, func(ref string) bool { return w.state[ref] == payment.Pending })
		w.rig.ends(t, ref, to)
		w.state[ref] = to
	}
}

func (w *world) books(t *rapid.T) {
	ref := w.draw(t, func(ref string) bool {
		return (w.state[ref] == payment.Failed || w.state[ref] == payment.Cancelled) && !w.late[ref]
	})
	at := w.clock.Now()
	_, err := w.Store.Update(context.Background(), ref, store.Meta{}, func(p *payment.Payment) payment.Step {
		p.Late = payment.LateReceipt{Amount: 100, At: &at, BookedAt: &at}
		return payment.Changed(payment.Change{To: p.Status, Cause: payment.CauseMerchant, Event: "payment.late_receipt"})
	})
	if err != nil {
		t.Fatal(err)
	}
	w.late[ref] = true
}

// outcomes are the events of this link that matter.
func (w *world) outcomes(t *rapid.T) (list []consume.Event) {
	for _, e := range w.events(t, "payment.%") {
		switch e.Type {
		case "payment.completed", "payment.failed", "payment.cancelled", "payment.late_receipt":
			if c := changed(t, e); c.GetPayment().GetPaymentLinkId() == w.link.ID {
				list = append(list, e)
			}
		}
	}
	return list
}

// hear delivers some events, in any order, perhaps not for the first time.
func (w *world) hear(t *rapid.T) {
	all := w.outcomes(t)
	if len(all) == 0 {
		t.Skip("nothing has been announced yet: draw another step")
	}
	w.hears(t, rapid.SliceOfN(rapid.SampledFrom(all), 1, 4).Draw(t, "events")...)
}

func (w *world) revoke(t *rapid.T) {
	if _, err := w.Revoke(context.Background(), shop, false, w.link.ID, ""); err != nil && !errs.Is(err, errs.InvalidState) {
		t.Fatal(err)
	}
}

// check is what always holds; the database holds it too.
func (w *world) check(t *rapid.T) {
	x := w.get(t, w.link.ID)
	open := 0
	for _, s := range w.state {
		if s == payment.Pending {
			open++
		}
	}
	if w.stock > 0 && (x.UsesOpen+x.UsesPaid > w.stock || open > w.stock) {
		t.Fatalf("%d open, %d counted as open, %d as paid of %d", open, x.UsesOpen, x.UsesPaid, w.stock)
	}
}

// settle delivers every event, the last first, and compares.
func (w *world) settle() {
	all := w.outcomes(w.t)
	for i := len(all) - 1; i >= 0; i-- {
		w.hears(w.t, all[i])
	}
	open, paid := 0, 0
	for _, ref := range w.order {
		switch {
		case w.state[ref] == payment.Pending:
			open++
		case w.state[ref] == payment.Completed || w.late[ref]:
			paid++
		}
	}
	x := w.get(w.t, w.link.ID)
	if x.UsesOpen != open || x.UsesPaid+x.UsesBeyond != paid || x.AmountPaid != money.Cents(100*paid) {
		w.t.Fatalf("%d open and %d paid; the link has %d, %d and %d beyond, %s", open, paid, x.UsesOpen, x.UsesPaid, x.UsesBeyond, x.AmountPaid)
	}
	announced := 0
	for _, a := range w.announced(w.t, x.ID) {
		if len(a) > len("payment_link.paid ") && a[:18] == "payment_link.paid " {
			announced++
		}
	}
	if announced != paid || (x.Status == Paid) != (w.stock > 0 && paid >= w.stock) {
		w.t.Fatalf("%d announced, %d paid, status %s of %d", announced, paid, x.Status, w.stock)
	}
}
