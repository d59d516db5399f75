package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

// rules are the constraints of payments, by the name that a violation bears.
var rules = map[string]string{
	"completed_has_its_time": `(completed_at is not null) = (status in ('completed', 'refunded'))`,
	"due_unless_final":       `(due_at is null) = (status in ('completed', 'failed', 'cancelled', 'refunded'))`,
	"held_is_closed_before_it_ends": `paid_by is null and received_by = '' or status in ('pending', 'pending_sca')
		or own_session = 'closed' and status in ('completed', 'refunded')`,
	"held_is_payable":                    `paid_by is null and received_by = '' or kind = 'payment' and origin in ('api', 'order')`,
	"held_knows_of_closing":              `paid_by is null and received_by = '' or own_session <> 'open'`,
	"late_is_whole":                      `(late_cents is null) = (late_at is null) and (late_cents is null) = (late_booked_at is null)`,
	"late_when_ended":                    `late_cents is null or (kind = 'payment' and status in ('failed', 'cancelled') and late_cents > 0)`,
	"mandates_are_of_their_subscription": `kind <> 'mandate' or subscription_id = reference`,
	"mandates_are_periodic":              `(kind = 'mandate') = (execution_type = 'periodic')`,
	"never_refunded_beyond": `0 <= amount_refunded_cents and amount_refunded_cents <= amount_reserved_cents
		and amount_reserved_cents <= coalesce(late_cents, amount_cents)`,
	"one_holder":                              `paid_by is null or received_by = ''`,
	"only_payments_have_an_origin":            `kind = 'payment' or origin = 'api'`,
	"order_is_known":                          `(origin = 'order') = (order_id <> '')`,
	"payments_amount_cents_check":             `amount_cents > 0`,
	"payments_beneficiary_kind_check":         `beneficiary_kind in ('corporate', 'individual')`,
	"payments_execution_type_check":           `execution_type in ('instant', 'first_open_day', 'deferred', 'periodic')`,
	"payments_kind_check":                     `kind in ('payment', 'refund', 'mandate', 'supplier')`,
	"payments_origin_check":                   `origin in ('api', 'order', 'qr', 'scan')`,
	"payments_own_session_check":              `own_session in ('open', 'closing', 'closed')`,
	"payments_sequence_check":                 `sequence > 0`,
	"payments_settlement_check":               `settlement in ('', 'tracked', 'untracked')`,
	"payments_status_check":                   `status in ('pending', 'pending_sca', 'completed', 'failed', 'cancelled', 'refunded')`,
	"refund_has_an_original":                  `(kind = 'refund') = (original_reference is not null)`,
	"scan_has_a_gateway_payment":              `(origin = 'scan') = (gateway_reference is not null)`,
	"scan_is_recorded_before_it_is_requested": `origin <> 'scan' or sequence > 1 or provider_payment_id is null`,
	"scanned_by_somebody":                     `origin not in ('qr', 'scan') or customer_id <> ''`,
	"settles_while_open":                      `settle_by is null or status in ('pending', 'pending_sca')`,
}

// drawn are values of the columns that the rules know. The first of each is drawn as often as all others together, so that rows break few rules.
var drawn = map[string][]string{
	"reference": {"PAY-1"}, "kind": {"payment", "refund", "mandate", "other", ""}, "original_reference": {"", "PAY-0"}, "amount_cents": {"100", "0", "-1"},
	"status":           {"pending", "pending_sca", "completed", "failed", "cancelled", "refunded", "other"},
	"sequence":         {"1", "2", "0"},
	"execution_type":   {"instant", "first_open_day", "deferred", "periodic", "other"},
	"beneficiary_kind": {"corporate", "individual", "other"}, "settlement": {"tracked", "untracked", "other"},
	"due_at": {"2026-06-17T12:00:00Z", ""}, "completed_at": {"", "2026-06-17T12:00:00Z"}, "settle_by": {"", "2026-06-17T12:00:00Z"},
	"amount_refunded_cents": {"0", "-1", "50", "100"}, "amount_reserved_cents": {"0", "50", "100", "101"},
	"late_cents": {"", "0", "60", "100"}, "late_at": {"", "2026-06-17T12:00:00Z"}, "late_booked_at": {"", "2026-06-17T12:00:00Z"},
	"subscription_id": {"PAY-1", "SUB-1"}, "origin": {"api", "order", "qr", "scan", "other"}, "order_id": {"none", "o"},
	"gateway_reference": {"", "PAY-2"}, "customer_id": {"c", "none"}, "provider_payment_id": {"", "7"},
	"own_session": {"open", "closing", "closed", "other"}, "paid_by": {"", "PAY-3"}, "received_by": {"none", "someone"},
}

