// Package facturx writes an invoice as Factur-X: a page to read (PDF/A-3B, ISO 19005-3) with the XML of the same invoice
// inside. It writes the PDF by itself, since a general library takes ten times as long and no PDF/A comes out of it.
//
// What is written depends on the arguments only: not on the day, on a map's order or on the machine.
package facturx

import (
	"errors"
	"strconv"
	"strings"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Look is what a page shows beside the invoice.
type Look struct {
	// Logo is a PNG or JPEG; nil for none. One that CheckLogo refuses is left out, and the seller's name stands there: an
	// invoice does not fail for a picture.
	Logo []byte
	// PayURL is where the buyer can pay online, shown with its QR code while something is due; may be empty.
	PayURL string
	// Footer is a line of the seller's own at the foot of each page; may be empty. What exceeds three lines is cut.
	Footer string
}

// ErrNoXML is Render's error for an empty XML.
var ErrNoXML = errors.New("a Factur-X needs its XML")

// Render draws the document on as many pages as it needs and embeds xml as factur-x.xml, byte for byte. The page says in
// French all that the document says; a character that the font lacks is shown as a mark.
func Render(d invoice.Document, xml []byte, look Look) ([]byte, error) {
	if len(xml) == 0 {
		return nil, ErrNoXML
	}
	l := newLayout(d, look)
	l.first()
	l.parties()
	l.lines()
	l.payment()
	l.notes()
	l.footers()
	return l.file(xml), nil
}

// file puts the objects together.
func (l *layout) file(xml []byte) []byte {
	f := begin()
	for range objFirst - 1 {
		f.reserve()
	}
	image := 0
	if l.logo != nil {
		image = f.reserve()
	}
	numbers := make([]int, len(l.pages))
	for i, p := range l.pages {
		numbers[i] = f.reserve()
		for range 1 + len(p.links) {
			f.reserve()
		}
	}
	f.frame(describe(l.d), xml, numbers)
	f.font(objRegular, l.regular)
	f.font(objBold, l.bold)
	if l.logo != nil {
		f.stream(image, l.logo.entries(), l.logo.data)
	}
	for i, p := range l.pages {
		f.sheet(numbers[i], image, p)
	}
	return f.end(objCatalog, objInfo)
}

// sheet writes a page, its content and its links.
func (f *file) sheet(n, image int, p *sheet) {
	resources := "/Font<</R " + ref(objRegular) + "/B " + ref(objBold) + ">>"
	if p.images {
		resources += "/XObject<</Logo " + ref(image) + ">>"
	}
	var links strings.Builder
	if len(p.links) > 0 {
		links.WriteString("/Annots[")
		for i := range p.links {
			links.WriteString(ref(n+2+i) + " ")
		}
		links.WriteString("]")
	}
	f.object(n, "<</Type/Page/Parent "+ref(objPages)+"/MediaBox[0 0 595.28 841.89]/Resources<<"+resources+">>/Contents "+ref(n+1)+links.String()+">>")
	f.packed(n+1, "", p.Bytes())
	for i, k := range p.links {
		f.object(n+2+i, k.object())
	}
}

// object is the link as an annotation (12.5.6.5) that is printed, as PDF/A wants it.
func (k link) object() string {
	corner := func(n int) string { return strconv.Itoa(n / pt) }
	return "<</Type/Annot/Subtype/Link/F 4/Border[0 0 0]/Rect[" + corner(k.x) + " " + corner(pageHeight-k.y-k.h) + " " +
		corner(k.x+k.w) + " " + corner(pageHeight-k.y) + "]/Contents" + literal(k.url) + "/A<</S/URI/URI" + ascii(k.url) + ">>>>"
}
