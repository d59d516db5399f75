package sale

import (
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

// Whatever the parts in which a payment is given back, nothing is left of it at any rate: neither net nor VAT.
func TestARefundInPartsLeavesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := facts{reference: "PAY-1", on: "2026-11-21"}
		for _, rate := range rapid.SliceOfNDistinct(rapid.SampledFrom(vat.Rates), 1, 4, rapid.ID[vat.Rate]).Draw(t, "rates") {
			f.order = append(f.order, Part{invoice.Services, rate, money.Cents(rapid.Int64Range(1, 9999).Draw(t, "part"))})
		}
		f.amount = max(1, sum(f.order)+money.Cents(rapid.Int64Range(-50, 500).Draw(t, "tip")))
		for left := f.amount; left > 0; {
			part := money.Cents(rapid.Int64Range(1, int64(left)).Draw(t, "refund"))
			f.refunds = append(f.refunds, refund{reference: "REF", on: "2026-11-22", amount: part})
			left -= part
		}
		net, tax, sold := map[vat.Rate]money.Cents{}, map[vat.Rate]money.Cents{}, money.Cents(0)
		for _, e := range f.entries() {
			net[e.rate] += e.net
			tax[e.rate] += e.tax
			if e.source == "PAY-1" {
				sold += e.net + e.tax
			}
		}
		if sold != f.amount {
			t.Fatalf("%s were sold of %s", sold, f.amount)
		}
		for rate := range net {
			if net[rate] != 0 || tax[rate] != 0 {
				t.Fatalf("at %s %s and %s VAT are left", rate, net[rate], tax[rate])
			}
		}
	})
}

func TestWhatIsInvoicedAtAnotherRateComesFromTheRest(t *testing.T) {
	t.Parallel()
	sold := []Part{{invoice.Goods, 200, 1000}, {invoice.Goods, 55, 500}}
	left := less(sold, []Part{{invoice.Goods, 55, 600}, {invoice.Services, 100, 100}})
	if left[0].Amount != 800 || left[1].Amount != 0 {
		t.Errorf("left are %v", left)
	}
}
