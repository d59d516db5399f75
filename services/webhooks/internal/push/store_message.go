package push

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// claimScanLimit is how many due messages one claim examines, sweepBatch how many one sweep deletes.
const (
	claimScanLimit = 1000
	sweepBatch     = 1000
)

// message is a message that is leased to this process.
type message struct {
	ID        string
	Payload   []byte
	Attempts  int // including this one
	ExpiresAt time.Time
	// Lease is the end of the lease and identifies this claim: a process that takes the message over sets another time.
	Lease time.Time
	subscription
}

// queue records a message for each subscription of each notice's merchant, mode and language that wants its kind. It waits for subscriptions that are being
// deleted, and skips them.
func queue(ctx context.Context, tx pgx.Tx, notices []notice, now time.Time) error {
	n := len(notices)
	merchants, live, events := make([]string, n), make([]bool, n), make([]string, n)
	chosen, spoken := make([]string, n), make([]string, n)
	payloads, expiry := make([][]byte, n), make([]time.Time, n)
	for i, e := range notices {
		merchants[i], live[i], events[i], payloads[i], expiry[i] = e.merchant, e.livemode, e.event, e.payload, e.expiresAt
		chosen[i], spoken[i] = e.kind, e.language
	}
	_, err := tx.Exec(ctx, `insert into push_messages (id, subscription_id, event_id, payload, created_at, expires_at, claimable_at)
		select gen_random_uuid(), s.id, e.event_id, e.payload, $6, e.expires_at, $6
		from unnest($1::text[], $2::bool[], $3::text[]::uuid[], $4::bytea[], $5::timestamptz[], $7::text[], $8::text[])
			as e (merchant_id, livemode, event_id, payload, expires_at, kind, language)
		join push_subscriptions s using (merchant_id, livemode, language)
		where e.kind = any(s.event_types)
		for key share of s on conflict do nothing`, merchants, live, events, payloads, expiry, now, chosen, spoken)
	if err != nil {
		return fmt.Errorf("queue push messages: %w", err)
	}
	return nil
}

// claim leases up to n due messages until lease. Each merchant gets at most share in progress, including those in busy.
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
		now, n, share, names, counts, claimScanLimit, lease)
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

// finish deletes a message that needs no further attempt. deliveredAt is zero unless the push service accepted it. The
// subscription is updated first, as in its deletion, so that the two cannot deadlock.
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

// postpone makes the message due at another time, unless another process has taken it over.
func postpone(ctx context.Context, db pg.DB, m message, until time.Time) error {
	if _, err := db.Exec(ctx, `update push_messages set claimable_at = $3 where id = $1 and claimable_at = $2`, m.ID, m.Lease, until); err != nil {
		return fmt.Errorf("postpone push message: %w", err)
	}
	return nil
}

// sweep deletes messages that were not sent in time and returns their number. It skips messages in progress.
func sweep(ctx context.Context, db pg.DB, now time.Time) (int64, error) {
	tag, err := db.Exec(ctx, `delete from push_messages where id in (
		select id from push_messages where claimable_at <= $1 and expires_at <= $1 limit $2 for update skip locked)`, now, sweepBatch)
	if err != nil {
		return 0, fmt.Errorf("delete expired push messages: %w", err)
	}
	return tag.RowsAffected(), nil
}
