package ereport

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// issue records a document to a business abroad as the ledger does.
func (f *fixture) issue(name string, corrects *uuid.UUID) uuid.UUID {
	f.Helper()
	d := invoicetest.Find(name)
	text, err := json.Marshal(d)
	if err != nil {
		f.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7())
	f.in(func(tx pgx.Tx) {
		_, err := tx.Exec(f.Context(), `insert into invoices (id, merchant_id, livemode, number, type_code, corrects, status, audience, customer_name, issued_on, due_on,
				total_cents, document, seqino_status, created_at, updated_at)
			values ($1, $2, true, $3, $4, $5, 'pending', 'B2BINT', 'n', $6, $6, $7, $8, 'submitted', now(), now())`,
			id, merchant, d.Number, string(d.Type), corrects, string(d.Issued), int64(d.Totals.Gross), text)
		if err != nil {
			f.Fatal(err)
		}
		f.touch(tx, Sales, d.Issued)
	})
	return id
}

// paidAbroad records a payment of an invoice to a business abroad, or below zero what is given back.
func (f *fixture) paidAbroad(of uuid.UUID, day invoice.Date, rate vat.Rate, amount money.Cents, reportable bool) {
	f.Helper()
	f.in(func(tx pgx.Tx) {
		_, err := tx.Exec(f.Context(), `insert into receipt_parts (source, merchant_id, livemode, invoice_id, audience, received_on, nature, rate, amount_cents, reportable)
			values ($1, $2, true, $3, 'B2BINT', $4, 'services', $5, $6, $7)`, uuid.New(), merchant, of, string(day), int64(rate), int64(amount), reportable)
		if err != nil {
			f.Fatal(err)
		}
		f.touch(tx, Payments, day)
	})
}

func TestInvoicesAbroadAreReportedOneByOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.standIn()
	engine := transmit.New(f.pool, map[transmit.Kind]transmit.Sender{transmit.Report: f.r}, transmit.Config{}, func() time.Time { return f.now }, slog.New(slog.DiscardHandler))
	send := func() {
		t.Helper()
		for _, e := range f.list() {
			if e.GetStatus() == "waiting" {
				if tried, err := engine.Do(t.Context(), transmit.Report, uuid.MustParse(e.GetId()), true); err != nil || !tried {
					t.Fatalf("tried: %v, %v", tried, err)
				}
			}
		}
	}
	goods := f.issue("eu-goods", nil)
	f.issue("credit-eu-goods", &goods)
	both, export := f.issue("eu-both", nil), f.issue("export", nil)
	f.issue("out-of-scope", nil)
	f.sell("2026-11-22", invoice.ReportGoods, 200, 1000, 200)
	f.paidAbroad(both, "2026-11-23", 200, 60_00, true)
	f.paidAbroad(both, "2026-11-25", 200, -10_00, true)
	f.paidAbroad(both, "2026-11-25", 0, 99_99, false)
	f.at("2026-12-01 04:00")
	f.round()
	send()
	f.wantStates("2026-11-21 1 sent", "2026-11-01 1 sent")
	sums := map[string]int64{}
	for _, r := range p.Reports() {
		sums[r.Kind] = r.Cents
	}
	// 99.99 + 199.98 + 99.99 + 99.99 - 10.00 abroad, and 12.00 at home.
	equal(t, sums, map[string]int64{"sales": 501_95, "payments": 50_00})
	// An invoice that never took effect is in no report; one that was replaced stays in it.
	f.exec(`update invoices set status = 'cancelled' where id in ($1, $2)`, export, goods)
	f.exec(`update report_periods set version = version + 1 where kind = 'sales'`)
	f.now = f.now.Add(2 * time.Hour)
	f.round()
	send()
	var xml string
	if err := f.pool.QueryRow(t.Context(), `select convert_from(xml, 'UTF8') from reports where number = 2`).Scan(&xml); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"eu-goods": true, "export": false, "eu-both": true, "credit-eu-goods": true} {
		if strings.Contains(xml, "<ID>"+invoicetest.Find(name).Number+"</ID>\n      <IssueDate>") != want {
			t.Errorf("%s is in the report: %v", name, !want)
		}
	}
}
