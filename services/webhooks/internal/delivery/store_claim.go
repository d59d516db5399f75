package delivery

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// claimPinSQL makes the planner use the one index that serves these queues, like pinSQL elsewhere.
const claimPinSQL = `select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
	set_config('enable_incremental_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`

// busySQL walks the index of pending deliveries from queue to queue (endpoint, event type, tried before or not), so that a
// million due deliveries in one queue cost no more than one.
const busySQL = `with recursive busy (endpoint_id, event_type, tried) as (
	(select d.endpoint_id, d.event_type, (d.attempt_count > d.attempts_before)::int from deliveries d where d.status = 'pending'
	order by d.endpoint_id, d.event_type, (d.attempt_count > d.attempts_before)::int limit 1)
	union all
	select n.endpoint_id, n.event_type, n.tried from busy b cross join lateral (
		select d.endpoint_id, d.event_type, (d.attempt_count > d.attempts_before)::int as tried from deliveries d
		where d.status = 'pending' and (d.endpoint_id, d.event_type, (d.attempt_count > d.attempts_before)::int) > (b.endpoint_id, b.event_type, b.tried)
		order by d.endpoint_id, d.event_type, (d.attempt_count > d.attempts_before)::int limit 1
	) n
)`

// claimSQL leases due deliveries, from each queue in memory at most its share: that of $2, $3 and $4, or $5 ($6 if the breaker is
// open) for others. All endpoints that have something due divide the $7 free slots evenly, and each gets its first delivery before any
// gets its second, those that have nothing in memory first: after a restart nobody waits for the backlog of another. An endpoint that
// asked for a pause gets none. If the breaker is open, first attempts continue, and of the retries one is sent as a probe at the end of
// each pause, excluding others for as long as it may last ($10).
const claimSQL = busySQL + `, queues as (
	select b.endpoint_id, b.event_type, b.tried, coalesce(k.tripped, false) as tripped, s.share is not null as known, case
		when k.tripped and b.tried = 1 then (k.paused_until <= $1)::int
		when k.tripped then coalesce(s.share, $6) else coalesce(s.share, $5) end as most
	from busy b
	left join breakers k on k.endpoint_id = b.endpoint_id and k.event_type = b.event_type
	left join endpoint_health h on h.endpoint_id = b.endpoint_id
	left join unnest($2::uuid[], $3::text[], $4::int[]) as s (endpoint_id, event_type, share)
		on s.endpoint_id = b.endpoint_id and s.event_type = case when k.tripped then b.event_type else '' end
	where h.paused_until is null or h.paused_until <= $1
), wanting as (
	select q.* from queues q cross join lateral (
		select d.claimable_at from deliveries d where d.endpoint_id = q.endpoint_id and d.event_type = q.event_type
		and (d.attempt_count > d.attempts_before)::int = q.tried and d.status = 'pending' and d.claimable_at <= $1
		order by d.claimable_at limit 1
	) first where q.most > 0
), divided as (
	select w.endpoint_id, w.event_type, w.tried, w.tripped, w.known, least(w.most, ($7::int + c.endpoints - 1) / c.endpoints) as most
	from wanting w cross join (select greatest(count(distinct endpoint_id), 1)::int as endpoints from wanting) c
), found as (
	select c.id, q.endpoint_id, q.event_type, q.tripped and q.tried = 1 as probe, q.most, q.known, c.claimable_at,
		row_number() over (partition by q.endpoint_id, case when q.tripped then q.event_type end, q.tripped and q.tried = 1 order by c.claimable_at) as place
	from divided q cross join lateral (
		select d.id, d.claimable_at from deliveries d where d.endpoint_id = q.endpoint_id and d.event_type = q.event_type
		and (d.attempt_count > d.attempts_before)::int = q.tried and d.status = 'pending' and d.claimable_at <= $1
		order by d.claimable_at limit q.most for update skip locked
	) c
), due as (
	select * from found where place <= most order by place, known, claimable_at limit $7
), probing as (
	update breakers b set paused_until = $10 from due where due.probe and b.endpoint_id = due.endpoint_id and b.event_type = due.event_type
)
update deliveries d set claimable_at = $8, lease_owner = $9 from due where d.id = due.id
returning ` + jobColumns + `, due.probe, due.most`

const nextDueSQL = busySQL + `
select min(greatest(c.claimable_at, h.paused_until, case when k.tripped and b.tried = 1 then k.paused_until end)) from busy b
left join breakers k on k.endpoint_id = b.endpoint_id and k.event_type = b.event_type
left join endpoint_health h on h.endpoint_id = b.endpoint_id
cross join lateral (
	select d.claimable_at from deliveries d where d.endpoint_id = b.endpoint_id and d.event_type = b.event_type
	and (d.attempt_count > d.attempts_before)::int = b.tried and d.status = 'pending'
	and d.claimable_at > case when h.paused_until > $1 or k.tripped and b.tried = 1 and k.paused_until > $1 then '-infinity' else $1::timestamptz end
	order by d.claimable_at limit 1
) c`

// shares are the free slots in memory.
type shares struct {
	// all is the total of all queues; unknown and held apply to each queue that is not named.
	all, unknown, held int
	names              []string
	shares             []int
	// asked are the endpoints that this process knows to be unhealthy; their state is read again.
	asked []string
}

// parts returns the endpoints of the names and, for those of an open breaker, the event types.
func (s shares) parts() (endpoints, types []string) {
	endpoints, types = make([]string, len(s.names)), make([]string, len(s.names))
	for i, name := range s.names {
		endpoints[i], types[i], _ = strings.Cut(name, heldSeparator)
	}
	return endpoints, types
}

// claimed is the result of a claim.
type claimed struct {
	jobs []Job
	// next is when the next delivery is due; nil if none is known.
	next *time.Time
	// conditions of the endpoints in shares.asked that are still unhealthy.
	conditions []condition
}

// claim leases due deliveries.
func claim(ctx context.Context, db pg.DB, br Breaker, s shares, h holder, now time.Time) (c claimed, err error) {
	b := &pgx.Batch{}
	b.Queue(claimPinSQL)
	endpoints, types := s.parts()
	b.Queue(claimSQL, now, endpoints, types, s.shares, s.unknown, s.held, s.all, h.until, h.owner, now.Add(br.Trial)).Query(func(rows pgx.Rows) error {
		c.jobs, err = pgx.CollectRows(rows, scanJob)
		return err
	})
	b.Queue(nextDueSQL, now).QueryRow(func(row pgx.Row) error { return row.Scan(&c.next) })
	if len(s.asked) > 0 {
		b.Queue(conditionsSQL, s.asked).Query(func(rows pgx.Rows) error {
			c.conditions, err = pgx.CollectRows(rows, scanCondition)
			return err
		})
	}
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return claimed{}, fmt.Errorf("claim deliveries: %w", err)
	}
	return c, nil
}

const releaseSQL = `update deliveries d set claimable_at = d.next_attempt_at, lease_owner = null
	from unnest($1::uuid[], $2::uuid[]) as l (id, lessee) where d.id = l.id and d.lease_owner = l.lessee and d.status || '' = 'pending'`

// release releases the leases of deliveries that were not attempted.
func release(ctx context.Context, db pg.DB, jobs []Job) error {
	ids, lessees := make([]string, len(jobs)), make([]string, len(jobs))
	for i, j := range jobs {
		ids[i], lessees[i] = j.ID, j.Lessee
	}
	if _, err := db.Exec(ctx, releaseSQL, ids, lessees); err != nil {
		return fmt.Errorf("release deliveries: %w", err)
	}
	return nil
}
