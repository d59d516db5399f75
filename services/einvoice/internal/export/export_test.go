package export

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func noon(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 12, 0, 0, 0, time.UTC)
}

// TestAnAttemptThatDiesIsTakenOver: its lease ends, another makes the file, and what the first one still writes is refused.
func TestAnAttemptThatDiesIsTakenOver(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for n := range 5000 {
		r.pays(fmt.Sprintf("PAY-%06d", n), 100, noon(11, 3).Add(time.Duration(n)*time.Second))
	}
	r.payments.page = 1000
	x := r.asks(Payments, "2026-11-01", "2026-11-30")
	died, err := r.claim(t.Context(), 1)
	if err != nil || len(died) != 1 {
		t.Fatal(died, err)
	}
	if err := r.addPart(t.Context(), died[0], 0, []byte("half of a file")); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(leaseTime / 2)
	if r.makes(); r.get(x).Status != Pending {
		t.Fatal("it was made by two at once")
	}
	r.clock.Advance(leaseTime)
	r.makes()
	got, raw := r.read(x)
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	if err != nil || len(rows) != 5001 || got.Rows != 5000 || *got.Totals.Total != 500_000 || got.attempts != 2 {
		t.Errorf("%d rows, %+v, %v", len(rows), got, err)
	}
	for name, late := range map[string]error{
		"a part":  r.addPart(t.Context(), died[0], 1, []byte("the other half")),
		"the end": r.finish(t.Context(), died[0]), "a failure": r.abandon(t.Context(), died[0], "x"),
	} {
		if !errors.Is(late, errOvertaken) {
			t.Errorf("%s of the first attempt: %v", name, late)
		}
	}
	var attempts, parts int
	if err := r.pool.QueryRow(t.Context(), `select count(distinct attempt), count(*) from export_parts`).Scan(&attempts, &parts); err != nil || attempts != 1 || parts < 2 {
		t.Errorf("%d attempts left %d parts, %v", attempts, parts, err)
	}
}

