// Package facturx writes an invoice as Factur-X: a page to read (PDF/A-3B, ISO 19005-3) with the XML of the same invoice
// inside.
//
// What is written depends on the arguments only: not on the day, on a map's order or on the machine.
package facturx

import (
	"errors"

	"european-pay.eu/eupay/internal/paper/pdf"
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
