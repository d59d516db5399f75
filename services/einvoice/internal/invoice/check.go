package invoice

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/paper/font"
	"european-pay.eu/eupay/internal/refuse"
)

// The maximum lengths of texts, in characters.
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

// problems collects all problems, so that the caller can fix them at once.
type problems struct {
	refuse.Problems
	// stored is true for texts that were accepted earlier, maybe before characters without a glyph were refused. The page shows a
	// mark for these.
	stored bool
}

// text requires one line of at most that many visible characters, and at least one if it is required.
func (p *problems) text(field, value string, most int, required bool) {
	p.lines(field, value, most, required)
	if strings.Contains(value, "\n") {
		p.Add(field, "must be one line")
	}
}

// lines validates a text that may have several lines.
func (p *problems) lines(field, value string, most int, required bool) {
	switch {
	case value == "" && required:
		p.Add(field, "is required")
	case !utf8.ValidString(value):
		p.Add(field, "must be UTF-8")
	case required && !strings.ContainsFunc(value, visible):
		p.Add(field, "must have at least one visible character")
	case utf8.RuneCountInString(value) > most:
		p.Add(field, "must have at most %d characters", most)
	case strings.Count(value, "\n") >= maxLines:
		p.Add(field, "must have at most %d lines", maxLines)
	case strings.ContainsFunc(value, forbidden):
		p.Add(field, "must not contain control characters")
	case !p.stored:
		p.printed(field, value)
	}
}

// printed requires that the page can show every character: it must say what the XML says.
func (p *problems) printed(field, value string) {
	if r, is := font.Unprinted(value); is {
		p.Add(field, "must not contain %q (%U), which the PDF cannot show: leave it out, or write it in Latin letters", r, r)
	}
}

// visible reports whether the character is a visible letter, digit or sign. Unicode classifies fillers as letters, but they are
// invisible.
func visible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// forbidden reports whether the character is a control character, cannot be represented in XML, or changes the direction of the
// text around it.
func forbidden(r rune) bool {
	return (unicode.IsControl(r) && r != '\n') || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point)
}

func (p *problems) email(field, value string, required bool) {
	switch {
	case value == "" && required:
		p.Add(field, "is required")
	case value != "" && !validEmail(value):
		p.Add(field, "must be an email address such as name@example.com, with at most %d characters", maxEmail)
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

// trim removes the spaces around a text, and the invisible characters in it: joiners, soft hyphens and variation selectors, which
// come with texts copied from web pages. Marks of direction stay, and are refused; so does what is not UTF-8.
func trim(s string) string {
	if !utf8.ValidString(s) {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf, unicode.Variation_Selector) && !unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s))
}

// oneLine trims a text and puts it on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(trim(s)), " ") }

var lineEnds = strings.NewReplacer("\r\n", "\n", "\t", " ")

// block trims a text of several lines, normalises line ends, and replaces tabs with spaces, which documents do not preserve.
func block(s string) string {
	return trim(lineEnds.Replace(s))
}