// TestAnAttemptThatIsOvertakenStops at the next part that it reads.
func TestAnAttemptThatIsOvertakenStops(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.pays("PAY-1", 100, noon(11, 3))
	x := r.asks(Payments, "2026-11-01", "2026-11-30")
	r.payments.asked = func() { // while the first attempt waits for an answer, its lease ends and another begins and ends
		r.payments.asked = nil
		r.clock.Advance(2 * leaseTime)
		if _, err := New(r.Deps).loop.Once(t.Context()); err != nil {
			t.Error(err)
		}
	}
	r.makes()
	if got, _ := r.read(x); got.attempts != 2 || got.Rows != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAnExportWaitsForPayments(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.payments.fails = errAway
	x := r.asks(Receipts, "2026-11-01", "2026-11-30")
	r.makes()
	if got := r.get(x); got.Status != Pending || got.attempts != 1 {
		t.Fatalf("%+v", got)
	}
	r.payments.fails = nil
	if r.makes(); r.get(x).Status != Pending {
		t.Error("it did not wait")
	}
	r.clock.Advance(wait(1))
	if r.makes(); r.get(x).Status != Ready {
		t.Errorf("%+v", r.get(x))
	}
	r.payments.fails = errAway
	x = r.asks(Receipts, "2026-11-01", "2026-11-30")
	for range maxAttempts {
		r.makes()
		r.clock.Advance(longestWait)
	}
	if got := r.get(x); got.Status != Failed || got.Problem != string(gaveUp) {
		t.Errorf("%+v", got)
	}
}

// TestAFileThatIsNotSoundFails: nobody gets it, and the reason is said.
func TestAFileThatIsNotSoundFails(t *testing.T) {
	t.Parallel()
	r := setup(t)
	row := r.pays("PAY-1", 100, noon(11, 3))
	row.Reference = "" // an entry without a document
	x := r.asks(FEC, "2026-11-01", "2026-11-30")
	r.makes()
	got := r.get(x)
	if got.Status != Failed || !strings.Contains(got.Problem, "line 2: PieceRef is empty") {
		t.Errorf("%+v", got)
	}
	var parts int
	if err := r.pool.QueryRow(t.Context(), `select count(*) from export_parts`).Scan(&parts); err != nil || parts != 0 {
		t.Errorf("%d parts, %v", parts, err)
	}
}

func TestMerchantsTakeTurns(t *testing.T) {
	t.Parallel()
	r := setup(t)
	var mine []Export
	for range 3 {
		mine = append(mine, r.asks(Payments, "2026-11-01", "2026-11-30"))
	}
	r.clock.Advance(time.Second)
	r.who = Who{MerchantID: uuid.NewString()}
	other := r.asks(Payments, "2026-11-01", "2026-11-30")
	got, err := r.claim(t.Context(), 4)
	if err != nil || len(got) != 2 || got[0].ID != mine[0].ID || got[1].ID != other.ID {
		t.Errorf("claimed %+v, %v", got, err)
	}
}

func TestFilesAreKeptForAMonth(t *testing.T) {
	t.Parallel()
	r := setup(t)
	x, _ := r.file(Payments, "2026-11-01", "2026-11-30")
	r.clock.Advance(keep - time.Second)
	if err := r.purge(t.Context()); err != nil || r.get(x).Status != Ready {
		t.Error("it is gone early", err)
	}
	r.clock.Advance(time.Second)
	if _, err := r.Get(t.Context(), x.Who, x.ID.String()); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("it is there: %v", err)
	}
	if all, total, err := r.List(t.Context(), x.Who, "", "", 1, 10); err != nil || total.Rows != 0 || len(all) != 0 {
		t.Errorf("it is listed: %d, %v", total.Rows, err)
	}
	if err := r.purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := r.pool.QueryRow(t.Context(), `select (select count(*) from exports) + (select count(*) from export_parts)`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows are left, %v", left, err)
	}
}

// TestOfTheSameKeyThereIsOneExport also when its requests arrive together, and of 21 exports one is refused.
func TestOfTheSameKeyThereIsOneExport(t *testing.T) {
	t.Parallel()
	r := setup(t)
	request := Request{Who: r.who, Kind: "payments", From: "2026-11-01", To: "2026-11-30", Company: company}
	ids := make([]uuid.UUID, 20)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			x, err := r.check(request)
			if err == nil {
				ids[i], err = r.record(t.Context(), x, "key", request.fingerprint())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several exports: %v", ids)
		}
	}
	for range maxPending - 1 {
		r.asks(Payments, "2026-11-01", "2026-11-30")
	}
	x, err := r.check(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.record(t.Context(), x, "", nil); !errs.Is(err, errs.RateLimitExceeded) {
		t.Errorf("another one: %v", err)
	}
}

