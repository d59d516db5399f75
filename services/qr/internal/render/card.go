package render

import (
	"strings"
	"unicode"

	"european-pay.eu/eupay/internal/paper/logo"
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/internal/refuse"
)

// Kind is the purpose of a card.
type Kind int

// The kinds of cards.
const (
	Pay Kind = iota + 1
	Order
)

// titles by language and kind.
var titles = map[string]map[Kind]string{
	"fr": {Pay: "Scannez pour payer", Order: "Scannez pour commander"},
	"en": {Pay: "Scan to pay", Order: "Scan to order"},
}

// Card is a printable card.
type Card struct {
	Kind Kind
	// Sheet prints four cards on A4 with cut marks instead of one on A6.
	Sheet bool
	// Text of the code, Name of the merchant, and Subject and Detail, such as a table and its zone; the last two may be empty.
	Text, Name, Subject, Detail string
	// URL is printed for people who cannot scan; may be empty.
	URL string
	// Language is fr, the default, or en.
	Language string
	// Logo is a PNG or JPEG; empty if none.
	Logo []byte
}

// The maximum lengths of a card's texts in bytes.
const (
	maxCardName = 560 // 140 characters, the limit of merchants' names
	maxCardURL  = 512
)

func (c Card) check() error {
	var bad refuse.Problems
	bad.If(c.Kind != Pay && c.Kind != Order, "kind", "must be pay or order")
	bad.If(titles[c.Language] == nil, "language", "must be fr or en")
	bad.If(c.Name == "" || len(c.Name) > maxCardName, "name", "is required, at most %d bytes", maxCardName)
	bad.If(len(c.Subject) > maxCardName, "subject", "must have at most %d bytes", maxCardName)
	bad.If(len(c.Detail) > maxCardName, "detail", "must have at most %d bytes", maxCardName)
	bad.If(len(c.URL) > maxCardURL, "url", "must have at most %d bytes", maxCardURL)
	return bad.Err()
}

// A6 and its parts, in tenths of a millimetre.
const (
	a6Width    = 1050
	a6Height   = 1485 // a quarter of A4; one card alone loses half a millimetre of its border
	border     = 80
	codeSide   = 720
	codeTop    = 350
	markLength = 40
)

// mm converts tenths of a millimetre to hundredths of a point.
func mm(tenths int) int { return tenths * 72 * pdf.Point / 254 }

const (
	black pdf.Colour = "0 0 0"
	grey  pdf.Colour = "0.47 0.47 0.47"
	white pdf.Colour = "1 1 1"
)

// PDF renders the card. The code and all letters are vectors.
func (c Card) PDF() ([]byte, error) {
	if c.Language == "" {
		c.Language = "fr"
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	code, err := Text(c.Text)
	if err != nil {
		return nil, err
	}
	picture, err := readLogo(c.Logo)
	if err != nil {
		return nil, err
	}
	p, err := newPage(c, picture)
	if err != nil {
		return nil, err
	}
	if !c.Sheet {
		p.card(c, code, 0, 0)
		return p.file(c), nil
	}
	for i := range 4 {
		p.card(c, code, i%2*a6Width, i/2*a6Height)
	}
	p.cutMarks()
	return p.file(c), nil
}

// page is a PDF of one page. Lengths are in tenths of a millimetre unless stated otherwise.
type page struct{ *pdf.Canvas }

func newPage(c Card, picture *logo.Picture) (page, error) {
	p := page{pdf.NewCanvas(mm(a6Width), mm(1480))}
	if c.Sheet {
		p.Canvas = pdf.NewCanvas(mm(2*a6Width), mm(2*a6Height))
	}
	p.NewPage()
	if picture == nil {
		return p, nil
	}
	image, err := pdf.NewImage(picture.Within(vectorLogo), picture.Photo)
	p.Image = image
	return p, err
}

// The numbers of the objects of every card.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objRegular // of pdf.FontObjects
	objBold    = objRegular + pdf.FontObjects
	objFirst   = objBold + pdf.FontObjects
)

