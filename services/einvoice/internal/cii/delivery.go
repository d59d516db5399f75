package cii

import "european-pay.eu/eupay/services/einvoice/internal/invoice"

// reference names a document of the deal, or nothing for none.
func (w *writer) reference(name, id string) {
	if id == "" {
		return
	}
	w.in(name, func() { w.text("ram:IssuerAssignedID", id) })
}

// delivery is BG-13. The schema requires the element, and no rule requires a date in it (BT-72).
func (w *writer) delivery(d *invoice.Delivery) {
	const name = "ram:ApplicableHeaderTradeDelivery"
	if d == nil {
		w.empty(name)
		return
	}
	w.in(name, func() {
		if d.Address != nil {
			w.in("ram:ShipToTradeParty", func() {
				w.in("ram:PostalTradeAddress", func() { w.address(*d.Address) })
			})
		}
		if d.Date != "" {
			w.in("ram:ActualDeliverySupplyChainEvent", func() { w.date("ram:OccurrenceDateTime", "udt:DateTimeString", d.Date) })
		}
	})
}

// period is BG-14.
func (w *writer) period(p *invoice.Period) {
	if p == nil {
		return
	}
	w.in("ram:BillingSpecifiedPeriod", func() {
		w.date("ram:StartDateTime", "udt:DateTimeString", p.From)
		w.date("ram:EndDateTime", "udt:DateTimeString", p.To)
	})
}
