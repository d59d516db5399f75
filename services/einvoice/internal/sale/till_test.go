package sale

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/vat"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

var noon = time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)

// rig is the sales of one enrolled merchant, m1 in live mode.
type rig struct {
	*Sales
	t    *testing.T
	pool *pgxpool.Pool
}

func setup(t *testing.T) *rig {
	t.Helper()
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Sales: &Sales{Book: Book{Zone: paris, Now: func() time.Time { return noon }}, Pool: pool, Reads: pool, Log: slog.New(slog.DiscardHandler)}, t: t, pool: pool}
	r.exec(`insert into enrolments (merchant_id, livemode, settings, code, mandate_status, due_at, created_at, updated_at)
		values ('m1', true, '{}', 'AB12CD', 'active', $1, $1, $1)`, noon)
	r.settings(nil)
	return r
}

func (r *rig) exec(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.pool.Exec(context.Background(), sql, args...); err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
}

func (r *rig) settings(change func(*invoice.Settings)) {
	r.t.Helper()
	s := invoicetest.Settings()
	if change != nil {
		change(&s)
	}
	text, err := json.Marshal(s)
	if err != nil {
		r.t.Fatal(err)
	}
	r.exec(`update enrolments set settings = $1`, text)
}

func (r *rig) text(sql string) (text string) {
	r.t.Helper()
	if err := r.pool.QueryRow(context.Background(), sql).Scan(&text); err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
	return text
}

// sums are what is reported, and the versions of the periods of sales and payments.
func (r *rig) sums() string {
	r.t.Helper()
	return r.text(`select coalesce((select string_agg(category || ' ' || rate || ' ' || net_cents || '+' || tax_cents, ', ' order by category, rate) from consumer_parts), '')
		|| '; ' || coalesce((select string_agg(kind || ' ' || version, ', ' order by kind) from report_periods), '')`)
}

var owner = Who{"m1", true}

func day(parts ...Part) Till { return Till{Name: "till-1", Day: "2026-11-20", Parts: parts} }

func TestATillsDayIsReplaced(t *testing.T) {
	t.Parallel()
	r := setup(t)
	first := day(Part{invoice.Goods, 200, 12000}, Part{invoice.Services, 100, 1100})
	got, known, err := r.Record(t.Context(), owner, first)
	if err != nil || known || got.Version != 1 || got.Total() != 13100 || got.Tax() != 2100 || got.Period.Due != "2026-11-30" || got.Reported {
		t.Fatalf("%+v, %t, %v", got, known, err)
	}
	want := "TLB1 200 10000+2000, TPS1 100 1000+100; payments 1, sales 1"
	if sums := r.sums(); sums != want {
		t.Errorf("got %s", sums)
	}
	// The same again changes nothing; it is the same in another order.
	again := day(first.Parts[1], first.Parts[0])
	if got, known, err = r.Record(t.Context(), owner, again); err != nil || !known || got.Version != 1 || r.sums() != want {
		t.Errorf("%+v, %t, %v: %s", got, known, err, r.sums())
	}
	r.exec(`update report_periods set sent_version = version`)
	got, known, err = r.Record(t.Context(), owner, day(Part{invoice.Goods, 200, 6000}))
	if err != nil || !known || got.Version != 2 || !got.Reported || r.sums() != "TLB1 200 5000+1000; payments 2, sales 2" {
		t.Errorf("%+v, %t, %v: %s", got, known, err, r.sums())
	}
	if _, _, err = r.Record(t.Context(), owner, day()); err != nil || !strings.HasPrefix(r.sums(), ";") {
		t.Errorf("withdrawn: %v, %s", err, r.sums())
	}
}

func TestATillsDayIsRecordedOnceAtTheSameTime(t *testing.T) {
	t.Parallel()
	r := setup(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := r.Record(t.Context(), owner, day(Part{invoice.Goods, 200, 1200})); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if sums := r.sums(); sums != "TLB1 200 1000+200; sales 1" {
		t.Errorf("got %s", sums)
	}
}

func TestWhatATillCannotHaveSoldIsRefused(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for want, c := range map[string]Till{
		"till":               {Name: "Kasse 1", Day: "2026-11-20"},
		"date":               {Name: "a", Day: "2026-11-22"},
		"totals[0].vat_rate": day(Part{invoice.Goods, 196, 100}),
		"totals[0].type":     day(Part{"gifts", 200, 100}),
		"totals[1]":          day(Part{invoice.Goods, 200, 100}, Part{invoice.Goods, 200, 100}),
		"totals[0].amount":   day(Part{invoice.Goods, 200, maxTotal + 1}),
	} {
		_, _, err := r.Record(t.Context(), owner, c)
		if e := errs.From(err); !errs.Is(err, errs.ValidationError) || len(e.Fields) != 1 || e.Fields[0].Field != want {
			t.Errorf("want %s: %v", want, err)
		}
	}
	if _, _, err := r.Record(t.Context(), Who{"m1", false}, day()); !errs.Is(err, errs.NotEnrolled) {
		t.Errorf("in the other mode: %v", err)
	}
	r.settings(func(s *invoice.Settings) { s.Regime = invoice.RegimeFranchise })
	if _, _, err := r.Record(t.Context(), owner, day(Part{invoice.Goods, 200, 100})); !errs.Is(err, errs.ValidationError) {
		t.Errorf("VAT of a franchise: %v", err)
	}
}

func TestPaymentsAreReportedOnceTheirMerchantSaysHow(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.exec(`insert into consumer_sales (payment_reference, merchant_id, livemode, sold_on, amount_cents, untaxed, on_debits, unknown, created_at)
		select 'PAY-' || n, 'm1', true, '2026-11-20', 120, false, false, true, $1 from generate_series(1, 230) n`, noon)
	e, err := NewServer(r.Sales).GetUnreported(t.Context(), &einvoicev1.GetUnreportedRequest{MerchantId: "m1", Livemode: true})
	if err != nil || e.GetPayments() != 230 || e.GetAmountCents() != 27600 || e.GetSince() != "2026-11-20" {
		t.Errorf("%v, %v", e, err)
	}
	if err := r.Resolve(t.Context()); err != nil || r.sums() != "; " {
		t.Errorf("without a setting: %v, %s", err, r.sums())
	}
	rate := vat.Standard
	r.settings(func(s *invoice.Settings) { s.SalesRate, s.SalesNature = &rate, invoice.Services })
	if err := r.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.text(`select category || ' ' || count(*) || ' ' || sum(net_cents) || '+' || sum(tax_cents) from consumer_parts group by category`); got != "TPS1 230 23000+4600" {
		t.Errorf("got %s", got)
	}
	if e, err = NewServer(r.Sales).GetUnreported(t.Context(), &einvoicev1.GetUnreportedRequest{MerchantId: "m1", Livemode: true}); err != nil || e.GetPayments() != 0 {
		t.Errorf("%v, %v", e, err)
	}
}
