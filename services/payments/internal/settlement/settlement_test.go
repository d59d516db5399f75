package settlement

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
)

func TestACreditThatNamesItsPaymentSettlesIt(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p := r.paid(m, 2999, adaIBAN)
	r.book(m, 2999, "VIR SEPA Order "+p.Reference, adaIBAN)
	r.sync()
	l := r.line(m)
	if l.State != "matched" || len(l.Matches) != 1 || l.Matches[0].Rule != "reference" || l.Matches[0].Actor != "rule" || len(l.Matches[0].Evidence) != 4 {
		t.Errorf("line %+v", l)
	}
	after := r.payment(p.Reference)
	if after.SettledAt == nil || after.SettledAt.Format("2006-01-02") != "2026-06-17" || after.Sequence != p.Sequence+1 {
		t.Errorf("settled at %v, sequence %d", after.SettledAt, after.Sequence)
	}
	history, err := r.store.History(t.Context(), m, false, p.Reference)
	r.must(err)
	if last := history[len(history)-1]; last.Cause != "settlement" || last.Actor != "rule" || r.events("payment.settled") != 1 {
		t.Errorf("history %+v, %d events", last, r.events("payment.settled"))
	}
	r.sync()
	if len(r.lines(m)) != 1 || r.events("payment.settled") != 1 {
		t.Error("reading again changed something")
	}
}

func TestOnlyTheMerchantsOwnAccountIsConnected(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	v, err := r.Start(t.Context(), m, false, "")
	r.must(err)
	_, err = r.Complete(t.Context(), r.visit(v.URL, adaIBAN))
	r.wants(errs.InvalidState, err, "another account")
	if n := r.bank.Stats()["connections"]; n != 0 {
		t.Errorf("%d connections are left at the bank", n)
	}
	nobody := r.merchant("")
	_, err = r.Start(t.Context(), nobody, false, "")
	r.wants(errs.InvalidState, err, "a merchant without an account")
	_, err = r.Start(t.Context(), m, true, "")
	r.wants(errs.LiveNotConfigured, err, "live mode")
}

// TestABatchReadsNoOtherLines, however many an account has: the plans find them by indexes, and sort nothing.
func TestABatchReadsNoOtherLines(t *testing.T) {
	t.Parallel()
	r := setup(t)
	_, accountID := r.connectedAccount()
	_, err := r.pool.Exec(t.Context(), `insert into bank_lines (id, account_id, merchant_id, livemode, provider_id, generation, amount_cents, booked_on, state, reason,
			payer_fingerprint, content_hash, recorded_at, updated_at)
		select gen_random_uuid(), $1, merchant_id, false, n, 1, 1000 + n % 500, $2::timestamptz, case when n % 100 = 0 then 'suggested' else 'new' end,
			case when n % 100 = 0 then 'ambiguous' else '' end, decode(to_hex(n % 7), 'escape'), '', $2::timestamptz, $2::timestamptz
		from receiving_accounts, generate_series(1, 20000) n where id = $1`, accountID, noon)
	r.must(err)
	_, err = r.pool.Exec(t.Context(), `analyze bank_lines`)
	r.must(err)
	for sql, c := range map[string]struct {
		index string
		args  []any
	}{
		newLinesSQL:  {"bank_lines_new", []any{accountID, batchSize}},
		lookAgainSQL: {"bank_lines_ambiguous", []any{accountID, []int64{1000, 1001}, [][]byte{{1}, {2}}, maxAgain, noon}},
	} {
		rows, err := r.pool.Query(t.Context(), "explain "+sql, c.args...)
		r.must(err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		r.must(err)
		if text := strings.Join(plan, "\n"); !strings.Contains(text, c.index) || strings.Contains(text, "Seq Scan on bank_lines") || strings.Contains(text, "Sort Key: bank_lines.") {
			t.Errorf("%s", text)
		}
	}
}
