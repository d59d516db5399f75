package facturx

import (
	"strings"

	"european-pay.eu/eupay/internal/paper/pdf"
)

// All lengths are in hundredths of a point, from the upper left corner.
const (
	pt = pdf.Point
	mm = 284 // nearly

	pageWidth  = 59528 // A4
	pageHeight = 84189
	marginX    = 18 * mm
	marginTop  = 14 * mm
	marginFoot = 10 * mm
	textWidth  = pageWidth - 2*marginX
)

// One accent colour, black and greys. Greys of text have a contrast of at least 4.5 to 1 on white.
const (
	ink    pdf.Colour = "0.1 0.12 0.15"
	grey   pdf.Colour = "0.39 0.42 0.46"
	rule   pdf.Colour = "0.84 0.86 0.88"
	tint   pdf.Colour = "0.955 0.968 0.978"
	accent pdf.Colour = "0.07 0.28 0.42"
	white  pdf.Colour = "1 1 1"
)

var (
	plain  = pdf.Style{Size: 8.5 * pt, Colour: ink}
	strong = pdf.Style{Bold: true, Size: 8.5 * pt, Colour: ink}
	quiet  = pdf.Style{Size: 7.5 * pt, Colour: grey}
	small  = pdf.Style{Size: 6.75 * pt, Colour: grey}
	label  = pdf.Style{Bold: true, Size: 6.5 * pt, Colour: grey}
)

// row is one line of a block.
type row struct {
	pdf.Style
	text string
	// above is the space over the line.
	above int
	// starts is the kind of the element that begins with this line; empty if the line goes on with the one before.
	starts string
	// spaced is true if the line does not end within a word.
	spaced bool
}

func (r row) height() int { return r.above + r.Leading() }

// block is a text that has been broken into lines.
type block []row

func (b block) height() (sum int) {
	for _, r := range b {
		sum += r.height()
	}
	return sum
}

// add breaks a text into lines of that width and appends them.
func (b block) add(c *pdf.Canvas, s pdf.Style, width, above int, text string) block {
	return b.lines(c, s, width, above, text, pdf.Paragraph)
}

// heading appends the title of a part of the document.
func (b block) heading(c *pdf.Canvas, width, above int, text string) block {
	return b.lines(c, label, width, above, strings.ToUpper(text), pdf.Heading2)
}

func (b block) lines(c *pdf.Canvas, s pdf.Style, width, above int, text, starts string) block {
	for _, line := range c.Lines(s, width, text) {
		b = append(b, row{s, line.Text, above, starts, line.Spaced})
		above, starts = 0, ""
	}
	return b
}

// draw draws the block from the upper edge y and returns its lower edge.
func (l *layout) draw(b block, x, y int) int {
	for _, r := range b {
		y = l.row(r, x, y)
	}
	return y
}

// row draws one line.
func (l *layout) row(r row, x, y int) int {
	if r.starts != "" && l.within != nil {
		l.paragraph = l.within.Add(r.starts, "")
	}
	text := r.text
	if r.spaced {
		text += " " // parts the words of two lines for those who hear them
	}
	l.put(l.paragraph, func() { l.Text(r.Style, x, y+r.above+r.Size, text) })
	return y + r.height()
}

// put draws something that belongs to an element.
func (l *layout) put(e *pdf.Element, draw func()) {
	l.Into = e
	draw()
	l.Into = nil
}
