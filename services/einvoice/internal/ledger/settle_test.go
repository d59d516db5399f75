package ledger

import (
	"bytes"
	"fmt"
	"testing"

	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Two batches that pay the same two merchants in opposite orders wait for each other's report periods, but never in a circle.
func TestBatchesOfSeveralMerchantsDoNotLockEachOther(t *testing.T) {
	t.Parallel()
	f := setup(t)
	whos := []Who{{"m1", true}, {"m2", true}}
	f.enrol("m2", true, platform.MandatePending, nil)
	f.mandate(platform.MandatePending)
	pays := func(who Who, n int) consume.Event {
		t.Helper()
		c, err := f.Create(t.Context(), who, private(10_00), Idempotency{})
		f.must(err)
		return f.completedOf(who, fmt.Sprint("P", n), 10_00, `{"invoice_id":"`+c.ID.String()+`"}`)
	}
	for i := range 40 {
		batches := [][]consume.Event{
			{pays(whos[0], 4*i), pays(whos[1], 4*i+1)},
			{pays(whos[1], 4*i+2), pays(whos[0], 4*i+3)},
		}
		together(2, func(n int) {
			if err := f.settle(batches[n]...); err != nil {
				t.Error(err)
			}
		})
	}
	if n := f.number(`select count(*) from invoices where status = 'paid'`); n != 160 {
		t.Fatalf("%d of 160 are paid", n)
	}
}

func TestOnlyPaymentsInEurosPayInvoices(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(10_00))
	dollars := f.completed("P1", 10_00, `{"invoice_id":"`+r.ID.String()+`"}`)
	refund := dollars
	dollars.Data = bytes.Replace(dollars.Data, []byte("EUR"), []byte("USD"), 1)
	refund.Data = bytes.Replace(refund.Data, []byte("payment"), []byte("refund."), 1)
	f.must(f.settle(dollars, refund))
	f.is(r.ID, StatusPending, SeqinoSubmitted)
	half := f.completed("P2", 10_00, "")
	half.Data = half.Data[:len(half.Data)-1]
	if err := f.settle(half); err == nil {
		t.Fatal("half an event was taken")
	}
}
