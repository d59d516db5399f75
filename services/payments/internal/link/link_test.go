package link

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

func TestAPaidLinkIsPaidOnce(t *testing.T) {
	r := setup(t)
	x := r.make(t, nil)
	p := r.mustPay(t, x.ID, 0)
	if p.Amount != 2999 || p.Description != "Bicycle" || p.MerchantReference != "ORDER-1" || p.SuccessURL != x.SuccessURL || p.CancelURL != x.URL ||
		p.Metadata != `{"a":"b"}` || p.PaymentLinkID != x.ID || p.ExpiresAt.Sub(r.clock.Now()) != time.Hour {
		t.Errorf("the payment is %+v", p)
	}
	r.ends(t, p.Reference, payment.Completed)
	r.settles(t)
	r.settles(t) // again: no effect
	after := r.get(t, x.ID)
	if after.Status != Paid || after.UsesPaid != 1 || after.UsesOpen != 0 || after.AmountPaid != 2999 || after.PaidAt == nil {
		t.Errorf("the link is %+v", after)
	}
	if got := r.announced(t, x.ID); !slices.Equal(got, []string{"payment_link.paid " + p.Reference}) {
		t.Errorf("announced %v", got)
	}
	_, _, err := r.pay(x.ID, 0)
	r.mustRefuse(t, "a paid link", err, errs.InvalidState)
	_, err = r.Revoke(t.Context(), shop, false, x.ID, "key:1")
	r.mustRefuse(t, "revoke a paid link", err, errs.InvalidState)
	o, err := r.Open(t.Context(), x.Slug)
	if err != nil || o.Payment != p.Reference || o.Status != Paid {
		t.Errorf("opened: %+v, %v", o, err)
	}
}

func TestALinkThatIsOpenedAgainReturnsItsOpenPayment(t *testing.T) {
	r := setup(t)
	x := r.make(t, func(s *Spec) { s.Amount = 0 })
	first := r.mustPay(t, x.ID, 1000)
	again, match, err := r.pay(x.ID, 1000)
	if err != nil || match != store.ByReference || again.Reference != first.Reference {
		t.Errorf("again: %s, %q, %v", again.Reference, match, err)
	}
	_, _, err = r.pay(x.ID, 1200)
	r.mustRefuse(t, "another amount while one is open", err, errs.InvalidState)
	// It fails; the event has not been consumed yet.
	r.ends(t, first.Reference, payment.Failed)
	second := r.mustPay(t, x.ID, 1200)
	r.settles(t)
	if after := r.get(t, x.ID); after.UsesOpen != 1 || after.UsesPaid != 0 || after.Status != Active {
		t.Errorf("the link is %+v", after)
	}
	r.ends(t, second.Reference, payment.Completed)
	r.settles(t)
	if after := r.get(t, x.ID); after.Status != Paid || after.AmountPaid != 1200 {
		t.Errorf("the link is %+v", after)
	}
}

func TestARepeatedKeyReturnsItsPayment(t *testing.T) {
	r := setup(t)
	x := r.make(t, func(s *Spec) { s.UsesMax = 0; s.Amount = 0 })
	w := r.wanted(x.ID, 500)
	idem := store.Idempotency{Key: "link:abc", Fingerprint: []byte("500")}
	first, match, err := r.Pay(t.Context(), w, idem, store.Meta{})
	if err != nil || match != store.NoMatch {
		t.Fatal(match, err)
	}
	redelivered, match, err := r.Pay(t.Context(), w, idem, store.Meta{})
	if err != nil || match == store.NoMatch || redelivered.Reference != first.Reference {
		t.Errorf("redelivered: %q %v", match, err)
	}
	again, match, err := r.Pay(t.Context(), r.wanted(x.ID, 500), idem, store.Meta{})
	if err != nil || match != store.ByKey || again.Reference != first.Reference {
		t.Errorf("again: %q %v", match, err)
	}
	_, _, err = r.Pay(t.Context(), r.wanted(x.ID, 600), store.Idempotency{Key: "link:abc", Fingerprint: []byte("600")}, store.Meta{})
	if err != store.ErrKeyReused { //nolint:errorlint // the very value
		t.Errorf("another request: %v", err)
	}
	if after := r.get(t, x.ID); after.UsesOpen != 1 {
		t.Errorf("%d uses are open", after.UsesOpen)
	}
}

func TestTheAmountStaysWithinTheBounds(t *testing.T) {
	r := setup(t)
	open := r.make(t, func(s *Spec) { s.Amount, s.Minimum, s.Maximum, s.UsesMax = 0, 500, 1000, 0 })
	fixed := r.make(t, nil)
	_, _, err := r.pay(open.ID, 499)
	r.mustRefuse(t, "below the minimum", err, errs.ValidationError)
	_, _, err = r.pay(open.ID, 1001)
	r.mustRefuse(t, "above the maximum", err, errs.ValidationError)
	_, _, err = r.pay(open.ID, 0)
	r.mustRefuse(t, "no amount", err, errs.ValidationError)
	_, _, err = r.pay(fixed.ID, 2998)
	r.mustRefuse(t, "another amount than the fixed one", err, errs.ValidationError)
	r.mustPay(t, open.ID, 500)
	r.mustPay(t, open.ID, 1000)
	r.mustPay(t, fixed.ID, 2999)
}

