package facturx

import (
	"bytes"
	"strconv"
	"strings"
)

// All lengths are in hundredths of a point, from the upper left corner: integers, so that every machine writes the same.
const (
	pt = 100
	mm = 284 // nearly

	pageWidth  = 59528 // A4
	pageHeight = 84189
	marginX    = 18 * mm
	marginTop  = 14 * mm
	marginFoot = 10 * mm
	textWidth  = pageWidth - 2*marginX
)

// colour is red, green and blue as PDF writes them.
type colour string

// One accent on black and greys. Each grey has a contrast on white of at least 4.5 to 1 where it is a text's.
const (
	ink    colour = "0.1 0.12 0.15"
	grey   colour = "0.39 0.42 0.46"
	rule   colour = "0.84 0.86 0.88"
	tint   colour = "0.955 0.968 0.978"
	accent colour = "0.07 0.28 0.42"
	white  colour = "1 1 1"
)

// style is how a text looks.
type style struct {
	bold   bool
	size   int
	colour colour
}

// leading is the distance from one line to the next.
func (s style) leading() int { return s.size * 135 / 100 }

var (
	plain  = style{size: 8.5 * pt, colour: ink}
	strong = style{bold: true, size: 8.5 * pt, colour: ink}
	quiet  = style{size: 7.5 * pt, colour: grey}
	small  = style{size: 6.75 * pt, colour: grey}
	label  = style{bold: true, size: 6.5 * pt, colour: grey}
)

// canvas collects what is drawn on the pages.
type canvas struct {
	regular, bold *subset
	pages         []*sheet
	page          *sheet
}

// sheet is the content of a page, with the last of the settings in it.
type sheet struct {
	bytes.Buffer
	fill  colour
	links []link
	// images that the page shows.
	images bool
}

// link is a place on a page that leads to an address.
type link struct {
	x, y, w, h int
	url        string
}

func newCanvas() *canvas {
	return &canvas{regular: newSubset(regularFont()), bold: newSubset(boldFont())}
}

func (c *canvas) newPage() {
	c.page = &sheet{}
	c.page.Grow(16 << 10)
	c.pages = append(c.pages, c.page)
}

func (c *canvas) font(bold bool) *subset {
	if bold {
		return c.bold
	}
	return c.regular
}

// width of a text that stands on one line.
func (c *canvas) width(s style, text string) int {
	return c.font(s.bold).font.width(text) * s.size / 1000
}

// text writes one line from x on; y is its base line.
func (c *canvas) text(s style, x, y int, text string) {
	if text == "" {
		return
	}
	c.fill(s.colour)
	p, font, name := c.page, c.font(s.bold), "/R "
	if s.bold {
		name = "/B "
	}
	p.WriteString("BT" + name)
	p.number(s.size)
	p.WriteString("Tf ")
	p.number(x)
	p.number(pageHeight - y)
	p.WriteString("Td<")
	const digits = "0123456789ABCDEF"
	for _, r := range visual(text) {
		n := font.code(r)
		p.Write([]byte{digits[n>>12], digits[n>>8&15], digits[n>>4&15], digits[n&15]})
	}
	p.WriteString(">Tj ET\n")
}

// right writes one line that ends at x.
func (c *canvas) right(s style, x, y int, text string) { c.text(s, x-c.width(s, text), y, text) }

// box fills a rectangle; y is its upper edge.
func (c *canvas) box(in colour, x, y, w, h int) {
	c.fill(in)
	for _, v := range []int{x, pageHeight - y - h, w, h} {
		c.page.number(v)
	}
	c.page.WriteString("re f\n")
}

// line is a horizontal rule: a thin box, which every program draws alike.
func (c *canvas) line(in colour, x, y, w, thickness int) { c.box(in, x, y-thickness/2, w, thickness) }

func (c *canvas) fill(in colour) {
	if c.page.fill != in {
		c.page.fill = in
		c.page.WriteString(string(in) + " rg\n")
	}
}

// number writes hundredths as a decimal number and a blank.
func (p *sheet) number(n int) {
	b := p.AvailableBuffer()
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendInt(b, int64(n/100), 10)
	if rest := n % 100; rest != 0 {
		b = append(b, '.', byte('0'+rest/10))
		if rest%10 != 0 {
			b = append(b, byte('0'+rest%10))
		}
	}
	p.Write(append(b, ' '))
}

// row is one line of a block.
type row struct {
	style
	text string
	// above is the space over the line.
	above int
}

func (r row) height() int { return r.above + r.leading() }

// block is a text that was broken into lines.
type block []row

func (b block) height() (sum int) {
	for _, r := range b {
		sum += r.height()
	}
	return sum
}

// add breaks a text into lines of that width and puts them below the others.
func (b block) add(c *canvas, s style, width, above int, text string) block {
	for _, line := range c.wrap(s, width, text) {
		b = append(b, row{s, line, above})
		above = 0
	}
	return b
}

// draw writes the block from the upper edge y on and returns its lower edge.
func (c *canvas) draw(b block, x, y int) int {
	for _, r := range b {
		y += r.above
		c.text(r.style, x, y+r.size, r.text)
		y += r.leading()
	}
	return y
}

// wrap breaks a text into lines at most that wide: at its own ends of lines, at blanks, and within what is longer than
// a line. Nothing is cut. An empty text has no lines.
func (c *canvas) wrap(s style, width int, text string) (lines []string) {
	text = strings.TrimSpace(lineEnds.Replace(shownText(text)))
	if text == "" {
		return nil
	}
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, c.paragraph(s, width, paragraph)...)
	}
	return lines
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ")

func (c *canvas) paragraph(s style, width int, text string) (lines []string) {
	line, used, blank := "", 0, c.width(s, " ")
	for _, word := range strings.Split(text, " ") {
		w := c.width(s, word)
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
			w = c.width(s, word)
		}
		line, used = word, w
	}
	return append(lines, line)
}

// head is as much of a word as fits, at least one character.
func (c *canvas) head(s style, width int, word string) string {
	used := 0
	for i, r := range word {
		used += c.font(s.bold).font.width(string(r)) * s.size
		if i > 0 && used > width*1000 {
			return word[:i]
		}
	}
	return word
}
