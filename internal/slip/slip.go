// Package slip lays out short texts for receipt printers, and writes them in the commands of Star's printers or as plain text. Whatever people typed
// prints as text: no character of it is a command.
package slip

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// Style of a line.
type Style int

// The styles. Big letters are twice as wide and high.
const (
	Normal Style = iota
	Bold
	Big
)

// Slip is a text. Make it with New.
type Slip struct {
	width int
	lines []line
}

type line struct {
	style Style
	text  string
}

// New returns an empty slip for paper with that many normal characters in a line.
func New(width int) *Slip { return &Slip{width: width} }

// Text adds a paragraph, broken between words where it is longer than a line.
func (s *Slip) Text(style Style, text string) {
	width := s.width
	if style == Big {
		width /= 2
	}
	for _, l := range wrap(printable(text), width) {
		s.lines = append(s.lines, line{style, l})
	}
}

// Rule adds a line across.
func (s *Slip) Rule() { s.lines = append(s.lines, line{Normal, strings.Repeat("-", s.width)}) }

// printable composes letters with their accents and replaces what is no visible character, such as the beginning of a command, by a space.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, norm.NFC.String(text))
}

// wrap breaks a text into lines. What begins with spaces goes on below its first letter.
func wrap(text string, width int) []string {
	body := strings.TrimLeft(text, " ")
	indent := strings.Repeat(" ", min(utf8.RuneCountInString(text)-utf8.RuneCountInString(body), width/2))
	room := width - len(indent)
	var lines []string
	current := ""
	for _, word := range strings.Fields(body) {
		for {
			switch n := utf8.RuneCountInString(current); {
			case current == "" && utf8.RuneCountInString(word) <= room:
				current = word
			case current != "" && n+1+utf8.RuneCountInString(word) <= room:
				current += " " + word
			case current == "": // a word longer than a line
				runes := []rune(word)
				lines = append(lines, indent+string(runes[:room]))
				word = string(runes[room:])
				continue
			default:
				lines = append(lines, indent+current)
				current = ""
				continue
			}
			break
		}
	}
	if current != "" || len(lines) == 0 {
		lines = append(lines, indent+current)
	}
	return lines
}

// The commands of Star's line mode, which StarPRNT has as well.
var (
	starStart   = []byte{0x1b, '@', 0x1b, 0x1d, 't', 4} // as switched on; code page 858, which has accents and the euro
	starBoldOn  = []byte{0x1b, 'E'}
	starBoldOff = []byte{0x1b, 'F'}
	starBigOn   = []byte{0x1b, 'i', 1, 1}
	starBigOff  = []byte{0x1b, 'i', 0, 0}
	starCut     = []byte{0x1b, 'd', 3} // feeds to the cutter, and leaves a bridge of paper
)

// Star returns the slip in the commands of Star's printers.
func (s *Slip) Star() []byte {
	out := bytes.NewBuffer(bytes.Clone(starStart))
	for _, l := range s.lines {
		on, off := []byte(nil), []byte(nil)
		switch l.style {
		case Bold:
			on, off = starBoldOn, starBoldOff
		case Big:
			on, off = starBigOn, starBigOff
		case Normal:
		}
		out.Write(on)
		out.Write(codePage(l.text))
		out.Write(off)
		out.WriteByte('\n')
	}
	out.Write(starCut)
	return out.Bytes()
}

// codePage encodes a text for code page 858. A letter that is not on it loses its accents, or becomes a question mark.
func codePage(text string) []byte {
	var out []byte
	for _, r := range replaced.Replace(text) {
		b, ok := charmap.CodePage858.EncodeRune(r)
		if !ok {
			b, ok = charmap.CodePage858.EncodeRune(bare(r))
		}
		if !ok || b < ' ' {
			b = '?'
		}
		out = append(out, b)
	}
	return out
}

// replaced are characters that printers do not have, and that people type.
var replaced = strings.NewReplacer("œ", "oe", "Œ", "OE", "’", "'", "‘", "'", "“", `"`, "”", `"`, "–", "-", "—", "-", "…", "...", "\u00a0", " ", "\u202f", " ")

// bare returns a letter without its accents.
func bare(r rune) rune {
	first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
	return first
}

// Plain returns the slip as lines of text, in UTF-8 or in ASCII alone. The printer cuts the paper by itself.
func (s *Slip) Plain(inUTF8 bool) []byte {
	var out bytes.Buffer
	for _, l := range s.lines {
		text := l.text
		if !inUTF8 {
			text = ascii(text)
		}
		out.WriteString(text)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r = bare(r); r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, strings.ReplaceAll(replaced.Replace(text), "€", "EUR"))
}
