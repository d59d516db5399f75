package invoice_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func ttc(it invoice.Item) money.Cents {
	return roundDiv(int64(it.Quantity)*int64(it.UnitPrice), int64(invoice.One))
}

// genItem draws prices from a cent to thousands, and quantities with and without decimals.
func genItem(t *rapid.T) invoice.Item {
	it := invoice.Item{
		Name: "Chose", VATPerMill: rapid.SampledFrom(vat.Rates).Draw(t, "rate"),
		UnitPrice: money.Cents(rapid.OneOf(rapid.Int64Range(1, 9), rapid.Int64Range(1, 9_999), rapid.Int64Range(1, 500_000)).Draw(t, "price")),
		Nature:    rapid.SampledFrom([]invoice.Nature{"", invoice.Goods, invoice.Services}).Draw(t, "nature"),
		Quantity: invoice.Quantity(rapid.OneOf(rapid.Just(int64(invoice.One)), rapid.Int64Range(1, 20_000),
			rapid.Custom(func(t *rapid.T) int64 { return rapid.Int64Range(1, 300).Draw(t, "n") * int64(invoice.One) })).Draw(t, "quantity")),
	}
	if it.VATPerMill == 0 {
		it.ExemptCode = rapid.SampledFrom([]string{"VATEX-FR-CGI261-4", "VATEX-EU-G"}).Draw(t, "exempt")
	}
	if ttc(it) == 0 {
		it.Quantity = invoice.One
	}
	return it
}

func genOrder(t *rapid.T) (invoice.Order, money.Cents) {
	o := invoice.Order{Customer: invoicetest.Private(), Items: rapid.SliceOfN(rapid.Custom(genItem), 1, 40).Draw(t, "items")}
	var sum money.Cents
	for _, it := range o.Items {
		sum += ttc(it)
	}
	if rapid.Bool().Draw(t, "discounted") {
		o.Discount = money.Cents(rapid.Int64Range(0, int64(sum)-1).Draw(t, "discount"))
	}
	if rapid.Bool().Draw(t, "paid") {
		o.PaidOn, o.Method = invoicetest.Issued, invoice.MethodCash
	}
	return o, sum - o.Discount
}

func genInvoice(t *rapid.T) (invoice.Document, money.Cents) {
	o, total := genOrder(t)
	d, err := invoice.New("INV-2026-AB12CD-000001", invoicetest.Issued, invoicetest.Settings(), o)
	if err != nil {
		t.Fatal(err)
	}
	return d, total
}

func TestEverySumOfAnInvoiceHoldsToTheCent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, total := genInvoice(t)
		checkSums(t, d)
		if d.Totals.Gross != total {
			t.Fatalf("the customer pays %s, the prices say %s", d.Totals.Gross, total)
		}
		for _, l := range d.Lines {
			// A price has six decimals, so a line of many pieces may differ by as many half millionths, and by the cent that moved.
			off := new(big.Rat).SetFrac64(int64(l.NetPrice), 1_000_000)
			off.Mul(off, new(big.Rat).SetFrac64(int64(l.Quantity), int64(invoice.One)))
			off.Sub(off, new(big.Rat).SetFrac64(int64(l.Net), 100))
			limit := new(big.Rat).SetFrac64(1, 100)
			limit.Add(limit, new(big.Rat).SetFrac64(int64(l.Quantity), 2_000_000*int64(invoice.One)))
			if off.Abs(off).Cmp(limit) > 0 {
				t.Fatalf("%s × %s is not %s", l.Quantity, l.NetPrice, l.Net)
			}
		}
	})
}

func TestCreditNotesTogetherAreTheInvoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of, left := genInvoice(t)
		var earlier []invoice.Document
		for left > 0 {
			amount := left
			if len(earlier) < 30 && rapid.IntRange(0, 5).Draw(t, "all") > 0 {
				amount = money.Cents(rapid.OneOf(rapid.Int64Range(1, int64(left)), rapid.Int64Range(1, min(9, int64(left)))).Draw(t, "amount"))
			}
			if _, err := invoice.Credit("CN-1", "2026-11-22", of, earlier, left+1, ""); !errors.Is(err, invoice.TooMuch{Left: left}) {
				t.Fatalf("%s of %s: %v", left+1, left, err)
			}
			d, err := invoice.Credit("CN-1", "2026-11-22", of, earlier, amount, "")
			if err != nil {
				t.Fatal(err)
			}
			if d.Totals.Gross != amount {
				t.Fatalf("credited %s, wanted %s", d.Totals.Gross, amount)
			}
			checkSums(t, d)
			earlier, left = append(earlier, d), left-amount
			checkWithin(t, of, earlier, left == 0)
		}
	})
}

