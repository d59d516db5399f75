package invoice

import (
	"testing"

	"european-pay.eu/eupay/internal/money"
)

func TestTheExampleOfTheREADME(t *testing.T) {
	t.Parallel()
	d := Document{Lines: []Line{
		{Quantity: One, UnitGross: 9_99, Category: Standard, VATPerMill: 200},
		{Quantity: One, UnitGross: 9_99, Category: Standard, VATPerMill: 200},
		{Quantity: One, UnitGross: 4_99, Category: Standard, VATPerMill: 55},
	}}
	d.price(1_00, false)
	if d.Totals != (Totals{LineNet: 21_38, Allowances: 86, Net: 20_52, Tax: 3_45, Gross: 23_97, Due: 23_97}) {
		t.Errorf("totals %+v", d.Totals)
	}
	for i, want := range []money.Cents{8_32, 8_33, 4_73} {
		if d.Lines[i].Net != want {
			t.Errorf("line %d is %s net", i+1, d.Lines[i].Net)
		}
	}
	want := [][4]money.Cents{{15_98, 3_20, 80, 67}, {4_54, 25, 20, 19}}
	for i, w := range want {
		if got := [4]money.Cents{d.VAT[i].Base, d.VAT[i].Tax, d.Allowances[i].Gross, d.Allowances[i].Net}; got != w {
			t.Errorf("rate %d: base, VAT, discount, allowance are %v", d.VAT[i].VATPerMill, got)
		}
	}
}
