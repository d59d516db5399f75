package pdf

import (
	"strconv"
	"strings"
)

// Objects are the object numbers of what a canvas writes, and of the page tree, which the caller writes.
type Objects struct {
	Tree int
	// Regular and Bold are the first of FontObjects objects each.
	Regular, Bold int
	others        []int
	image         int
	// Pages of the canvas, and the root of its structure, 0 if none; Reserve sets them.
	Pages     []int
	Structure int
}

// Reserve assigns numbers to the other fonts, the picture and the pages of the canvas. All pages must be complete.
func (c *Canvas) Reserve(f *File, o *Objects) {
	for range c.others {
		o.others = append(o.others, f.Reserve())
		for range FontObjects - 1 {
			f.Reserve()
		}
	}
	if c.Image != nil {
		o.image = f.Reserve()
	}
	for _, p := range c.Pages {
		o.Pages = append(o.Pages, f.Reserve())
		for range 1 + len(p.links) {
			f.Reserve()
		}
	}
	if c.root != nil {
		o.Structure = f.Reserve()
		c.root.reserve(f)
	}
}

// Write writes the fonts, the picture, the pages and their structure.
func (c *Canvas) Write(f *File, o Objects) {
	f.font(o.Regular, c.regular)
	f.font(o.Bold, c.bold)
	for i, n := range o.others {
		f.font(n, c.others[i])
	}
	if c.Image != nil {
		f.Stream(o.image, c.Image.entries(), c.Image.data)
	}
	for i, p := range c.Pages {
		c.write(f, o, i, p)
	}
	if c.root != nil {
		c.structure(f, o)
	}
}

// Kids returns the page tree (7.7.3.2).
func (o Objects) Kids() string {
	kids := make([]string, len(o.Pages))
	for i, n := range o.Pages {
		kids[i] = Ref(n)
	}
	return "<</Type/Pages/Count " + strconv.Itoa(len(o.Pages)) + "/Kids[" + strings.Join(kids, " ") + "]>>"
}

// write writes a page, its content and its links.
func (c *Canvas) write(f *File, o Objects, index int, p *Page) {
	n, key := o.Pages[index], 0
	p.unmark()
	resources := "/Font<</R " + Ref(o.Regular) + "/B " + Ref(o.Bold)
	for i, other := range o.others {
		resources += otherName(i) + " " + Ref(other)
	}
	resources += ">>"
	if p.pictured {
		resources += "/XObject<</Logo " + Ref(o.image) + ">>"
	}
	var links strings.Builder
	if len(p.links) > 0 {
		links.WriteString("/Annots[")
		for i := range p.links {
			links.WriteString(Ref(n+2+i) + " ")
		}
		links.WriteString("]")
	}
	var size Page
	size.number(c.width)
	size.number(c.height)
	if c.root != nil {
		links.WriteString("/StructParents " + strconv.Itoa(index) + "/Tabs/S")
		key = c.linkKey(index)
	}
	f.Object(n, "<</Type/Page/Parent "+Ref(o.Tree)+"/MediaBox[0 0 "+strings.TrimSpace(size.String())+"]/Resources<<"+resources+">>/Contents "+Ref(n+1)+links.String()+">>")
	f.Packed(n+1, "", p.Bytes())
	for i, k := range p.links {
		parent := ""
		if c.root != nil {
			parent = "/StructParent " + strconv.Itoa(key+i)
		}
		f.Object(n+2+i, k.object(c.height, parent))
	}
}

// linkKey is the key of the first link of a page in the structure: links are counted after the pages.
func (c *Canvas) linkKey(index int) int {
	key := len(c.Pages)
	for _, p := range c.Pages[:index] {
		key += len(p.links)
	}
	return key
}

// Link makes an area of the page link to a URL. On a structured canvas it belongs to Into, which is then not nil.
func (c *Canvas) Link(x, y, w, h int, url string) {
	c.Page.links = append(c.Page.links, link{x, y, w, h, url, c.Into})
	if c.Into != nil {
		c.Into.kids = append(c.Into.kids, kid{page: c.Page, link: len(c.Page.links)})
	}
}

// object returns the link as an annotation (12.5.6.5) with the print flag, which PDF/A requires, and with its key in the structure.
func (k link) object(height int, parent string) string {
	corner := func(n int) string { return strconv.Itoa(n / Point) }
	return "<</Type/Annot/Subtype/Link/F 4/Border[0 0 0]/Rect[" + corner(k.x) + " " + corner(height-k.y-k.h) + " " +
		corner(k.x+k.w) + " " + corner(height-k.y) + "]" + parent + "/Contents" + Literal(k.url) + "/A<</S/URI/URI" + ascii(k.url) + ">>>>"
}
