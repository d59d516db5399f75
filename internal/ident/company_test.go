package ident

import "testing"

func TestNumbersOfCompanies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what  func(string) bool
		value string
		want  bool
	}{
		{IsSIREN, "732829320", true},
		{IsSIREN, "356000000", true},
		{IsSIREN, "732829321", false},
		{IsSIREN, "552100554", true},
		{IsSIREN, "372829320", false},
		{IsSIREN, "000000000", false},
		{IsSIREN, "7328293200", false},
		{IsSIREN, "73282932O", false},
		{IsSIREN, "", false},
		{IsSIREN, "73282932", false},
		{IsSIREN, "73282932a", false},
		{IsSIREN, "٧٣٢٨٢٩٣٢٠", false},
		{IsSIRET, "73282932000074", true},
		{IsSIRET, "73282932000075", false},
		{IsSIRET, "35600000000048", true}, // Luhn
		{IsSIRET, "35600000049837", true}, // sum of digits
		{IsSIRET, "35600000049838", false},
		{IsSIRET, "", false},
		{IsVATNumber, "FR44732829320", true},
		{IsVATNumber, "FR83404833048", true},
		{IsVATNumber, "FR44732829321", false},
		{IsVATNumber, "FR45732829320", false},
		{IsVATNumber, "fr44732829320", false},
		{IsVATNumber, "44732829320", false},
		{IsVATNumber, "", false},
	} {
		if got := c.what(c.value); got != c.want {
			t.Errorf("%q: %v", c.value, got)
		}
	}
}
