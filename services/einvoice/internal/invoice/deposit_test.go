package invoice_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestAFinalInvoiceDeductsItsDeposit(t *testing.T) {
	t.Parallel()
	deposit, final := invoicetest.Find("deposit"), invoicetest.Find("final")
	checkSums(t, deposit)
	if deposit.Type != invoice.TypeDeposit || deposit.Process != "M1" || deposit.Payable() != deposit.Totals.Gross {
		t.Errorf("deposit %s %s, %s to pay", deposit.Type, deposit.Process, deposit.Payable())
	}
	if final.Type != invoice.TypeInvoice || final.Process != "M4" || final.Totals.Prepaid != deposit.Totals.Gross || final.Totals.Due != final.Payable() {
		t.Errorf("final %s %s, totals %+v", final.Type, final.Process, final.Totals)
	}
	if final.Payable() != final.Totals.Gross-deposit.Totals.Gross || final.Preceding != nil || final.Deductions[0].Number != deposit.Number {
		t.Errorf("final %s to pay, deductions %+v", final.Payable(), final.Deductions)
	}
	note := invoicetest.Find("credit-deposit")
	if note.Type != invoice.TypeDepositCredit || note.Preceding.Number != deposit.Number || !strings.HasPrefix(lastNote(note), "Avoir sur la facture d’acompte ") {
		t.Errorf("credit note %s: %q", note.Type, lastNote(note))
	}
}

func TestInvalidDepositsAreRefused(t *testing.T) {
	t.Parallel()
	taken := invoice.Deduct(issue(t, invoicetest.Settings(), order(invoicetest.Item("Acompte", 1, 50_00, 200))), nil)
	for what, change := range map[string]func(o *invoice.Order){
		"more than is sold":  func(o *invoice.Order) { o.Items[0].UnitPrice = 49_99 },
		"another rate":       func(o *invoice.Order) { o.Items[0].VATPerMill = 100 },
		"another nature":     func(o *invoice.Order) { o.Items[0].Nature = invoice.Services },
		"after the discount": func(o *invoice.Order) { o.Discount = 30_01 },
		"of a deposit":       func(o *invoice.Order) { o.Deposit = true },
		"twice": func(o *invoice.Order) {
			o.Deductions = []invoice.Deduction{taken, taken}
		},
	} {
		o := order(invoicetest.Item("Table", 1, 80_00, 200))
		o.Deductions = []invoice.Deduction{taken}
		change(&o)
		if _, err := invoice.New("INV-1", invoicetest.Issued, invoicetest.Settings(), o); fields(t, err) != "deposits" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// depositsOf draws deposits for what an order sells, some of them credited in part, and deducts them.
func depositsOf(t *rapid.T, o invoice.Order) ([]invoice.Deduction, []invoice.Document) {
	whole, err := invoice.New("INV-1", invoicetest.Issued, invoicetest.Settings(), o)
	if err != nil {
		t.Fatal(err)
	}
	left, err := invoice.Split(whole, whole.Totals.Gross, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []invoice.Deduction
	var docs []invoice.Document
	for range rapid.IntRange(1, 3).Draw(t, "deposits") {
		d := invoice.Order{Customer: o.Customer, Deposit: true}
		for i, p := range left {
			amount := money.Cents(rapid.Int64Range(0, min(int64(p.Amount), 1_000_000_00)).Draw(t, "amount"))
			if p.VATPerMill == 0 || amount == 0 {
				continue
			}
			left[i].Amount -= amount
			it := invoicetest.Item("Acompte", 1, amount, p.VATPerMill)
			it.Nature = p.Nature
			d.Items = append(d.Items, it)
		}
		if len(d.Items) == 0 {
			continue
		}
		doc, err := invoice.New("INV-2", invoicetest.Issued, invoicetest.Settings(), d)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
		var credits []invoice.Document
		if rapid.Bool().Draw(t, "credited") {
			c, err := invoice.Credit("CN-1", invoicetest.Issued, doc, nil, money.Cents(rapid.Int64Range(1, int64(doc.Totals.Gross)).Draw(t, "credit")), "")
			if err != nil {
				t.Fatal(err)
			}
			credits = []invoice.Document{c}
			docs = append(docs, c)
		}
		list = append(list, invoice.Deduct(doc, credits))
	}
	return list, docs
}

// A final invoice says what was sold in full. What is still to be paid, sold and credited of it is what its deposits left, and
// all together are the sale, to the cent, by rate and nature.
func TestDepositsAndTheirFinalInvoiceAreTheSale(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, total := genOrder(t)
		o.PaidOn, o.Method = "", ""
		deductions, docs := depositsOf(t, o)
		if o.Deductions = deductions; len(deductions) == 0 {
			return
		}
		final, err := invoice.New("INV-3", invoicetest.Issued, invoicetest.Settings(), o)
		if err != nil {
			t.Fatal(err)
		}
		var deposited money.Cents
		for _, d := range deductions {
			deposited += d.Gross()
		}
		if final.Totals.Gross != total || final.Totals.Prepaid != deposited || final.Totals.Due != total-deposited || final.Payable() != total-deposited {
			t.Fatalf("of %s, %s deposited: %+v", total, deposited, final.Totals)
		}
		checkSumsWithin(t, final, int64(1+len(docs))) // it has at least the VAT of its deposits
		var net, tax money.Cents
		for i, d := range append(docs, final) {
			for k, s := range salesOf(t, d, nil) {
				net, tax = net+s.net, tax+s.tax
				if i == len(docs) && (s.net < 0 || s.tax < 0) {
					t.Fatalf("the final invoice sells %v of %v", s, k)
				}
			}
		}
		if net != final.Totals.Net || tax != final.Totals.Tax {
			t.Fatalf("sales of %s and %s of VAT, the final invoice has %+v", net, tax, final.Totals)
		}
		if final.Payable() == 0 {
			return
		}
		if _, err := invoice.Split(final, final.Payable()+1, nil); err == nil {
			t.Fatal("more can be paid than is due")
		}
		if _, err := invoice.Split(final, final.Payable(), nil); err != nil {
			t.Fatal(err)
		}
		note, err := invoice.Credit("CN-2", invoicetest.Issued, final, nil, final.Payable(), "")
		if err != nil || note.Type != invoice.TypeCreditNote {
			t.Fatal(err)
		}
		checkSumsWithin(t, note, int64(1+len(docs)))
		for k, s := range salesOf(t, note, nil) {
			if rest := salesOf(t, final, nil)[k]; s.net != -rest.net || s.tax != -rest.tax {
				t.Fatalf("%v of %v is credited", s, rest)
			}
		}
	})
}
