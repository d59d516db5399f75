package ereport

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// With many rows of many merchants a report reads those of its merchant and period, through their index.
func TestSumsUseTheirIndex(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.document(f.pool, "2026-11-03")
	// What makes many rows slow to write and has no part in the plan.
	f.exec(`alter table sale_parts drop constraint sale_parts_source_fkey`)
	f.exec(`alter table receipt_parts drop constraint receipt_parts_invoice_id_fkey`)
	f.exec(`alter table sale_parts set unlogged`)
	f.exec(`alter table receipt_parts set unlogged`)
	const source = `lpad(to_hex(n), 32, '0')::uuid, 'merchant-' || n % 200, true`
	f.exec(`insert into sale_parts (source, merchant_id, livemode, sold_on, category, rate, net_cents, tax_cents)
		select ` + source + `, date '2026-01-01' + n / 200 % 365, 'TLB1', 200, n, n / 5 from generate_series(1, 200000) n`)
	f.exec(`insert into receipt_parts (source, merchant_id, livemode, invoice_id, audience, received_on, nature, rate, amount_cents, reportable)
		select `+source+`, $1, 'B2C', date '2026-01-01' + n / 200 % 365, 'services', 200, n, true from generate_series(1, 200000) n`, id)
	for category, nature := range map[string]string{"TLB1": "goods", "TPS1": "services"} {
		f.exec(`insert into consumer_parts (source, payment_reference, merchant_id, livemode, sold_on, category, nature, rate, net_cents, tax_cents, reportable, is_total)
			select $1::text || n, $1 || n, 'merchant-' || n % 200, true, date '2026-01-01' + n / 200 % 365, $1, $2::text, 200, n, n / 5, $2 = 'services', false
			from generate_series(1, 100000) n`, category, nature)
	}
	f.exec(`analyze`)
	for index, sql := range map[string]string{"sale_parts_day": salesSQL, "receipt_parts_day": paymentsSQL} {
		rows, err := f.pool.Query(t.Context(), `explain (analyze, buffers) `+sql, merchant, true, "2026-11-01", "2026-11-10")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, index) || !strings.Contains(plan, "consumer_parts_day") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("the plan does without %s:\n%s", index, plan)
		}
		t.Log(lines[len(lines)-1])
	}
}
