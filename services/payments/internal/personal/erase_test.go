package personal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/privacytest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/vault"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/payments/migrations"
)

const (
	shop     = "0190a000-0000-7000-8000-000000000001"
	stranger = "0190a000-0000-7000-8000-000000000002"
	customer = "0190a000-0000-7000-8000-0000000000c1"
	iban     = "FR7630006000011234567890189"
)

var today = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

// fixture is a database with two merchants.
type fixture struct {
	*privacytest.Desk
	t    *testing.T
	pool *pgxpool.Pool
	keys *vault.Vault
}

func setup(t *testing.T) *fixture {
	t.Helper()
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	keys := vaulttest.New(t)
	f := &fixture{privacytest.NewDesk(t, Room(), pool, keys, today), t, pool, keys}
	for _, id := range []string{shop, stranger} {
		f.exec(`insert into merchants (id, version, name, iban, bic, account_name, legal_name, legal_status, siren, address, wait_for_settlement, gateway_enabled,
			live_enabled, epc_enabled, changed_at) values ($1, 1, 'Shop', '', '', '', '', '', '', '', false, true, true, false, $2)`, id, today)
	}
	return f
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// pay makes a payment of the shop by Jane, or a refund to her, that ended at a time in a status. metadata is one value of a key.
func (f *fixture) pay(reference, kind, status string, ended time.Time, key, value string) {
	f.t.Helper()
	v := f.keys.Seal(iban, "payer iban\x00"+reference)
	b := f.keys.Seal(iban, "beneficiary iban\x00"+reference)
	var original, completed, due any
	if kind == "refund" {
		original = "PAY-1"
	}
	switch status {
	case "completed", "refunded":
		completed = ended
	case "pending", "pending_sca":
		due = ended
	}
	metadata := ""
	if key != "" {
		metadata = fmt.Sprintf(`{%q:%q}`, key, value)
	}
	f.exec(`insert into payments (reference, kind, original_reference, merchant_id, livemode, amount_cents, currency, status, sequence, description, metadata,
			execution_type, merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_kind, payer_name, payer_identity, payer_iban_key_id,
			payer_iban_sealed, beneficiary_iban_key_id, beneficiary_iban_sealed, due_at, expires_at, created_at, updated_at, completed_at, success_url, metadata_terms)
		values ($1, $2::text, $3, $4::uuid, false, 2999, 'EUR', $5, 1, 'Shoes', $6::text, 'instant', 'Shop', false, case when $2 = 'refund' then 'Jane Doe' else 'Shop' end, '', 'individual',
			'Jane Doe', '{"first_name":"Jane"}', $7, $8, case when $2 = 'refund' then $9 end, case when $2 = 'refund' then $10::bytea end, $11, $12, $12, $12, $13,
			'https://shop.example/thanks?jane', case when $6 <> '' then array[('x' || encode(substr(sha256(convert_to($4::uuid || E'\n' || 'false' || E'\n' || $14::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint] end)`,
		reference, kind, original, shop, status, metadata, v.KeyID, v.Data, b.KeyID, b.Data, due, ended, completed, key+":"+value)
	a := f.keys.Seal(`{"iban":"`+iban+`"}`, "provider answer\x00"+reference+"\x001")
	f.exec(`insert into payment_history (reference, sequence, from_status, to_status, cause, provider_raw_key_id, provider_raw_sealed, occurred_at)
		values ($1, 1, '', $2, 'provider', $3, $4, $5)`, reference, status, a.KeyID, a.Data, ended)
}

// books is everything of the payments that an erasure must leave as it is.
func (f *fixture) books() []string {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), `select to_jsonb(p)::text from (select reference, kind, original_reference, merchant_id, livemode, amount_cents, currency, status,
		sequence, description, merchant_reference, amount_refunded_cents, amount_reserved_cents, created_at, updated_at, completed_at, payer_bic, due_at from payments) p order by 1`)
	if err != nil {
		f.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func jane() *privacyv1.Subject { return &privacyv1.Subject{Emails: []string{"jane@example.com"}} }

func TestAnErasureEmptiesTextsAndKeepsTheBooks(t *testing.T) {
	f := setup(t)
	f.pay("PAY-1", "payment", "completed", today.AddDate(-2, 0, 0), "reward_member", "jane@example.com")
	f.pay("REF-1", "refund", "completed", today.AddDate(-2, 0, 0), "", "")
	f.pay("PAY-2", "payment", "failed", today.AddDate(0, -14, 0), "customer_email", "jane@example.com")
	f.pay("PAY-3", "payment", "failed", today.AddDate(0, -12, 0), "email", "jane@example.com")
	f.pay("PAY-4", "payment", "completed", today.AddDate(-11, 0, 0), "email", "jane@example.com")
	f.pay("PAY-9", "payment", "completed", today, "seller_email", "jane@example.com") // somebody else paid that
	who := f.Resolve(f.Resolve(jane()))
	if got := slices.Sorted(slices.Values(who.GetReferences())); !slices.Equal(got, []string{"PAY-1", "PAY-2", "PAY-3", "PAY-4", "REF-1"}) {
		t.Fatalf("Jane is known by %q", got)
	}
	found := f.Find(who)
	for _, row := range found["payments"] {
		if row["payer_iban"] != iban || row["kind"] == "refund" && row["beneficiary_iban"] != iban {
			t.Errorf("the accounts are not readable: %v", row)
		}
	}
	if answers := found["payment_history"]; len(answers) != 5 || answers[0]["provider_answer"] != `{"iban":"`+iban+`"}` {
		t.Errorf("the answers are %v", answers)
	}

	before := f.books()
	dry, _, err := f.Erase(who, true)
	if err != nil || len(f.Find(who)["payments"]) != len(found["payments"]) || f.Find(who)["payments"][0]["metadata"] == "" {
		t.Fatalf("a dry run changes something: %v", err)
	}
	did := f.MustErase(who)
	for table, c := range did {
		if c.GetErased() != dry[table].GetErased() || c.GetStay() != dry[table].GetStay() {
			t.Errorf("%s: told %v, did %v", table, dry[table], c)
		}
	}
	if !slices.Equal(before, f.books()) {
		t.Errorf("the books changed from\n%s\nto\n%s", strings.Join(before, "\n"), strings.Join(f.books(), "\n"))
	}
	keeps := map[string]bool{"PAY-1": true, "REF-1": true, "PAY-3": true}
	answers := map[any]bool{}
	for _, row := range f.Find(who)["payment_history"] {
		answers[row["reference"]] = true
	}
	for _, row := range f.Find(who)["payments"] {
		reference := row["reference"].(string)
		if row["metadata"] != "" || row["success_url"] != "" {
			t.Errorf("%s keeps the merchant's texts: %v", reference, row)
		}
		if has := row["payer_name"] == "Jane Doe" && row["payer_iban"] == iban; has != keeps[reference] || !has && (row["payer_name"] != "" || row["payer_iban"] != nil) {
			t.Errorf("%s has the payer: %t", reference, has)
		}
		if answers[reference] != (reference == "PAY-3") {
			t.Errorf("%s has the provider's answers: %t", reference, answers[reference])
		}
	}
	for table, c := range f.MustErase(who) {
		if c.GetErased() != 0 {
			t.Errorf("a second erasure changes %d rows of %s", c.GetErased(), table)
		}
	}
	if again := f.Resolve(&privacyv1.Subject{References: []string{"PAY-9"}}); len(again.GetReferences()) != 1 || f.Find(again)["payments"][0]["metadata"] == "" {
		t.Errorf("somebody else's payment was erased: %v", again)
	}
}

func TestWhatIsOpenIsNamedAndNothingIsErased(t *testing.T) {
	f := setup(t)
	f.pay("PAY-1", "payment", "completed", today, "reward_member", "jane@example.com")
	f.pay("REF-2", "refund", "pending", today, "", "")
	f.exec(`insert into subscriptions (id, merchant_id, livemode, amount_cents, currency, frequency, start_date, collect, description, merchant_name, customer, status,
		sequence, due_at, created_at, updated_at, activated_at) values ('SUB-1', $1, false, 900, 'EUR', 'monthly', $2::timestamptz::date, 'links', 'Box', 'Shop',
		'{"email":"Jane@Example.com"}', 'active', 1, $2::timestamptz, $2, $2, $2)`, shop, today)
	who := f.Resolve(f.Resolve(jane()))
	_, open, err := f.Erase(who, true)
	if err != nil || !slices.Equal(open, []string{"refund REF-2 (pending)", "subscription SUB-1 (active)"}) {
		t.Errorf("open is %q, %v", open, err)
	}
	if _, _, err := f.Erase(who, false); !errs.Is(err, errs.InvalidState) || !strings.Contains(err.Error(), "REF-2") || !strings.Contains(err.Error(), "SUB-1") {
		t.Errorf("the refusal is %v", err)
	}
	if row := f.Find(who)["payments"][0]; row["metadata"] == "" {
		t.Error("something was erased")
	}
	f.exec(`update subscriptions set status = 'stopped', due_at = null, ended_at = $1`, today)
	f.exec(`update payments set status = 'completed', due_at = null, completed_at = $1 where reference = 'REF-2'`, today)
	f.MustErase(who)
	if row := f.Find(who)["subscriptions"][0]; fmt.Sprint(row["customer"]) != "map[]" || row["amount_cents"] != 900.0 {
		t.Errorf("the subscription is %v", row)
	}
}

func TestNobodyElseIsFound(t *testing.T) {
	f := setup(t)
	f.pay("PAY-1", "payment", "completed", today, "reward_member", "C-1042")
	for what, who := range map[string]*privacyv1.Subject{
		"another merchant's number":  {Numbers: []string{"C-1042"}, MerchantId: stranger},
		"a pattern":                  {Numbers: []string{"C-%"}, MerchantId: shop},
		"a pattern of references":    {References: []string{"PAY-%", "%", "PAY-_"}},
		"another merchant's payment": {References: []string{"PAY-1"}, MerchantId: stranger},
		"a pattern of addresses":     {Emails: []string{"%@%"}},
	} {
		if found := f.Find(f.Resolve(who)); len(found) != 0 {
			t.Errorf("%s finds %v", what, found)
		}
	}
	if found := f.Find(f.Resolve(&privacyv1.Subject{Numbers: []string{"C-1042"}, MerchantId: shop})); len(found["payments"]) != 1 {
		t.Errorf("the shop's own number finds %v", found)
	}
}

func TestTheConsentsOfACustomerAreTakenBackFirst(t *testing.T) {
	f := setup(t)
	token := f.keys.Seal("token", "token/"+customer+"/false")
	account := f.keys.Seal(iban, "iban/"+customer+"/false")
	f.exec(`insert into bank_users (customer_id, livemode, provider_user, token_key_id, token_sealed, created_at) values ($1, false, '7', $2, $3, $4)`,
		customer, token.KeyID, token.Data, today)
	f.exec(`insert into bank_accounts (id, customer_id, livemode, provider_account_id, connection_id, bank_name, name, currency, iban_masked, iban_key_id, iban_sealed,
		iban_fingerprint, state, linked_at) values (gen_random_uuid(), $1, false, '1', '1', 'Bank', 'Jane', 'EUR', 'FR…189', $2, $3, 'x', 'linked', $4)`,
		customer, account.KeyID, account.Data, today)
	who := &privacyv1.Subject{Customers: []string{customer}}
	if row := f.Find(who)["bank_accounts"][0]; row["iban"] != iban {
		t.Errorf("the account is %v", row)
	}
	f.MustErase(who)
	if row := f.Find(who)["bank_accounts"][0]; row["state"] != "removing" {
		t.Errorf("the account is %v", row)
	}
	var ending bool
	if err := f.pool.QueryRow(t.Context(), `select ending from bank_users`).Scan(&ending); err != nil || !ending {
		t.Errorf("the user at the provider stays for ever: %t, %v", ending, err)
	}
	if n := f.MustErase(who)["bank_accounts"].GetErased(); n != 0 {
		t.Errorf("a second erasure delays the removal of %d accounts", n)
	}
	f.exec(`delete from bank_accounts`)
	f.MustErase(who)
	if found := f.Find(who); len(found) != 0 {
		t.Errorf("what stays is %v", found)
	}
	if other := f.Find(&privacyv1.Subject{Customers: []string{customer}, MerchantId: shop}); len(other) != 0 {
		t.Errorf("a merchant's request finds the app's accounts: %v", other)
	}
}
