package till

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// columns of font A on a roll of 80 mm.
const columns = 48

// The commands of ESC/POS, which printers of tills understand.
const (
	escReset = "\x1b@"
	// escLatin selects the characters of Windows-1252.
	escLatin   = "\x1bt\x10"
	escBold    = "\x1bE\x01"
	escRegular = "\x1bE\x00"
	escLarge   = "\x1d!\x11"
	escNormal  = "\x1d!\x00"
	escLeft    = "\x1ba\x00"
	escMiddle  = "\x1ba\x01"
	// escCut feeds the paper and cuts it but for one point.
	escCut = "\x1dVB\x03"
)

// escpos is the slip as bytes for a printer.
func (s *slip) escpos() []byte {
	var b bytes.Buffer
	b.WriteString(escReset + escLatin)
	for _, r := range s.rows {
		switch r.look {
		case rule:
			b.WriteString(strings.Repeat("-", columns) + "\n")
		case title:
			b.WriteString(escMiddle + escLarge)
			writeFolded(&b, r, columns/2)
			b.WriteString(escNormal + escLeft)
		case centred:
			b.WriteString(escMiddle)
			writeFolded(&b, r, columns)
			b.WriteString(escLeft)
		case strong:
			b.WriteString(escBold)
			writeFolded(&b, r, columns)
			b.WriteString(escRegular)
		default:
			writeFolded(&b, r, columns)
		}
	}
	b.WriteString(escCut)
	return b.Bytes()
}

// writeFolded writes a row on lines of that width. The amount stands at the right end of the last one.
func writeFolded(b *bytes.Buffer, r row, width int) {
	room := width
	if r.right != "" {
		room -= utf8.RuneCountInString(r.right) + 1
	}
	lines := fold(r.left, max(room, 1))
	for _, line := range lines[:len(lines)-1] {
		b.Write(latin(line))
		b.WriteByte('\n')
	}
	last := lines[len(lines)-1]
	b.Write(latin(last))
	if r.right != "" {
		b.WriteString(strings.Repeat(" ", max(1, width-utf8.RuneCountInString(last)-utf8.RuneCountInString(r.right))))
		b.Write(latin(r.right))
	}
	b.WriteByte('\n')
}

// fold breaks a text between words, and words that are longer than a line anywhere. It returns at least one line.
func fold(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			head := []rune(word)[:width]
			lines, word = append(lines, string(head)), word[len(string(head)):]
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// others are the characters of Windows-1252 that are no bytes of Latin-1.
var others = map[rune]byte{'€': 0x80, 'Œ': 0x8c, 'œ': 0x9c, '‘': 0x91, '’': 0x92, '“': 0x93, '”': 0x94, '•': 0x95, '–': 0x96, '—': 0x97, '…': 0x85, 'Ÿ': 0x9f}

// latin encodes a text in Windows-1252. What it lacks becomes a question mark.
func latin(text string) []byte {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		switch other, known := others[r]; {
		case known:
			b = append(b, other)
		case r == '\u00a0' || r == '\u202f':
			b = append(b, ' ')
		case r >= ' ' && r < 0x7f || r > 0xa0 && r <= 0xff:
			b = append(b, byte(r))
		default:
			b = append(b, '?')
		}
	}
	return b
}
