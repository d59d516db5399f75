package till

import (
	"strings"
	"unicode"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/paper/pdf"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// The formats of files.
const (
	formatHTML   = "html"
	formatPDF    = "pdf"
	formatESCPOS = "escpos"
)

// row is one line of a slip: a text, and an amount at its right end.
type row struct {
	left, right string
	look        look
}

// look is how a row is set.
type look int

const (
	plain look = iota
	strong
	// title is large and in the middle, centred in the middle.
	title
	centred
	// small is for what the law wants and nobody reads.
	small
	rule
)

// slip is a narrow paper, as till printers have: a ticket or a closing.
type slip struct {
	language, name string
	rows           []row
}

func (s *slip) add(look look, left, right string) {
	s.rows = append(s.rows, row{printable(left), printable(right), look})
}

// text adds a text if there is one.
func (s *slip) text(look look, text string) {
	if text != "" {
		s.add(look, text, "")
	}
}

func (s *slip) rule() { s.rows = append(s.rows, row{look: rule}) }

func (s *slip) amount(look look, left string, cents money.Cents) { s.add(look, left, s.euros(cents)) }

// euros formats an amount in the slip's language.
func (s *slip) euros(c money.Cents) string {
	if s.language == english {
		return c.String()
	}
	return strings.Replace(c.String(), ".", ",", 1)
}

func (s *slip) seller(x *qrv1.Seller, w map[string]string) {
	s.text(title, x.GetName())
	if x.GetLegalName() != x.GetName() {
		s.text(centred, x.GetLegalName())
	}
	for _, line := range x.GetAddress() {
		s.text(centred, line)
	}
	switch len(x.GetSiret()) {
	case 0:
	case 9:
		s.text(centred, "SIREN "+x.GetSiret())
	default:
		s.text(centred, "SIRET "+x.GetSiret())
	}
	if x.GetVatNumber() != "" {
		s.text(centred, w["vat_number"]+" "+x.GetVatNumber())
	}
	s.rule()
}

func (s *slip) render(format string) ([]byte, error) {
	switch format {
	case formatHTML:
		return s.html()
	case formatPDF:
		return s.pdf(), nil
	case formatESCPOS:
		return s.escpos(), nil
	default:
		return nil, errs.Invalid(errs.Field{Field: "format", Message: "format must be json, html, pdf or escpos."})
	}
}

// printable returns one line with the characters of the basic multilingual plane: no control character reaches a printer.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > 0xffff || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text))
}

// The slip in PDF, in tenths of a millimetre: 80 mm, as rolls are.
const (
	paperWidth = 800
	margin     = 40
	lineHeight = 42
	titleLine  = 70
	ruleLine   = 25
)

// mm converts tenths of a millimetre to hundredths of a point.
func mm(tenths int) int { return tenths * 72 * pdf.Point / 254 }

const black pdf.Colour = "0 0 0"

var styles = map[look]pdf.Style{
	plain:   {Size: 8 * pdf.Point, Colour: black},
	strong:  {Bold: true, Size: 9 * pdf.Point, Colour: black},
	title:   {Bold: true, Size: 13 * pdf.Point, Colour: black},
	centred: {Size: 8 * pdf.Point, Colour: black},
	small:   {Size: 6 * pdf.Point, Colour: black},
}

func (s *slip) pdf() []byte {
	// The first round measures, because a roll has no pages.
	height := s.draw(pdf.NewCanvas(mm(paperWidth), mm(paperWidth)))
	c := pdf.NewCanvas(mm(paperWidth), mm(height))
	s.draw(c)
	return s.file(c)
}

// draw sets the rows and returns their height.
func (s *slip) draw(c *pdf.Canvas) int {
	c.NewPage()
	y := margin
	for _, r := range s.rows {
		switch r.look {
		case rule:
			c.Line(black, mm(margin), mm(y+ruleLine/2), mm(paperWidth-2*margin), mm(2))
			y += ruleLine
		case title:
			y = s.lines(c, r, y, titleLine)
		default:
			y = s.lines(c, r, y, lineHeight)
		}
	}
	return y + margin
}

// lines sets a row, broken where it is too long. The amount stands on its last line.
func (s *slip) lines(c *pdf.Canvas, r row, y, height int) int {
	style, width := styles[r.look], mm(paperWidth-2*margin)
	room := width
	if r.right != "" {
		room -= c.Width(style, "  "+r.right)
	}
	lines := c.Wrap(style, room, r.left)
	if len(lines) == 0 {
		lines = []string{""}
	}
	for _, line := range lines {
		x := mm(margin)
		if r.look == title || r.look == centred {
			x += (width - c.Width(style, line)) / 2
		}
		y += height
		c.Text(style, x, mm(y)-mm(height)/4, line)
	}
	if r.right != "" {
		c.Right(style, mm(margin)+width, mm(y)-mm(height)/4, r.right)
	}
	return y
}

// The numbers of the objects of every slip.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objRegular // of pdf.FontObjects
	objBold    = objRegular + pdf.FontObjects
	objFirst   = objBold + pdf.FontObjects
)

func (s *slip) file(c *pdf.Canvas) []byte {
	f := pdf.NewFile()
	for range objFirst - 1 {
		f.Reserve()
	}
	at := pdf.Objects{Tree: objPages, Regular: objRegular, Bold: objBold}
	c.Reserve(f, &at)
	f.Object(objCatalog, "<</Type/Catalog/Pages "+pdf.Ref(objPages)+"/Lang("+s.language+")/ViewerPreferences<</DisplayDocTitle true>>>>")
	f.Object(objPages, at.Kids())
	f.Object(objInfo, "<</Title"+pdf.Literal(s.name)+"/Producer"+pdf.Literal("EU Pay")+">>")
	c.Write(f, at)
	return f.End(objCatalog, objInfo)
}
