package text

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T) Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var hole = regexp.MustCompile(`\{[a-z_]+\}`)

func holes(phrase string) []string {
	found := hole.FindAllString(phrase, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// ofTheAPI are the rooms for what the API says itself in the default language.
func ofTheAPI(key string) bool {
	return strings.HasPrefix(key, "code.") || strings.HasPrefix(key, "field.") || strings.HasPrefix(key, "refusal.")
}

func TestAllLanguagesSayTheSame(t *testing.T) {
	c := load(t)
	for _, from := range Codes {
		for _, to := range Codes {
			for key, phrase := range c[from].phrases {
				if ofTheAPI(key) {
					continue
				}
				other, ok := c[to].phrases[key]
				switch {
				case !ok:
					t.Errorf("%s: %q is missing", to, key)
				case !slices.Equal(holes(phrase), holes(other)):
					t.Errorf("%q: %v in %s, %v in %s", key, holes(phrase), from, holes(other), to)
				case strings.TrimSpace(other) == "":
					t.Errorf("%s: %q is empty", to, key)
				}
			}
		}
	}
}

// called finds the keys that templates and code name as they stand, such as {{t "nav.home"}} and Text.T("nav.home").
var called = regexp.MustCompile(`(?:\bt|\.T|\bn|\.N) "?\(?"([a-z_]+\.[A-Za-z0-9_.]+)"`)

func TestEveryPhraseThatIsNamedExists(t *testing.T) {
	c := load(t)
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".html" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range called.FindAllStringSubmatch(strings.ReplaceAll(string(raw), "T(\"", "T \""), -1) {
			seen++
			key := m[1]
			if !strings.HasSuffix(key, ".") && !c["en"].Has(key) && !c["en"].Has(key+".one") {
				t.Errorf("%s: no phrase %q", path, key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d phrases found: has the form of the calls changed?", seen)
	}
}

func TestNumbersAndDates(t *testing.T) {
	c := load(t)
	at := time.Date(2026, 8, 3, 22, 5, 0, 0, time.UTC)
	for name, got := range map[string][2]string{
		"amount en":   {c["en"].Amount(123456789), "€1,234,567.89"},
		"amount fr":   {c["fr"].Amount(123456789), "1\u202f234\u202f567,89\u00a0€"},
		"negative":    {c["en"].Amount(-5), "−€0.05"},
		"date en":     {c["en"].DateTime(at), "4 Aug 2026, 00:05"},
		"date fr":     {c["fr"].DateTime(at), "4 août 2026 à 00:05"},
		"percent fr":  {c["fr"].Percent(0.987), "98,7\u202f%"},
		"rate en":     {c["en"].Rate(1000), "10%"},
		"rate fr":     {c["fr"].Rate(550), "5,5\u202f%"},
		"span":        {c["fr"].Span(1500 * time.Millisecond), "1,5 s"},
		"accept":      {c.Choose("", "de-DE,fr;q=0.8,en;q=0.5").Code, "fr"},
		"chosen":      {c.Choose("en", "fr").Code, "en"},
		"none fits":   {c.Choose("xx", "de").Code, "en"},
		"missing key": {c["en"].T("no.such"), "no.such"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %q, want %q", name, got[0], got[1])
		}
	}
}
