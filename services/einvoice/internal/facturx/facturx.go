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
