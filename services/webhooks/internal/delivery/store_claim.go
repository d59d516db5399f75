package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/pg"
)

// busySQL walks the claim index from endpoint to endpoint, so that a million due deliveries of one of them cost no more
// than one.
const busySQL = `with recursive busy (endpoint_id) as (
	(select d.endpoint_id from deliveries d where d.status = 'pending' order by d.endpoint_id limit 1)
	union all
	select (select d.endpoint_id from deliveries d where d.status = 'pending' and d.endpoint_id > b.endpoint_id order by d.endpoint_id limit 1)
	from busy b where b.endpoint_id is not null
)`

// claimSQL leases due deliveries, of each endpoint at most its share: that of $2 and $3, or $4 for others.
const claimSQL = busySQL + `, due as (
	select c.id from busy b left join unnest($2::uuid[], $3::int[]) as s (endpoint_id, share) on s.endpoint_id = b.endpoint_id
	cross join lateral (
		select d.id from deliveries d where d.endpoint_id = b.endpoint_id and d.status = 'pending' and d.claimable_at <= $1
		order by d.claimable_at limit coalesce(s.share, $4) for update skip locked
	) c
	where b.endpoint_id is not null limit $5
)
update deliveries d set claimable_at = $6, lease_owner = $7 from due where d.id = due.id
returning ` + jobColumns

const nextDueSQL = busySQL + `
select min(c.claimable_at) from busy b cross join lateral (
	select d.claimable_at from deliveries d where d.endpoint_id = b.endpoint_id and d.status = 'pending' and d.claimable_at > $1
	order by d.claimable_at limit 1
) c where b.endpoint_id is not null`

type shares struct {
	all, unknown int
	names        []string
	shares       []int
}

// claim leases what is due, and returns when the next one will be (nil: none is known).
func claim(ctx context.Context, db pg.DB, s shares, h holder, now time.Time) (jobs []Job, next *time.Time, err error) {
	b := &pgx.Batch{}
	b.Queue(claimSQL, now, s.names, s.shares, s.unknown, s.all, h.until, h.owner).Query(func(rows pgx.Rows) error {
		jobs, err = pgx.CollectRows(rows, scanJob)
		return err
	})
	b.Queue(nextDueSQL, now).QueryRow(func(row pgx.Row) error { return row.Scan(&next) })
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return nil, nil, fmt.Errorf("claim deliveries: %w", err)
	}
	return jobs, next, nil
}

// release gives back leases of deliveries that were not attempted.
func release(ctx context.Context, db pg.DB, jobs []Job, owner string) error {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
	}
	_, err := db.Exec(ctx, `update deliveries set claimable_at = next_attempt_at, lease_owner = null
		where id = any($1::uuid[]) and lease_owner = $2 and status = 'pending'`, ids, owner)
	if err != nil {
		return fmt.Errorf("release deliveries: %w", err)
	}
	return nil
}