// TestASmallFileIsReadyWithTheRequest, and a request does not wait longer than its patience for another.
func TestASmallFileIsReadyWithTheRequest(t *testing.T) {
	t.Parallel()
	r := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	x, replayed, err := r.Create(t.Context(), Request{Who: r.who, Kind: "payments", From: "2026-11-01", To: "2026-11-30"}, "key")
	if err != nil || replayed || x.Status != Ready {
		t.Errorf("%+v, %t, %v", x, replayed, err)
	}
	again, replayed, err := r.Create(t.Context(), Request{Who: r.who, Kind: "payments", From: "2026-11-01", To: "2026-11-30"}, "key")
	if err != nil || !replayed || again.ID != x.ID {
		t.Errorf("%+v, %t, %v", again, replayed, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(r.ended) != 0 {
		t.Errorf("%d requests are remembered", len(r.ended))
	}
}

// TestADayIsAsLongAsItIsInFrance: 23 hours on 29 March 2026, 25 on 25 October.
func TestADayIsAsLongAsItIsInFrance(t *testing.T) {
	t.Parallel()
	r := setup(t)
	utc := func(month time.Month, day, hour, minute, second int) time.Time {
		return time.Date(2026, month, day, hour, minute, second, 0, time.UTC)
	}
	for name, at := range map[string]time.Time{
		"28-late": utc(3, 28, 22, 59, 59), "29-early": utc(3, 28, 23, 0, 0), "29-late": utc(3, 29, 21, 59, 59), "30-early": utc(3, 29, 22, 0, 0),
		"24-late": utc(10, 24, 21, 59, 59), "25-early": utc(10, 24, 22, 0, 0), "25-late": utc(10, 25, 22, 59, 59), "26-early": utc(10, 25, 23, 0, 0),
	} {
		r.pays("PAY-"+name, 100, at)
	}
	for day, want := range map[invoice.Date]string{"2026-03-29": "PAY-29-early PAY-29-late", "2026-10-25": "PAY-25-early PAY-25-late"} {
		for _, kind := range []Kind{Payments, Receipts, Statement, FEC} {
			x, raw := r.file(kind, day, day)
			for _, reference := range strings.Fields(want) {
				if !strings.Contains(string(raw), reference) {
					t.Errorf("%s of %s lacks %s", kind, day, reference)
				}
			}
			if x.Rows != 2 {
				t.Errorf("%s of %s has %d rows", kind, day, x.Rows)
			}
		}
	}
}

// TestAnExportSeesNothingOfWhatFollows its request: it would be half of what happens while the file is made.
func TestAnExportSeesNothingOfWhatFollows(t *testing.T) {
	t.Parallel()
	r := setup(t)
	now := r.clock.Now()
	order := invoice.Order{Customer: invoicetest.Private(), Items: []invoice.Item{invoicetest.Item("x", 1, 120_00, 200)}}
	before, after := now.Add(-time.Second), now.Add(time.Second)
	r.receives(r.issues(order, before), nil, 50_00, before)
	r.pays("PAY-1", 70_00, before)
	var asked []Export
	for _, kind := range []Kind{Payments, Receipts, Invoices, Sales, FEC, Statement} {
		asked = append(asked, r.asks(kind, r.day(now), r.day(now)))
	}
	r.receives(r.issues(order, after), nil, 50_00, after)
	r.pays("PAY-2", 70_00, after)
	for range asked {
		r.makes()
	}
	for i, want := range []int64{1, 2, 1, 1, 3, 1} {
		if x, raw := r.read(asked[i]); x.Rows != want {
			t.Errorf("%s has %d rows, want %d: %s", x.Kind, x.Rows, want, raw)
		}
	}
}

// TestAHostileCustomer: an invoice to a business whose name is hostile.
func TestAHostileCustomer(t *testing.T) {
	t.Parallel()
	r := setup(t)
	hostile := invoicetest.Business()
	hostile.Name = `=cmd|' /C calc'!A0 "quoted", ; <b>`
	r.issues(invoice.Order{Customer: hostile, Items: []invoice.Item{invoicetest.Item("x", 1, 120_00, 200)}}, noon(11, 2))
	// The same business by another name: its account keeps the first.
	other := invoicetest.Business()
	r.issues(invoice.Order{Customer: other, Items: []invoice.Item{invoicetest.Item("x", 1, 120_00, 200)}}, noon(11, 3))
	_, raw := r.file(Invoices, "2026-11-01", "2026-11-30")
	rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	if err != nil || rows[1][5] != "'"+hostile.Name {
		t.Errorf("%q, %v", rows, err)
	}
	_, raw = r.file(FEC, "2026-11-01", "2026-11-30")
	if text := string(raw); !strings.Contains(text, "\t'=cmd|' /C calc'!A0 \"quoted\", ; <b>\t") || strings.Contains(text, "\t"+other.Name+"\t") {
		t.Errorf("the entries are %s", text)
	}
}
