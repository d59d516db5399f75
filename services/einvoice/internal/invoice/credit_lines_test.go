package invoice_test

import (
	"errors"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func creditLines(of invoice.Document, earlier []invoice.Document, items ...invoice.CreditItem) (invoice.Document, error) {
	return invoice.CreditLines("CN-1", "2026-12-01", of, earlier, items, "")
}

// The VAT that comes back is that of the line, not a mixture of all rates.
func TestALineIsCreditedAtItsOwnRate(t *testing.T) {
	t.Parallel()
	of := invoicetest.Find("b2b")
	d, err := creditLines(of, nil, invoice.CreditItem{Line: 2, Quantity: invoice.One}, invoice.CreditItem{Line: 1, Amount: 60_00})
	if err != nil {
		t.Fatal(err)
	}
	checkSumsWithin(t, d, int64(1+len(d.Lines))) // VAT comes back line by line
	want := []invoice.VAT{{Category: invoice.Standard, VATPerMill: 200, Base: 50_00, Tax: 10_00}, {Category: invoice.Standard, VATPerMill: 55, Base: 47_30, Tax: 2_60}}
	if !reflect.DeepEqual(d.VAT, want) || d.Totals.Gross != 109_90 || d.Type != invoice.TypeCreditNote || d.Process != "B1" {
		t.Errorf("VAT %+v, totals %+v", d.VAT, d.Totals)
	}
	first, second := d.Lines[0], d.Lines[1]
	if first.Name != "Étagère" || first.Description != "Réduction sur la ligne 1 de la facture INV-2026-AB12CD-000003" || first.Quantity != invoice.One || first.Gross != 60_00 || first.ID != "1" {
		t.Errorf("an amount: %+v", first)
	}
	if second.Name != "Atlas" || second.Quantity != invoice.One || second.UnitGross != 49_90 || second.Net != 47_30 || second.NetPrice.String() != "47.30" || second.Credits != "2" {
		t.Errorf("a quantity: %+v", second)
	}
}

// 23.97 were paid for 24.97: what comes back is what was paid for it.
func TestALineComesBackWithoutItsDiscount(t *testing.T) {
	t.Parallel()
	o := order(invoicetest.Item("Livre", 1, 9_99, 200), invoicetest.Item("Disque", 1, 9_99, 200), invoicetest.Item("Pain", 1, 4_99, 55))
	o.Discount = 1_00
	of := issue(t, invoicetest.Settings(), o)
	bread, err := creditLines(of, nil, invoice.CreditItem{Line: 3, Quantity: invoice.One})
	if err != nil {
		t.Fatal(err)
	}
	if bread.Totals.Gross != 4_79 || bread.Totals.Tax != 25 || bread.Lines[0].UnitGross != 4_79 {
		t.Errorf("totals %+v, line %+v", bread.Totals, bread.Lines[0])
	}
	rest, err := creditLines(of, []invoice.Document{bread}, invoice.CreditItem{Line: 1, Quantity: invoice.One}, invoice.CreditItem{Line: 2, Quantity: invoice.One})
	if err != nil || rest.Totals.Gross != 19_18 || rest.Totals.Tax != 3_20 {
		t.Errorf("the rest: %+v, %v", rest.Totals, err)
	}
}

// A price reduction leaves less to give back for the same units, and the last unit takes exactly the rest.
func TestAUnitIsWorthItsShareOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	of := issue(t, invoicetest.Settings(), order(invoicetest.Item("Chaise", 3, 10_00, 200)))
	var earlier []invoice.Document
	for i, c := range []struct {
		item invoice.CreditItem
		want money.Cents
	}{
		{invoice.CreditItem{Line: 1, Amount: 10_00}, 10_00},
		{invoice.CreditItem{Line: 1, Quantity: invoice.One}, 6_67},
		{invoice.CreditItem{Line: 1, Quantity: 2 * invoice.One}, 13_33},
	} {
		d, err := creditLines(of, earlier, c.item)
		if err != nil || d.Totals.Gross != c.want {
			t.Fatalf("%d: %s, %v", i, d.Totals.Gross, err)
		}
		checkSumsWithin(t, d, int64(1+len(d.Lines))) // VAT comes back line by line
		earlier = append(earlier, d)
	}
	var much invoice.LineTooMuch
	if _, err := creditLines(of, earlier, invoice.CreditItem{Line: 1, Amount: 1}); !errors.As(err, &much) || much != (invoice.LineTooMuch{Line: 1}) {
		t.Errorf("after all: %v", err)
	}
}

