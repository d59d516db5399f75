package store

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

func TestACustomerSeesWhatItPaidByScanningAndItsRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me, other := uuid.NewString(), uuid.NewString()
	for n, d := range []struct{ customer, origin string }{{me, "qr"}, {me, "qr"}, {other, "qr"}, {me, "api"}} {
		b.now = b.now.Add(time.Second)
		p := draft(ref("PAY", n))
		p.CustomerID, p.Origin = d.customer, payment.Origin(d.origin)
		if _, _, err := b.Create(t.Context(), p, Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	b.move(t, ref("PAY", 0), payment.Completed)
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), ref("PAY", 0)), 1, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	list, total, err := b.ListOfCustomer(t.Context(), me, 1, 1)
	if err != nil || total.Rows != 2 || len(list) != 1 || list[0].Reference != ref("PAY", 0) {
		t.Errorf("the second page: %v of %d, %v", list, total.Rows, err)
	}
	of, err := b.RefundsOf(t.Context(), []string{ref("PAY", 0), ref("PAY", 1)})
	if err != nil || len(of) != 1 || len(of[ref("PAY", 0)]) != 1 || of[ref("PAY", 0)][0].Reference != ref("REF", 1) {
		t.Errorf("refunds: %v, %v", of, err)
	}
}
