// Package facturx writes an invoice as Factur-X: a readable page (PDF/A-3B, ISO 19005-3) with the XML of the same invoice
// embedded.
//
// The output depends only on the arguments: not on the date, the order of a map or the machine.
package facturx

import (
	"errors"

	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Look is what a page shows in addition to the invoice.
type Look struct {
	// Logo is a PNG or JPEG; nil if none. If CheckLogo refuses it, the seller's name is shown instead: an invoice must not fail
	// because of a picture.
	Logo []byte
	// PayURL is where the buyer can pay online. It is shown with a QR code while an amount is due; may be empty.
	PayURL string
	// Footer is the seller's own text at the foot of each page; may be empty. It is cut after three lines.
	Footer string
}

// ErrNoXML is the error of Render for an empty XML.
var ErrNoXML = errors.New("a Factur-X needs its XML")

// Render draws the document on as many pages as it needs and embeds xml as factur-x.xml, byte for byte. The page shows, in
// French, everything in the document. A character that no font has
// is replaced by a mark; new documents have none, because invoice.New refuses them.
func Render(d invoice.Document, xml []byte, look Look) ([]byte, error) {
	if len(xml) == 0 {
		return nil, ErrNoXML
	}
	return compose(d, look).file(xml), nil
}

// compose places the document on its pages. One that takes two pages is tried again with less space between its parts, because an
// ordinary invoice is on one page.
func compose(d invoice.Document, look Look) *layout {
	l := newLayout(d, look, false)
	l.all()
	if len(l.Pages) == 2 {
		if tight := newLayout(d, look, true); tight.all() == 1 {
			return tight
		}
	}
	return l
}

// all draws everything and returns the number of pages.
func (l *layout) all() int {
	l.first()
	l.parties()
	l.lines()
	l.rest()
	l.footers()
	return len(l.Pages)
}

// file puts the objects together.
func (l *layout) file(xml []byte) []byte {
	f := pdf.NewFile()
	for range objFirst - 1 {
		f.Reserve()
	}
	at := pdf.Objects{Tree: objPages, Regular: objRegular, Bold: objBold}
	l.Reserve(f, &at)
	frame(f, describe(l.d), xml, at)
	l.Write(f, at)
	return f.End(objCatalog, objInfo)
}
