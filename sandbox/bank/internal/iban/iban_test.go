package iban

import "testing"

func TestValid(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"FR7630006000011234567890189": true,
		"DE89370400440532013000":      true,
		"BE68539007547034":            true,
		"NL91ABNA0417164300":          true,
		"FR7630006000011234567890188": false, // checksum
		"FR763000600001123456789018":  false, // length
		"DE8937040044053201300x":      false,
		"ZZ89370400440532013000":      false,
		"FR76":                        false,
		"":                            false,
	} {
		if got := Valid(s); got != want {
			t.Errorf("Valid(%q) = %v", s, got)
		}
	}
}

func TestMakeIsValid(t *testing.T) {
	t.Parallel()
	if got := Make("DE", "370400440532013000"); got != "DE89370400440532013000" {
		t.Errorf("Make = %s", got)
	}
	if got := Make("FR", "99990000010000000001042"); !Valid(got) {
		t.Errorf("Make = %s, which is not valid", got)
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	if got := Normalise("fr76 3000 6000"); got != "FR7630006000" {
		t.Error(got)
	}
}
