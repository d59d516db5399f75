package pdf

import (
	"strconv"
	"strings"
)

// Element is a part of the logical structure of a document (ISO 32000-1, 14.7): what a page shows, in the order in which it is read.
// A program that reads a document aloud follows it.
type Element struct {
	kind, entries string
	parent        *Element
	kids          []kid
	number        int
}

// kid is an element, or the marked content of a page, or a link of a page. The last two have a page.
type kid struct {
	element *Element
	page    *Page
	mark    int
	link    int
}

// The standard kinds of elements in use (14.8.4).
const (
	Heading1  = "H1"
	Heading2  = "H2"
	Paragraph = "P"
	Table     = "Table"
	Row       = "TR"
	Title     = "TH"
	Cell      = "TD"
	Figure    = "Figure"
	LinkTo    = "Link"
)

// Attributes of elements.
const (
	// OfColumn and OfRow say what a Title is the title of.
	OfColumn = "/A<</O/Table/Scope/Column>>"
	OfRow    = "/A<</O/Table/Scope/Row>>"
)

// Structured starts the structure of a canvas and returns its root. From then on everything that is drawn belongs to Into.
func (c *Canvas) Structured() *Element {
	c.root = &Element{kind: "Document"}
	return c.root
}

// Add returns a new element at the end of e. Entries are those of its dictionary, such as OfColumn; may be empty.
func (e *Element) Add(kind, entries string) *Element {
	k := &Element{kind: kind, entries: entries, parent: e}
	e.kids = append(e.kids, kid{element: k})
	return k
}

// Alternative is the entry of an element whose content is a picture: the text that stands for it, and the area of the page.
func (c *Canvas) Alternative(text string, x, y, w, h int) string {
	var area Page
	for _, v := range []int{x, c.height - y - h, x + w, c.height - y} {
		area.number(v)
	}
	return "/Alt" + Literal(text) + "/A<</O/Layout/BBox[" + strings.TrimSpace(area.String()) + "]>>"
}

// mark makes what is drawn next on the page belong to an element; nil for decoration, which nobody reads.
func (c *Canvas) mark(e *Element) {
	p := c.Page
	if c.root == nil || p.open && p.marked == e {
		return
	}
	p.unmark()
	p.open, p.marked = true, e
	if e == nil {
		p.WriteString("/Artifact BMC\n")
		return
	}
	p.WriteString("/" + e.kind + "<</MCID " + strconv.Itoa(len(p.owners)) + ">>BDC\n")
	e.kids = append(e.kids, kid{page: p, mark: len(p.owners)})
	p.owners = append(p.owners, e)
}

func (p *Page) unmark() {
	if p.open {
		p.open = false
		p.WriteString("EMC\n")
	}
}

// reserve assigns numbers to the element and those below it, in their order.
func (e *Element) reserve(f *File) {
	e.number = f.Reserve()
	for _, k := range e.kids {
		if k.element != nil {
			k.element.reserve(f)
		}
	}
}

// structure writes the root of the structure, the way back from the content to its elements (14.7.4.4), and the elements.
func (c *Canvas) structure(f *File, o Objects) {
	numbers := map[*Page]int{}
	var back strings.Builder
	next := len(c.Pages) // links come after the pages
	for i, p := range c.Pages {
		numbers[p] = o.Pages[i]
		back.WriteString(strconv.Itoa(i) + "[")
		for _, owner := range p.owners {
			back.WriteString(Ref(owner.number) + " ")
		}
		back.WriteString("]")
	}
	for _, p := range c.Pages {
		for _, k := range p.links {
			back.WriteString(strconv.Itoa(next) + " " + Ref(k.owner.number) + " ")
			next++
		}
	}
	f.Object(o.Structure, "<</Type/StructTreeRoot/K "+Ref(c.root.number)+"/ParentTree<</Nums["+back.String()+"]>>/ParentTreeNextKey "+strconv.Itoa(next)+">>")
	c.root.write(f, o.Structure, numbers)
}

func (e *Element) write(f *File, parent int, pages map[*Page]int) {
	var kids strings.Builder
	var own *Page
	for i, k := range e.kids {
		if i > 0 {
			kids.WriteByte(' ')
		}
		if k.page != nil && own == nil {
			own = k.page
		}
		switch {
		case k.element != nil:
			kids.WriteString(Ref(k.element.number))
		case k.link != 0:
			kids.WriteString("<</Type/OBJR/Pg " + Ref(pages[k.page]) + "/Obj " + Ref(pages[k.page]+1+k.link) + ">>")
		case k.page == own:
			kids.WriteString(strconv.Itoa(k.mark))
		default:
			kids.WriteString("<</Type/MCR/Pg " + Ref(pages[k.page]) + "/MCID " + strconv.Itoa(k.mark) + ">>")
		}
	}
	body := "<</S/" + e.kind + "/P " + Ref(parent) + e.entries
	if own != nil {
		body += "/Pg " + Ref(pages[own])
	}
	switch len(e.kids) {
	case 0:
	case 1:
		body += "/K " + kids.String()
	default:
		body += "/K[" + kids.String() + "]"
	}
	f.Object(e.number, body+">>")
	for _, k := range e.kids {
		if k.element != nil {
			k.element.write(f, e.number, pages)
		}
	}
}
