package einvoiceapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// problems collects the refused fields of one request.
type problems struct{ refuse.Problems }

// line requires at most that many characters on one line; text also permits line breaks and tabs.
func (p *problems) line(field, value string, most int) { p.characters(field, value, most, "") }

func (p *problems) text(field, value string, most int) { p.characters(field, value, most, "\n\r\t") }

func (p *problems) characters(field, value string, most int, also string) {
	bad := func(r rune) bool {
		// Databases and XML documents refuse some of these, and others change the direction in which a line is read.
		return unicode.IsControl(r) && !strings.ContainsRune(also, r) || r == '\uFFFE' || r == '\uFFFF' || unicode.Is(unicode.Bidi_Control, r)
	}
	switch {
	case utf8.RuneCountInString(value) > most:
		p.Add(field, "must have at most %d characters", most)
	case strings.ContainsFunc(value, bad):
		p.Add(field, "must not contain control characters")
	}
}

func (p *problems) required(field, value string) {
	if strings.TrimSpace(value) == "" {
		p.Add(field, "is required")
	}
}

// oneOf requires one of the words, or an empty value.
func (p *problems) oneOf(field, value string, words ...string) {
	if value != "" && !slices.Contains(words, value) {
		p.Add(field, "must be one of %s", strings.Join(words, ", "))
	}
}

// positive requires an amount above zero, or none.
func (p *problems) positive(field string, a web.Amount) {
	if a.Given() && a.Cents() <= 0 {
		p.Add(field, "must be more than 0")
	}
}

// day requires a date, or an empty value.
func (p *problems) day(field, value string) {
	if value == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		p.Add(field, "must be a day such as 2026-06-17")
	}
}

// The maximum number of decimals of a quantity (BR-FR-DEC-02) and of a rate, and of digits before them.
const (
	quantityDecimals = 4
	rateDecimals     = 2
	maxWhole         = 12
)

// quantity and rate are JSON numbers, kept as text: no digit is lost, and no float is involved.
type (
	quantity string
	rate     string
)

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (q *quantity) UnmarshalJSON(raw []byte) error {
	text, err := number(raw, quantityDecimals)
	*q = quantity(text)
	return err
}

// UnmarshalJSON implements json.Unmarshaler. Its errors are Refusals.
func (r *rate) UnmarshalJSON(raw []byte) error {
	text, err := number(raw, rateDecimals)
	*r = rate(text)
	return err
}

// number checks the text of a JSON number: no exponent, and at most that many decimals.
func number(raw []byte, decimals int) (string, error) {
	text := string(raw)
	if text == "null" {
		return "", nil // absent
	}
	first := strings.TrimPrefix(text, "-")
	switch {
	case strings.HasPrefix(text, `"`):
		return "", web.Refusal("must be a number, not a string")
	case first == "" || first[0] < '0' || first[0] > '9' || !json.Valid(raw):
		return "", web.Refusal("must be a number")
	case strings.ContainsAny(text, "eE"):
		return "", web.Refusal("must be written without an exponent")
	}
	whole, fraction, _ := strings.Cut(first, ".")
	switch {
	case len(fraction) > decimals:
		return "", web.Refusal(fmt.Sprintf("must have at most %d decimals", decimals))
	case len(whole) > maxWhole:
		return "", web.Refusal("is out of range")
	}
	return text, nil
}