func TestAnExpiredLinkTakesNoPaymentAndIsAnnouncedOnce(t *testing.T) {
	r := setup(t)
	end := r.clock.Now().Add(time.Hour)
	x := r.make(t, func(s *Spec) { s.ExpiresAt = &end })
	never := r.make(t, nil)
	r.clock.Advance(time.Hour)
	_, _, err := r.pay(x.ID, 0)
	r.mustRefuse(t, "before the loop has seen it", err, errs.InvalidState)
	if o, err := r.Open(t.Context(), x.Slug); err != nil || o.Status != Expired {
		t.Errorf("opened: %s, %v", o.Status, err)
	}
	for range 2 {
		if _, err := r.expiry.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.announced(t, x.ID); !slices.Equal(got, []string{"payment_link.expired "}) || r.get(t, x.ID).Status != Expired {
		t.Errorf("announced %v", got)
	}
	if r.get(t, never.ID).Status != Active {
		t.Error("a link without an expiry has ended")
	}
	_, err = r.UpdateExpiry(t.Context(), shop, false, x.ID, nil, "key:1")
	r.mustRefuse(t, "a new expiry for an expired link", err, errs.InvalidState)
}

func TestANewExpiryCounts(t *testing.T) {
	r := setup(t)
	end := r.clock.Now().Add(time.Hour)
	x := r.make(t, func(s *Spec) { s.ExpiresAt = &end })
	later := end.Add(time.Hour)
	if _, err := r.UpdateExpiry(t.Context(), shop, false, x.ID, &later, "user:1"); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Hour)
	if n, err := r.expiry.Once(t.Context()); n != 0 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
	r.clock.Advance(time.Hour)
	if n, err := r.expiry.Once(t.Context()); n != 1 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
	history, err := r.History(t.Context(), x.ID)
	var what []string
	for _, h := range history {
		what = append(what, h.What)
	}
	if err != nil || !slices.Equal(what, []string{"created", "updated", "expired"}) {
		t.Errorf("history %v, %v", what, err)
	}
}

