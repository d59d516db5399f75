package push

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/money"
)

func TestTheSettingsArePairedAndStrict(t *testing.T) {
	t.Parallel()
	if k, err := NewKey("", ""); k != nil || err != nil {
		t.Errorf("without settings: %v, %v", k, err)
	}
	for _, subject := range []string{subject, "https://example.com/contact"} {
		if k, err := NewKey(private, subject); err != nil || k.public != public {
			t.Errorf("%s: %v, %v", subject, k, err)
		}
	}
	order, err := b64.DecodeString("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE") // of the group: one too high
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ private, subject string }{
		"key alone":       {private, ""},
		"subject alone":   {"", subject},
		"zero":            {b64.EncodeToString(make([]byte, 32)), subject},
		"too high":        {b64.EncodeToString(order), subject},
		"31 bytes":        {b64.EncodeToString(make([]byte, 31)), subject},
		"padded":          {private + "=", subject},
		"line break":      {private + "\n", subject},
		"hex":             {strings.Repeat("a1", 32), subject},
		"bare address":    {private, "ops@example.com"},
		"no address":      {private, "mailto:ops"},
		"a name":          {private, "mailto:Ops <ops@example.com>"},
		"http":            {private, "http://example.com"},
		"no host":         {private, "https:///contact"},
		"with a password": {private, "https://u:p@example.com"},
	} {
		if _, err := NewKey(c.private, c.subject); err == nil {
			t.Errorf("%s was taken", name)
		} else if c.private != "" && strings.Contains(err.Error(), c.private) {
			t.Errorf("%s: the message shows the key", name)
		}
	}
}

func TestAmountsForPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   money.Cents
		currency string
		want, fr string
	}{
		{999, "EUR", "€9.99", "9,99\u00a0€"},
		{5, "EUR", "€0.05", "0,05\u00a0€"},
		{100_000, "EUR", "€1,000.00", "1\u202f000,00\u00a0€"},
		{99_999, "EUR", "€999.99", "999,99\u00a0€"},
		{123_450, "EUR", "€1,234.50", "1\u202f234,50\u00a0€"},
		{123_456_789_01, "EUR", "€123,456,789.01", "123\u202f456\u202f789,01\u00a0€"},
		{-123_450, "EUR", "-€1,234.50", "-1\u202f234,50\u00a0€"},
		{123_450, "CHF", "1,234.50 CHF", "1\u202f234,50\u00a0CHF"},
	} {
		if got := formatAmount(c.amount, c.currency, english); got != c.want {
			t.Errorf("%d: %s, want %s", c.amount, got, c.want)
		}
		if got := formatAmount(c.amount, c.currency, french); got != c.fr {
			t.Errorf("%d: %q, want %q", c.amount, got, c.fr)
		}
	}
}
