package ereport

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// sold records what a payment, a refund or a till sold without an invoice.
func (f *fixture) sold(source string, day invoice.Date, category, nature string, rate, net, tax int64, isTotal bool) {
	f.Helper()
	f.in(func(tx pgx.Tx) {
		if _, err := tx.Exec(f.Context(), `insert into consumer_parts (source, payment_reference, merchant_id, livemode, sold_on, category, nature, rate, net_cents,
			tax_cents, reportable, is_total) values ($1, $1, $2, true, $3, $4, $5, $6, $7, $8, $5 = 'services', $9)`,
			source, merchant, string(day), category, nature, rate, net, tax, isTotal); err != nil {
			f.Fatal(err)
		}
		f.touch(tx, Sales, day)
		f.touch(tx, Payments, day)
	})
}

// Sales without an invoice are in the same sums as those with one, and the platform and the official schema take a day whose sales nobody counted.
func TestSalesWithoutAnInvoiceAreInTheSums(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.standIn()
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.sold("PAY-1", "2026-11-03", invoice.ReportGoods, "goods", 200, 2000, 400, false)
	f.sold("REF-1", "2026-11-03", invoice.ReportGoods, "goods", 200, -500, -100, false)
	f.sold("PAY-2", "2026-11-03", invoice.ReportServices, "services", 100, 1000, 100, false)
	f.sold("till", "2026-11-04", invoice.ReportGoods, "goods", 55, 10000, 550, true)
	f.sold("PAY-3", "2026-11-04", invoice.ReportGoods, "goods", 55, 100, 6, false)
	f.at("2026-12-01 04:00")
	f.round()
	rows, err := f.pool.Query(t.Context(), `select xml from reports r join report_periods p on p.id = r.period_id order by kind desc`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil || len(list) != 2 {
		t.Fatal(len(list), err)
	}
	for _, xml := range list {
		checkXML(t, xml)
	}
	sales, payments := string(list[0]), string(list[1])
	for _, want := range []string{
		"<TaxExclusiveAmount>25.00</TaxExclusiveAmount>", "<TaxTotal>5.00</TaxTotal>", "<TransactionsCount>3</TransactionsCount>", "<TransactionsCount>1</TransactionsCount>",
		"<TaxExclusiveAmount>101.00</TaxExclusiveAmount>",
	} {
		if !strings.Contains(sales, want) {
			t.Errorf("%s is not in\n%s", want, sales)
		}
	}
	if n := strings.Count(sales, "<TransactionsCount>"); n != 2 {
		t.Errorf("%d days have a count, want 2", n)
	}
	if strings.Count(payments, "<Amount>") != 1 || !strings.Contains(payments, "<Amount>11.00</Amount>") {
		t.Errorf("the payments are\n%s", payments)
	}
	engine := transmit.New(f.pool, map[transmit.Kind]transmit.Sender{transmit.Report: f.r}, transmit.Config{}, func() time.Time { return f.now }, slog.New(slog.DiscardHandler))
	for _, e := range f.list() {
		if tried, err := engine.Do(t.Context(), transmit.Report, uuid.MustParse(e.GetId()), true); err != nil || !tried {
			t.Fatalf("tried: %v, %v", tried, err)
		}
	}
	f.wantStates("2026-11-01 1 sent", "2026-11-01 1 sent")
	if got := p.Reports(); len(got) != 2 {
		t.Errorf("the platform has %+v", got)
	}
}
