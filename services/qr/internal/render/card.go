package render

import (
	"bytes"
	_ "embed" // the fonts
	"fmt"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/logo"
)

// DejaVu Sans Condensed has the letters of all European languages; its licence is in the folder.
var (
	//go:embed fonts/DejaVuSansCondensed.ttf
	regular []byte
	//go:embed fonts/DejaVuSansCondensed-Bold.ttf
	bold []byte
)

// Kind is what a card is for.
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

// Card is what is printed.
type Card struct {
	Kind Kind
	// Sheet is four cards on A4 with cut marks instead of one on A6.
	Sheet bool
	// Text of the code, Name of the merchant, and Subject and Detail such as a table and its zone, which may be empty.
	Text, Name, Subject, Detail string
	// URL is printed for those who cannot scan; may be empty.
	URL string
	// Language is fr, also when empty, or en.
	Language string
	// Logo is a PNG or JPEG; empty for none.
	Logo []byte
}

// The bounds of a card's texts in bytes.
const (
	maxCardName = 560 // 140 characters, as merchants may have
	maxCardURL  = 512
)

func (c Card) check() error {
	var bad []errs.Field
	refuse := func(wrong bool, field, format string, args ...any) {
		if wrong {
			bad = append(bad, invalid(field, format, args...).Fields...)
		}
	}
	refuse(c.Kind != Pay && c.Kind != Order, "kind", "must be pay or order")
	refuse(titles[c.Language] == nil, "language", "must be fr or en")
	refuse(c.Name == "" || len(c.Name) > maxCardName, "name", "is required, at most %d bytes", maxCardName)
	refuse(len(c.Subject) > maxCardName, "subject", "must have at most %d bytes", maxCardName)
	refuse(len(c.Detail) > maxCardName, "detail", "must have at most %d bytes", maxCardName)
	refuse(len(c.URL) > maxCardURL, "url", "must have at most %d bytes", maxCardURL)
	if len(bad) > 0 {
		return errs.Invalid(bad...)
	}
	return nil
}

// A6 and its parts, in millimetres.
const (
	a6Width  = 105.0
	a6Height = 148.5 // a quarter of A4; one card alone loses half a millimetre of its border
	border   = 8.0
	codeSide = 72.0
	codeTop  = 35.0
	pointMM  = 25.4 / 72
	markMM   = 4.0
)

// PDF lays the card out. The code and all letters are vectors.
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
	p := newPage(c)
	if err := p.addLogo(picture); err != nil {
		return nil, err
	}
	if !c.Sheet {
		p.card(c, code, 0, 0)
		return p.bytes()
	}
	for i := range 4 {
		p.card(c, code, float64(i%2)*a6Width, float64(i/2)*a6Height)
	}
	p.cutMarks()
	return p.bytes()
}

// page is a PDF of one page.
type page struct {
	*fpdf.Fpdf
	height float64
	// logoName is empty without a logo; ratio is its width by its height.
	logoName string
	ratio    float64
}

func newPage(c Card) *page {
	size := fpdf.SizeType{Wd: a6Width, Ht: 148}
	if c.Sheet {
		size = fpdf.SizeType{Wd: 2 * a6Width, Ht: 2 * a6Height}
	}
	p := &page{Fpdf: fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: size}), height: size.Ht}
	// Nothing of the day or of a map's order gets into the bytes.
	p.SetCreationDate(time.Unix(0, 0).UTC())
	p.SetModificationDate(time.Unix(0, 0).UTC())
	p.SetCatalogSort(true)
	p.SetProducer("EU Pay", true)
	p.SetTitle(printable(c.Name), true)
	p.SetLang(c.Language)
	p.SetAutoPageBreak(false, 0)
	p.SetMargins(0, 0, 0)
	p.SetCellMargin(0)
	p.AddUTF8FontFromBytes("card", "", bytes.Clone(regular))
	p.AddUTF8FontFromBytes("card", "B", bytes.Clone(bold))
	p.AddPage()
	return p
}

func (p *page) addLogo(l *logo.Picture) error {
	if l == nil {
		return nil
	}
	file, bounds, err := logoFile(l)
	if err != nil {
		return err
	}
	p.logoName, p.ratio = "logo", float64(bounds.Dx())/float64(bounds.Dy())
	p.RegisterImageOptionsReader(p.logoName, fpdf.ImageOptions{ImageType: "png"}, bytes.NewReader(file))
	return nil
}

