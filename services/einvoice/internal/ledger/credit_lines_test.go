package ledger

import (
	"reflect"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// basket is an order of two goods at 20 % and a service at 10 %.
func basket() invoice.Order {
	o := private(10_00)
	o.Items = []invoice.Item{
		{Name: "Lampe", Quantity: 2 * invoice.One, UnitPrice: 60_00, VATPerMill: 200, Nature: invoice.Goods},
		{Name: "Table", Quantity: invoice.One, UnitPrice: 240_00, VATPerMill: 200, Nature: invoice.Goods},
		{Name: "Repas", Quantity: invoice.One, UnitPrice: 110_00, VATPerMill: 100, Nature: invoice.Services},
	}
	return o
}

func TestLinesOfAPaidInvoiceAreCredited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(basket())
	f.pay(r, r.Total)
	done, err := f.credit(r, CreditNote{Items: []invoice.CreditItem{{Line: 1, Quantity: invoice.One}, {Line: 3, Amount: 11_00}}, Reason: "Retour"})
	f.must(err)
	want := []invoice.VAT{
		{Category: invoice.Standard, VATPerMill: 200, Base: 50_00, Tax: 10_00}, {Category: invoice.Standard, VATPerMill: 100, Base: 10_00, Tax: 1_00},
	}
	if !reflect.DeepEqual(done.By.Document.VAT, want) || done.By.Total != 71_00 || done.Credited != 71_00 || done.Status != StatusPaid || done.By.Seqino != SeqinoSubmitted {
		t.Fatalf("%+v of %+v", done.By, done.Record)
	}
	for _, items := range [][]invoice.CreditItem{{{Line: 1, Amount: 60_01}}, {{Line: 1, Quantity: 2 * invoice.One}}, {{Line: 2, Amount: 1}, {Line: 3, Amount: 99_01}}} {
		_, err = f.credit(r, CreditNote{Items: items})
		f.refused(err, errs.CreditExceeds)
	}
	for _, c := range []CreditNote{
		{Items: []invoice.CreditItem{{Line: 1, Amount: 1}}, Amount: cents(1)},
		{Items: []invoice.CreditItem{{Line: 1, Amount: 1}}, Cancel: true},
		{Items: []invoice.CreditItem{{Line: 4, Amount: 1}}},
		{Items: []invoice.CreditItem{{Line: 1, Amount: 1, Quantity: 1}}},
	} {
		_, err = f.credit(r, c)
		f.refused(err, errs.ValidationError)
	}
	if n := f.number(`select last from counters where series = 'CN'`); n != 1 {
		t.Errorf("refused credit notes used %d numbers", n-1)
	}
	rest, err := f.credit(r, CreditNote{Items: []invoice.CreditItem{{Line: 1, Quantity: invoice.One}, {Line: 2, Quantity: invoice.One}, {Line: 3, Quantity: invoice.One}}})
	f.must(err)
	f.is(r.ID, StatusRefunded, SeqinoSubmitted)
	if rest.By.Total != r.Total-71_00 || len(f.fake.wrong) > 0 {
		t.Errorf("the rest is %s, %v", rest.By.Total, f.fake.wrong)
	}
	f.booksAgree(r)
}

// What was received counts at the rates of what the customer keeps: of an invoice that was paid in part, a credited service
// makes what was paid for it a payment of the goods.
func TestACreditedLineMovesWhatWasPaidForIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(basket())
	f.pay(r, 235_00) // half
	_, err := f.credit(r, CreditNote{Items: []invoice.CreditItem{{Line: 3, Quantity: invoice.One}}})
	f.must(err)
	if got := f.receivedAt(r, invoice.Services, 100); got != 0 {
		t.Errorf("%s are still received for the service", got)
	}
	if got := f.receivedAt(r, invoice.Goods, 200); got != 235_00 {
		t.Errorf("%s are received for the goods", got)
	}
	f.pay(r, 125_00)
	f.is(r.ID, StatusPaid, SeqinoSubmitted)
	f.booksAgree(r)
}

// receivedAt returns what was received for an invoice at a nature and rate, less refunds.
func (f *fixture) receivedAt(r Record, n invoice.Nature, rate int) money.Cents {
	return money.Cents(f.number(`select coalesce(sum(amount_cents), 0) from receipt_parts where invoice_id = $1 and nature = $2 and rate = $3`, r.ID, n, rate))
}

// booksAgree: of each rate as much was received as the invoice is worth after its credit notes, if it is paid.
func (f *fixture) booksAgree(r Record) {
	f.t.Helper()
	worth := map[invoice.Part]money.Cents{}
	whole, err := invoice.Split(r.Document, r.Total, nil)
	f.must(err)
	reduced, err := credited(f.t.Context(), f.Pool, &r)
	f.must(err)
	for _, p := range whole {
		worth[invoice.Part{Nature: p.Nature, VATPerMill: p.VATPerMill}] += p.Amount
	}
	for _, p := range reduced {
		worth[invoice.Part{Nature: p.Nature, VATPerMill: p.VATPerMill}] -= p.Amount
	}
	for k, want := range worth {
		if got := f.receivedAt(r, k.Nature, int(k.VATPerMill)); got != want {
			f.t.Errorf("at %s %s %s were received of %s", k.Nature, k.VATPerMill, got, want)
		}
	}
}
