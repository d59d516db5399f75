package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// insertSQL records deliveries once: the same event for the same endpoint again changes nothing. A delivery waits if the endpoint
// has an earlier open delivery of the same payment.
const insertSQL = `insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body,
	status, created_at, next_attempt_at, claimable_at, lease_owner, finished_at, trace)
select n.id, n.endpoint_id, n.merchant_id, n.livemode, n.event_id, n.event_type, n.reference, n.sequence, n.body,
	case when n.missed then 'missed' when w.waits then 'waiting' else 'pending' end, $11::timestamptz, $11::timestamptz,
	case when not w.waits and n.reserved then $12::timestamptz else $11::timestamptz end, case when not w.waits and n.reserved then $13::uuid end,
	case when n.missed then $11::timestamptz end, n.trace
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bool[], $5::uuid[], $6::text[], $7::text[], $8::bigint[], $9::bytea[],
	$10::bool[], $14::bool[], $15::bool[], $16::text[])
	as n (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, reserved, behind, missed, trace)
left join lateral (
	select true as yes from deliveries d where d.endpoint_id = n.endpoint_id and d.reference = n.reference and d.status in ('waiting', 'pending') limit 1
) open on true
cross join lateral (select n.behind or open.yes is not null as waits) w
on conflict (endpoint_id, event_id, event_type) do nothing
returning id::text, status = 'pending'`

// insert records rows and settles their reservations. also, if not nil, queues statements before. It returns the lanes in which a
// delivery waits.
func insert(ctx context.Context, db pg.DB, also func(*pgx.Batch), rows []*row, h holder, now time.Time) (waiting []lane, err error) {
	references := make([]string, len(rows))
	for i, r := range rows {
		references[i] = r.job.Reference
	}
	outcome := make(map[string]bool, len(rows))
	b := &pgx.Batch{}
	if also != nil {
		also(b)
	}
	queueLocks(b, references)
	b.Queue(insertSQL, rowArrays(rows, h, now)...).Query(func(found pgx.Rows) error {
		var (
			id      string
			pending bool
		)
		_, err := pgx.ForEachRow(found, []any{&id, &pending}, func() error {
			outcome[id] = pending
			return nil
		})
		return err
	})
	err = db.SendBatch(ctx, b).Close()
	for _, r := range rows {
		pending, inserted := outcome[r.job.ID]
		r.settle(inserted && pending && err == nil)
		if inserted && !pending && !r.missed {
			waiting = append(waiting, lane{r.job.EndpointID, r.job.Reference})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("record deliveries: %w", err)
	}
	return waiting, nil
}

func rowArrays(rows []*row, h holder, now time.Time) []any {
	n := len(rows)
	ids, endpoints, eventIDs := make([]string, n), make([]string, n), make([]string, n)
	merchants, types, references := make([]string, n), make([]string, n), make([]string, n)
	live, reserved, behind, missed := make([]bool, n), make([]bool, n), make([]bool, n), make([]bool, n)
	sequences, bodies, traces := make([]int64, n), make([][]byte, n), make([]string, n)
	for i, r := range rows {
		ids[i], endpoints[i], eventIDs[i] = r.job.ID, r.job.EndpointID, r.job.EventID
		merchants[i], types[i], references[i] = r.merchant, r.job.EventType, r.job.Reference
		live[i], reserved[i], behind[i], missed[i] = r.livemode, r.reserved, r.behind, r.missed
		sequences[i], bodies[i], traces[i] = r.sequence, r.job.Body, r.job.Trace
	}
	owner, until := h.arguments()
	return []any{
		ids, endpoints, merchants, live, eventIDs, types, references, sequences, bodies, reserved,
		now, until, owner, behind, missed, traces,
	}
}
