package pdf

import (
	"bytes"
	"strconv"

	"european-pay.eu/eupay/internal/paper/font"
)

// Point is the unit of length in PDF. All lengths are integers in hundredths of a point, measured from the upper left corner, so
// that every machine produces the same output.
const Point = 100

// Colour is red, green and blue in PDF syntax.
type Colour string

// Style is the appearance of a text.
type Style struct {
	Bold   bool
	Size   int
	Colour Colour
}

// Leading is the distance between two lines.
func (s Style) Leading() int { return s.Size * 135 / 100 }

// Canvas collects the content of the pages of a file.
type Canvas struct {
	// Pages are the pages so far; drawing goes to Page, one of them.
	Pages []*Page
	Page  *Page
	// Image is the picture that Picture draws; nil if none.
	Image *Image
	// Into is the element that texts, codes and the picture belong to, if the canvas is Structured; nil for decoration.
	Into *Element

	width, height int
	regular, bold *font.Subset
	// others print what these two lack, in the order of first use.
	others []*font.Subset
	root   *Element
}

// Page is the content of a page, with the current graphics settings.
type Page struct {
	bytes.Buffer
	fill  Colour
	links []link
	// pictured is true if the page shows the picture.
	pictured bool
	// open is true in the middle of content that belongs to marked; owners are the elements of all such content.
	open   bool
	marked *Element
	owners []*Element
}

// link is an area of a page that links to a URL.
type link struct {
	x, y, w, h int
	url        string
	owner      *Element
}

// NewCanvas returns a canvas for pages of that size.
func NewCanvas(width, height int) *Canvas {
	return &Canvas{width: width, height: height, regular: font.NewSubset(font.Regular()), bold: font.NewSubset(font.Bold())}
}

// NewPage starts a page.
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

// Width returns the width of a text on one line.
func (c *Canvas) Width(s Style, text string) int {
	return c.subset(s.Bold).Font.Width(text) * s.Size / 1000
}

// Text writes one line starting at x; y is its baseline.
func (c *Canvas) Text(s Style, x, y int, text string) {
	if text == "" {
		return
	}
	c.mark(c.Into)
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
	used := letters
	for _, r := range visual(text) {
		if u := c.printer(letters, r); u != used {
			used = u
			c.change(s, name, u)
		}
		n := used.Code(r)
		p.Write([]byte{digits[n>>12], digits[n>>8&15], digits[n>>4&15], digits[n&15]})
	}
	p.WriteString(">Tj")
	if used != letters && s.Bold {
		p.WriteString(" 0 Tr")
	}
	p.WriteString(" ET\n")
}

// printer returns the subset that prints r in a text of letters.
func (c *Canvas) printer(letters *font.Subset, r rune) *font.Subset {
	f := letters.Font.For(r)
	if f == letters.Font {
		return letters
	}
	for _, o := range c.others {
		if o.Font == f {
			return o
		}
	}
	c.others = append(c.others, font.NewSubset(f))
	return c.others[len(c.others)-1]
}

// change goes on with another font in the middle of a text; name is the style's own. The other fonts have no bold face, so their
// bold letters get an outline.
func (c *Canvas) change(s Style, name string, to *font.Subset) {
	p, stroke := c.Page, "0 Tr "
	for i, o := range c.others {
		if o == to {
			name, stroke = otherName(i)+" ", "2 Tr "
		}
	}
	p.WriteString(">Tj" + name)
	p.number(s.Size)
	p.WriteString("Tf ")
	if s.Bold {
		p.WriteString(stroke)
		if stroke == "2 Tr " {
			p.number(s.Size / 35)
			p.WriteString("w " + string(s.Colour) + " RG ")
		}
	}
	p.WriteString("<")
}

// otherName is the name of a font in the resources of a page.
func otherName(i int) string { return "/O" + strconv.Itoa(i) }

// Right writes one line that ends at x.
func (c *Canvas) Right(s Style, x, y int, text string) { c.Text(s, x-c.Width(s, text), y, text) }

// Box fills a rectangle; y is its upper edge.
func (c *Canvas) Box(in Colour, x, y, w, h int) {
	c.mark(nil)
	c.fill(in)
	for _, v := range []int{x, c.height - y - h, w, h} {
		c.Page.number(v)
	}
	c.Page.WriteString("re f\n")
}

// Rounded fills a rectangle with rounded corners, which are approximated quarter circles.
func (c *Canvas) Rounded(in Colour, x, y, w, h, radius int) {
	c.mark(nil)
	c.fill(in)
	bend := radius * 5523 / 10_000 // position of the control points of a quarter circle
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

// Line draws a horizontal rule as a thin box, which all viewers render alike.
func (c *Canvas) Line(in Colour, x, y, w, thickness int) { c.Box(in, x, y-thickness/2, w, thickness) }

func (c *Canvas) fill(in Colour) {
	if c.Page.fill != in {
		c.Page.fill = in
		c.Page.WriteString(string(in) + " rg\n")
	}
}

// number writes hundredths as a decimal number followed by a space.
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
