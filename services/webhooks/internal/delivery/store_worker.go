package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/run/pg"
)

// registerWorker registers a process.
func registerWorker(ctx context.Context, db pg.DB, id string, now time.Time) error {
	if _, err := db.Exec(ctx, `insert into workers (id, seen_at) values ($1, $2) on conflict (id) do update set seen_at = excluded.seen_at`, id, now); err != nil {
		return fmt.Errorf("register worker: %w", err)
	}
	return nil
}

// recordHeartbeat records that the process is alive. alive is false if others have declared it dead.
func recordHeartbeat(ctx context.Context, db pg.DB, id string, now time.Time) (alive bool, err error) {
	tag, err := db.Exec(ctx, `update workers set seen_at = $2 where id = $1`, id, now)
	if err != nil {
		return false, fmt.Errorf("record heartbeat: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// unregisterWorker removes a process that holds no leases.
func unregisterWorker(ctx context.Context, db pg.DB, id string) error {
	if _, err := db.Exec(ctx, `delete from workers where id = $1`, id); err != nil {
		return fmt.Errorf("unregister worker: %w", err)
	}
	return nil
}

// silentWorkers returns the other processes whose last heartbeat was before a time, with that heartbeat.
func silentWorkers(ctx context.Context, db pg.DB, but string, before time.Time) (map[string]time.Time, error) {
	rows, err := db.Query(ctx, `select id::text, seen_at from workers where seen_at < $1 and id <> $2`, before, but) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return nil, fmt.Errorf("find dead workers: %w", err)
	}
	var (
		id   string
		at   time.Time
		list = make(map[string]time.Time)
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		list[id] = at
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find dead workers: %w", err)
	}
	return list, nil
}

// takeOverSQL removes dead processes, unless they have sent a heartbeat in the meantime, and ends their leases, all of which end
// after the last heartbeat. A removed process that is still alive finds itself removed and records results under leases that it
// no longer holds, which are ignored.
const takeOverSQL = busySQL + `, dead as (
	delete from workers w using unnest($1::uuid[], $2::timestamptz[]) as s (id, seen_at) where w.id = s.id and w.seen_at = s.seen_at
	returning w.id, w.seen_at
), theirs as (
	select c.id from busy b cross join lateral (
		select d.id from deliveries d where d.endpoint_id = b.endpoint_id and d.event_type = b.event_type
		and (d.attempt_count > d.attempts_before)::int = b.tried and d.status = 'pending'
		and d.claimable_at > (select min(seen_at) from dead) and d.lease_owner in (select id from dead)
	) c
)
update deliveries d set claimable_at = d.next_attempt_at, lease_owner = null from theirs
where d.id = theirs.id and d.lease_owner in (select id from dead)`

// takeOverLeases ends the leases of dead processes and returns their number.
func takeOverLeases(ctx context.Context, db pg.DB, dead map[string]time.Time) (n int64, err error) {
	ids, at := make([]string, 0, len(dead)), make([]time.Time, 0, len(dead))
	for id, t := range dead {
		ids, at = append(ids, id), append(at, t)
	}
	b := &pgx.Batch{}
	b.Queue(claimPinSQL)
	b.Queue(takeOverSQL, ids, at).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return 0, fmt.Errorf("take over from dead workers: %w", err)
	}
	return n, nil
}
