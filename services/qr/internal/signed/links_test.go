package signed

import (
	"errors"
	"strings"
	"testing"
)

func links(t testing.TB, base string, old ...string) *Links {
	t.Helper()
	l, err := NewLinks(base, old...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEveryFormOfACodeIsRead(t *testing.T) {
	t.Parallel()
	l := links(t, "https://www.european-pay.fr/", "https://pay.example/eu")
	for _, scanned := range []string{
		l.HTTPS("eyJ_-x"), l.Deep("eyJ_-x"), "eyJ_-x", " eyJ_-x\n", "https://www.european-pay.fr/pay?data=eyJ_-x", "https://european-pay.fr/pay?data=eyJ_-x",
		"HTTPS://WWW.European-Pay.FR/pay?data=eyJ_-x", "https://european-pay.fr/pay/?data=eyJ_-x", "https://european-pay.fr/pay?utm_source=print&data=eyJ_-x#top",
		"https://www.pay.example/eu/pay?data=eyJ_-x", "eupay://pay?data=eyJ_-x", "eupay://pay/?data=eyJ_-x", "https://european-pay.fr/pay?data=eyJ%5F-x",
	} {
		if got, err := l.Data(scanned); err != nil || got != "eyJ_-x" {
			t.Errorf("%q: got %q, %v", scanned, got, err)
		}
	}
}

func TestLinksToOtherPlacesAreForeign(t *testing.T) {
	t.Parallel()
	l := links(t, "https://www.european-pay.fr")
	for _, scanned := range []string{
		"", " ", "https://evil.example/pay?data=eyJ", "http://european-pay.fr/pay?data=eyJ", "https://european-pay.fr.evil.example/pay?data=eyJ",
		"https://www.european-pay.fr@evil.example/pay?data=eyJ", "https://you@european-pay.fr/pay?data=eyJ", "https://european-pay.fr:8443/pay?data=eyJ",
		"https://www.www.european-pay.fr/pay?data=eyJ", "https://european-pay.fr/order?data=eyJ", "https://european-pay.fr/pay", "https://european-pay.fr/pay?data=a&data=b",
		"https://european-pay.fr/pay?Data=eyJ", "https://european-pay.fr/pay?data=%zz", "//european-pay.fr/pay?data=eyJ", "eupay:pay?data=eyJ", "eupay://send?data=eyJ",
		"javascript:pay?data=eyJ", "https://european-pay.fr/pay?data=" + strings.Repeat("x", maxScanned), "https://[::1/pay?data=eyJ",
	} {
		if got, err := l.Data(scanned); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: got %q, %v", scanned, got, err)
		}
	}
}

func TestBadSitesAreRefused(t *testing.T) {
	t.Parallel()
	for _, site := range []string{"", "pay.example", "ftp://pay.example", "https://pay.example?x=1", "https://pay.example#x", "https://user:secret@pay.example", "https://"} {
		if _, err := NewLinks(site); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", site, err)
		}
		if _, err := NewLinks("https://pay.example", site); err == nil {
			t.Errorf("%q was taken as an old site", site)
		}
	}
}
