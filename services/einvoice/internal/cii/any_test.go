package cii_test

import (
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/cii/ciitest"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// Whatever is sold, discounted, paid before and given back in parts: each document and all of them together keep the rules.
func TestAnyInvoiceAndItsCreditNotesKeepTheRules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := anyInvoice(rt)
		docs, left := [][]byte{checked(rt, d)}, d.Totals.Gross
		var earlier []invoice.Document
		for n := int64(1); left > 0 && n <= 4; n++ {
			amount := money.Cents(rapid.Int64Range(1, int64(left)).Draw(rt, "credit"))
			if n == 4 {
				amount = left
			}
			c, err := invoice.Credit(invoice.Number("CN", 2026, "AB12CD", n), invoicetest.Issued.Add(1), d, earlier, amount, "Retour")
			if err != nil {
				rt.Fatal(err)
			}
			earlier, left = append(earlier, c), left-amount
			docs = append(docs, checked(rt, c))
		}
		checked(rt, invoice.Annul(invoice.Number("CN", 2026, "AB12CD", 9), invoicetest.Issued.Add(1), d, d.Totals.Prepaid, ""))
		for _, p := range ciitest.CheckAll(docs...) {
			rt.Errorf("%s: %s", p.Rule, p.Text)
		}
	})
}

func anyInvoice(rt *rapid.T) invoice.Document {
	rates := rapid.SampledFrom([]vat.Rate{200, 100, 55, 21, 0})
	prices := rapid.OneOf(rapid.Int64Range(1, 9), rapid.Int64Range(1, 500_000))
	quantities := rapid.OneOf(rapid.Int64Range(1, 30_000), rapid.Int64Range(1, 300*int64(invoice.One)))
	natures := rapid.SampledFrom([]invoice.Nature{invoice.Goods, invoice.Services})
	o := invoice.Order{Customer: invoicetest.Business()}
	total := money.Cents(0)
	for range rapid.IntRange(1, 12).Draw(rt, "lines") {
		item := invoicetest.Item("Article", 1, money.Cents(prices.Draw(rt, "price")), rates.Draw(rt, "rate"))
		item.Quantity = invoice.Quantity(quantities.Draw(rt, "quantity"))
		item.Nature = natures.Draw(rt, "nature")
		if cost(item) == 0 {
			item.Quantity = invoice.One
		}
		o.Items = append(o.Items, item)
		total += cost(item)
	}
	o.Discount = money.Cents(rapid.Int64Range(0, int64(total)-1).Draw(rt, "discount"))
	if rapid.Bool().Draw(rt, "paid") {
		o.PaidOn, o.Method = invoicetest.Issued, invoice.MethodCard
	}
	d, err := invoice.New(invoice.Number("INV", 2026, "AB12CD", 1), invoicetest.Issued, invoicetest.Settings(), o)
	if err != nil {
		rt.Fatal(err)
	}
	return d
}

// cost is what the item costs with VAT; an invoice has no line that costs nothing.
func cost(i invoice.Item) money.Cents {
	return (money.Cents(i.Quantity)*i.UnitPrice + money.Cents(invoice.One)/2) / money.Cents(invoice.One)
}

func checked(rt *rapid.T, d invoice.Document) []byte {
	doc := cii.Write(d)
	for _, p := range ciitest.Check(doc) {
		rt.Errorf("%s: %s: %s", d.Number, p.Rule, p.Text)
	}
	return doc
}
