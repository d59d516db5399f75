package delivery

import (
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// lockHealthSQL and lockBreakersSQL lock rows in the same order everywhere; transactions that change both lock all rows first.
const (
	lockHealthSQL   = `select endpoint_id from endpoint_health where endpoint_id = any($1::uuid[]) order by endpoint_id for update`
	lockBreakersSQL = `select endpoint_id from breakers where endpoint_id = any($1::uuid[]) order by endpoint_id, event_type for update`
)

// clearHealthSQL: a success makes the endpoint as a whole healthy, and the event type it accepted. Other types keep their
// breakers, unless the success was a test ($4), which means that the merchant has fixed the endpoint.
const clearHealthSQL = `with well as (
	select endpoint_id from endpoint_health where endpoint_id = any($1::uuid[]) order by endpoint_id for update
), forgotten as (
	delete from endpoint_health h using well where h.endpoint_id = well.endpoint_id
), healed as (
	select b.endpoint_id, b.event_type from breakers b where b.endpoint_id = any($4::uuid[])
		or (b.endpoint_id, b.event_type) in (select * from unnest($2::uuid[], $3::text[]))
	order by b.endpoint_id, b.event_type for update of b
)
delete from breakers b using healed where b.endpoint_id = healed.endpoint_id and b.event_type = healed.event_type`

// endpointFailuresSQL counts failures of endpoints without a success in the batch, and stores their Retry-After.
const endpointFailuresSQL = `insert into endpoint_health as h (endpoint_id, failing_since, failures, last_error, paused_until)
select f.endpoint_id, f.since, f.n, f.error, f.retry_at
from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::text[], $5::timestamptz[]) as f (endpoint_id, since, n, error, retry_at)
order by f.endpoint_id
on conflict (endpoint_id) do update set
	failing_since = coalesce(h.failing_since, excluded.failing_since),
	failures = h.failures + excluded.failures,
	last_error = excluded.last_error,
	tripped = false,
	paused_until = greatest(h.paused_until, excluded.paused_until)`

// typeFailuresSQL counts failures of event types without a success in the batch. The breaker opens at $7 failures; a failed probe
// ($6) doubles its pause.
const typeFailuresSQL = `insert into breakers as b (endpoint_id, event_type, failing_since, failures, last_error, tripped, trips, paused_until)
select f.endpoint_id, f.event_type, f.since, f.n, f.error, f.n >= $7, (f.n >= $7)::int, case when f.n >= $7 then $8::timestamptz + $9::interval end
from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[], $5::text[]) as f (endpoint_id, event_type, since, n, error)
order by f.endpoint_id, f.event_type
on conflict (endpoint_id, event_type) do update set
	failures = b.failures + excluded.failures,
	last_error = excluded.last_error,
	tripped = b.tripped or b.failures + excluded.failures >= $7,
	trips = case when b.tripped then b.trips + (b.endpoint_id || ' ' || b.event_type = any($6::text[]))::int
		else (b.failures + excluded.failures >= $7)::int end,
	paused_until = case
		when b.tripped and b.endpoint_id || ' ' || b.event_type = any($6::text[])
			then $8::timestamptz + least($9::interval * power(2, least(b.trips, 20)), $10::interval)
		when not b.tripped and b.failures + excluded.failures >= $7 then $8::timestamptz + $9::interval
		else b.paused_until end`

// conditionsSQL reads the state of endpoints: as a whole, and of each failing event type.
const conditionsSQL = `select endpoint_id::text, '' as event_type, false as tripped, paused_until, failing_since, failures
	from endpoint_health where endpoint_id = any($1::uuid[])
union all select endpoint_id::text, event_type, tripped, paused_until, failing_since, failures from breakers where endpoint_id = any($1::uuid[])`

func scanCondition(row pgx.CollectableRow) (condition, error) {
	var (
		c            condition
		until, since *time.Time
	)
	err := row.Scan(&c.Endpoint, &c.Event, &c.tripped, &until, &since, &c.failures)
	if until != nil {
		c.pausedUntil = *until
	}
	if since != nil {
		c.failingSince = *since
	}
	return c, err
}

// failing summarises the failures of an endpoint, or of one event type there, in a batch of results without a success.
type failing struct {
	since   time.Time
	n       int32
	reason  string
	retryAt *time.Time
	probed  bool
}

// findings summarise a batch of results.
type findings struct {
	succeeded      map[string]bool
	succeededKinds map[kind]bool
	failed         map[string]*failing
	failedKinds    map[kind]*failing
}

// divideResults divides the endpoints and kinds of results into those with a success and those with failures only. Failed tests are
// ignored, because the merchant may be experimenting.
func divideResults(results []result) findings {
	f := findings{make(map[string]bool), make(map[kind]bool), make(map[string]*failing), make(map[kind]*failing)}
	for _, r := range results {
		switch {
		case r.answer.Error == "":
			f.succeeded[r.job.EndpointID], f.succeededKinds[r.job.kind()] = true, true
		case r.job.EventType != TestEvent:
			addFailure(f.failed, r.job.EndpointID, r)
			addFailure(f.failedKinds, r.job.kind(), r)
		}
	}
	for id := range f.succeeded {
		delete(f.failed, id)
	}
	for k := range f.succeededKinds {
		delete(f.failedKinds, k)
	}
	return f
}

func addFailure[K comparable](ill map[K]*failing, of K, r result) {
	f := ill[of]
	if f == nil {
		f = &failing{since: r.started}
		ill[of] = f
	}
	f.n++
	f.reason = r.answer.Error
	f.probed = f.probed || r.job.Probe
	if r.started.Before(f.since) {
		f.since = r.started
	}
	if !r.pauseUntil.IsZero() && (f.retryAt == nil || r.pauseUntil.After(*f.retryAt)) {
		f.retryAt = &r.pauseUntil
	}
}

// queueHealth records the health that results imply for their endpoints. found receives the conditions of the endpoints in asked:
// those that failed, and those of which wasUnhealthy reports that they had been unhealthy.
func queueHealth(b *pgx.Batch, br Breaker, results []result, wasUnhealthy func(string) bool, now time.Time, found *[]condition) (asked []string) {
	f := divideResults(results)
	of := make(map[string]bool)
	for k := range f.failedKinds {
		of[k.Endpoint] = true
	}
	for id := range f.succeeded {
		if wasUnhealthy(id) {
			of[id] = true
		}
	}
	healthy := slices.Sorted(maps.Keys(f.succeeded))
	if asked = slices.Sorted(maps.Keys(of)); len(asked) > 0 {
		all := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(asked), healthy...))))
		b.Queue(lockHealthSQL, all)
		b.Queue(lockBreakersSQL, all)
	}
	if len(healthy) > 0 {
		kinds := slices.Collect(maps.Keys(f.succeededKinds))
		b.Queue(clearHealthSQL, healthy, endpointsOf(kinds), typesOf(kinds), tested(kinds))
	}
	if len(asked) == 0 {
		return nil
	}
	queueEndpointFailures(b, f.failed)
	queueTypeFailures(b, br, f.failedKinds, now)
	b.Queue(conditionsSQL, asked).Query(func(rows pgx.Rows) (err error) {
		*found, err = pgx.CollectRows(rows, scanCondition)
		return err
	})
	return asked
}

