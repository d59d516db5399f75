package invoice_test

import (
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// fieldsOf returns the names of the refused fields; none if nothing is refused.
func fieldsOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	return fields(t, err)
}

func issueWith(change func(*invoice.Order)) (invoice.Document, error) {
	o := invoice.Order{Customer: invoicetest.Business(), Items: []invoice.Item{invoicetest.Item("Lampe", 1, 89_99, 200)}}
	change(&o)
	return invoice.New("INV-2026-AB12CD-000001", invoicetest.Issued, invoicetest.Settings(), o)
}

func TestEachReferenceHasItsOwnTerm(t *testing.T) {
	t.Parallel()
	d, err := issueWith(func(o *invoice.Order) {
		o.Reference, o.BuyerReference, o.PurchaseOrder, o.Contract = " ERP-1 ", "SERVICE-7", "PO-9", "C-3"
	})
	want := invoice.References{SellerOrder: "ERP-1", PurchaseOrder: "PO-9", Contract: "C-3"}
	if err != nil || d.BuyerReference != "SERVICE-7" || d.References != want {
		t.Errorf("got %q and %+v, %v", d.BuyerReference, d.References, err)
	}
	c, err := invoice.Credit("CN-2026-AB12CD-000001", invoicetest.Issued, d, nil, 10_00, "")
	if err != nil || c.BuyerReference != "SERVICE-7" || c.References != want {
		t.Errorf("the credit note has %q and %+v, %v", c.BuyerReference, c.References, err)
	}
}

func TestDeliveriesAndPeriods(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*invoice.Order)
		fields string
	}{
		"a day":              {func(o *invoice.Order) { o.Delivered = "2026-11-03" }, ""},
		"a period":           {func(o *invoice.Order) { o.Served = invoice.Period{From: "2026-10-01", To: "2026-10-31"} }, ""},
		"one day of service": {func(o *invoice.Order) { o.Served = invoice.Period{From: "2026-10-01", To: "2026-10-01"} }, ""},
		"no such day":        {func(o *invoice.Order) { o.Delivered = "2026-02-30" }, "delivery_date"},
		"another century":    {func(o *invoice.Order) { o.Delivered = "2016-11-03" }, "delivery_date"},
		"half a period":      {func(o *invoice.Order) { o.Served.From = "2026-10-01" }, "service_period"},
		"backwards":          {func(o *invoice.Order) { o.Served = invoice.Period{From: "2026-10-02", To: "2026-10-01"} }, "service_period.to"},
		"a country":          {func(o *invoice.Order) { o.DeliveryAddress.Country = "XX" }, "delivery_address.country"},
		"a line break":       {func(o *invoice.Order) { o.DeliveryAddress.City = "Ly\non" }, "delivery_address.city"},
		"long references":    {func(o *invoice.Order) { o.BuyerReference, o.Contract = strings.Repeat("x", 101), "a\nb" }, "buyer_reference,contract_reference"},
	} {
		d, err := issueWith(c.change)
		if got := fieldsOf(t, err); got != c.fields {
			t.Errorf("%s: refused %q, want %q", name, got, c.fields)
		}
		if err == nil && d.Delivery == nil && d.Period == nil {
			t.Errorf("%s: it is not in the document", name)
		}
	}
	d, err := issueWith(func(o *invoice.Order) { o.DeliveryAddress.City = "Lyon" })
	if err != nil || d.Delivery.Address.Country != "FR" || d.Delivery.Date != "" {
		t.Errorf("got %+v, %v", d.Delivery, err)
	}
}

func TestUnitsAreWordsOrCodes(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]string{"": "C62", "hour": "HUR", "Hour": "HUR", " kg ": "KGM", "litre": "LTR", "HUR": "HUR", "hur": "HUR", "XPK": "XPK", "H87": "H87"} {
		d, err := issueWith(func(o *invoice.Order) { o.Items[0].Unit = unit })
		if err != nil || d.Lines[0].Unit != want {
			t.Errorf("%q becomes %q, %v", unit, d.Lines[0].Unit, err)
		}
	}
	for _, unit := range []string{"hours and a half", "ZZZ9", "pieces", "€", "\x00"} {
		_, err := issueWith(func(o *invoice.Order) { o.Items[0].Unit = unit })
		if fieldsOf(t, err) != "items[0].unit" {
			t.Errorf("%q: got %v", unit, err)
		}
	}
}

// The list of codes is that of the official rule.
func TestTheUnitsAreThoseOfEN16931(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		t.Skip("EINVOICE_RULES_DIR is not set: the list of units is NOT compared with the official rules")
	}
	rules, err := os.ReadFile(filepath.Join(dir, "EN16931-CII-1.3.16.sch"))
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`id="BR-CL-23"[^']*' '[^']*' ([^']*) '`).FindSubmatch(rules)
	if list == nil {
		t.Fatal("the rule is not there")
	}
	codes := strings.Fields(string(list[1]))
	if len(codes) < 2000 {
		t.Fatalf("%d codes", len(codes))
	}
	for _, code := range codes {
		d, err := issueWith(func(o *invoice.Order) { o.Items[0].Unit = code })
		if err != nil || d.Lines[0].Unit != code {
			t.Errorf("%s becomes %s, %v", code, d.Lines[0].Unit, err)
		}
	}
}

func TestNumbersMayHaveSpaces(t *testing.T) {
	t.Parallel()
	d, err := issueWith(func(o *invoice.Order) {
		o.Customer.SIREN, o.Customer.SIRET, o.Customer.VATNumber = "987 654 324", "987\u00a0654\u202f324 00019", "fr 14 987 654 324"
	})
	if b := d.Buyer; err != nil || b.SIREN != "987654324" || b.SIRET != "98765432400019" || b.VATNumber != "FR14987654324" {
		t.Errorf("got %+v, %v", b, err)
	}
}

// A price of six decimals was up to 0.50 off for a large quantity.
func TestQuantityTimesPriceIsTheLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := invoice.Quantity(rapid.Int64Range(1, 1_000_000*int64(invoice.One)).Draw(t, "quantity"))
		price := money.Cents(rapid.Int64Range(1, 100_00).Draw(t, "price"))
		d, err := issueWith(func(o *invoice.Order) { o.Items[0].Quantity, o.Items[0].UnitPrice = q, price })
		if err != nil {
			return // less than a cent, or more than the limit
		}
		l := d.Lines[0]
		base := l.PriceBase
		if base == 0 {
			base = invoice.One
		}
		total := new(big.Rat).Mul(big.NewRat(int64(q), int64(base)), big.NewRat(int64(l.NetPrice), 10_000))
		off := total.Sub(total, big.NewRat(int64(l.Net), 1))
		if l.Net > 0 && off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%s at %s per %s is %s cents away from %s", q, l.NetPrice, base, off.FloatString(4), l.Net)
		}
	})
	d, err := issueWith(func(o *invoice.Order) { o.Items[0].Quantity, o.Items[0].UnitPrice = 1_000_000*invoice.One, 1 })
	if l := d.Lines[0]; err != nil || l.NetPrice.String() != "0.833333" || l.PriceBase != 100*invoice.One || l.UnitNet().String() != "0.008333" || l.Net != 8333_33 {
		t.Errorf("got %+v, %v", l, err)
	}
}