func (p *page) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// card draws one card with its upper left corner at x, y.
func (p *page) card(c Card, code *Code, x, y float64) {
	p.line(x, y+10, 10, "B", 20, c.Name)
	p.line(x, y+23, 8, "", 16, titles[c.Language][c.Kind])
	p.code(code, x+(a6Width-codeSide)/2, y+codeTop)
	below := y + codeTop + codeSide + 4
	if c.Subject != "" {
		p.line(x, below, 9, "B", 22, c.Subject)
		below += 9
	}
	if c.Detail != "" {
		p.line(x, below, 6, "", 12, c.Detail)
	}
	p.address(x, y, c.URL)
}

// line centres a text and makes it smaller until it fits. What does not fit even at 9 points is cut.
func (p *page) line(x, y, height float64, font string, points float64, text string) {
	text = printable(text)
	const width, least = a6Width - 2*border, 9
	p.SetFont("card", font, points)
	for ; points > least && p.GetStringWidth(text) > width; points-- {
		p.SetFontSize(points - 1)
	}
	if p.GetStringWidth(text) > width {
		runes := []rune(text)
		for len(runes) > 0 && p.GetStringWidth(string(runes)+"…") > width {
			runes = runes[:len(runes)-1]
		}
		text = string(runes) + "…"
	}
	p.SetXY(x+border, y)
	p.CellFormat(width, height, text, "", 0, "CM", false, 0, "")
}

// address prints a URL in small letters at the bottom, over as many lines as it takes: it has no blanks to break at.
func (p *page) address(x, y float64, url string) {
	const width, height, most = a6Width - 2*border, 3.2, 3
	p.SetFont("card", "", 7.5)
	rest, lines := []rune(printable(strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "www."))), []string{}
	for len(rest) > 0 && len(lines) < most {
		n := len(rest)
		for n > 1 && p.GetStringWidth(string(rest[:n])) > width {
			n--
		}
		lines, rest = append(lines, string(rest[:n])), rest[n:]
	}
	if len(rest) > 0 {
		return // half of an address leads nowhere
	}
	top := y + 142 - height*float64(len(lines))
	for i, text := range lines {
		p.SetXY(x+border, top+height*float64(i))
		p.CellFormat(width, height, text, "", 0, "CM", false, 0, "")
	}
}

// code draws the modules as one path, so that no seam shows between them, with its quiet zone around it.
func (p *page) code(c *Code, x, y float64) {
	module := codeSide / float64(c.Size+2*DefaultMargin)
	left, top := x+DefaultMargin*module, y+DefaultMargin*module
	var path strings.Builder
	path.WriteString("q 0 g\n")
	c.Runs(func(cx, cy, length int) {
		fmt.Fprintf(&path, "%.3f %.3f %.3f %.3f re\n", (left+float64(cx)*module)/pointMM,
			(p.height-top-float64(cy+1)*module)/pointMM, float64(length)*module/pointMM, module/pointMM)
	})
	path.WriteString("f Q")
	p.RawWriteStr(path.String())
	p.logo(left+float64(c.Size)*module/2, top+float64(c.Size)*module/2, float64(pad(c.Size))*module, module)
}

// logo draws the pad around the middle and the logo half a module within it.
func (p *page) logo(x, y, side, module float64) {
	if p.logoName == "" {
		return
	}
	p.SetFillColor(255, 255, 255)
	p.RoundedRect(x-side/2, y-side/2, side, side, module, "1234", "F")
	w, h := side-module, side-module
	if p.ratio > 1 {
		h /= p.ratio
	} else {
		w *= p.ratio
	}
	p.ImageOptions(p.logoName, x-w/2, y-h/2, w, h, false, fpdf.ImageOptions{ImageType: "png"}, 0, "")
}

// cutMarks shows where to cut a sheet: at its edges and where the cuts cross.
func (p *page) cutMarks() {
	p.SetLineWidth(0.2)
	p.SetDrawColor(120, 120, 120)
	width, height := 2*a6Width, 2*a6Height
	p.Line(a6Width, 0, a6Width, markMM)
	p.Line(a6Width, height-markMM, a6Width, height)
	p.Line(0, a6Height, markMM, a6Height)
	p.Line(width-markMM, a6Height, width, a6Height)
	p.Line(a6Width-markMM/2, a6Height, a6Width+markMM/2, a6Height)
	p.Line(a6Width, a6Height-markMM/2, a6Width, a6Height+markMM/2)
}

// printable keeps what the font may have: one line of the basic multilingual plane.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > 0xffff || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text))
}
