package ereport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/vat"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const merchant = "merchant-1"

func paris(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// fixture is a reporter on a database of its own, with a platform that the test owns.
type fixture struct {
	*testing.T
	pool     *pgxpool.Pool
	now      time.Time
	regime   invoice.Regime
	platform *account
	log      bytes.Buffer
	woken    []bool
	r        *Reporter
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	f := &fixture{T: t, pool: pool, regime: invoice.RegimeMonthly, platform: newAccount()}
	f.at("2026-11-01 12:00")
	f.r = New(Deps{
		Pool: pool, Platforms: map[bool]platform.Platform{true: f.platform, false: newAccount()}, Zone: paris(t),
		Now: func() time.Time { return f.now }, Matricule: "0042", Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	})
	f.r.Attach(func(livemode bool) { f.woken = append(f.woken, livemode) })
	f.enrol("active")
	return f
}

// at sets the clock to a time in France.
func (f *fixture) at(text string) {
	f.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", text, paris(f))
	if err != nil {
		f.Fatal(err)
	}
	f.now = now
}

func (f *fixture) exec(sql string, args ...any) {
	f.Helper()
	if _, err := f.pool.Exec(f.Context(), sql, args...); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) count(sql string, args ...any) int {
	f.Helper()
	var n int
	if err := f.pool.QueryRow(f.Context(), sql, args...).Scan(&n); err != nil {
		f.Fatal(err)
	}
	return n
}

func (f *fixture) enrol(status string) {
	f.Helper()
	settings, err := json.Marshal(invoicetest.Settings())
	if err != nil {
		f.Fatal(err)
	}
	f.exec(`insert into enrolments (merchant_id, livemode, settings, code, client_id, mandate_id, mandate_status, due_at, created_at, updated_at)
		values ($1, true, $2, 'AB12CD', 'cli_1', 'mdt_1', $3, now(), now(), now()) on conflict (merchant_id, livemode) do update set mandate_status = $3`,
		merchant, settings, status)
}

// document records an invoice that parts can belong to.
func (f *fixture) document(db pg.DB, day invoice.Date) uuid.UUID {
	f.Helper()
	id := uuid.Must(uuid.NewV7())
	err := db.QueryRow(f.Context(), `insert into invoices (id, merchant_id, livemode, number, type_code, status, audience, customer_name, issued_on, due_on,
			total_cents, document, seqino_status, created_at, updated_at)
		values ($1, $2, true, $4, '380', 'pending', 'B2C', 'n', $3, $3, 0, '{}', 'submitted', now(), now()) returning id`,
		id, merchant, string(day), id.String()).Scan(&id)
	if err != nil {
		f.Fatal(err)
	}
	return id
}

// sell records a sale of one part as the ledger does.
func (f *fixture) sell(day invoice.Date, category string, rate vat.Rate, net, tax money.Cents) uuid.UUID {
	f.Helper()
	var id uuid.UUID
	f.in(func(tx pgx.Tx) {
		id = f.document(tx, day)
		f.part(tx, id, day, category, rate, net, tax)
		f.touch(tx, Sales, day)
	})
	return id
}

func (f *fixture) part(tx pgx.Tx, id uuid.UUID, day invoice.Date, category string, rate vat.Rate, net, tax money.Cents) {
	f.Helper()
	_, err := tx.Exec(f.Context(), `insert into sale_parts (source, merchant_id, livemode, sold_on, category, rate, net_cents, tax_cents)
		values ($1, $2, true, $3, $4, $5, $6, $7)`, id, merchant, string(day), category, int64(rate), int64(net), int64(tax))
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) in(do func(tx pgx.Tx)) {
	f.Helper()
	err := pgx.BeginFunc(f.Context(), f.pool, func(tx pgx.Tx) error { do(tx); return nil })
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) touch(tx pgx.Tx, kind Kind, day invoice.Date) Period {
	f.Helper()
	p, err := MarkChanged(f.Context(), tx, Declarant{merchant, true, f.regime}, kind, day, f.r.instant())
	if err != nil {
		f.Fatal(err)
	}
	return p
}

// unsell takes a sale back as if it had not been.
func (f *fixture) unsell(id uuid.UUID, day invoice.Date) {
	f.Helper()
	f.in(func(tx pgx.Tx) {
		if _, err := tx.Exec(f.Context(), `delete from sale_parts where source = $1`, id); err != nil {
			f.Fatal(err)
		}
		f.touch(tx, Sales, day)
	})
}

// pay records a payment of services by a private customer, or below zero what is given back.
func (f *fixture) pay(day invoice.Date, rate vat.Rate, amount money.Cents) {
	f.Helper()
	f.receive(day, rate, amount, "B2C", true)
}

func (f *fixture) receive(day invoice.Date, rate vat.Rate, amount money.Cents, audience string, reportable bool) {
	f.Helper()
	f.in(func(tx pgx.Tx) {
		id := f.document(tx, day)
		_, err := tx.Exec(f.Context(), `insert into receipt_parts (source, merchant_id, livemode, invoice_id, audience, received_on, nature, rate, amount_cents, reportable)
			values ($1, $2, true, $3, $4, $5, 'services', $6, $7, $8)`, uuid.New(), merchant, id, audience, string(day), int64(rate), int64(amount), reportable)
		if err != nil {
			f.Fatal(err)
		}
		f.touch(tx, Payments, day)
	})
}

func (f *fixture) round() {
	f.Helper()
	if err := f.r.round(f.Context()); err != nil {
		f.Fatal(err)
	}
}

// list is what a merchant sees, the oldest first.
func (f *fixture) list() []*einvoicev1.EReport {
	f.Helper()
	list, total, err := f.r.List(f.Context(), merchant, true, 1, 100)
	if err != nil || int(total) != len(list) {
		f.Fatalf("list of %d has %d: %v", total, len(list), err)
	}
	for i := range len(list) / 2 {
		list[i], list[len(list)-1-i] = list[len(list)-1-i], list[i]
	}
	return list
}

// send sends a report as the engine would.
func (f *fixture) send(id string) error {
	return f.r.Send(f.Context(), transmit.Transmission{Kind: transmit.Report, Subject: uuid.MustParse(id), MerchantID: merchant, Livemode: true})
}

// sendAll sends what waits.
func (f *fixture) sendAll() {
	f.Helper()
	for _, e := range f.list() {
		if e.GetStatus() != "waiting" {
			continue
		}
		if err := f.send(e.GetId()); err != nil {
			f.Fatal(err)
		}
	}
}

// states are number and status of each report.
func (f *fixture) states() []string {
	f.Helper()
	var all []string
	for _, e := range f.list() {
		all = append(all, fmt.Sprintf("%s %d %s", e.GetPeriodStart(), e.GetNumber(), e.GetStatus()))
	}
	return all
}

func (f *fixture) wantStates(want ...string) {
	f.Helper()
	got := f.states()
	if len(got) != len(want) {
		f.Fatalf("reports are %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			f.Fatalf("reports are %q, want %q", got, want)
		}
	}
}

// account is a platform that has each report once, by its Ref.
type account struct {
	platform.Platform
	mu       sync.Mutex
	calls    int
	ids      map[string]string
	sales    []platform.SalesReport
	payments []platform.PaymentsReport
	// fails is the answer to the next call; with lost it has its effect all the same.
	fails error
	lost  bool
}

var errDown = errors.New("connection refused")

func newAccount() *account { return &account{ids: make(map[string]string)} }

func (a *account) take(ref string, keep func()) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	fails := a.fails
	if fails != nil && !a.lost {
		a.fails = nil
		return "", fails
	}
	if a.ids[ref] == "" {
		a.ids[ref] = "rpt_" + ref
		keep()
	}
	if a.fails, a.lost = nil, false; fails != nil {
		return "", fails
	}
	return a.ids[ref], nil
}

func (a *account) ReportSales(_ context.Context, client string, r platform.SalesReport) (string, error) {
	if client != "cli_1" {
		return "", errors.New("another client")
	}
	return a.take(r.Ref, func() { a.sales = append(a.sales, r) })
}

func (a *account) ReportPayments(_ context.Context, client string, r platform.PaymentsReport) (string, error) {
	if client != "cli_1" {
		return "", errors.New("another client")
	}
	return a.take(r.Ref, func() { a.payments = append(a.payments, r) })
}
