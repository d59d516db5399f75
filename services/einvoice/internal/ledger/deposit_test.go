package ledger

import (
	"sync/atomic"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// advance is an order for a deposit on goods.
func advance(c invoice.Customer, amount money.Cents) invoice.Order {
	return invoice.Order{Customer: c, Deposit: true, Items: []invoice.Item{invoicetest.Item("Acompte", 1, amount, 200)}}
}

// delivery is an order for the goods, which deducts the deposits.
func delivery(c invoice.Customer, total money.Cents, deposits ...string) invoice.Order {
	return invoice.Order{Customer: c, Deposits: deposits, Items: []invoice.Item{invoicetest.Item("Armoire", 1, total, 200)}}
}

// The VAT of a deposit is due when it is paid, also for goods; the final invoice is about the rest.
func TestADepositIsPaidAndDeducted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	d := f.create(advance(invoicetest.Business(), 300_00))
	if d.Type != invoice.TypeDeposit || d.Status != StatusPending || d.Owed() != 300_00 || d.Seqino != SeqinoSubmitted {
		t.Fatalf("%+v", d)
	}
	f.pay(d, 300_00)
	if n := f.number(`select count(*) from receipt_parts where invoice_id = $1 and reportable`, d.ID); n != 1 {
		t.Errorf("%d parts of the deposit are reported", n)
	}
	if n := f.number(`select count(*) from transmissions where kind = 'collection'`); n != 1 {
		t.Errorf("%d collections", n)
	}
	r := f.create(delivery(invoicetest.Business(), 1000_00, d.Number))
	if r.Total != 700_00 || r.Owed() != 700_00 || r.Document.Totals.Gross != 1000_00 || r.Document.Totals.Prepaid != 300_00 || r.Document.Process != "B4" {
		t.Fatalf("%+v", r.Document.Totals)
	}
	if v := r.Proto(); v.GetTotalCents() != 1000_00 || v.GetDueCents() != 700_00 || len(v.GetDeposits()) != 1 || v.GetDeposits()[0].GetAmountCents() != 300_00 {
		t.Errorf("told %+v", v)
	}
	f.pay(r, 700_00)
	f.is(r.ID, StatusPaid, SeqinoSubmitted)
	f.balanced(r.ID)
	if n := f.number(`select count(*) from transmissions where kind = 'collection'`); n != 1 {
		t.Errorf("goods that are delivered are collected: %d", n)
	}
	back, err := f.credit(d, CreditNote{})
	f.must(err)
	if back.By.Type != invoice.TypeDepositCredit || back.By.Total != 300_00 || back.Status != StatusRefunded {
		t.Errorf("%+v", back.By)
	}
	if f.number(`select count(*) from invoices where id = $1 and after_final`, back.By.ID) != 1 {
		t.Error("it takes back an advance, and that was a sale already")
	}
	_, err = f.credit(r, CreditNote{Amount: cents(700_01)})
	f.refused(err, errs.CreditExceeds)
	if len(f.fake.wrong) > 0 {
		t.Error(f.fake.wrong)
	}
}

func TestSalesToConsumersCountADepositOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	d := f.create(advance(invoicetest.Private(), 120_00))
	f.pay(d, 120_00)
	_, err := f.credit(d, CreditNote{Amount: cents(20_00)})
	f.must(err)
	f.create(delivery(invoicetest.Private(), 480_00, d.ID.String()))
	if n := f.number(`select sum(net_cents + tax_cents)::bigint from sale_parts`); n != 480_00 {
		t.Errorf("sales of %s are reported", money.Cents(n))
	}
	if n := f.number(`select sum(tax_cents)::bigint from sale_parts`); n != 80_00 {
		t.Errorf("VAT of %s is reported", money.Cents(n))
	}
}

func TestOnlyAPaidDepositOfTheCustomerIsDeductedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	other := f.create(advance(invoicetest.Private(), 10_00))
	f.pay(other, 10_00)
	plain := f.create(delivery(invoicetest.Business(), 10_00))
	unpaid, d := f.create(advance(invoicetest.Business(), 10_00)), f.create(advance(invoicetest.Business(), 10_00))
	f.pay(d, 10_00)
	try := func(code errs.Code, o invoice.Order) {
		t.Helper()
		_, err := f.Create(t.Context(), f.who, o, Idempotency{})
		f.refused(err, code)
	}
	try(errs.ValidationError, delivery(invoicetest.Business(), 50_00, other.Number))
	try(errs.ValidationError, delivery(invoicetest.Business(), 50_00, plain.Number))
	try(errs.ValidationError, delivery(invoicetest.Business(), 50_00, d.Number, d.ID.String()))
	try(errs.ValidationError, delivery(invoicetest.Business(), 50_00, "INV-1"))
	try(errs.ValidationError, delivery(invoicetest.Business(), 9_99, d.Number))
	try(errs.InvalidState, delivery(invoicetest.Business(), 50_00, unpaid.Number))
	f.who = Who{"debits", true}
	f.enrol("debits", true, platform.MandateActive, nil)
	try(errs.ValidationError, delivery(invoicetest.Business(), 50_00, d.Number)) // another merchant's is not there
	f.who = Who{"m1", true}
	o := delivery(invoicetest.Business(), 50_00, d.Number)
	o.Reference = "order-1"
	first := f.create(o)
	if again := f.create(o); again.ID != first.ID {
		t.Error("the same order deducts the deposit again")
	}
	try(errs.InvalidState, delivery(invoicetest.Business(), 50_00, d.Number))
	_, err := f.Cancel(t.Context(), f.who, first.Number, "")
	f.must(err)
	all := f.create(delivery(invoicetest.Business(), 10_00, d.Number)) // free again, and all of it is paid
	f.is(all.ID, StatusPaid, SeqinoSubmitted)
	_, err = f.credit(all, CreditNote{})
	f.refused(err, errs.InvalidState)
}

// Two final invoices at once: one of them gets the deposit.
func TestADepositIsDeductedOnceByRacingInvoices(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	d := f.create(advance(invoicetest.Business(), 10_00))
	f.pay(d, 10_00)
	var won, lost atomic.Int32
	together(6, func(int) {
		_, err := f.Create(t.Context(), f.who, delivery(invoicetest.Business(), 50_00, d.Number), Idempotency{})
		switch {
		case err == nil:
			won.Add(1)
		case errs.Is(err, errs.InvalidState):
			lost.Add(1)
		default:
			t.Error(err)
		}
	})
	if won.Load() != 1 || lost.Load() != 5 {
		t.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
	f.gapless(f.who, "INV2026", 2)
}

// The platform rejects an invoice that names one which it does not have.
func TestAFinalInvoiceWaitsForItsDepositAtThePlatform(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = unavailable })
	d := f.create(advance(invoicetest.Business(), 10_00))
	f.pay(d, 10_00)
	f.fake.set(func(p *fake) { p.submit = works })
	r := f.create(delivery(invoicetest.Business(), 50_00, d.Number))
	if len(f.fake.of(r.Number)) != 0 {
		t.Fatal("the final invoice was sent before its deposit")
	}
	_, err := f.Submit(t.Context(), f.who, d.Number)
	f.must(err)
	f.run()
	f.eventually("both are submitted", func() bool { return f.read(r.ID).Seqino == SeqinoSubmitted })
	if got := f.fake.of(r.Number); len(got) != 1 {
		t.Errorf("%d documents", len(got))
	}
}
