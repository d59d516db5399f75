package pdf

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Wrap breaks a text into lines of at most that width: at its line breaks, at spaces, and within words that are longer than a
// line. Letters and combining accents are composed, as the font requires. Nothing is cut. An empty text has no lines.
func (c *Canvas) Wrap(s Style, width int, text string) (lines []string) {
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

func (c *Canvas) paragraph(s Style, width int, text string) (lines []string) {
	line, used, blank := "", 0, c.Width(s, " ")
	for _, word := range strings.Split(text, " ") {
		w := c.Width(s, word)
		if line != "" && used+blank+w <= width {
			line, used = line+" "+word, used+blank+w
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for w > width {
			head := c.head(s, width, word)
			lines, word = append(lines, head), word[len(head):]
			w = c.Width(s, word)
		}
		line, used = word, w
	}
	return append(lines, line)
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
