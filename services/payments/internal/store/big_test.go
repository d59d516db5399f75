package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/kit/big"
)

// TestBigDatabase measures what payments take and whether creating one costs more among many. A payment and its history are found by their keys.
func TestBigDatabase(t *testing.T) {
	full, empty := setup(t), setup(t)
	n := big.Size()
	began := time.Now()
	big.Payments(t, full.pool, n, full.now, 365*24*time.Hour)
	t.Logf("%d payments were made in %v", n, time.Since(began).Round(time.Second))
	for _, table := range big.Sizes(t, full.pool, n) {
		t.Log(table)
	}

	var reference string
	if err := full.pool.QueryRow(t.Context(), `select reference from payments order by created_at offset $1 limit 1`, n/2).Scan(&reference); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`select ` + columns + ` from payments where reference = $1`, `select ` + entryColumns + ` from payment_history where reference = $1 order by sequence`} {
		rows, err := full.pool.Query(t.Context(), `explain `+strings.ReplaceAll(sql, "$1", "'"+reference+"'"))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || !strings.Contains(plan[0]+plan[1], "_pkey") || strings.Contains(strings.Join(plan, ""), "Seq Scan") {
			t.Errorf("%v, %v", strings.Join(plan, "\n"), err)
		}
	}

	// In pairs, so that both meet the same machine.
	const pairs, each = 20, 50
	var ratios []float64
	next := each
	creating(t, empty, next, each) // both have their connections and their plans
	creating(t, full, next, each)
	for range pairs {
		next += each
		a, b := creating(t, empty, next, each), creating(t, full, next, each)
		ratios = append(ratios, b.Seconds()/a.Seconds())
	}
	slices.Sort(ratios)
	t.Logf("creating a payment among %d takes %.2f times as long as among none (median of %d pairs of %d; %.2f to %.2f)",
		n, ratios[pairs/2], pairs, each, ratios[pairs/4], ratios[3*pairs/4])
}

// creating returns how long it takes to create some payments, one after another.
func creating(t *testing.T, b *bench, from, many int) time.Duration {
	t.Helper()
	began := time.Now()
	for i := range many {
		d := draft(ref("PAY", from+i))
		d.MerchantReference = d.Reference
		if _, match, err := b.Create(t.Context(), d, Idempotency{}, Meta{}); err != nil || match != NoMatch {
			t.Fatal(match, err)
		}
	}
	return time.Since(began)
}