// checkWithin: nothing is credited more than it was invoiced, and at the end neither less.
func checkWithin(t rapid.TB, of invoice.Document, credits []invoice.Document, all bool) {
	t.Helper()
	for _, v := range of.VAT {
		base, tax := v.Base, v.Tax
		for _, d := range credits {
			for _, c := range d.VAT {
				if c.Category == v.Category && c.VATPerMill == v.VATPerMill {
					base, tax = base-c.Base, tax-c.Tax
				}
			}
		}
		if base < 0 || tax < 0 || all && (base != 0 || tax != 0) {
			t.Fatalf("at %s %s base %s and tax %s are left (all: %v)", v.Category, v.VATPerMill, base, tax, all)
		}
	}
	sales := salesOf(t, of, nil)
	for _, d := range credits {
		for k, s := range salesOf(t, d, nil) {
			sum := sales[k]
			sales[k] = amounts{sum.net + s.net, sum.tax + s.tax}
		}
	}
	for k, s := range sales {
		if s.net < 0 || s.tax < 0 || all && s != (amounts{}) {
			t.Fatalf("sales of %v are %v (all: %v)", k, s, all)
		}
	}
}

type saleKey struct {
	category string
	rate     vat.Rate
}

type amounts struct{ net, tax money.Cents }

func salesOf(t rapid.TB, d invoice.Document, original *invoice.Document) map[saleKey]amounts {
	t.Helper()
	list, err := invoice.Sales(d, original)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[saleKey]amounts{}
	for _, s := range list {
		k := saleKey{s.Category, s.VATPerMill}
		if _, twice := sums[k]; twice {
			t.Fatalf("two sales of %v", k)
		}
		sums[k] = amounts{s.Net, s.Tax}
	}
	return sums
}

func TestSalesAddUpToTheDocument(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, _ := genInvoice(t)
		var net, tax money.Cents
		sales := salesOf(t, d, nil)
		for k, s := range sales {
			net, tax = net+s.net, tax+s.tax
			if s.net < 0 || s.tax < 0 || (k.rate == 0) != (k.category == invoice.ReportUntaxed) {
				t.Fatalf("%v: %v", k, s)
			}
			if off := s.tax - roundDiv(int64(s.net+s.tax)*int64(k.rate), 1000+int64(k.rate)); k.rate > 0 && (off < -1 || off > 1) {
				t.Fatalf("%v: tax %s in %s", k, s.tax, s.net+s.tax)
			}
		}
		if net != d.Totals.Net || tax != d.Totals.Tax {
			t.Fatalf("sales are %s and %s, the document has %+v", net, tax, d.Totals)
		}
		annulled := salesOf(t, invoice.Annul("CN-1", "2026-11-22", d, 0, ""), &d)
		if len(annulled) != len(sales) {
			t.Fatalf("annulled %v of %v", annulled, sales)
		}
		for k, s := range annulled {
			if s.net != -sales[k].net || s.tax != -sales[k].tax {
				t.Fatalf("%v: %v annulled by %v", k, sales[k], s)
			}
		}
	})
}

type partKey struct {
	nature invoice.Nature
	rate   vat.Rate
}

func TestPaymentsTogetherAreTheInvoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, left := genInvoice(t)
		var already []invoice.Part
		for left > 0 {
			amount := left
			if rapid.IntRange(0, 5).Draw(t, "all") > 0 {
				amount = money.Cents(rapid.Int64Range(1, int64(left)).Draw(t, "amount"))
			}
			if _, err := invoice.Split(d, left+1, already); !errors.Is(err, invoice.TooMuch{Left: left}) {
				t.Fatalf("%s of %s: %v", left+1, left, err)
			}
			parts, err := invoice.Split(d, amount, already)
			if err != nil {
				t.Fatal(err)
			}
			var sum money.Cents
			for _, p := range parts {
				sum += p.Amount
				if p.Amount <= 0 {
					t.Fatalf("part %+v", p)
				}
			}
			if sum != amount {
				t.Fatalf("parts of %s are %s", amount, sum)
			}
			already, left = append(already, parts...), left-amount
		}
		byRate, want := map[vat.Rate]money.Cents{}, map[vat.Rate]money.Cents{}
		for _, p := range already {
			byRate[p.VATPerMill] += p.Amount
		}
		for _, v := range d.VAT {
			want[v.VATPerMill] += v.Base + v.Tax
		}
		for r, w := range want {
			if byRate[r] != w {
				t.Fatalf("paid %s at %s, invoiced %s", byRate[r], r, w)
			}
		}
		// One payment of the whole is split in the same way as many.
		once, err := invoice.Split(d, d.Totals.Gross, nil)
		if err != nil {
			t.Fatal(err)
		}
		sums := map[partKey]money.Cents{}
		for _, p := range already {
			sums[partKey{p.Nature, p.VATPerMill}] += p.Amount
		}
		for _, p := range once {
			if sums[partKey{p.Nature, p.VATPerMill}] != p.Amount {
				t.Fatalf("%s %s: %s at once, %s in portions", p.Nature, p.VATPerMill, p.Amount, sums[partKey{p.Nature, p.VATPerMill}])
			}
		}
	})
}

func TestQuantitiesAreReadAsTheyArePrinted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := invoice.Quantity(rapid.Int64Range(-1e12, 1e12).Draw(t, "quantity"))
		if back, err := invoice.ParseQuantity(q.String()); err != nil || back != q {
			t.Fatalf("%s came back as %s, %v", q, back, err)
		}
	})
}
