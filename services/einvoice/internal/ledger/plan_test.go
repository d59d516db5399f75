package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// many invoices of a hundred merchants: one has a third of them.
const many = `insert into invoices (id, merchant_id, livemode, number, type_code, status, audience, customer_name, payment_reference, issued_on, due_on,
	total_cents, document, seqino_status, platform_invoice_id, poll_at, created_at, updated_at)
	select gen_random_uuid(), 'm' || case when n % 3 = 0 then 1 else n % 100 end, n % 7 <> 0, 'INV-2026-' || n, '380',
		case when n % 500 = 0 then 'failed' when n % 5 = 0 then 'pending' else 'paid' end, 'B2C', 'x', case when n % 2 = 0 then 'PAY-' || n else '' end,
		'2026-11-21', '2026-11-21', 100, '{}', 'submitted', 'inv_' || n, case when n % 10 = 0 then '2026-11-21'::timestamptz + n * interval '1 s' end,
		'2026-11-21'::timestamptz + n * interval '1 s', now() from generate_series(1, 100000) n`

// What is asked all the time is answered from an index, also when there are many invoices, and also by a plan that is made for any
// parameters.
func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.exec(many)
	f.exec(`insert into invoice_payments (id, invoice_id, merchant_id, livemode, amount_cents, paid_on, method, payment_reference, created_at)
		select gen_random_uuid(), id, merchant_id, livemode, 1, '2026-11-21', 'bank', payment_reference, now() from invoices limit 50000`)
	f.exec(`insert into transmissions (id, kind, subject, merchant_id, livemode, due_at, created_at)
		select gen_random_uuid(), 'document', id, merchant_id, livemode, now(), now() from invoices limit 50000`)
	f.exec(`analyze`)
	const read = `select ` + columns + from
	for name, c := range map[string]struct {
		sql, types, args, index string
	}{
		"list": {
			read + `where i.merchant_id = $1 and i.livemode = $2 and i.created_at >= $3 and i.corrects is null order by i.created_at desc, i.id desc limit 20 offset 0`,
			"text, boolean, timestamptz", "'m1', true, '2026-01-01'", "invoices_list",
		},
		"list by status": {
			read + `where i.merchant_id = $1 and i.livemode = $2 and i.created_at >= $3 and i.corrects is null and i.status = $4 order by i.created_at desc, i.id desc limit 20`,
			"text, boolean, timestamptz, text", "'m1', true, '2026-01-01', 'failed'", "invoices_status",
		},
		"poll":   {claimPollSQL, "timestamptz, timestamptz, boolean, int", "now(), '2026-11-21 01:00', true, 16", "invoices_poll"},
		"number": {read + `where i.number = $1 and i.merchant_id = $2 and i.livemode = $3`, "text, text, boolean", "'INV-2026-7', 'm1', true", "invoices_merchant_id_livemode_number_key"},
		"payment": {
			invoiceOfSQL, "text, text, boolean", "'PAY-8', 'm1', true", "invoices_payment",
		},
		"settlement": {settlementSQL, "text, text, boolean", "'PAY-8', 'm1', true", "invoice_payments_reference"},
		"hint":       {hintSQL, "text, boolean, timestamptz", "'inv_8', true, now()", "invoices_platform"},
		"followers":  {wakeDependentsSQL, "uuid, timestamptz", "'00000000-0000-0000-0000-000000000000', now()", "transmissions_kind_subject_key"},
	} {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := f.plan(mode, c.sql, c.types, c.args)
			if !strings.Contains(plan, c.index) || strings.Contains(plan, "Seq Scan on invoices") || strings.Contains(plan, "Seq Scan on invoice_payments") ||
				strings.Contains(plan, "Seq Scan on transmissions") || strings.Contains(plan, "transmissions_due") {
				t.Errorf("%s with %s:\n%s", name, mode, plan)
			}
		}
	}
}

func (f *fixture) plan(mode, sql, types, args string) (plan string) {
	f.t.Helper()
	ctx := context.Background()
	f.must(pgx.BeginFunc(ctx, f.Pool, func(tx pgx.Tx) error {
		for _, do := range []string{
			`set local plan_cache_mode = ` + mode, fmt.Sprintf(`prepare q (%s) as %s`, types, sql),
		} {
			if _, err := tx.Exec(ctx, do); err != nil {
				return fmt.Errorf("%s: %w", do, err)
			}
		}
		rows, err := tx.Query(ctx, `explain execute q (`+args+`)`, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan = strings.Join(lines, "\n")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `deallocate q`)
		return err
	}))
	return plan
}