// draw returns a select of random rows of payments. "" is null and "none" is the empty text.
func draw(rows int) string {
	var fields []string
	for column, values := range drawn {
		fields = append(fields, fmt.Sprintf(`'%s', nullif(case when random() < 0.5 then '%s' else (array['%s'])[1 + floor(random() * %d)] end, '')`,
			column, values[0], strings.Join(values, "','"), len(values)))
	}
	return fmt.Sprintf(`select (p).* from (select jsonb_populate_record(null::payments, replace(jsonb_build_object(%s)::text, '"none"', '""')::jsonb) as p
		from generate_series(1, %d) offset 0) drawn`, strings.Join(fields, ", "), rows)
}

// verdict is what the function says of a row: the name of a rule, or nothing. Violates are the rules that refuse the row.
type verdict struct {
	Said     string
	Violates []string
	Row      string
}

// TestTheRulesOfPaymentsAreAllInTheirFunction: it refuses exactly the rows that one of the rules refuses, and names one that does.
func TestTheRulesOfPaymentsAreAllInTheirFunction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const rows = 20_000
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), `create function pg_temp.verdict(p payments) returns text language plpgsql as $$
		declare name text;
		begin
			perform payment_is_sound(p);
			return '';
		exception when check_violation then
			get stacked diagnostics name = constraint_name;
			return name;
		end $$`); err != nil {
		t.Fatal(err)
	}
	var broken []string
	for name, rule := range rules {
		broken = append(broken, fmt.Sprintf(`case when (%s) is false then '%s' end`, rule, name))
	}
	found, err := tx.Query(t.Context(), fmt.Sprintf(`select pg_temp.verdict(d), array_remove(array[%s], null), to_jsonb(d)::text from (%s) d`,
		strings.Join(broken, ", "), draw(rows)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(found, pgx.RowToStructByPos[verdict])
	if err != nil {
		t.Fatal(err)
	}
	sound, violated := 0, make(map[string]int)
	for _, v := range list {
		if v.Said == "" {
			sound++
		}
		for _, name := range v.Violates {
			violated[name]++
		}
		if v.Said == "" && len(v.Violates) > 0 || v.Said != "" && !slices.Contains(v.Violates, v.Said) {
			t.Fatalf("%q of a row that violates %v: %s", v.Said, v.Violates, v.Row)
		}
	}
	for name := range rules {
		if violated[name] == 0 {
			t.Errorf("no row of %d violates %s", rows, name)
		}
	}
	if sound == 0 {
		t.Errorf("none of %d rows was sound", rows)
	}
}

// TestAnUnsoundPaymentIsRefused: the table itself refuses it.
func TestAnUnsoundPaymentIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := draft(ref("PAY", 1))
	if _, _, err := b.Create(t.Context(), d, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	_, err := b.pool.Exec(t.Context(), `update payments set status = $2 where reference = $1`, d.Reference, payment.Completed)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "23514" || refused.ConstraintName != "due_unless_final" || refused.TableName != "payments" {
		t.Errorf("a payment that is completed and due: %v", err)
	}
}

// TestAWriteOfAPaymentParsesLittle: PostgreSQL parses constraints and conditions of triggers in each statement that writes a payment, about 5 µs for
// 1,000 bytes. Rules belong in payment_is_sound, and what a trigger does in its function.
func TestAWriteOfAPaymentParsesLittle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var parsed int
	err := b.pool.QueryRow(t.Context(), `select coalesce((select sum(length(conbin::text)) from pg_constraint where conrelid = 'payments'::regclass and contype = 'c'), 0)
		+ coalesce((select sum(length(tgqual::text)) from pg_trigger where tgrelid = 'payments'::regclass), 0)`).Scan(&parsed)
	if err != nil {
		t.Fatal(err)
	}
	if parsed > 6000 {
		t.Errorf("%d bytes are parsed, want at most 6,000", parsed)
	}
}
