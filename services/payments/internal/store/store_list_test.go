package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

// listed are the references of a list, the newest first.
func (b *bench) listed(t *testing.T, f Filter) (all []string) {
	t.Helper()
	list, total, err := b.List(t.Context(), f, 100, 0)
	part, more, partErr := b.ListAfter(t.Context(), f, "", 100)
	if err != nil || partErr != nil || total.Minimum || int(total.Rows) != len(list) || len(part) != len(list) || more {
		t.Fatalf("%+v lists %d of %d, and in parts %d: %v, %v", f, len(list), total.Rows, len(part), err, partErr)
	}
	for _, p := range list {
		all = append(all, p.Reference)
	}
	return all
}

func TestPaymentsAreListedByWhatBecameOfTheirMoney(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open, paid, seen, missed, undone := ref("PAY", 1), ref("PAY", 2), ref("PAY", 3), ref("PAY", 4), ref("PAY", 5)
	if _, _, err := b.Create(t.Context(), draft(open), Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{paid, seen, missed, undone} {
		b.completed(t, reference, 2999)
	}
	note := func(reference string, at *time.Time) {
		t.Helper()
		if err := pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
			return b.NoteSeen(t.Context(), tx, []Seen{{Reference: reference, At: at}}, Meta{})
		}); err != nil {
			t.Fatal(err)
		}
	}
	day := time.Date(2026, 6, 18, 0, 0, 0, 0, time.UTC)
	note(seen, &day)
	note(missed, nil)
	note(undone, &day)
	note(undone, nil)
	for settled, want := range map[Settled][]string{
		"": {undone, missed, seen, paid, open}, WasSettled: {seen}, NotSettled: {undone, missed, paid}, Unsettled: {undone, missed},
	} {
		if got := b.listed(t, Filter{MerchantID: merchant, Settled: settled}); !slices.Equal(got, want) {
			t.Errorf("settled %q lists %v, want %v", settled, got, want)
		}
		if got := b.listed(t, Filter{MerchantID: uuid.NewString(), Settled: settled}); len(got) > 0 {
			t.Errorf("settled %q lists %v to another merchant", settled, got)
		}
	}
}

func TestThePaymentsOfALinkAreListedToItsMerchant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n, link := range []string{"", "plink_1", "plink_1", "plink_2"} {
		p := draft(ref("PAY", n))
		p.PaymentLinkID = link
		if _, _, err := b.Create(t.Context(), p, Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.listed(t, Filter{MerchantID: merchant, PaymentLinkID: "plink_1"}); !slices.Equal(got, []string{ref("PAY", 2), ref("PAY", 1)}) {
		t.Errorf("the link has %v", got)
	}
	for _, f := range []Filter{{MerchantID: uuid.NewString()}, {MerchantID: merchant, Livemode: true}, {MerchantID: merchant, Status: payment.Completed}} {
		f.PaymentLinkID = "plink_1"
		if got := b.listed(t, f); len(got) > 0 {
			t.Errorf("%+v lists %v", f, got)
		}
	}
}

// TestPagesOfListsAreReadByTheirIndexes also where they are empty although most payments of others are in them: a merchant without a connected account has none
// that is settled, and all of its payments would be read to find that out.
func TestPagesOfListsAreReadByTheirIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, of := range []struct{ merchant, settled, unsettled, link string }{
		{merchant, "null::timestamptz", "case when n % 500 = 0 then $2::timestamptz end", "case when n % 500 = 0 then 'plink_' || n / 5000 else '' end"},
		{uuid.NewString(), "$2::timestamptz", "null::timestamptz", "'plink_0'"},
	} {
		if _, err := b.pool.Exec(t.Context(), fmt.Sprintf(`insert into payments (reference, kind, merchant_id, livemode, amount_cents, currency, status, sequence,
			description, execution_type, merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_kind, expires_at, created_at, updated_at,
			completed_at, settled_at, unsettled_at, payment_link_id)
			select 'PAY-' || $1::uuid || n, 'payment', $1::uuid, false, 2999, 'EUR', 'completed', 3, 'Order', 'instant', 'Shop', false, 'Shop',
			'FR1420041010050500013M02606', 'corporate', $2, $2::timestamptz + n * interval '1 minute', $2, $2, %s, %s, %s from generate_series(1, 20000) n`,
			of.settled, of.unsettled, of.link), of.merchant, b.now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.pool.Exec(t.Context(), `vacuum analyze payments`); err != nil {
		t.Fatal(err)
	}
	for index, f := range map[string]Filter{
		"payment_settlements_pkey": {Settled: WasSettled}, "merchant_id = ": {Settled: NotSettled}, "payments_list_unsettled": {Settled: Unsettled},
		"payments_list_link": {PaymentLinkID: "plink_0"},
	} {
		f.MerchantID = merchant
		q := f.query()
		rows, err := b.pool.Query(t.Context(), "explain select "+columns+" "+q.String()+" order by created_at desc, reference desc limit 25", q.args...)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if plan := strings.Join(lines, "\n"); !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan") || strings.Contains(strings.ReplaceAll(plan, "Incremental Sort", ""), "Sort  (") {
			t.Errorf("%s:\n%s", index, plan)
		}
	}
}
