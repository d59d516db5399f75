package ereport

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// A sale that is recorded while the report is made is in the next one: neither lost nor waited for.
func TestASaleWhileTheReportIsMade(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.in(func(tx pgx.Tx) { // has touched the period, and holds its row
		id := f.document(tx, "2026-11-03")
		f.part(tx, id, "2026-11-03", invoice.ReportGoods, 200, 500, 100)
		f.touch(tx, Sales, "2026-11-03")
		f.round()
		f.wantStates("2026-11-01 1 waiting")
	})
	f.sendAll()
	f.now = f.now.Add(time.Hour)
	f.round()
	f.sendAll()
	if s := f.platform.sales; len(s) != 2 || s[0].Days[0].Net != 1000 || s[1].Days[0].Net != 1500 {
		t.Errorf("sent %+v", s)
	}
	if n := f.count(`select count(*) from report_periods where version = sent_version and version = 2`); n != 1 {
		t.Error("the period is not reported")
	}
}

// meanwhile does something once, right after the reporter has read the version of a period and before it adds up what was sold.
type meanwhile struct {
	once sync.Once
	do   func()
}

func (m *meanwhile) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, "from enrolments") {
		m.once.Do(m.do)
	}
	return ctx
}

func (*meanwhile) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// between makes the reporter work on connections of its own, and do something in the middle of its next report.
func (f *fixture) between(do func()) {
	f.Helper()
	cfg := f.pool.Config()
	cfg.ConnConfig.Tracer = &meanwhile{do: do}
	pool, err := pgxpool.NewWithConfig(f.Context(), cfg)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(pool.Close)
	f.r.Pool = pool
}

// Version and sums are of one moment, also when a sale is recorded between the reading of the two.
func TestASaleBetweenVersionAndSums(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200)
	f.at("2026-11-11 03:00")
	f.between(func() { f.sell("2026-11-04", invoice.ReportGoods, 200, 500, 100) })
	f.round()
	f.sendAll()
	f.now = f.now.Add(time.Hour)
	f.round()
	f.sendAll()
	if s := f.platform.sales; len(s) != 2 || len(s[0].Days) != 1 || len(s[1].Days) != 2 {
		t.Errorf("sent %+v", s)
	}
}

// A period that turns out to be empty while a sale comes in is not marked as reported.
func TestASaleWhileAnEmptyPeriodIsClosed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.unsell(f.sell("2026-11-03", invoice.ReportGoods, 200, 1000, 200), "2026-11-03")
	f.at("2026-11-11 03:00")
	f.between(func() { f.sell("2026-11-04", invoice.ReportGoods, 200, 500, 100) })
	f.round()
	f.wantStates()
	f.round()
	f.wantStates("2026-11-01 1 waiting")
}
