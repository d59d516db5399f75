package delivery

import (
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// forgetSQL: an endpoint that answered is well again. Rows are locked in one order everywhere.
const forgetSQL = `with well as (
	select endpoint_id from endpoint_health where endpoint_id = any($1::uuid[]) order by endpoint_id for update
)
delete from endpoint_health h using well where h.endpoint_id = well.endpoint_id`

const lockHealthSQL = `select endpoint_id from endpoint_health where endpoint_id = any($1::uuid[]) order by endpoint_id for update`

// failSQL counts failures of endpoints of which nothing succeeded meanwhile. The breaker opens at $7 failures; a failed
// probe ($6) keeps it open for twice as long. What the endpoint asked for (Retry-After) counts as well.
const failSQL = `insert into endpoint_health as h (endpoint_id, failing_since, failures, last_error, tripped, trips, paused_until)
select f.endpoint_id, f.since, f.n, f.error, f.n >= $7, (f.n >= $7)::int,
	greatest(f.retry_at, case when f.n >= $7 then $8::timestamptz + $9::interval end)
from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::text[], $5::timestamptz[]) as f (endpoint_id, since, n, error, retry_at)
order by f.endpoint_id
on conflict (endpoint_id) do update set
	failing_since = coalesce(h.failing_since, excluded.failing_since),
	failures = h.failures + excluded.failures,
	last_error = excluded.last_error,
	tripped = h.tripped or h.failures + excluded.failures >= $7,
	trips = case when h.tripped then h.trips + (h.endpoint_id = any($6::uuid[]))::int else (h.failures + excluded.failures >= $7)::int end,
	paused_until = greatest(case
		when h.tripped and h.endpoint_id = any($6::uuid[]) then $8::timestamptz + least($9::interval * power(2, least(h.trips, 20)), $10::interval)
		when not h.tripped and h.failures + excluded.failures >= $7 then $8::timestamptz + $9::interval
		else h.paused_until end, excluded.paused_until)
returning h.endpoint_id::text, h.tripped, h.paused_until, h.failing_since`

const conditionsSQL = `select endpoint_id::text, tripped, paused_until, failing_since from endpoint_health where endpoint_id = any($1::uuid[])`

func scanCondition(row pgx.CollectableRow) (condition, error) {
	var (
		c     condition
		until *time.Time
	)
	err := row.Scan(&c.endpoint, &c.tripped, &until, &c.failingSince)
	if until != nil {
		c.pausedUntil = *until
	}
	return c, err
}

// failing is what one batch of results tells of an endpoint that did not answer well once.
type failing struct {
	since   time.Time
	n       int32
	word    string
	retryAt *time.Time
	probed  bool
}

// tally parts the endpoints of results into those with a success and those with failures only. A test that fails says
// nothing: the merchant may be trying.
func tally(results []result) (well []string, ill map[string]*failing) {
	ok := make(map[string]bool)
	ill = make(map[string]*failing)
	for _, r := range results {
		switch {
		case r.answer.Error == "":
			ok[r.job.EndpointID] = true
		case r.job.EventType != TestEvent:
			note(ill, r)
		}
	}
	for id := range ok {
		well = append(well, id)
		delete(ill, id)
	}
	slices.Sort(well)
	return well, ill
}

func note(ill map[string]*failing, r result) {
	f := ill[r.job.EndpointID]
	if f == nil {
		f = &failing{since: r.started}
		ill[r.job.EndpointID] = f
	}
	f.n++
	f.word = r.answer.Error
	f.probed = f.probed || r.job.Probe
	if r.started.Before(f.since) {
		f.since = r.started
	}
	if !r.askedFor.IsZero() && (f.retryAt == nil || r.askedFor.After(*f.retryAt)) {
		f.retryAt = &r.askedFor
	}
}

// queueHealth records what results tell of their endpoints. found gets the conditions of those that failed.
func queueHealth(b *pgx.Batch, br Breaker, results []result, now time.Time, found *[]condition) (asked []string) {
	well, ill := tally(results)
	if len(well) > 0 {
		b.Queue(forgetSQL, well)
	}
	if len(ill) == 0 {
		return well
	}
	var (
		n      = len(ill)
		ids    = make([]string, 0, n)
		since  = make([]time.Time, n)
		counts = make([]int32, n)
		words  = make([]string, n)
		asks   = make([]*time.Time, n)
		probed = []string{}
	)
	for id := range ill {
		ids = append(ids, id)
	}
	for i, id := range ids {
		f := ill[id]
		since[i], counts[i], words[i], asks[i] = f.since, f.n, f.word, f.retryAt
		if f.probed {
			probed = append(probed, id)
		}
	}
	b.Queue(lockHealthSQL, ids)
	b.Queue(failSQL, ids, since, counts, words, asks, probed, br.Failures, now, br.Pause, br.Longest).Query(func(rows pgx.Rows) (err error) {
		*found, err = pgx.CollectRows(rows, scanCondition)
		return err
	})
	return append(well, ids...)
}
