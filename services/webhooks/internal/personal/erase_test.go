package personal

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/privacytest"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

const (
	shop  = "0190a000-0000-7000-8000-000000000001"
	other = "0190a000-0000-7000-8000-000000000002"
	user  = "0190a000-0000-7000-8000-0000000000c1"
	// body has escapes that are JSON, and that PostgreSQL's jsonb refuses.
	body = `{"event":"payment.completed","timestamp":"t","sequence":3,"data":{"reference":"PAY-1","amount":29.90,"metadata":{"reward_member":"jane@example.com","a":"\u0000\ud83d","b":"\\\\u0000\\\\"}}}`
)

var today = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

func TestWebhooksLoseMetadataOnceTheyAreDelivered(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "webhooks", migrations.Files)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, reference := range []string{"PAY-1", "PAY-2"} {
		exec(`insert into events (id, merchant_id, livemode, event_type, reference, sequence, body, created_at)
			values (gen_random_uuid(), $1, false, 'payment.completed', $2, 3, $3, $4)`, shop, reference, []byte(body), today)
	}
	for _, status := range []string{"delivered", "pending"} {
		exec(`with d as (insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status, created_at, next_attempt_at,
				claimable_at, finished_at) values (gen_random_uuid(), gen_random_uuid(), $1, false, gen_random_uuid(), 'payment.completed', 'PAY-1', 3, $2, $3, $4, $4, $4,
				case when $3 = 'delivered' then $4::timestamptz end) returning id, endpoint_id)
			insert into attempts (delivery_id, endpoint_id, number, started_at, duration_micros, response_status, response_body, error)
				select id, endpoint_id, 1, $4, 1, 200, 'Thanks, Jane', '' from d`, shop, []byte(body), status, today)
	}
	exec(`insert into push_subscriptions (id, merchant_id, user_id, livemode, endpoint_hash, push_service, key_id, sealed, description, created_at)
		values (gen_random_uuid(), $1, $2, false, 'x', 'push.example', 'k', 'x', 'Firefox of Jane', $3)`, shop, user, today)
	desk := privacytest.NewDesk(t, Room(), pool, nil, today)
	who := &privacyv1.Subject{References: []string{"PAY-1"}, Customers: []string{user}, Merchants: []string{shop}}
	if found := desk.Find(who); len(found["events"]) != 1 || len(found["deliveries"]) != 2 || len(found["attempts"]) != 2 || len(found["push_subscriptions"]) != 1 {
		t.Errorf("found %v", found)
	}
	if found := desk.Find(&privacyv1.Subject{References: []string{"PAY-1"}, Merchants: []string{shop}, MerchantId: other}); len(found) != 0 {
		t.Errorf("another merchant's request finds %v", found)
	}
	if _, open, err := desk.Erase(who, true); err != nil || len(open) != 1 || !strings.Contains(open[0], "payment.completed about PAY-1") {
		t.Errorf("before the webhook is delivered %q is open: %v", open, err)
	}
	if _, _, err := desk.Erase(who, false); err == nil {
		t.Error("the person is erased while a webhook is to be delivered, and nothing would lead to it afterwards")
	}
	exec(`update deliveries set status = 'exhausted', finished_at = created_at where status = 'pending'`)
	desk.MustErase(who)
	left := desk.Find(who)
	if len(left["attempts"])+len(left["push_subscriptions"]) != 0 || len(left["deliveries"]) != 2 || len(left["events"]) != 1 {
		t.Errorf("what stays is %v", left)
	}
	var events, untouched, exhausted, delivered string
	if err := pool.QueryRow(t.Context(), `select (select convert_from(body, 'UTF8') from events where reference = 'PAY-1'),
		(select convert_from(body, 'UTF8') from events where reference = 'PAY-2'), (select convert_from(body, 'UTF8') from deliveries where status = 'exhausted'),
		(select convert_from(body, 'UTF8') from deliveries where status = 'delivered')`).Scan(&events, &untouched, &exhausted, &delivered); err != nil {
		t.Fatal(err)
	}
	if untouched != body {
		t.Errorf("somebody else's changed: %s", untouched)
	}
	for _, text := range []string{events, exhausted, delivered} {
		if strings.Contains(text, "jane") || !strings.Contains(text, `29.90`) || !strings.Contains(text, "PAY-1") {
			t.Errorf("what is kept is %s", text)
		}
	}
	for table, c := range desk.MustErase(who) {
		if c.GetErased() != 0 {
			t.Errorf("a second erasure changes %s", table)
		}
	}
}
