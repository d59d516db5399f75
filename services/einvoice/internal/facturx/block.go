package facturx

import "european-pay.eu/eupay/internal/paper/pdf"

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
	for _, line := range c.Wrap(s, width, text) {
		b = append(b, row{s, line, above})
		above = 0
	}
	return b
}

// draw draws the block from the upper edge y and returns its lower edge.
func (l *layout) draw(b block, x, y int) int {
	for _, r := range b {
		y += r.above
		l.Text(r.Style, x, y+r.Size, r.text)
		y += r.Leading()
	}
	return y
}
