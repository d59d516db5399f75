package cii

import (
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// line writes a line (BG-25).
func (w *writer) line(l invoice.Line) {
	w.in("ram:AssociatedDocumentLineDocument", func() { w.text("ram:LineID", l.ID) })
	w.in("ram:SpecifiedTradeProduct", func() {
		w.text("ram:Name", l.Name)
		w.text("ram:Description", l.Description)
	})
	w.in("ram:SpecifiedLineTradeAgreement", func() {
		// BT-148 is the price before a discount on the price, which does not exist here. From September 2027 the data for the tax
		// office requires it on every line (DGFiP G6.09).
		w.price("ram:GrossPriceProductTradePrice", l)
		w.price("ram:NetPriceProductTradePrice", l)
	})
	w.in("ram:SpecifiedLineTradeDelivery", func() {
		w.text("ram:BilledQuantity", l.Quantity.String(), attr{"unitCode", l.Unit})
	})
	w.in("ram:SpecifiedLineTradeSettlement", func() {
		w.in("ram:ApplicableTradeTax", func() { w.tax(l.Category, l.VATPerMill) })
		w.in("ram:SpecifiedTradeSettlementLineMonetarySummation", func() { w.amount("ram:LineTotalAmount", l.Net) })
	})
}

// price is the price (BT-146) and the number of units that it is for (BT-149, BT-150), unless that is one.
func (w *writer) price(name string, l invoice.Line) {
	w.in(name, func() {
		w.text("ram:ChargeAmount", l.NetPrice.String())
		if l.PriceBase != 0 {
			w.text("ram:BasisQuantity", l.PriceBase.String(), attr{"unitCode", l.Unit})
		}
	})
}

// rate is omitted for what is out of scope (BR-O-05).
func (w *writer) rate(c invoice.Category, r vat.Rate) {
	if c != invoice.OutOfScope {
		w.text("ram:RateApplicablePercent", r.String())
	}
}

// tax is the category and rate of a line (BT-151, BT-152) or of an allowance (BT-95, BT-96).
func (w *writer) tax(c invoice.Category, r vat.Rate) {
	w.text("ram:TypeCode", "VAT")
	w.text("ram:CategoryCode", string(c))
	w.rate(c, r)
}
