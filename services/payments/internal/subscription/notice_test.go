package subscription

import (
	"testing"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func mailed(w *Wish) { w.Collect, w.NotifyCustomer = CollectLinks, true }

// told reports whether the customer is told of the first occurrence by that announcement.
func (r *rig) told(s Subscription, reminder int32, of Owner) bool {
	r.t.Helper()
	got, err := NewServer(r.Room).GetCustomerNotice(r.t.Context(), &paymentsv1.GetCustomerNoticeRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Id: s.ID, Number: 1, Reminder: reminder,
	})
	if err != nil {
		wantCode(r.t, "no notice", err, errs.NotFoundCode)
		return false
	}
	if got.GetEmail() != "ada@example.com" || got.GetOccurrence().GetPaymentLinkUrl() == "" || got.GetSubscription().GetMerchantName() != "Shop" || got.GetPayableUntil() == nil {
		r.t.Errorf("the notice is %v", got)
	}
	return true
}

func TestTheCustomerIsToldOfALinkUntilALaterReminderOrItsEnd(t *testing.T) {
	r := newRig(t)
	s := r.made(mailed)
	if r.told(s, 0, shop) {
		t.Error("told before there is a link")
	}
	r.until("2026-06-25") // the link is made a week ahead
	if !r.told(s, 0, shop) || r.told(s, 1, shop) || r.told(s, 0, other) {
		t.Error("the first announcement is not the one that holds")
	}
	r.until("2026-07-02")
	if r.told(s, 0, shop) || !r.told(s, 1, shop) {
		t.Error("the reminder has not taken its place")
	}
	if _, _, err := r.Decide(t.Context(), shop, s.ID, Report{Number: 1, Status: Paid}); err != nil {
		t.Fatal(err)
	}
	if r.told(s, 1, shop) {
		t.Error("told of what is paid")
	}
}

func TestNobodyIsToldOfWhatCannotBePaid(t *testing.T) {
	r := newRig(t)
	quiet, ended, withdrawn := r.made(links), r.made(mailed), r.made(mailed)
	r.until("2026-06-25")
	if r.told(quiet, 0, shop) {
		t.Error("told although nobody asked for it")
	}
	if _, err := r.Cancel(t.Context(), shop, ended.ID, Cancellation{}); err != nil {
		t.Fatal(err)
	}
	if r.told(ended, 0, shop) {
		t.Error("told although the subscription has ended")
	}
	if !r.told(withdrawn, 0, shop) {
		t.Fatal("not told")
	}
	tx, err := r.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o, err := occurrence(t.Context(), tx, key{withdrawn.ID, 1})
	if err == nil {
		_, err = r.Links.RevokeInTx(t.Context(), tx, o.LinkID, "merchant")
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if r.told(withdrawn, 0, shop) {
		t.Error("told although the link was withdrawn")
	}
}

func TestMailsNeedAnAddressAndLinks(t *testing.T) {
	r := newRig(t)
	_, _, err := r.Create(t.Context(), r.wish(mailed, func(w *Wish) { w.Customer.Email = "" }))
	wantCode(t, "without an address", err, errs.ValidationError)
	if s := r.made(func(w *Wish) { w.NotifyCustomer = true }); s.Collect != CollectBank || s.NotifyCustomer {
		t.Errorf("a bank collects, and the customer is notified: %+v", s)
	}
	old := r.made(mailed)
	next := r.made(mailed, func(w *Wish) {
		w.Replaces, w.Customer.Email, w.Customer.FirstName, w.Customer.LastName, w.Customer.Kind = old.ID, "", "", "", ""
	})
	if next.Customer.Email != "ada@example.com" || !next.NotifyCustomer {
		t.Errorf("a replacement does not take over the address: %+v", next)
	}
}
