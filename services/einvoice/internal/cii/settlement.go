package cii

import "european-pay.eu/eupay/services/einvoice/internal/invoice"

// settlement is how the document is paid, its VAT, discounts and sums, and the invoices that it corrects, credits or deducts.
func (w *writer) settlement(d invoice.Document) {
	w.text("ram:PaymentReference", d.Payment.Reference)
	w.text("ram:InvoiceCurrencyCode", currency)
	w.paymentMeans(d.Payment)
	for _, v := range d.VAT {
		w.in("ram:ApplicableTradeTax", func() { w.vat(v, d.DueDateCode()) })
	}
	w.period(d.Period)
	for _, a := range d.Allowances {
		w.in("ram:SpecifiedTradeAllowanceCharge", func() { w.allowance(a) })
	}
	if d.Payment.Terms != "" || d.Due != "" {
		w.in("ram:SpecifiedTradePaymentTerms", func() {
			w.text("ram:Description", d.Payment.Terms)
			w.date("ram:DueDateDateTime", "udt:DateTimeString", d.Due)
		})
	}
	w.in("ram:SpecifiedTradeSettlementHeaderMonetarySummation", func() { w.totals(d) })
	w.preceding(d.Preceding)
	for i := range d.About {
		w.preceding(&d.About[i])
	}
	for _, x := range d.Deductions {
		w.preceding(&invoice.Preceding{Number: x.Number, Issued: x.Issued})
	}
}

// paymentMeans (BG-16, BG-17).
func (w *writer) paymentMeans(p invoice.Payment) {
	if p.Means == "" {
		return
	}
	w.in("ram:SpecifiedTradeSettlementPaymentMeans", func() {
		w.text("ram:TypeCode", p.Means)
		if p.IBAN != "" {
			w.in("ram:PayeePartyCreditorFinancialAccount", func() { w.text("ram:IBANID", p.IBAN) })
		}
		if p.BIC != "" {
			w.in("ram:PayeeSpecifiedCreditorFinancialInstitution", func() { w.text("ram:BICID", p.BIC) })
		}
	})
}

// vat is BG-23. due is BT-8, the same in each of them (DGFiP S1.13): when the VAT of the document is due.
func (w *writer) vat(v invoice.VAT, due string) {
	w.amount("ram:CalculatedAmount", v.Tax)
	w.text("ram:TypeCode", "VAT")
	w.text("ram:ExemptionReason", v.Reason)
	w.amount("ram:BasisAmount", v.Base)
	w.text("ram:CategoryCode", string(v.Category))
	w.text("ram:ExemptionReasonCode", v.ReasonCode)
	w.text("ram:DueDateTypeCode", due)
	w.rate(v.Category, v.VATPerMill)
}

// allowance is BG-20.
func (w *writer) allowance(a invoice.Allowance) {
	w.in("ram:ChargeIndicator", func() { w.text("udt:Indicator", "false") })
	w.amount("ram:ActualAmount", a.Net)
	w.text("ram:Reason", a.Reason)
	w.in("ram:CategoryTradeTax", func() { w.tax(a.Category, a.VATPerMill) })
}

// totals is BG-22. The prepaid amount (BT-113) is written even if it is zero, because a document that was paid before must state
// it (BR-FR-CO-09).
func (w *writer) totals(d invoice.Document) {
	t := d.Totals
	w.amount("ram:LineTotalAmount", t.LineNet)
	if len(d.Allowances) > 0 {
		w.amount("ram:AllowanceTotalAmount", t.Allowances)
	}
	w.amount("ram:TaxBasisTotalAmount", t.Net)
	w.text("ram:TaxTotalAmount", t.Tax.String(), attr{"currencyID", currency})
	w.amount("ram:GrandTotalAmount", t.Gross)
	w.amount("ram:TotalPrepaidAmount", t.Prepaid)
	w.amount("ram:DuePayableAmount", t.Due)
}

// preceding is BG-3: the number (BT-25) and the day (BT-26) of the invoice.
func (w *writer) preceding(p *invoice.Preceding) {
	if p == nil {
		return
	}
	w.in("ram:InvoiceReferencedDocument", func() {
		w.text("ram:IssuerAssignedID", p.Number)
		w.date("ram:FormattedIssueDateTime", "qdt:DateTimeString", p.Issued)
	})
}