// TestMoneyThatComesAfterTheEndCounts: a payer who was at the bank when the link ended has paid all the same.
func TestMoneyThatComesAfterTheEndCounts(t *testing.T) {
	r := setup(t)
	x := r.make(t, nil)
	p := r.mustPay(t, x.ID, 0)
	if _, err := r.Revoke(t.Context(), shop, false, x.ID, "key:1"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Revoke(t.Context(), shop, false, x.ID, "key:1"); err != nil {
		t.Errorf("revoked again: %v", err)
	}
	r.ends(t, p.Reference, payment.Completed)
	r.settles(t)
	after := r.get(t, x.ID)
	if after.Status != Paid || after.RevokedAt == nil || after.UsesPaid != 1 {
		t.Errorf("the link is %+v", after)
	}
	if got := r.announced(t, x.ID); !slices.Equal(got, []string{"payment_link.revoked ", "payment_link.paid " + p.Reference}) {
		t.Errorf("announced %v", got)
	}
}

// TestALateReceiptCountsBeyondTheStock: the place was given away, but the money came.
func TestALateReceiptCountsBeyondTheStock(t *testing.T) {
	r := setup(t)
	x := r.make(t, nil)
	first := r.mustPay(t, x.ID, 0)
	r.ends(t, first.Reference, payment.Failed)
	r.settles(t)
	second := r.mustPay(t, x.ID, 0)
	at := r.clock.Now()
	_, err := r.Store.Update(t.Context(), first.Reference, store.Meta{}, func(p *payment.Payment) payment.Step {
		p.Late = payment.LateReceipt{Amount: 2999, At: &at, BookedAt: &at}
		return payment.Changed(payment.Change{To: p.Status, Cause: payment.CauseMerchant, Event: "payment.late_receipt"})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.settles(t)
	r.ends(t, second.Reference, payment.Completed)
	r.settles(t)
	if after := r.get(t, x.ID); after.UsesPaid != 1 || after.UsesBeyond != 1 || after.AmountPaid != 5998 || after.Proto().GetUsesPaid() != 2 {
		t.Errorf("the link is %+v", after)
	}
}

func TestALinkBelongsToItsMerchantAndMode(t *testing.T) {
	r := setup(t)
	x := r.make(t, nil)
	for _, as := range []struct {
		merchant string
		live     bool
	}{{otherShop, false}, {shop, true}} {
		_, err := r.Get(t.Context(), as.merchant, as.live, x.ID)
		r.mustRefuse(t, "get", err, errs.NotFoundCode)
		_, err = r.Revoke(t.Context(), as.merchant, as.live, x.ID, "")
		r.mustRefuse(t, "revoke", err, errs.NotFoundCode)
		_, err = r.UpdateExpiry(t.Context(), as.merchant, as.live, x.ID, nil, "")
		r.mustRefuse(t, "update", err, errs.NotFoundCode)
		w := r.wanted(x.ID, 0)
		w.MerchantID, w.Livemode = as.merchant, as.live
		_, _, err = r.Pay(t.Context(), w, store.Idempotency{}, store.Meta{})
		r.mustRefuse(t, "pay", err, errs.NotFoundCode)
		if list, total, err := r.List(t.Context(), Filter{MerchantID: as.merchant, Livemode: as.live}, 10, 0); len(list) != 0 || total.Rows != 0 || err != nil {
			t.Errorf("list: %d, %v", total.Rows, err)
		}
	}
	if list, total, err := r.List(t.Context(), Filter{MerchantID: shop, Status: Active, Search: "bicY", Reference: "ORDER-1", Host: EUPay}, 10, 0); len(list) != 1 || total.Rows != 1 || err != nil {
		t.Errorf("own list: %d, %v", total.Rows, err)
	}
	for _, slug := range []string{"", "0123456789", "abc", x.Slug + "1", "%_________"} {
		_, err := r.Open(t.Context(), slug)
		r.mustRefuse(t, "open "+slug, err, errs.NotFoundCode)
	}
}

func TestTheSameKeyMakesOneLink(t *testing.T) {
	r := setup(t)
	spec := Spec{MerchantID: shop, Amount: 100, Description: "x"}
	idem := store.Idempotency{Key: "k", Fingerprint: []byte("1")}
	first, replayed, err := r.Create(t.Context(), spec, idem)
	if err != nil || replayed {
		t.Fatal(replayed, err)
	}
	again, replayed, err := r.Create(t.Context(), spec, idem)
	if err != nil || !replayed || again.ID != first.ID || again.URL != "https://pay.example/l/"+first.Slug {
		t.Errorf("again: %v, %v", replayed, err)
	}
	_, _, err = r.Create(t.Context(), spec, store.Idempotency{Key: "k", Fingerprint: []byte("2")})
	r.mustRefuse(t, "another request", err, errs.IdempotencyConflict)
}

// TestAStockIsNeverOversold lets many payers race for a few places.
func TestAStockIsNeverOversold(t *testing.T) {
	r := setup(t)
	const stock, payers = 5, 25
	x := r.make(t, func(s *Spec) { s.UsesMax = stock })
	var made, refused atomic.Int64
	var racing sync.WaitGroup
	for range payers {
		racing.Go(func() {
			switch _, match, err := r.pay(x.ID, 0); {
			case err == nil && match == store.NoMatch:
				made.Add(1)
			case errs.Is(err, errs.InvalidState):
				refused.Add(1)
			default:
				t.Errorf("%q, %v", match, err)
			}
		})
	}
	racing.Wait()
	if made.Load() != stock || refused.Load() != payers-stock || r.get(t, x.ID).UsesOpen != stock {
		t.Errorf("%d made, %d refused", made.Load(), refused.Load())
	}
	var rows int
	if err := r.pool.QueryRow(t.Context(), `select count(*) from payments where payment_link_id = $1`, x.ID).Scan(&rows); err != nil || rows != stock {
		t.Errorf("%d payments, %v", rows, err)
	}
}

func TestASubscriptionMakesAndRevokesLinksInItsTransaction(t *testing.T) {
	r := setup(t)
	var x Link
	err := pgx.BeginFunc(t.Context(), r.pool, func(tx pgx.Tx) (err error) {
		x, err = r.CreateInTx(t.Context(), tx, Spec{MerchantID: shop, Amount: 900, UsesMax: 1, Description: "June", SubscriptionID: "sub_1"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := r.mustPay(t, x.ID, 0); p.SubscriptionID != "sub_1" {
		t.Errorf("the payment belongs to %q", p.SubscriptionID)
	}
	for range 2 {
		err = pgx.BeginFunc(t.Context(), r.pool, func(tx pgx.Tx) error {
			_, err := r.RevokeInTx(t.Context(), tx, x.ID, "subscription")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := r.announced(t, x.ID); !slices.Equal(got, []string{"payment_link.revoked "}) {
		t.Errorf("announced %v", got)
	}
	if list, _, err := r.List(context.Background(), Filter{MerchantID: shop, SubscriptionID: "sub_1"}, 10, 0); len(list) != 1 || err != nil {
		t.Errorf("list of the subscription: %d, %v", len(list), err)
	}
}
