package delivery

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// laneLocks is the key space of the advisory locks on payments.
const laneLocks = 7_706_584

// pinSQL prevents sequential scans within this transaction. Statistics are a minute old, the number of open deliveries grows from
// none to many thousands within seconds, and plans are cached: the best plan for an empty table would be used for a full one. For
// the same reason the statements here look up rows one by one (lateral, limit) and hide "status = 'pending'" from the planner
// (status || ”) where the index on pending deliveries is of no use.
const pinSQL = `select set_config('enable_seqscan', 'off', true)`

// queueLocks gives the transaction the exclusive right to change which delivery of these payments is pending. Otherwise a
// delivery recorded while the previous one is being finished could be left waiting by both sides. Locks are taken in the same
// order everywhere, so they cannot deadlock.
func queueLocks(b *pgx.Batch, references []string) {
	keys := make([]int32, len(references))
	for i, r := range references {
		h := fnv.New32a()
		h.Write([]byte(r))
		keys[i] = int32(h.Sum32())
	}
	slices.Sort(keys)
	b.Queue(pinSQL)
	b.Queue(`select pg_advisory_xact_lock($1, k) from unnest($2::int[]) k`, int32(laneLocks), slices.Compact(keys))
}

// lockHeadsSQL waits for processes that are claiming the pending deliveries of these lanes.
const lockHeadsSQL = `select h.id from unnest($1::uuid[], $2::text[]) as l (endpoint_id, reference) cross join lateral (
	select d.id from deliveries d
	where d.endpoint_id = l.endpoint_id and d.reference = l.reference and d.status in ('waiting', 'pending') and d.status || '' = 'pending'
	and (d.lease_owner is null or d.claimable_at <= $3) limit 1 for update
) h`

// promoteSQL makes the lowest open sequence of each lane the pending one, unless another is being attempted. The previously
// pending one waits again, which happens if an older event arrives late. Deliveries that are due now are leased to $4 until $5,
// or left to be claimed if these are null.
const promoteSQL = `with lanes as (
	select distinct l.endpoint_id, l.reference from unnest($1::uuid[], $2::text[]) as l (endpoint_id, reference)
), heads as (
	select h.id, rival.id as rival from lanes l cross join lateral (
		select d.id, d.status from deliveries d
		where d.endpoint_id = l.endpoint_id and d.reference = l.reference and d.status in ('waiting', 'pending')
		order by d.sequence, d.event_id limit 1
	) h left join lateral (
		select p.id, p.lease_owner is not null and p.claimable_at > $3::timestamptz as leased from deliveries p
		where h.status = 'waiting' and p.endpoint_id = l.endpoint_id and p.reference = l.reference
		and p.status in ('waiting', 'pending') and p.status || '' = 'pending' limit 1
	) rival on true
	where h.status = 'waiting' and rival.leased is not true
), demoted as (
	update deliveries d set status = 'waiting', lease_owner = null from heads h where d.id = h.rival
)
update deliveries d set status = 'pending', next_attempt_at = greatest(d.next_attempt_at, $3::timestamptz),
	claimable_at = case when d.next_attempt_at > $3::timestamptz then d.next_attempt_at else coalesce($5::timestamptz, $3::timestamptz) end,
	lease_owner = case when d.next_attempt_at <= $3::timestamptz then $4::uuid end
from heads h where d.id = h.id
returning ` + jobColumns + `, d.lease_owner is not null`

// queuePromote makes the next delivery of each lane pending. The caller holds the locks on the payments. found receives those
// that are due, leased to h; with noLease there are none.
func queuePromote(b *pgx.Batch, lanes []lane, now time.Time, h holder, found *[]Job) {
	endpoints, references := make([]string, len(lanes)), make([]string, len(lanes))
	for i, l := range lanes {
		endpoints[i], references[i] = l.Endpoint, l.Reference
	}
	b.Queue(lockHeadsSQL, endpoints, references, now)
	owner, until := h.arguments()
	b.Queue(promoteSQL, endpoints, references, now, owner, until).Query(func(rows pgx.Rows) error {
		promoted, err := pgx.CollectRows(rows, scanPromoted)
		for _, p := range promoted {
			if p.leased {
				*found = append(*found, p.Job)
			}
		}
		return err
	})
}

type promoted struct {
	Job
	leased bool
}

func scanPromoted(row pgx.CollectableRow) (promoted, error) {
	var p promoted
	err := row.Scan(p.targets(&p.leased)...)
	return p, err
}