func TestInvalidItemsOfACreditNoteAreRefused(t *testing.T) {
	t.Parallel()
	of := invoicetest.Find("b2b")
	for want, items := range map[string][]invoice.CreditItem{
		"items":             nil,
		"items[0].line":     {{Line: 4, Amount: 1}},
		"items[1].line":     {{Line: 1, Amount: 1}, {Line: 1, Amount: 1}},
		"items[0]":          {{Line: 1}},
		"items[1]":          {{Line: 1, Amount: 1}, {Line: 2, Amount: 1, Quantity: 1}},
		"items[0].quantity": {{Line: 3, Quantity: 1}}, // 0.0001 m at 4.15
		"items[0].amount":   {{Line: 1, Amount: -1}},
	} {
		if _, err := creditLines(of, nil, items...); fields(t, err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := creditLines(of, nil, invoice.CreditItem{Line: 1, Quantity: -1}); fields(t, err) != "items[0].quantity" {
		t.Errorf("a negative quantity: %v", err)
	}
	if _, err := invoice.CreditLines("CN-1", "2026-12-01", of, nil, []invoice.CreditItem{{Line: 1, Amount: 1}}, "a\x00b"); fields(t, err) != "reason" {
		t.Errorf("reason: %v", err)
	}
	for _, it := range []invoice.CreditItem{{Line: 1, Amount: 599_98}, {Line: 1, Quantity: 3*invoice.One + 1}} {
		var much invoice.LineTooMuch
		if _, err := creditLines(of, nil, it); !errors.As(err, &much) || much != (invoice.LineTooMuch{Line: 1, Left: 599_97, Units: 3 * invoice.One}) {
			t.Errorf("too much: %v", err)
		}
	}
	var e *errs.Error
	if _, err := creditLines(invoicetest.Find("credit-partial"), nil, invoice.CreditItem{Line: 1, Amount: 1}); err == nil || errors.As(err, &e) {
		t.Errorf("a credit note of a credit note: %v", err)
	}
}

// genItems returns what to credit of some lines; it may be too much.
func genItems(t *rapid.T, of invoice.Document) []invoice.CreditItem {
	var items []invoice.CreditItem
	for i, l := range of.Lines {
		switch rapid.IntRange(0, 3).Draw(t, "line "+l.ID) {
		case 0:
			items = append(items, invoice.CreditItem{Line: i + 1, Amount: money.Cents(rapid.Int64Range(1, int64(l.Gross)).Draw(t, "amount"))})
		case 1:
			items = append(items, invoice.CreditItem{Line: i + 1, Quantity: invoice.Quantity(rapid.Int64Range(1, int64(l.Quantity)).Draw(t, "quantity"))})
		}
	}
	return items
}

// Lines and sums are credited in any order. Of no line more comes back than was invoiced, in money or in units, nor at any rate;
// all the rest comes back at the end; and the VAT of what came back is that of its rate.
func TestOfNoLineMoreIsCreditedThanWasInvoiced(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of, left := genInvoice(t)
		var earlier []invoice.Document
		refused := 0
		for range rapid.IntRange(1, 8).Draw(t, "notes") {
			if left > 1 && rapid.IntRange(0, 3).Draw(t, "in proportion") == 0 {
				d, err := invoice.Credit("CN-1", "2026-11-22", of, earlier, money.Cents(rapid.Int64Range(1, int64(left)).Draw(t, "sum")), "")
				if err != nil {
					t.Fatal(err)
				}
				earlier, left = append(earlier, d), left-d.Totals.Gross
			}
			items := genItems(t, of)
			d, err := creditLines(of, earlier, items...)
			var much invoice.LineTooMuch
			var invalid *errs.Error
			switch {
			case errors.As(err, &much):
				checkLineIsUsedUp(t, of, earlier, items, much)
				refused++
				continue
			case errors.As(err, &invalid):
				continue // nothing, or less than one cent
			case err != nil:
				t.Fatal(err)
			}
			checkSumsWithin(t, d, int64(1+len(d.Lines))) // VAT comes back line by line
			earlier, left = append(earlier, d), left-d.Totals.Gross
			checkWithin(t, of, earlier, false)
			checkLines(t, of, earlier)
		}
		if left > 0 {
			d, err := invoice.Credit("CN-1", "2026-11-22", of, earlier, left, "")
			if err != nil {
				t.Fatal(err)
			}
			earlier = append(earlier, d)
		}
		checkWithin(t, of, earlier, true)
		for i := range of.Lines {
			if _, err := creditLines(of, earlier, invoice.CreditItem{Line: i + 1, Amount: 1}); err == nil {
				t.Fatalf("line %d is credited again", i+1)
			}
		}
	})
}

// checkLines: what the notes name of a line is at most the line.
func checkLines(t rapid.TB, of invoice.Document, notes []invoice.Document) {
	t.Helper()
	gross, units := map[string]money.Cents{}, map[string]invoice.Quantity{}
	for _, d := range notes {
		for _, l := range d.Lines {
			gross[l.Credits] += l.Gross
			units[l.Credits] += l.Returned
			if off := l.Gross - l.Net - roundDiv(int64(l.Gross)*int64(l.VATPerMill), 1000+int64(l.VATPerMill)); off < -3 || off > 3 {
				t.Fatalf("line %s: %s of VAT in %s at %s", l.Name, l.Gross-l.Net, l.Gross, l.VATPerMill)
			}
		}
	}
	for _, l := range of.Lines {
		if gross[l.ID] > l.Gross || units[l.ID] > l.Quantity {
			t.Fatalf("line %s: credited %s and %s units of %s and %s", l.ID, gross[l.ID], units[l.ID], l.Gross, l.Quantity)
		}
	}
}

// checkLineIsUsedUp: a refusal is right, because the rest that it names is less than what was asked for, and can be credited.
func checkLineIsUsedUp(t rapid.TB, of invoice.Document, earlier []invoice.Document, items []invoice.CreditItem, much invoice.LineTooMuch) {
	t.Helper()
	for _, it := range items {
		if it.Line == much.Line && it.Amount <= much.Left && it.Quantity <= much.Units && much.Left > 0 {
			t.Fatalf("%+v is refused with %+v", it, much)
		}
	}
	if much.Left == 0 {
		return
	}
	d, err := creditLines(of, earlier, invoice.CreditItem{Line: much.Line, Amount: much.Left})
	if err != nil || d.Totals.Gross != much.Left {
		t.Fatalf("the rest of line %s: %v", strconv.Itoa(much.Line), err)
	}
}
