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

// claimSQL leases due deliveries, of each endpoint at most its share: that of $2 and $3, or $4 for others. An endpoint
// that is left in peace gets none; one whose breaker is half open gets one, and no other as long as that may last.
const claimSQL = busySQL + `, due as (
	select c.id, b.endpoint_id, coalesce(h.tripped, false) as probe
	from busy b left join unnest($2::uuid[], $3::int[]) as s (endpoint_id, share) on s.endpoint_id = b.endpoint_id
	left join endpoint_health h on h.endpoint_id = b.endpoint_id
	cross join lateral (
		select d.id from deliveries d where d.endpoint_id = b.endpoint_id and d.status = 'pending' and d.claimable_at <= $1
		order by d.claimable_at limit case when h.tripped then 1 else coalesce(s.share, $4) end for update skip locked
	) c
	where b.endpoint_id is not null and (h.paused_until is null or h.paused_until <= $1) limit $5
), probing as (
	update endpoint_health h set paused_until = $6 from due where due.probe and h.endpoint_id = due.endpoint_id
)
update deliveries d set claimable_at = $6, lease_owner = $7 from due where d.id = due.id
returning ` + jobColumns + `, due.probe`

const nextDueSQL = busySQL + `
select min(greatest(c.claimable_at, h.paused_until)) from busy b left join endpoint_health h on h.endpoint_id = b.endpoint_id
cross join lateral (
	select d.claimable_at from deliveries d where d.endpoint_id = b.endpoint_id and d.status = 'pending'
	and d.claimable_at > case when h.paused_until > $1 then '-infinity' else $1::timestamptz end
	order by d.claimable_at limit 1
) c where b.endpoint_id is not null`

type shares struct {
	all, unknown int
	names        []string
	shares       []int
	// held are the endpoints that this process leaves in peace; it asks how they are.
	held []string
}

// claimed is what claim found.
type claimed struct {
	jobs []Job
	// next is when the next one is due; nil: none is known.
	next *time.Time
	// conditions of the endpoints in shares.held that are still not well.
	conditions []condition
}

// claim leases what is due.
func claim(ctx context.Context, db pg.DB, s shares, h holder, now time.Time) (c claimed, err error) {
	b := &pgx.Batch{}
	b.Queue(pinSQL)
	b.Queue(claimSQL, now, s.names, s.shares, s.unknown, s.all, h.until, h.owner).Query(func(rows pgx.Rows) error {
		c.jobs, err = pgx.CollectRows(rows, scanJob)
		return err
	})
	b.Queue(nextDueSQL, now).QueryRow(func(row pgx.Row) error { return row.Scan(&c.next) })
	if len(s.held) > 0 {
		b.Queue(conditionsSQL, s.held).Query(func(rows pgx.Rows) error {
			c.conditions, err = pgx.CollectRows(rows, scanCondition)
			return err
		})
	}
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return claimed{}, fmt.Errorf("claim deliveries: %w", err)
	}
	return c, nil
}

const releaseSQL = `update deliveries set claimable_at = next_attempt_at, lease_owner = null
	where id = any($1::uuid[]) and lease_owner = $2 and status || '' = 'pending'`

// release gives back leases of deliveries that were not attempted.
func release(ctx context.Context, db pg.DB, jobs []Job, owner string) error {
	if _, err := db.Exec(ctx, releaseSQL, jobIDs(jobs), owner); err != nil {
		return fmt.Errorf("release deliveries: %w", err)
	}
	return nil
}

func jobIDs(jobs []Job) []string {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
	}
	return ids
}
