package payment

import (
	"strings"
	"testing"
)

func TestBankLabel(t *testing.T) {
	for description, want := range map[string]string{
		"Order #1042":                "Order 1042",
		"Café Noël à Évry":           "Cafe Noel a Evry",
		"pdng/done - Test":           "pdng/done - Test",
		"a\tb\nc  d":                 "a b c d",
		"☕":                          "Payment",
		"":                           "Payment",
		strings.Repeat("abcde ", 40): strings.TrimSpace(strings.Repeat("abcde ", 40)[:140]),
	} {
		if got := BankLabel(description); got != want {
			t.Errorf("BankLabel(%q) = %q, want %q", description, got, want)
		}
	}
}

func TestBankName(t *testing.T) {
	for name, want := range map[string]string{
		"Café de l'Été":           "Cafe de l'Ete",
		strings.Repeat("ab ", 30): strings.TrimSpace(strings.Repeat("ab ", 30)[:70]),
		"":                        "",
	} {
		if got := BankName(name); got != want {
			t.Errorf("BankName(%q) = %q, want %q", name, got, want)
		}
	}
}
