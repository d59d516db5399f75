package store

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/migrations"
)

func (b *bench) found(t *testing.T, f Filter) []string {
	t.Helper()
	f.MerchantID = merchant
	list, total, err := b.List(t.Context(), f, 50, 0)
	if err != nil || int(total.Rows) != len(list) {
		t.Fatalf("%d of %d, %v", len(list), total.Rows, err)
	}
	return references(list)
}

func references(list []payment.Payment) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.Reference)
	}
	slices.Sort(out)
	return out
}

// withMetadata records one payment for each text, with the references 1, 2, …
func (b *bench) withMetadata(t *testing.T, texts ...string) {
	t.Helper()
	for i, text := range texts {
		d := draft(ref("PAY", i+1))
		d.Metadata = text
		if _, _, err := b.Create(t.Context(), d, Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPaymentsAreFoundByTheirMetadata(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withMetadata(t, `{"table":"7","note":"caf\u00e9"}`, `{"table":7,"paid":true}`, `{"seat":"7","odd":"a:b"}`, "", `{"half":"\ud800","tiny":1e-99999,"table":"8"}`)
	for term, want := range map[string][]int{
		"table:7": {1, 2}, "7": {1, 2, 3}, "seat:7": {3}, "note:café": {1}, "café": {1}, "true": {2}, "paid:true": {2}, "a:b": {3}, "odd:a:b": {3},
		"table": nil, "Table:7": nil, "table:": nil, "8": {5}, "1e-99999": {5},
	} {
		var refs []string
		for _, n := range want {
			refs = append(refs, ref("PAY", n))
		}
		if got := b.found(t, Filter{Metadata: term}); !slices.Equal(got, refs) {
			t.Errorf("%s: %v, want %v", term, got, refs)
		}
	}
	for name, f := range map[string]Filter{"another merchant": {MerchantID: "0e3b6d7e-8a0f-4a44-9be5-0d5ea2ff0b1c"}, "the other mode": {MerchantID: merchant, Livemode: true}} {
		f.Metadata = "table:7"
		if list, _, err := b.List(t.Context(), f, 50, 0); err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
	sum, err := b.Summarize(t.Context(), Period{MerchantID: merchant, From: b.now.AddDate(0, 0, -1), Parts: []time.Time{b.now}, Metadata: "table:7"})
	if err != nil || len(sum.Statuses) != 1 || sum.Statuses[0].Count != 2 {
		t.Errorf("summary %+v, %v", sum, err)
	}
}

func TestASearchLooksWhereAMerchantLooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withMetadata(t, `{"table":"7"}`, "")
	for text, want := range map[string]int{"table:7": 1, "29.99": 2, "29,99": 2, "29": 0, "order #10": 2, strings.ToLower(ref("PAY", 2)): 1, "nothing": 0, "0": 2} {
		if got := b.found(t, Filter{Search: text}); len(got) != want {
			t.Errorf("%s: %v, want %d", text, got, want)
		}
	}
}

// The migration fills the column for payments that were there before it, as the store does for new ones.
func TestTheMigrationFindsTheSameTerms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withMetadata(t, `{"table":"7","note":"caf\u00e9 :","n":1.50,"b":false}`, `{"half":"\ud800"}`, "")
	if _, err := b.pool.Exec(t.Context(), `update payments set metadata_terms = null`); err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(migrations.FS, "0080_metadata_terms.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "-- +goose StatementBegin")
	block, _, _ = strings.Cut(block, "-- +goose StatementEnd")
	if _, err := b.pool.Exec(t.Context(), block); err != nil {
		t.Fatal(err)
	}
	for _, term := range []string{"table:7", "7", "note:café :", "n:1.50", "1.50", "b:false"} {
		if got := b.found(t, Filter{Metadata: term}); !slices.Equal(got, []string{ref("PAY", 1)}) {
			t.Errorf("%s: %v", term, got)
		}
	}
}

func TestASummaryNamesTheLargestBanks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n, bic := range []string{"BNPAFRPPXXX", "BNPAFRPP", "SOGEFRPP", "", "CEPAFRPP751"} {
		b.completed(t, ref("PAY", n), 1000)
		if _, err := b.pool.Exec(t.Context(), `update payments set payer_bic = $2 where reference = $1`, ref("PAY", n), bic); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.Create(t.Context(), draft(ref("PAY", 9)), Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	got, err := b.Summarize(t.Context(), Period{MerchantID: merchant, From: b.now.AddDate(0, 0, -1), Parts: []time.Time{b.now}})
	want := []BankTotal{{"BNPAFRPP", 2, 2000}, {"CEPAFRPP", 1, 1000}, {"SOGEFRPP", 1, 1000}, {"", 1, 1000}}
	if err != nil || !slices.Equal(got.Banks, want) {
		t.Errorf("%v, %v; want %v", got.Banks, err, want)
	}
}
