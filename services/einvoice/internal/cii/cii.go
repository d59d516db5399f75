// Package cii writes an invoice as UN/CEFACT Cross Industry Invoice (D22B), the XML that is inside of a Factur-X document, in the
// profile EN 16931. It writes the document's content and calculates nothing. Its output is verified by the rules of ciitest and,
// externally, by the official ones.
//
// Terms in parentheses such as (BT-1) and (BG-25) are those of EN 16931-1; the order of elements is the schema's.
package cii

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Profile (BT-24) identifies the rules that a document follows: EN 16931 without extensions.
const Profile = "urn:cen.eu:en16931:2017"

// currency (BT-5): only euros are supported.
const currency = "EUR"

// format102 means that a date is written as YYYYMMDD.
var format102 = attr{"format", "102"}

// Write returns the document's XML in UTF-8. The same document gives the same bytes. The document must have been issued by
// package invoice; empty fields are omitted.
func Write(d invoice.Document) []byte {
	w := &writer{}
	w.buf.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.in("rsm:CrossIndustryInvoice", func() {
		w.in("rsm:ExchangedDocumentContext", func() { w.context(d) })
		w.in("rsm:ExchangedDocument", func() { w.document(d) })
		w.in("rsm:SupplyChainTradeTransaction", func() {
			for _, l := range d.Lines {
				w.in("ram:IncludedSupplyChainTradeLineItem", func() { w.line(l) })
			}
			w.in("ram:ApplicableHeaderTradeAgreement", func() { w.agreement(d) })
			w.delivery(d.Delivery)
			w.in("ram:ApplicableHeaderTradeSettlement", func() { w.settlement(d) })
		})
	},
		attr{"xmlns:rsm", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"},
		attr{"xmlns:qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"},
		attr{"xmlns:ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"},
		attr{"xmlns:udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"},
	)
	return w.buf.Bytes()
}

// context is the process (BT-23) and the profile (BT-24).
func (w *writer) context(d invoice.Document) {
	w.in("ram:BusinessProcessSpecifiedDocumentContextParameter", func() { w.text("ram:ID", d.Process) })
	w.in("ram:GuidelineSpecifiedDocumentContextParameter", func() { w.text("ram:ID", Profile) })
}

// document is the number (BT-1), kind (BT-3) and day (BT-2), and the notes (BG-1).
func (w *writer) document(d invoice.Document) {
	w.text("ram:ID", d.Number)
	w.text("ram:TypeCode", string(d.Type))
	w.date("ram:IssueDateTime", "udt:DateTimeString", d.Issued)
	for _, n := range d.Notes {
		w.note(n)
	}
	w.note(invoice.Note{Subject: invoice.NoteAudience, Text: string(d.Audience)})
}

func (w *writer) note(n invoice.Note) {
	if n.Text == "" {
		return
	}
	w.in("ram:IncludedNote", func() {
		w.text("ram:Content", n.Text)
		w.text("ram:SubjectCode", n.Subject)
	})
}

// agreement is the references (BT-10, BT-12 to BT-14) and the parties.
func (w *writer) agreement(d invoice.Document) {
	w.text("ram:BuyerReference", d.BuyerReference)
	w.in("ram:SellerTradeParty", func() {
		w.party(d.Seller)
		w.sellerTax(d.Seller)
	})
	w.in("ram:BuyerTradeParty", func() {
		w.party(d.Buyer)
		w.taxRegistration("VA", d.Buyer.VATNumber)
	})
	w.reference("ram:SellerOrderReferencedDocument", d.SellerOrder)
	w.reference("ram:BuyerOrderReferencedDocument", d.PurchaseOrder)
	w.reference("ram:ContractReferencedDocument", d.Contract)
}

// date writes a day, or nothing for none.
func (w *writer) date(name, inner string, day invoice.Date) {
	if day == "" {
		return
	}
	w.in(name, func() { w.text(inner, day.Compact(), format102) })
}

func (w *writer) amount(name string, c money.Cents) { w.text(name, c.String()) }
