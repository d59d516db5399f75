// Package text holds what the pages say, in every language they speak.
package text

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

//go:embed en/*.json fr/*.json
var files embed.FS

// Codes of the languages, the default first.
var Codes = []string{"en", "fr"}

// Language is what one language says and how it writes numbers and dates.
type Language struct {
	// Code is that of ISO 639-1.
	Code    string
	phrases map[string]string
	form    forms
}

// Catalog holds all languages.
type Catalog map[string]*Language

// Load reads the phrases of every language.
func Load() (Catalog, error) {
	c := make(Catalog, len(Codes))
	for _, code := range Codes {
		phrases, err := read(code)
		if err != nil {
			return nil, err
		}
		c[code] = &Language{Code: code, phrases: phrases, form: formsOf[code]}
	}
	return c, nil
}

func read(code string) (map[string]string, error) {
	names, err := fs.Glob(files, code+"/*.json")
	if err != nil {
		return nil, fmt.Errorf("list the phrases: %w", err)
	}
	all := make(map[string]string)
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the phrases: %w", err)
		}
		var some map[string]string
		if err := json.Unmarshal(raw, &some); err != nil {
			return nil, fmt.Errorf("read the phrases in %s: %w", name, err)
		}
		room := strings.TrimSuffix(path.Base(name), ".json") + "."
		for key, phrase := range some {
			all[room+key] = phrase
		}
	}
	return all, nil
}

// Choose is the language for a reader: the one that was chosen before, or the first that the browser's header Accept-Language names.
func (c Catalog) Choose(chosen, accept string) *Language {
	if l, ok := c[chosen]; ok {
		return l
	}
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		code, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if l, ok := c[code]; ok {
			return l
		}
	}
	return c[Codes[0]]
}

// Keys are all keys of the language.
func (l *Language) Keys() map[string]string { return l.phrases }

// Has reports whether there is a phrase with that key.
func (l *Language) Has(key string) bool {
	_, ok := l.phrases[key]
	return ok
}

// T is the phrase of a key: the file's name, a dot and its key there. Each pair of further arguments replaces {name} by a value. A key
// that does not exist is shown as it is; a test finds it.
func (l *Language) T(key string, pairs ...any) string {
	phrase, ok := l.phrases[key]
	if !ok {
		return key
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		phrase = strings.ReplaceAll(phrase, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return phrase
}

// N is T for a number of things: the phrase of key.one or key.other, in which {n} is the number.
func (l *Language) N(key string, n int, pairs ...any) string {
	form := ".other"
	if l.form.one(n) {
		form = ".one"
	}
	return l.T(key+form, append([]any{"n", l.Number(n)}, pairs...)...)
}

// Or is the phrase of key or, where there is none, other: for values that the API may add.
func (l *Language) Or(key, other string) string {
	if l.Has(key) {
		return l.T(key)
	}
	return other
}

// Amount writes euros: 1 234,50 € or €1,234.50.
func (l *Language) Amount(a eupay.Amount) string {
	sign, cents := "", int64(a)
	if cents < 0 {
		sign, cents = "−", -cents
	}
	return sign + l.form.euros(l.grouped(cents/100), fmt.Sprintf("%02d", cents%100))
}

// Decimal writes the point of a plain number as the language does, for fields of forms: 29,99.
func (l *Language) Decimal(number string) string {
	return strings.Replace(number, ".", l.form.point, 1)
}

// localTime is how browsers write a day and a time in a field.
const localTime = "2006-01-02T15:04"

// Local writes a moment for a field with a day and a time; empty when there is none.
func (l *Language) Local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(localTime)
}

// ParseLocal reads such a field.
func (l *Language) ParseLocal(text string) (time.Time, error) {
	return time.ParseInLocation(localTime, text, zone)
}

// Number writes a whole number with its thousands apart.
func (l *Language) Number(n int) string {
	if n < 0 {
		return "−" + l.grouped(int64(-n))
	}
	return l.grouped(int64(n))
}

func (l *Language) grouped(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + l.form.group + digits[i:]
	}
	return digits
}

// Percent writes a share of 0 to 1 with one digit after the point.
func (l *Language) Percent(share float64) string {
	return strings.Replace(fmt.Sprintf("%.1f", share*100), ".", l.form.point, 1) + l.form.percent
}

// Rate writes a rate that is given in hundredths of a percent, without zeros at its end: 10%, 5.5%.
func (l *Language) Rate(hundredths eupay.Amount) string {
	digits := strings.TrimSuffix(strings.TrimRight(hundredths.String(), "0"), ".")
	return l.Decimal(digits) + l.form.percent
}

// Date writes a day: 3 Jan 2026.
func (l *Language) Date(t time.Time) string {
	t = t.In(zone)
	return fmt.Sprintf("%d %s %d", t.Day(), l.form.months[t.Month()-1], t.Year())
}

// DateTime writes a day and a time: 3 Jan 2026, 14:05.
func (l *Language) DateTime(t time.Time) string {
	t = t.In(zone)
	return l.Date(t) + l.form.at + t.Format("15:04")
}

// Clock writes a time of day with its seconds.
func (l *Language) Clock(t time.Time) string { return t.In(zone).Format("15:04:05") }

// Hour writes the hour of a day: 14:00.
func (l *Language) Hour(t time.Time) string { return t.In(zone).Format("15:04") }

// Span writes how long something took: 850 ms, 4.2 s, 1 min 8 s, 30 min, 2 h, 5 d.
func (l *Language) Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return strings.Replace(fmt.Sprintf("%.1f s", d.Seconds()), ".", l.form.point, 1)
	case d < 10*time.Minute && d%time.Minute >= time.Second:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d %s", int(d.Hours()/24), l.form.day)
	}
}
