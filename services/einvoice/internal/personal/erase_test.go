package personal

import (
	"maps"
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/privacytest"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/einvoice/migrations"
)

const (
	shop    = "0190a000-0000-7000-8000-000000000001"
	other   = "0190a000-0000-7000-8000-000000000002"
	invoice = "0190a000-0000-7000-8000-00000000000a"
	credit  = "0190a000-0000-7000-8000-00000000000b"
)

func TestInvoicesAreFoundAndStay(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "einvoice", migrations.FS)
	today := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	for _, d := range []struct {
		id, number, kind string
		corrects         any
	}{{invoice, "INV-1", "380", nil}, {credit, "CN-1", "381", invoice}} {
		if _, err := pool.Exec(t.Context(), `insert into invoices (id, merchant_id, livemode, number, type_code, corrects, status, audience, customer_name, payment_reference,
			issued_on, due_on, total_cents, document, seqino_status, created_at, updated_at) values ($1, $2, false, $3, $4, $5, 'paid', 'B2C', 'Jane Doe',
			case when $4 = '380' then 'PAY-1' else '' end, $6::timestamptz::date, $6::timestamptz::date, 2999, '{"buyer":{"name":"Jane Doe","email":"Jane@Example.com"}}', 'none',
			$6::timestamptz, $6)`, d.id, shop, d.number, d.kind, d.corrects, today); err != nil {
			t.Fatal(err)
		}
		if _, err := pool.Exec(t.Context(), `insert into documents (invoice_id, xml, pdf, created_at) values ($1, '<a/>', '%PDF', $2)`, d.id, today); err != nil {
			t.Fatal(err)
		}
	}
	desk := privacytest.NewDesk(t, Room(), pool, nil, today)
	for what, who := range map[string]*privacyv1.Subject{
		"the address": {Emails: []string{"jane@example.com"}}, "the payment": {References: []string{"PAY-1"}},
		"the merchant": {References: []string{"PAY-1"}, MerchantId: shop},
	} {
		who := desk.Resolve(desk.Resolve(who))
		if refs := who.GetReferences(); !slices.Contains(refs, "PAY-1") || !slices.Contains(refs, "CN-1") {
			t.Errorf("%s leads to %q", what, refs)
		}
		found := desk.Find(who)
		if len(found["invoices"]) != 2 || found["documents"][0]["xml"] != "<a/>" {
			t.Errorf("%s finds %v", what, found)
		}
		did := desk.MustErase(who)
		if n := did["invoices"]; n.GetErased() != 0 || n.GetStay() != 2 || n.GetDuty() == "" {
			t.Errorf("an erasure of invoices tells %v", n)
		}
		if left := desk.Find(who); !slices.Equal(slices.Sorted(maps.Keys(left)), slices.Sorted(maps.Keys(found))) || len(left["documents"]) != 2 {
			t.Errorf("%s: what stays is %v", what, left)
		}
	}
	for what, who := range map[string]*privacyv1.Subject{
		"another merchant's request": {Emails: []string{"jane@example.com"}, MerchantId: other}, "a pattern": {Emails: []string{"%@example.com"}},
	} {
		if found := desk.Find(desk.Resolve(who)); len(found) != 0 {
			t.Errorf("%s finds %v", what, found)
		}
	}
}
