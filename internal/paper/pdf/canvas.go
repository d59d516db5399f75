package pdf

import (
	"bytes"
	"strconv"

	"european-pay.eu/eupay/internal/paper/font"
)

// Point is the unit of lengths in PDF. All lengths are in hundredths of it, from the upper left corner: integers, so that every
// machine writes the same.
const Point = 100

// Colour is red, green and blue as PDF writes them.
type Colour string

// Style is how a text looks.
type Style struct {
	Bold   bool
	Size   int
	Colour Colour
}

// Leading is the distance from one line to the next.
func (s Style) Leading() int { return s.Size * 135 / 100 }

// Canvas collects what is drawn on the pages of a file.
type Canvas struct {
	// Pages are those that were begun; what is drawn stands on Page, one of them.
	Pages []*Page
	Page  *Page
	// Image is the picture that Picture draws; nil for none.
	Image *Image

	width, height int
	regular, bold *font.Subset
}

// Page is the content of a page, with the last of the settings in it.
type Page struct {
	bytes.Buffer
	fill  Colour
	links []link
	// pictured: the page shows the picture.
	pictured bool
}

// link is a place on a page that leads to an address.
type link struct {
	x, y, w, h int
	url        string
}

// NewCanvas returns one for pages of that size.
func NewCanvas(width, height int) *Canvas {
	return &Canvas{width: width, height: height, regular: font.NewSubset(font.Regular()), bold: font.NewSubset(font.Bold())}
}

// NewPage begins a page.
func (c *Canvas) NewPage() {
	c.Page = &Page{}
	c.Page.Grow(16 << 10)
	c.Pages = append(c.Pages, c.Page)
}

func (c *Canvas) subset(bold bool) *font.Subset {
	if bold {
		return c.bold
	}
	return c.regular
}

// Width of a text that stands on one line.
func (c *Canvas) Width(s Style, text string) int {
	return c.subset(s.Bold).Font.Width(text) * s.Size / 1000
}

// Text writes one line from x on; y is its base line.
func (c *Canvas) Text(s Style, x, y int, text string) {
	if text == "" {
		return
	}
	c.fill(s.Colour)
	p, letters, name := c.Page, c.subset(s.Bold), "/R "
	if s.Bold {
		name = "/B "
	}
	p.WriteString("BT" + name)
	p.number(s.Size)
	p.WriteString("Tf ")
	p.number(x)
	p.number(c.height - y)
	p.WriteString("Td<")
	const digits = "0123456789ABCDEF"
	for _, r := range visual(text) {
		n := letters.Code(r)
		p.Write([]byte{digits[n>>12], digits[n>>8&15], digits[n>>4&15], digits[n&15]})
	}
	p.WriteString(">Tj ET\n")
}

// Right writes one line that ends at x.
func (c *Canvas) Right(s Style, x, y int, text string) { c.Text(s, x-c.Width(s, text), y, text) }

// Box fills a rectangle; y is its upper edge.
func (c *Canvas) Box(in Colour, x, y, w, h int) {
	c.fill(in)
	for _, v := range []int{x, c.height - y - h, w, h} {
		c.Page.number(v)
	}
	c.Page.WriteString("re f\n")
}

// Rounded fills a rectangle with round corners of that radius: quarters of circles, nearly.
func (c *Canvas) Rounded(in Colour, x, y, w, h, radius int) {
	c.fill(in)
	bend := radius * 5523 / 10_000 // where the control points of such a quarter are
	left, right, low, high := x, x+w, c.height-y-h, c.height-y
	at := func(operator string, numbers ...int) {
		for _, n := range numbers {
			c.Page.number(n)
		}
		c.Page.WriteString(operator + "\n")
	}
	at("m", left+radius, low)
	at("l", right-radius, low)
	at("c", right-radius+bend, low, right, low+radius-bend, right, low+radius)
	at("l", right, high-radius)
	at("c", right, high-radius+bend, right-radius+bend, high, right-radius, high)
	at("l", left+radius, high)
	at("c", left+radius-bend, high, left, high-radius+bend, left, high-radius)
	at("l", left, low+radius)
	at("c", left, low+radius-bend, left+radius-bend, low, left+radius, low)
	c.Page.WriteString("f\n")
}

// Line is a horizontal rule: a thin box, which every program draws alike.
func (c *Canvas) Line(in Colour, x, y, w, thickness int) { c.Box(in, x, y-thickness/2, w, thickness) }

func (c *Canvas) fill(in Colour) {
	if c.Page.fill != in {
		c.Page.fill = in
		c.Page.WriteString(string(in) + " rg\n")
	}
}

// number writes hundredths as a decimal number and a blank.
func (p *Page) number(n int) {
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
