package invoice

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/refuse"
)

// The longest texts that are taken, in characters.
const (
	maxName        = 200
	maxDescription = 1000
	maxNotes       = 2000
	maxLines       = 50
	maxReference   = 100
	maxSentence    = 1000
	maxPostCode    = 20
	maxPhone       = 30
)

// problems collects everything that is wrong, so that the caller can mend it at once.
type problems struct{ refuse.Problems }

// text wants at most that many visible characters on one line, and at least one where it is required.
func (p *problems) text(field, value string, most int, required bool) {
	p.lines(field, value, most, required)
	if strings.Contains(value, "\n") {
		p.Add(field, "must be one line")
	}
}

// lines is text that may have several lines.
func (p *problems) lines(field, value string, most int, required bool) {
	switch {
	case value == "" && required:
		p.Add(field, "is required")
	case !utf8.ValidString(value):
		p.Add(field, "must be UTF-8")
	case required && !strings.ContainsFunc(value, visible):
		p.Add(field, "must have a character that can be seen")
	case utf8.RuneCountInString(value) > most:
		p.Add(field, "must have at most %d characters", most)
	case strings.Count(value, "\n") >= maxLines:
		p.Add(field, "must have at most %d lines", maxLines)
	case strings.ContainsFunc(value, unfit):
		p.Add(field, "must not contain control characters")
	}
}

// visible characters are letters, digits and signs. Fillers are letters to Unicode, and nothing on paper.
func visible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// unfit characters are control characters, those that XML forbids, and those that turn the direction of the text around them.
func unfit(r rune) bool {
	return (unicode.IsControl(r) && r != '\n') || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point)
}

func (p *problems) email(field, value string, required bool) {
	switch {
	case value == "" && required:
		p.Add(field, "is required")
	case value != "" && !validEmail(value):
		p.Add(field, "must be an e-mail address such as name@example.com, with at most %d characters", maxEmail)
	}
}

var phoneForm = regexp.MustCompile(`^[0-9+(). /-]+$`)

func (p *problems) phone(field, value string) {
	if value != "" && (len(value) > maxPhone || !phoneForm.MatchString(value)) {
		p.Add(field, "must be a telephone number of at most %d characters", maxPhone)
	}
}

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

func (p *problems) address(field string, a Address, required bool) {
	p.text(field+".street", a.Street, maxName, required)
	p.text(field+".more", a.More, maxName, false)
	p.text(field+".post_code", a.PostCode, maxPostCode, required)
	p.text(field+".city", a.City, maxName, required)
	if !countryForm.MatchString(a.Country) || !countries[a.Country] {
		p.Add(field+".country", "must be a country code of two capital letters (ISO 3166-1), such as FR")
	}
}

// oneLine trims a text and puts it on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// block trims a text of several lines, ends each in the same way, and has spaces for tabs, which no document keeps.
func block(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\t", " ").Replace(s))
}
