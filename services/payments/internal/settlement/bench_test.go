package settlement

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// BenchmarkMatch matches 100,000 lines against 100,000 open payments, whose order of arrival is another, with everything that is written:
// matches, lines, payments, their history and their events. It reports lines per second.
func BenchmarkMatch(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		b.StopTimer()
		r := setup(b)
		m := r.merchant(ownIBAN)
		a := r.connect(m)
		references := r.many(m, n)
		lines := make([]powens.BankLine, n)
		for i := range lines {
			at := i * 7919 % n // another order: 7919 is prime
			lines[i] = powens.BankLine{
				ID: fmt.Sprint(i + 1), Cents: amountOf(at), On: noon.Truncate(24 * time.Hour), Updated: noon,
				Text: "VIR SEPA RECU /DE CLIENT /MOTIF " + references[at], Payer: "Client", IBAN: adaIBAN,
			}
		}
		r.recordAll(a.ID, lines)
		ctx := context.Background()
		if _, err := r.pool.Exec(ctx, `analyze`); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		began := time.Now()
		for {
			did, err := r.matchSome(ctx, a.ID)
			if err != nil {
				b.Fatal(err)
			}
			if did == 0 {
				break
			}
		}
		b.ReportMetric(n/time.Since(began).Seconds(), "lines/s")
		b.StopTimer()
		var settled int
		r.must(r.pool.QueryRow(ctx, `select count(*) from payments where settled_at is not null`).Scan(&settled))
		if settled != n || r.events("payment.settled") != n {
			b.Fatalf("%d payments are settled, with %d events", settled, r.events("payment.settled"))
		}
		b.StartTimer()
	}
}

func amountOf(i int) money.Cents { return money.Cents(1000 + i%5000) }

// many records payments that were completed now and are expected, by copying one.
func (r *rig) many(m string, n int) []string {
	r.t.Helper()
	first := r.executed(m, 1000, adaIBAN, func(p *payment.Payment) { p.Reference = "PAY-20260617-00000000000FFFFF" })
	references := make([]string, n)
	for i := range references {
		references[i] = fmt.Sprintf("PAY-20260617-B%015X", i)
	}
	ctx := context.Background()
	rows, err := r.pool.Query(ctx, `select column_name::text from information_schema.columns where table_name = 'payments' and table_schema = current_schema()
		and is_generated = 'NEVER' and column_name not in ('reference', 'amount_cents', 'payer_iban_key_id', 'payer_iban_sealed', 'payer_iban')`)
	r.must(err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	r.must(err)
	list := ""
	for _, c := range columns {
		list += ", " + c
	}
	_, err = r.pool.Exec(ctx, `insert into payments (reference, amount_cents, payer_iban`+list+`)
		select u.reference, 1000 + (u.at - 1) % 5000, $2`+list+` from unnest($3::text[]) with ordinality u (reference, at), payments p where p.reference = $1`,
		first.Reference, adaIBAN, references)
	r.must(err)
	for from := 0; from < n; from += 1000 {
		r.hear(references[from:min(from+1000, n)]...)
	}
	return references
}

// recordAll records lines as pages of a read.
func (r *rig) recordAll(accountID string, lines []powens.BankLine) {
	r.t.Helper()
	for len(lines) > 0 {
		n := min(powens.PageOfLines, len(lines))
		r.must(pgx.BeginFunc(context.Background(), r.pool, func(tx pgx.Tx) error {
			a, err := lockAccount(context.Background(), tx, accountID)
			if err != nil {
				return err
			}
			return r.recordLines(context.Background(), tx, a, lines[:n])
		}))
		lines = lines[n:]
	}
}
