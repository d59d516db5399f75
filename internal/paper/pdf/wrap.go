package pdf

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Line is a line of a text. Spaced is true if a space or the end of a paragraph follows it, and not the rest of a word.
type Line struct {
	Text   string
	Spaced bool
}

// Wrap breaks a text into lines of at most that width: at its line breaks, at spaces, between the letters of Chinese and Japanese,
// and within words that are longer than a line. Letters and combining accents are composed, as the font requires. Nothing is cut. An
// empty text has no lines.
func (c *Canvas) Wrap(s Style, width int, text string) (lines []string) {
	for _, l := range c.Lines(s, width, text) {
		lines = append(lines, l.Text)
	}
	return lines
}

// Lines is Wrap with what follows each line, for a text that is to be read in one piece.
func (c *Canvas) Lines(s Style, width int, text string) (lines []Line) {
	text = strings.TrimSpace(lineEnds.Replace(norm.NFC.String(text)))
	if text == "" {
		return nil
	}
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, c.paragraph(s, width, paragraph)...)
	}
	return lines
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ")

func (c *Canvas) paragraph(s Style, width int, text string) (lines []Line) {
	line, used, blank := "", 0, c.Width(s, " ")
	for _, p := range split(text) {
		w, gap, between := c.Width(s, p.text), 0, ""
		if p.spaced {
			gap, between = blank, " "
		}
		if line != "" && used+gap+w <= width {
			line, used = line+between+p.text, used+gap+w
			continue
		}
		if line != "" {
			lines = append(lines, Line{line, p.spaced})
		}
		word := p.text
		for w > width {
			head := c.head(s, width, word)
			lines, word = append(lines, Line{head, false}), word[len(head):]
			w = c.Width(s, word)
		}
		line, used = word, w
	}
	return append(lines, Line{line, true})
}

// piece is a part of a text before which a line may be broken. spaced is true if a space comes before it.
type piece struct {
	text   string
	spaced bool
}

// split splits a text at its spaces, and between the letters of Chinese and Japanese, which are written without spaces.
func split(text string) (pieces []piece) {
	for i, word := range strings.Split(text, " ") {
		spaced, start, before := i > 0, 0, rune(0)
		for at, r := range word {
			if (r >= firstWide || before >= firstWide) && breaks(before, r) {
				pieces = append(pieces, piece{word[start:at], spaced})
				spaced, start = false, at
			}
			before = r
		}
		pieces = append(pieces, piece{word[start:], spaced})
	}
	return pieces
}

// firstWide is the first character of Chinese and Japanese.
const firstWide = 0x2E80

// breaks reports whether a line may end between two characters: beside an ideograph or a kana, but not after an opening bracket,
// and not before other punctuation, a lengthening mark or a repetition mark.
func breaks(before, r rune) bool {
	return before != 0 && (unspaced(before) || unspaced(r)) && !unicode.In(before, unicode.Ps, unicode.Pi) &&
		!unicode.In(r, unicode.Pe, unicode.Pf, unicode.Po, unicode.Lm, unicode.M)
}

func unspaced(r rune) bool {
	return r >= firstWide && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo) || unicode.IsPunct(r))
}

// head returns as much of a word as fits, at least one character.
func (c *Canvas) head(s Style, width int, word string) string {
	used := 0
	for i, r := range word {
		used += c.subset(s.Bold).Font.Width(string(r)) * s.Size
		if i > 0 && used > width*1000 {
			return word[:i]
		}
	}
	return word
}
