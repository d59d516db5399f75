// Package flux10 writes e-reports in the administration's format: flux 10 of the DGFiP specifications (annex 6), invoices to businesses
// abroad (10.1) and their payments (10.2), sums of sales to private customers (10.3) and of their payments (10.4). The order of
// elements is the schema's.
package flux10

import (
	"strconv"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Head identifies the sender of a report.
type Head struct {
	// Issued is when the report was made, in French time: the format has no time zone.
	Issued time.Time
	// PlatformID is the platform's matricule, four characters (scheme 0238); PlatformName is its name.
	PlatformID, PlatformName string
	// Name of the merchant in the company register.
	Name string
}

const (
	currency = "EUR"
	// The roles of the report's sender and of its declarant (G7.51, G7.52).
	rolePlatform, roleSeller = "WK", "SE"
	schemePlatform           = "0238"
	schemeSIREN              = "0002"
	momentLayout             = "20060102150405"
)

// Sales writes a report of sales: the invoices of r.Invoices (10.1), which are given as documents, and the sums (10.3).
func Sales(h Head, r platform.SalesReport, invoices ...invoice.Document) []byte {
	return report(h, r.ReportHead, "TransactionsReport", func(w *writer) {
		for _, d := range invoices {
			w.in("Invoice", func() { reported(w, d) })
		}
		for _, d := range r.Days {
			w.in("Transactions", func() { sales(w, d) })
		}
	})
}

func sales(w *writer, d platform.SalesDay) {
	w.text("Date", d.Date.Compact())
	w.text("TransactionsCurrency", currency)
	if d.DueCode != "" {
		w.text("TaxDueDateTypeCode", d.DueCode)
	}
	w.text("CategoryCode", d.Category)
	w.text("TaxExclusiveAmount", amount(d.Net))
	w.text("TaxTotal", amount(d.Tax))
	if d.Count > 0 { // optional
		w.text("TransactionsCount", strconv.Itoa(d.Count))
	}
	for _, r := range d.Rates {
		w.in("TaxSubtotal", func() {
			w.text("TaxPercent", r.VATPerMill.String())
			w.text("TaxableAmount", amount(r.Net))
			w.text("TaxTotal", amount(r.Tax))
		})
	}
}

// Payments writes a report of payments, of single invoices (10.2) and in sums (10.4).
func Payments(h Head, r platform.PaymentsReport) []byte {
	return report(h, r.ReportHead, "PaymentsReport", func(w *writer) {
		for _, p := range r.Invoices {
			w.in("Invoice", func() { paid(w, p) })
		}
		for _, d := range r.Days {
			w.in("Transactions", func() {
				w.in("Payment", func() { payments(w, d) })
			})
		}
	})
}

func payments(w *writer, d platform.PaymentsDay) {
	w.text("Date", d.Date.Compact())
	for _, p := range d.Parts {
		w.in("SubTotals", func() {
			w.text("TaxPercent", p.VATPerMill.String())
			w.text("CurrencyCode", currency)
			w.text("Amount", amount(p.Amount))
		})
	}
}

func report(h Head, r platform.ReportHead, name string, body func(*writer)) []byte {
	w := &writer{}
	w.buf.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.in("Report", func() {
		w.in("ReportDocument", func() { document(w, h, r) })
		w.in(name, func() {
			w.in("ReportPeriod", func() {
				w.text("StartDate", r.Period.Start.Compact())
				w.text("EndDate", r.Period.End.Compact())
			})
			body(w)
		})
	})
	return w.buf.Bytes()
}

func document(w *writer, h Head, r platform.ReportHead) {
	kind := "IN"
	if r.Replace {
		kind = "RE"
	}
	w.text("Id", r.Ref)
	w.in("IssueDateTime", func() { w.text("DateTimeString", h.Issued.Format(momentLayout)) })
	w.text("TypeCode", kind)
	w.in("Sender", func() { party(w, schemePlatform, h.PlatformID, h.PlatformName, rolePlatform) })
	w.in("Issuer", func() { party(w, schemeSIREN, r.SIREN, h.Name, roleSeller) })
}

func party(w *writer, scheme, id, name, role string) {
	w.identifier("Id", scheme, id)
	w.text("Name", name)
	w.text("RoleCode", role)
}

func amount(c money.Cents) string { return c.String() }
