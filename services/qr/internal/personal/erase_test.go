package personal

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/privacytest"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/qr/migrations"
)

const (
	shop     = "0190a000-0000-7000-8000-000000000001"
	other    = "0190a000-0000-7000-8000-000000000002"
	order    = "0190a000-0000-7000-8000-00000000000a"
	byEmail  = "0190a000-0000-7000-8000-00000000000b"
	byNumber = "0190a000-0000-7000-8000-00000000000c"
	inShop   = "0190a000-0000-7000-8000-00000000000d"
	customer = "0190a000-0000-7000-8000-0000000000c1"
	// hash is the SHA-256 of jane@example.com.
	hash = "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d"
)

var today = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

// setup returns a database where Jane has ordered at a table, and has points at two merchants under three names.
func setup(t *testing.T) (*privacytest.Desk, *pgxpool.Pool) {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`insert into orders (id, merchant_id, livemode, number, table_id, table_name, table_token, order_type, pay_now, status, holds_stock, customer_name, notes,
		subtotal_cents, discount_cents, total_cents, vat_cents, offer_name, payment_reference, sequence, created_at, updated_at) values ($1, $2, false, 7, $1, 'Terrace 2',
		'x', 'dine_in', true, 'preparing', true, 'Jane', 'No nuts', 900, 0, 900, 80, '', 'PAY-1', 1, $3, $3)`, order, shop, today)
	exec(`insert into order_lines (order_id, position, product_id, name, quantity, notes, unit_price_cents, vat_per_mille, discount_cents, total_cents, vat_cents)
		values ($1, 1, $1, 'Soup', 1, 'For Jane', 900, 100, 0, 900, 80)`, order)
	for _, m := range []struct{ id, merchant, kind, subject string }{
		{byEmail, shop, "email", hash}, {byNumber, other, "number", "C-1042"}, {inShop, shop, "customer", customer},
	} {
		exec(`insert into reward_members (id, merchant_id, livemode, kind, subject, balance, sequence, created_at) values ($1, $2, false, $3, $4, 10, 1, $5)`,
			m.id, m.merchant, m.kind, m.subject, today)
		exec(`insert into reward_entries (id, member_id, sequence, merchant_id, livemode, kind, points, balance, reference, occurred_at)
			values ($1, $1, 1, $2, false, 'earned', 10, 10, 'PAY-2', $3)`, m.id, m.merchant, today)
		exec(`insert into reward_lots (id, member_id, reference, left_points) values ($1, $1, 'PAY-2', 10)`, m.id)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return privacytest.NewDesk(t, Room(), pool, nil, today), pool
}

func jane() *privacyv1.Subject {
	return &privacyv1.Subject{Emails: []string{"jane@example.com"}, Customers: []string{customer}, References: []string{"PAY-1"}}
}

func TestAnOrderAndAMemberLoseTheNameAndKeepSumsAndPoints(t *testing.T) {
	desk, pool := setup(t)
	who := desk.Resolve(jane())
	if !slices.Contains(who.GetReferences(), order) || !slices.Contains(who.GetReferences(), "PAY-2") || slices.Contains(who.GetReferences(), byNumber) {
		t.Errorf("Jane is known by %q", who.GetReferences())
	}
	if _, open, err := desk.Erase(who, true); err != nil || len(open) != 1 || !strings.Contains(open[0], order) {
		t.Errorf("open is %q, %v", open, err)
	}
	if _, _, err := desk.Erase(who, false); !errs.Is(err, errs.InvalidState) {
		t.Errorf("an order in the kitchen was erased: %v", err)
	}
	if _, err := pool.Exec(t.Context(), `update orders set status = 'served'`); err != nil {
		t.Fatal(err)
	}
	desk.MustErase(who)
	left := desk.Find(who)
	if o := left["orders"][0]; o["customer_name"] != "" || o["notes"] != "" || o["total_cents"] != 900.0 || o["number"] != 7.0 {
		t.Errorf("the order is %v", o)
	}
	if l := left["order_lines"][0]; l["notes"] != "" || l["name"] != "Soup" {
		t.Errorf("the line is %v", l)
	}
	if m := left["reward_members"]; len(m) != 1 || m[0]["id"] != inShop {
		t.Errorf("the members are %v: an id of the app stays, a hash does not", m)
	}
	if e := left["reward_entries"]; len(e) != 2 || e[0]["balance"] != 10.0 {
		t.Errorf("the ledger is %v", e)
	}
	for table, c := range desk.MustErase(who) {
		if c.GetErased() != 0 {
			t.Errorf("a second erasure changes %s", table)
		}
	}
}

func TestAMerchantsNumberIsThatMerchantsAlone(t *testing.T) {
	desk, _ := setup(t)
	for what, who := range map[string]*privacyv1.Subject{
		"the number at another merchant": {Numbers: []string{"C-1042"}, MerchantId: shop},
		"a pattern":                      {Numbers: []string{"C-%"}, MerchantId: other},
		"another merchant's order":       {References: []string{"PAY-1", order}, MerchantId: other},
	} {
		if found := desk.Find(desk.Resolve(who)); len(found) != 0 {
			t.Errorf("%s finds %v", what, found)
		}
	}
	who := desk.Resolve(&privacyv1.Subject{Numbers: []string{"C-1042"}, MerchantId: other})
	if found := desk.Find(who)["reward_members"]; len(found) != 1 || found[0]["id"] != byNumber {
		t.Errorf("the merchant's own number finds %v", found)
	}
}
