package push

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
)

// scanned bounds how many due messages one claim looks at, expired how many one sweep deletes.
const (
	scanned = 1000
	expired = 1000
)

// message is one that this process has the lease of.
type message struct {
	ID        string
	Payload   []byte
	Attempts  int // this one included
	ExpiresAt time.Time
	// Lease ends then, and marks this process's claim: whoever takes the message over sets another time.
	Lease time.Time
	subscription
}

// queue records a message for each subscription of each notice's merchant and mode. Subscriptions that are being
// deleted are waited for, and left out.
func queue(ctx context.Context, tx pgx.Tx, notices []notice, now time.Time) error {
	n := len(notices)
	merchants, live, events := make([]string, n), make([]bool, n), make([]string, n)
	payloads, expiry := make([][]byte, n), make([]time.Time, n)
	for i, e := range notices {
		merchants[i], live[i], events[i], payloads[i], expiry[i] = e.merchant, e.livemode, e.event, e.payload, e.expiresAt
	}
	_, err := tx.Exec(ctx, `insert into push_messages (id, subscription_id, event_id, payload, created_at, expires_at, claimable_at)
		select gen_random_uuid(), s.id, e.event_id, e.payload, $6, e.expires_at, $6
		from unnest($1::text[], $2::bool[], $3::text[]::uuid[], $4::bytea[], $5::timestamptz[])
			as e (merchant_id, livemode, event_id, payload, expires_at)
		join push_subscriptions s using (merchant_id, livemode)
		for key share of s on conflict do nothing`, merchants, live, events, payloads, expiry, now)
	if err != nil {
		return fmt.Errorf("queue push messages: %w", err)
	}
	return nil
}

// claim leases up to n due messages until lease. Of one merchant so many are taken that it has at most share under way,
// those in busy included.
func claim(ctx context.Context, db pg.DB, n, share int, busy map[string]int, now, lease time.Time) ([]message, error) {
	names, counts := make([]string, 0, len(busy)), make([]int, 0, len(busy))
	for name, count := range busy {
		names, counts = append(names, name), append(counts, count)
	}
	rows, err := db.Query(ctx, `with due as (
			select m.id, m.claimable_at, s.merchant_id, coalesce(b.n, 0) as busy
			from push_messages m join push_subscriptions s on s.id = m.subscription_id
			left join unnest($4::text[], $5::int[]) as b (merchant_id, n) on b.merchant_id = s.merchant_id
			where m.claimable_at <= $1 and m.expires_at > $1 and coalesce(b.n, 0) < $3
			order by m.claimable_at limit $6
		), placed as (
			select id, claimable_at, busy + row_number() over (partition by merchant_id order by claimable_at, id) as place from due
		), taken as (
			select m.id from push_messages m join placed p on p.id = m.id
			where p.place <= $3 and m.claimable_at <= $1 order by p.claimable_at limit $2 for update of m skip locked
		)
		update push_messages m set claimable_at = $7, attempt_count = m.attempt_count + 1
		from taken, push_subscriptions s where m.id = taken.id and s.id = m.subscription_id
		returning m.id::text, m.payload, m.attempt_count, m.expires_at, s.id::text, s.merchant_id, s.key_id, s.sealed`,
		now, n, share, names, counts, scanned, lease)
	if err != nil {
		return nil, fmt.Errorf("claim push messages: %w", err)
	}
	claimed, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (message, error) {
		m := message{Lease: lease}
		s := &m.subscription
		return m, row.Scan(&m.ID, &m.Payload, &m.Attempts, &m.ExpiresAt, &s.ID, &s.Merchant, &s.Sealed.KeyID, &s.Sealed.Data)
	})
	if err != nil {
		return nil, fmt.Errorf("claim push messages: %w", err)
	}
	return claimed, nil
}

// finish deletes a message that needs no further attempt. deliveredAt is zero unless the push service took it. The
// subscription is written first, as in a deletion of the subscription, so that the two never wait for each other.
func finish(ctx context.Context, db pg.DB, m message, deliveredAt time.Time) error {
	b := &pgx.Batch{}
	if !deliveredAt.IsZero() {
		b.Queue(`update push_subscriptions set last_delivered_at = $2 where id = $1`, m.subscription.ID, deliveredAt)
	}
	b.Queue(`delete from push_messages where id = $1 and claimable_at = $2`, m.ID, m.Lease)
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("finish push message: %w", err)
	}
	return nil
}

// putOff makes the message due at another time, unless somebody else has taken it over.
func putOff(ctx context.Context, db pg.DB, m message, until time.Time) error {
	if _, err := db.Exec(ctx, `update push_messages set claimable_at = $3 where id = $1 and claimable_at = $2`, m.ID, m.Lease, until); err != nil {
		return fmt.Errorf("put push message off: %w", err)
	}
	return nil
}

// sweep deletes messages that nobody sent in time and returns how many. A message under way is left to who sends it.
func sweep(ctx context.Context, db pg.DB, now time.Time) (int64, error) {
	tag, err := db.Exec(ctx, `delete from push_messages where id in (
		select id from push_messages where claimable_at <= $1 and expires_at <= $1 limit $2 for update skip locked)`, now, expired)
	if err != nil {
		return 0, fmt.Errorf("delete expired push messages: %w", err)
	}
	return tag.RowsAffected(), nil
}
