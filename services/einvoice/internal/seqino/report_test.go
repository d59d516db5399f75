package seqino

import (
	"context"
	"errors"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

var head = platform.ReportHead{
	Ref: "rep-1", SIREN: "732829320", Period: platform.Period{Start: "2026-11-01", End: "2026-11-10"}, XML: []byte("<Report/>"),
}

// reports is one of each kind, the request that it makes, and a good answer.
var reports = map[string]struct {
	send               func(context.Context, *Client) (string, error)
	path, body, answer string
}{
	"collection": {
		send: func(ctx context.Context, c *Client) (string, error) {
			return c.ReportCollection(ctx, client1, platform.Collection{
				Ref: "pay-1", SIREN: "732829320", InvoiceNumber: "INV-2026-AB12CD-000001", Date: "2026-11-30", Amount: 177568,
				Parts: []platform.RateAmount{{VATPerMill: 200, Amount: 175000}, {VATPerMill: 55, Amount: 43}, {VATPerMill: 0, Amount: 2525}},
			})
		},
		path: "/reporting/payments",
		body: `{"external_ref":"pay-1","client_siren":"732829320","payment_date":"2026-11-30","amount":1775.68,"currency":"EUR",` +
			`"invoice_number":"INV-2026-AB12CD-000001","breakdown":[{"rate":20,"amount":1750.00},{"rate":5.5,"amount":0.43},{"rate":0,"amount":25.25}]}`,
		answer: `{"payment_id":"rpt_1","period":"2026-11","created_at":"2026-11-30T10:00:00Z"}`,
	},
	"sales": {
		send: func(ctx context.Context, c *Client) (string, error) {
			return c.ReportSales(ctx, client1, platform.SalesReport{ReportHead: head, Days: []platform.SalesDay{{
				Date: "2026-11-02", Category: "TLB1", Count: 3, Net: -1050, Tax: 210,
				Rates: []platform.SalesRate{{VATPerMill: 200, Net: -1050, Tax: 210}, {VATPerMill: 21, Net: 0, Tax: 1}},
			}}})
		},
		path: "/reporting/b2c-transactions",
		body: `{"external_ref":"rep-1","report_type":"IN","client_siren":"732829320","period_start":"2026-11-01","period_end":"2026-11-10",` +
			`"document":"PFJlcG9ydC8+","transactions":[{"date":"2026-11-02","currency":"EUR","category":"TLB1","tax_exclusive_amount":-10.50,` +
			`"tax_amount":2.10,"count":3,"subtotals":[{"rate":20,"taxable_amount":-10.50,"tax_amount":2.10},{"rate":2.1,"taxable_amount":0.00,"tax_amount":0.01}]}]}`,
		answer: `{"id":"rpt_1","status":"DEPOSITED"}`,
	},
	"sales, none left": {
		send: func(ctx context.Context, c *Client) (string, error) {
			h := head
			h.Replace = true
			return c.ReportSales(ctx, client1, platform.SalesReport{ReportHead: h})
		},
		path: "/reporting/b2c-transactions",
		body: `{"external_ref":"rep-1","report_type":"RE","client_siren":"732829320","period_start":"2026-11-01","period_end":"2026-11-10",` +
			`"document":"PFJlcG9ydC8+","transactions":[]}`,
		answer: `{"id":"rpt_1","status":"DEPOSITED"}`,
	},
	"payments": {
		send: func(ctx context.Context, c *Client) (string, error) {
			return c.ReportPayments(ctx, client1, platform.PaymentsReport{ReportHead: head, Days: []platform.PaymentsDay{
				{Date: "2026-11-02", Parts: []platform.RateAmount{{VATPerMill: 100, Amount: 1}}},
			}})
		},
		path: "/reporting/payments",
		body: `{"external_ref":"rep-1","report_type":"IN","client_siren":"732829320","period_start":"2026-11-01","period_end":"2026-11-10",` +
			`"document":"PFJlcG9ydC8+","payments":[{"date":"2026-11-02","subtotals":[{"rate":10,"amount":0.01}]}]}`,
		answer: `{"payment_id":"rpt_1","period":"2026-11","created_at":"2026-11-11T10:00:00Z"}`,
	},
}

func TestReportsAreEncodedAsInThePlatformsDocumentation(t *testing.T) {
	t.Parallel()
	for name, r := range reports {
		for _, status := range []int{201, 200, 409} {
			answer := r.answer
			if status == 409 { // it came through before, and its answer was lost
				answer = `{"error":"exists","code":409,"trace_id":"t","existing_id":"rpt_1"}`
			}
			c := talk(t, exchange{"POST " + r.path, r.body, answering(status, answer)})
			if id, err := r.send(t.Context(), c); err != nil || id != "rpt_1" {
				t.Errorf("%s, %d: got %q, %v", name, status, id, err)
			}
		}
	}
}

func TestReportsFail(t *testing.T) {
	t.Parallel()
	for name, r := range reports {
		for class, answer := range map[Class]exchange{
			Unreachable: {answer: hangUp}, Unavailable: {answer: answering(500, ``)}, NoMandate: {answer: answering(403, ``)},
			Refused: {answer: answering(422, `{"error":"no"}`)}, Conflict: {answer: answering(409, conflict)}, Unexpected: {answer: answering(201, `{"period":"2026-11"}`)},
		} {
			answer.want, answer.body = "POST "+r.path, r.body
			id, err := r.send(t.Context(), talk(t, answer))
			var e *Error
			if !errors.As(err, &e) || e.Class != class || id != "" {
				t.Errorf("%s, %s: got %q, %v", name, class, id, err)
			}
		}
	}
	if _, err := talk(t).ReportCollection(t.Context(), client1, platform.Collection{Ref: strings.Repeat("r", 101)}); err == nil {
		t.Error("a report was sent with a ref that the platform does not take")
	}
}