func queueEndpointFailures(b *pgx.Batch, ill map[string]*failing) {
	n := len(ill)
	if n == 0 {
		return
	}
	ids := slices.Collect(maps.Keys(ill))
	since, counts, words, asks := make([]time.Time, n), make([]int32, n), make([]string, n), make([]*time.Time, n)
	for i, id := range ids {
		f := ill[id]
		since[i], counts[i], words[i], asks[i] = f.since, f.n, f.reason, f.retryAt
	}
	b.Queue(endpointFailuresSQL, ids, since, counts, words, asks)
}

func queueTypeFailures(b *pgx.Batch, br Breaker, ill map[kind]*failing, now time.Time) {
	n := len(ill)
	if n == 0 {
		return
	}
	kinds := slices.Collect(maps.Keys(ill))
	since, counts, words, probed := make([]time.Time, n), make([]int32, n), make([]string, n), []string{}
	for i, k := range kinds {
		f := ill[k]
		since[i], counts[i], words[i] = f.since, f.n, f.reason
		if f.probed {
			probed = append(probed, k.Endpoint+" "+k.Event)
		}
	}
	b.Queue(typeFailuresSQL, endpointsOf(kinds), typesOf(kinds), since, counts, words, probed, br.Failures, now, br.Pause, br.Longest)
}

// tested returns the endpoints that accepted a test.
func tested(kinds []kind) []string {
	list := []string{}
	for _, k := range kinds {
		if k.Event == TestEvent {
			list = append(list, k.Endpoint)
		}
	}
	return list
}

func endpointsOf(kinds []kind) []string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = k.Endpoint
	}
	return list
}

func typesOf(kinds []kind) []string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = k.Event
	}
	return list
}
