package journal

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/migrations"
)

var noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

func add(ctx context.Context, pool *pgxpool.Pool, e Entry) (r *Record, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		r, err = Append(ctx, tx, e)
		return err
	})
	return r, err
}

// some records of a new merchant: an order of 12 euros, its payment in cash, and a part that is given back.
func some(t *testing.T, pool *pgxpool.Pool) Who {
	t.Helper()
	who, order := Who{uuid.NewString(), true}, uuid.NewString()
	whole, part := []vat.Share{{Rate: vat.Intermediate, Gross: 1200, VAT: 109}}, []vat.Share{{Rate: vat.Intermediate, Gross: -200, VAT: -18}}
	for _, e := range []Entry{
		{Kind: Ordered, Amount: 1200, Taxes: whole, Detail: map[string]int{"number": 1}},
		{Kind: Paid, Reference: "CTR-1", Method: "cash", Amount: 1200, Tip: 50, Taxes: whole},
		{Kind: Refunded, Reference: "REF-1", Of: "CTR-1", Method: "cash", Amount: -200, Taxes: part},
		{Kind: Printed, Detail: map[string]int{"copy": 1}},
	} {
		e.MerchantID, e.Livemode, e.OrderID, e.At = who.MerchantID, who.Livemode, order, noon
		if _, err := add(t.Context(), pool, e); err != nil {
			t.Fatal(err)
		}
	}
	return who
}

