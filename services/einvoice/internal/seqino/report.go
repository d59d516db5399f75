package seqino

import (
	"context"
	"net/http"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// ReportCollection implements platform.Platform.
func (c *Client) ReportCollection(ctx context.Context, clientID string, m platform.Collection) (string, error) {
	return c.report(ctx, clientID, "report collection", pathPayments, m.Ref, wireCollection{
		Ref: m.Ref, SIREN: m.SIREN, Date: string(m.Date), Amount: amount(m.Amount), Currency: currencyEUR, Invoice: m.InvoiceNumber,
		Breakdown: encodeParts(m.Parts),
	})
}

// ReportSales implements platform.Platform.
func (c *Client) ReportSales(ctx context.Context, clientID string, r platform.SalesReport) (string, error) {
	days := make([]wireSalesDay, 0, len(r.Days))
	for _, d := range r.Days {
		w := wireSalesDay{
			Date: string(d.Date), Currency: currencyEUR, DueCode: d.DueCode, Category: d.Category, Net: amount(d.Net), Tax: amount(d.Tax), Count: d.Count,
			Subtotals: make([]wireSalesRate, 0, len(d.Rates)),
		}
		for _, p := range d.Rates {
			w.Subtotals = append(w.Subtotals, wireSalesRate{Rate: number(p.VATPerMill.String()), Net: amount(p.Net), Tax: amount(p.Tax)})
		}
		days = append(days, w)
	}
	var invoices []wireReportedInvoice
	for _, i := range r.Invoices {
		invoices = append(invoices, wireReportedInvoice{Number: i.Number, Issued: string(i.Issued), Type: string(i.Type), Net: amount(i.Net), Tax: amount(i.Tax)})
	}
	return c.report(ctx, clientID, "report sales", pathSales, r.Ref, wireSales{wireReport: encodeHead(r.ReportHead), Transactions: days, Invoices: invoices})
}

// ReportPayments implements platform.Platform.
func (c *Client) ReportPayments(ctx context.Context, clientID string, r platform.PaymentsReport) (string, error) {
	days := make([]wirePaymentsDay, 0, len(r.Days))
	for _, d := range r.Days {
		days = append(days, wirePaymentsDay{Date: string(d.Date), Subtotals: encodeParts(d.Parts)})
	}
	var invoices []wireInvoicePayments
	for _, i := range r.Invoices {
		invoices = append(invoices, wireInvoicePayments{i.Number, string(i.Issued), wirePaymentsDay{Date: string(i.Date), Subtotals: encodeParts(i.Parts)}})
	}
	return c.report(ctx, clientID, "report payments", pathPayments, r.Ref, wirePayments{wireReport: encodeHead(r.ReportHead), Payments: days, Invoices: invoices})
}

func encodeHead(h platform.ReportHead) wireReport {
	w := wireReport{
		Ref: h.Ref, Type: reportInitial, SIREN: h.SIREN, Start: string(h.Period.Start), End: string(h.Period.End), Document: h.XML,
	}
	if h.Replace {
		w.Type = reportReplacement
	}
	return w
}

func encodeParts(parts []platform.RateAmount) []wireRateAmount {
	all := make([]wireRateAmount, 0, len(parts))
	for _, p := range parts {
		all = append(all, wireRateAmount{Rate: number(p.VATPerMill.String()), Amount: amount(p.Amount)})
	}
	return all
}

// report sends a report and returns the platform's id of it, even if the platform already has it.
func (c *Client) report(ctx context.Context, clientID, op, path, ref string, body any) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	if err := checkRef(ref); err != nil {
		return "", &Error{Op: op, Class: Unexpected, Err: err}
	}
	var made wireReported
	err := c.call(ctx, request{op: op, method: http.MethodPost, path: path, client: clientID, body: body, needsMandate: true}, &made)
	if id := existingID(err); id != "" {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	id := made.ID
	if path == pathPayments {
		id = made.PaymentID
	}
	if !idShape.MatchString(id) {
		return "", unreadable(op, http.StatusCreated)
	}
	return id, nil
}
