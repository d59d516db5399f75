package invoice_test

import (
	"math/big"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

type key struct {
	category invoice.Category
	rate     vat.Rate
}

// checkSums is what EN 16931 and the French rules want of the amounts of a document, each sum exact.
func checkSums(t rapid.TB, d invoice.Document) {
	t.Helper()
	checkSumsWithin(t, d, 1)
}

// checkSumsWithin is checkSums of a document whose VAT may be off by so many cents at each rate. What remains of several documents has the
// roundings of all of them.
func checkSumsWithin(t rapid.TB, d invoice.Document, cents int64) {
	t.Helper()
	var lineNet, allowances, tax money.Cents
	bases := map[key]money.Cents{}
	for _, l := range d.Lines {
		lineNet += l.Net
		bases[key{l.Category, l.VATPerMill}] += l.Net
		if l.NetPrice <= 0 {
			t.Fatalf("BR-FR-DEC-03: line %s has the price %s", l.ID, l.NetPrice)
		}
		if l.Net < 0 || l.Net > l.Gross {
			t.Fatalf("line %s: net %s of gross %s", l.ID, l.Net, l.Gross)
		}
	}
	allowed := map[key]bool{}
	for _, a := range d.Allowances {
		allowances += a.Net
		bases[key{a.Category, a.VATPerMill}] -= a.Net
		if allowed[key{a.Category, a.VATPerMill}] {
			t.Fatalf("two allowances of %s %s", a.Category, a.VATPerMill)
		}
		allowed[key{a.Category, a.VATPerMill}] = true
		if a.Net <= 0 || a.Net > a.Gross {
			t.Fatalf("allowance of %s, net %s", a.Gross, a.Net)
		}
	}
	for i, v := range d.VAT {
		tax += v.Tax
		base, found := bases[key{v.Category, v.VATPerMill}]
		if !found || base != v.Base {
			t.Fatalf("BR-S-08: base %s at %s %s, lines and allowances give %s", v.Base, v.Category, v.VATPerMill, base)
		}
		delete(bases, key{v.Category, v.VATPerMill})
		exact := new(big.Rat)
		exact.SetString(v.VATPerMill.String())
		exact.Mul(exact, new(big.Rat).SetInt64(int64(v.Base)))
		if off := v.Tax - roundDiv(exact.Num().Int64(), 100*exact.Denom().Int64()); int64(off) < -cents || int64(off) > cents || v.Tax < 0 || v.Base < 0 {
			t.Fatalf("BR-CO-17: base %s at %s has the tax %s", v.Base, v.VATPerMill, v.Tax)
		}
		if i > 0 && vat.Compare(d.VAT[i-1].VATPerMill, v.VATPerMill) < 0 {
			t.Fatalf("rate %s after %s", v.VATPerMill, d.VAT[i-1].VATPerMill)
		}
		if (v.VATPerMill == 0) == (v.Category == invoice.Standard) || (v.VATPerMill == 0 && v.Category != invoice.ZeroRated) != (v.Reason != "") {
			t.Fatalf("rate %s is %s, reason %q", v.VATPerMill, v.Category, v.Reason)
		}
	}
	if len(bases) > 0 {
		t.Fatalf("no VAT row for %v", bases)
	}
	want := invoice.Totals{LineNet: lineNet, Allowances: allowances, Net: lineNet - allowances, Tax: tax, Gross: lineNet - allowances + tax}
	want.Prepaid, want.Due = d.Totals.Prepaid, want.Gross-d.Totals.Prepaid
	if d.Totals != want {
		t.Fatalf("BR-CO-10 to 16: totals %+v, want %+v", d.Totals, want)
	}
}

// roundDiv rounds half away from zero, in its own way.
func roundDiv(a, b int64) money.Cents {
	q := new(big.Rat).SetFrac64(a, b)
	text := q.FloatString(0)
	n, _ := new(big.Int).SetString(text, 10)
	return money.Cents(n.Int64())
}
