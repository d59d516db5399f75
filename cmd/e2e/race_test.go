package e2e

import (
	"net/http"
	"sync"
	"testing"
)

// Whether the payer or the merchant is first: our final state is that of the bank.
func TestThePayerAuthorisesWhileTheMerchantCancels(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	const n = 12
	list := make([]payment, n)
	for i := range list {
		list[i] = m.pays(t, nil)
	}
	var both sync.WaitGroup
	for _, p := range list {
		id := shared.bank().order(t, p.Reference).ID
		both.Go(func() {
			if err := shared.bank().press(id, "authorise"); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := m.api.try(http.MethodPost, payments+"/"+p.Reference+"/cancel", ""); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	ends := map[string]string{"done": "completed", "rejected": "cancelled"}
	for _, p := range list {
		eventually(t, "we and the bank agree on "+p.Reference, func() bool {
			want := ends[shared.bank().order(t, p.Reference).State]
			return want != "" && string(m.get(t, p.Reference).Status) == want
		})
		event := map[string]string{"completed": "payment.completed", "cancelled": "payment.failed"}[string(m.get(t, p.Reference).Status)]
		m.site.next(t, event, p.Reference)
		if told := m.deliveries(t, p.Reference); len(told) != 1 {
			t.Errorf("%s was announced as %+v", p.Reference, told)
		}
	}
}

// Refunds and a late answer of the bank about the payment are concurrent: a completed payment is never completed again.
func TestARefundWhileTheBankRepeatsItself(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.paid(t, object{"description": "Order fault:webhook-duplicate"})
	m.refund(t, p, "")
	back := shared.caller().do(t, http.MethodGet, "/payments/return?state="+p.Reference, "")
	if back.status != http.StatusSeeOther {
		t.Errorf("the payer's return after the refund: %d %s", back.status, back.raw)
	}
	if now := m.get(t, p.Reference); now.Status != "refunded" {
		t.Errorf("the payment is %s", now.Status)
	}
	if told := m.deliveries(t, p.Reference); len(told) != 2 {
		t.Errorf("the merchant was told %+v", told)
	}
}