func (p page) file(c Card) []byte {
	f := pdf.NewFile()
	for range objFirst - 1 {
		f.Reserve()
	}
	at := pdf.Objects{Tree: objPages, Regular: objRegular, Bold: objBold}
	p.Reserve(f, &at)
	f.Object(objCatalog, "<</Type/Catalog/Pages "+pdf.Ref(objPages)+"/Lang("+c.Language+")/ViewerPreferences<</DisplayDocTitle true>>>>")
	f.Object(objPages, at.Kids())
	f.Object(objInfo, "<</Title"+pdf.Literal(printable(c.Name))+"/Producer"+pdf.Literal("EU Pay")+">>")
	p.Write(f, at)
	return f.End(objCatalog, objInfo)
}

// card draws one card with its upper left corner at x, y.
func (p page) card(c Card, code *Code, x, y int) {
	p.line(x, y+100, 100, letters(true, 20), c.Name)
	p.line(x, y+230, 80, letters(false, 16), titles[c.Language][c.Kind])
	p.code(code, mm(x+(a6Width-codeSide)/2), mm(y+codeTop))
	below := y + codeTop + codeSide + 40
	if c.Subject != "" {
		p.line(x, below, 90, letters(true, 22), c.Subject)
		below += 90
	}
	if c.Detail != "" {
		p.line(x, below, 60, letters(false, 12), c.Detail)
	}
	p.address(x, y, c.URL)
}

func letters(bold bool, points int) pdf.Style {
	return pdf.Style{Bold: bold, Size: points * pdf.Point, Colour: black}
}

// line centres a text and shrinks it until it fits. At 9 points it is cut instead.
func (p page) line(x, y, height int, s pdf.Style, text string) {
	text = printable(text)
	width := mm(a6Width - 2*border)
	const least = 9 * pdf.Point
	for s.Size > least && p.Width(s, text) > width {
		s.Size -= pdf.Point
	}
	if p.Width(s, text) > width {
		runes := []rune(text)
		for len(runes) > 0 && p.Width(s, string(runes)+"…") > width {
			runes = runes[:len(runes)-1]
		}
		text = string(runes) + "…"
	}
	p.centred(s, x, y, height, text)
}

// centred draws a text in the middle of a line of that height.
func (p page) centred(s pdf.Style, x, y, height int, text string) {
	p.Text(s, mm(x)+(mm(a6Width)-p.Width(s, text))/2, mm(y)+mm(height)/2+s.Size*3/10, text)
}

// address prints a URL in small letters at the bottom, on as many lines as needed: it has no spaces to break at.
func (p page) address(x, y int, url string) {
	const height, most = 32, 3
	s, width := pdf.Style{Size: 7.5 * pdf.Point, Colour: black}, mm(a6Width-2*border)
	rest, lines := []rune(printable(strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "www."))), []string{}
	for len(rest) > 0 && len(lines) < most {
		n := len(rest)
		for n > 1 && p.Width(s, string(rest[:n])) > width {
			n--
		}
		lines, rest = append(lines, string(rest[:n])), rest[n:]
	}
	if len(rest) > 0 {
		return // part of a URL would be useless
	}
	top := y + 1420 - height*len(lines)
	for i, text := range lines {
		p.centred(s, x, top+height*i, height, text)
	}
}

// code draws a code and its logo: the pad in the middle, and the logo half a module within it. x and y are in hundredths of a
// point.
func (p page) code(c *Code, x, y int) {
	side := mm(codeSide)
	p.Code(c.Code, x, y, side)
	if p.Image == nil {
		return
	}
	module := side / (c.Size + 2*DefaultMargin)
	square := pad(c.Size) * module
	p.Rounded(white, x+(side-square)/2, y+(side-square)/2, square, square, module)
	w, h := p.Image.Within(square-module, square-module)
	p.Picture(x+(side-w)/2, y+(side-h)/2, w, h)
}

// cutMarks marks where to cut a sheet: at its edges and where the cuts cross.
func (p page) cutMarks() {
	const thin = 2
	across := func(x, y, length int) { p.Box(grey, mm(x), mm(y-thin/2), mm(length), mm(thin)) }
	down := func(x, y, length int) { p.Box(grey, mm(x-thin/2), mm(y), mm(thin), mm(length)) }
	down(a6Width, 0, markLength)
	down(a6Width, 2*a6Height-markLength, markLength)
	across(0, a6Height, markLength)
	across(2*a6Width-markLength, a6Height, markLength)
	across(a6Width-markLength/2, a6Height, markLength)
	down(a6Width, a6Height-markLength/2, markLength)
}

// printable returns one line with the characters of the basic multilingual plane, which has the letters of all languages.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > 0xffff || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text))
}