func verify(t *testing.T, pool *pgxpool.Pool, who Who, kept ...Anchor) Proof {
	t.Helper()
	p, err := Verify(t.Context(), pool, who, kept, func([]Record) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The example is computed by hand: anybody can, from the API reference.
func TestTheHashIsOfSixLines(t *testing.T) {
	t.Parallel()
	const want = "215a43b8831287e9f152931fb9eca8ebfc567cea0fedbd49e2ad6817b73a314e" // printf … | sha256sum
	if got := hex.EncodeToString(Hash("m", true, 1, make([]byte, 32), "{}")); got != want {
		t.Errorf("the hash is %s", got)
	}
}

func TestRecordsSayWhatWasAppended(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	who := some(t, pool)
	first, last, err := Within(t.Context(), pool, who, noon, noon.Add(time.Second))
	if err != nil || first != 1 || last != 4 {
		t.Fatalf("the records are %d to %d: %v", first, last, err)
	}
	var list []Record
	err = Between(t.Context(), pool, who, first, last, func(part []Record) error {
		list = append(list, part...)
		return nil
	})
	if err != nil || len(list) != 4 {
		t.Fatalf("%d records: %v", len(list), err)
	}
	if r := list[2]; r.Kind != Refunded || r.Of != "CTR-1" || r.Amount != -200 || !r.At.Equal(noon) || !slices.Equal(r.Taxes, []vat.Share{{Rate: 100, Gross: -200, VAT: -18}}) {
		t.Errorf("the refund reads %+v", r.Entry)
	}
	const body = `{"kind":"paid","at":"2026-06-17T12:00:00Z","order_id":"ORDER","reference":"CTR-1","method":"cash","amount":12,"tip":0.5,"taxes":[{"rate":100,"gross":12,"vat":1.09}]}`
	if got := strings.Replace(list[1].Body, list[1].OrderID, "ORDER", 1); got != body {
		t.Errorf("the text is %s", got)
	}
	if text, _ := list[0].Detail.(json.RawMessage); string(text) != `{"number":1}` {
		t.Errorf("the detail is %s", text)
	}
	if owed := Owed(list); !slices.Equal(owed, []vat.Share{{Rate: 100, Gross: 1200, VAT: 109}}) || Back(list) != 200 || !Has(list, Paid, "CTR-1") || Has(list, Paid, "CTR-2") {
		t.Errorf("owed is %v, back %s", owed, Back(list))
	}
	records, err := OfOrder(t.Context(), pool, who, list[0].OrderID)
	if err != nil || len(records) != 3 {
		t.Errorf("the order has %d records of money: %v", len(records), err)
	}
	if n, err := Copies(t.Context(), pool, who, Document{OrderID: list[0].OrderID}); n != 1 || err != nil {
		t.Errorf("%d copies: %v", n, err)
	}
	if records, err := OfOrder(t.Context(), pool, Who{uuid.NewString(), true}, list[0].OrderID); err != nil || len(records) != 0 {
		t.Errorf("another merchant has %d records: %v", len(records), err)
	}
	var receipts int
	if err := pool.QueryRow(t.Context(), `select count(*) from outbox where event_type = 'till.receipt'`).Scan(&receipts); err != nil || receipts != 2 {
		t.Errorf("%d receipts were announced: %v", receipts, err)
	}
}

// Appending transactions of one merchant wait for each other: no sequence is used twice or left out, and the chain holds.
func TestAppendsAtOnceMakeOneChain(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	who := Who{uuid.NewString(), false}
	group, ctx := errgroup.WithContext(t.Context())
	for range 8 {
		group.Go(func() error {
			for range 5 {
				if _, err := add(ctx, pool, Entry{MerchantID: who.MerchantID, Kind: Printed, At: noon}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if p := verify(t, pool, who); p.Records != 40 || p.Problem != "" {
		t.Errorf("%d records: %s", p.Records, p.Problem)
	}
}

func TestRecordsCannotBeChanged(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	some(t, pool)
	for _, sql := range []string{`update journal set body = '{}'`, `delete from journal`, `truncate journal`, `update journal set amount_cents = 0 where false`} {
		if _, err := pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "never changed") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// Whoever owns the database can switch the trigger off. What was done then is found.
func TestEveryBreakIsFound(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`alter table journal disable trigger journal_is_kept`)
	for _, c := range []struct {
		what, sql string
		at        int64
		says      string
	}{
		{"changed text", `update journal set body = replace(body, '"amount":12,', '"amount":11,') where merchant_id = $1 and sequence = 2`, 2, "does not follow from what it says"},
		{"changed column", `update journal set amount_cents = 1100 where merchant_id = $1 and sequence = 2`, 2, "columns"},
		{"changed time", `update journal set occurred_at = occurred_at + interval '1 day' where merchant_id = $1 and sequence = 1`, 1, "columns"},
		{"changed hash", `update journal set hash = previous where merchant_id = $1 and sequence = 2`, 2, "does not follow from what it says"},
		{"removed first", `delete from journal where merchant_id = $1 and sequence = 1`, 1, "no record 1"},
		{"removed", `delete from journal where merchant_id = $1 and sequence = 2`, 2, "no record 2"},
		{"removed last", `delete from journal where merchant_id = $1 and sequence = 4`, 4, "ends at record 3"},
		{"all removed", `delete from journal where merchant_id = $1`, 1, "ends at record 0"},
		{"added", `insert into journal select merchant_id, livemode, 5, kind, occurred_at, order_id, bill_id, reference, method, amount_cents, tip_cents, body, hash, hash
			from journal where merchant_id = $1 and sequence = 4`, 5, "does not follow from what it says"},
		{"put elsewhere", `update journal set body = (select o.body from journal o where o.merchant_id = $1 and o.sequence = 5 - journal.sequence)
			where merchant_id = $1 and sequence in (2, 3)`, 2, "does not follow from what it says"},
		{"whole rows put elsewhere", `update journal set sequence = sequence + 10 where merchant_id = $1 and sequence = 2`, 2, "no record 2"},
		{"changed end", `update journal_heads set hash = decode(repeat('00', 32), 'hex') where merchant_id = $1`, 4, "not the last one"},
	} {
		who := some(t, pool)
		if p := verify(t, pool, who); p.Problem != "" || p.Records != 4 {
			t.Fatalf("before: %d records, %s", p.Records, p.Problem)
		}
		exec(c.sql, who.MerchantID)
		if p := verify(t, pool, who); p.Problem == "" || p.Sequence != c.at || !strings.Contains(p.Problem, c.says) {
			t.Errorf("%s: record %d: %q", c.what, p.Sequence, p.Problem)
		}
	}
}

// Only a hash that was kept elsewhere tells that a whole chain was made anew, or ends earlier.
func TestAChainThatWasMadeAnewIsFoundByWhatWasKept(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	who := some(t, pool)
	var kept string
	if err := pool.QueryRow(t.Context(), `select encode(hash, 'hex') from journal where merchant_id = $1 and sequence = 4`, who.MerchantID).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	anchor := Anchor{4, kept}
	if p := verify(t, pool, who, anchor); p.Problem != "" {
		t.Fatal(p.Problem)
	}
	for _, sql := range []string{`alter table journal disable trigger journal_is_kept`, `delete from journal`, `delete from journal_heads`} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 4 {
		if p := verify(t, pool, who, anchor); !strings.Contains(p.Problem, "the hash of record 4 was kept") {
			t.Errorf("with %d records: %q", n, p.Problem)
		}
		if _, err := add(t.Context(), pool, Entry{MerchantID: who.MerchantID, Livemode: true, Kind: Printed, At: noon}); err != nil {
			t.Fatal(err)
		}
	}
	if p := verify(t, pool, who); p.Problem != "" || p.Records != 4 {
		t.Errorf("without what was kept: %d records, %s", p.Records, p.Problem)
	}
	if p := verify(t, pool, who, anchor); p.Sequence != 4 || !strings.Contains(p.Problem, "not the one that was kept") {
		t.Errorf("record %d: %q", p.Sequence, p.Problem)
	}
}
