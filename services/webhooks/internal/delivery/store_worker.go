package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"european-pay.eu/eupay/internal/pg"
)

// enlist makes a process known.
func enlist(ctx context.Context, db pg.DB, id string, now time.Time) error {
	if _, err := db.Exec(ctx, `insert into workers (id, seen_at) values ($1, $2) on conflict (id) do update set seen_at = excluded.seen_at`, id, now); err != nil {
		return fmt.Errorf("enlist process: %w", err)
	}
	return nil
}

// seen notes that the process lives; alive is false when it was taken for dead.
func seen(ctx context.Context, db pg.DB, id string, now time.Time) (alive bool, err error) {
	tag, err := db.Exec(ctx, `update workers set seen_at = $2 where id = $1`, id, now)
	if err != nil {
		return false, fmt.Errorf("note that the process lives: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// leave forgets a process that holds no lease any more.
func leave(ctx context.Context, db pg.DB, id string) error {
	if _, err := db.Exec(ctx, `delete from workers where id = $1`, id); err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	return nil
}

// unseen are the processes but one that were last seen before a time, and when.
func unseen(ctx context.Context, db pg.DB, but string, before time.Time) (map[string]time.Time, error) {
	rows, err := db.Query(ctx, `select id::text, seen_at from workers where seen_at < $1 and id <> $2`, before, but) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return nil, fmt.Errorf("look for dead processes: %w", err)
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
		return nil, fmt.Errorf("look for dead processes: %w", err)
	}
	return list, nil
}

// succeedSQL strikes dead processes off, unless they were seen meanwhile, and ends their leases, which all end in their
// rows after the process was last seen. One of them that lives after all finds itself struck off, and its results are
// of leases that it does not have.
const succeedSQL = busySQL + `, dead as (
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

// succeed ends the leases of dead processes and returns how many those were.
func succeed(ctx context.Context, db pg.DB, dead map[string]time.Time) (n int64, err error) {
	ids, at := make([]string, 0, len(dead)), make([]time.Time, 0, len(dead))
	for id, t := range dead {
		ids, at = append(ids, id), append(at, t)
	}
	b := &pgx.Batch{}
	b.Queue(claimPinSQL)
	b.Queue(succeedSQL, ids, at).Exec(func(tag pgconn.CommandTag) error {
		n = tag.RowsAffected()
		return nil
	})
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return 0, fmt.Errorf("take over from dead processes: %w", err)
	}
	return n, nil
}
