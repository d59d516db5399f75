// Package tally counts the rows of lists while they are written, so that nobody has to count them when they are read: how many a merchant
// has, in which groups, in any period, and where the page with a given number begins.
//
// Triggers on the listed table write what changes (row_count_deltas) in the transaction of the change. They only insert, so
// no writer waits for another. Fold adds these changes up (row_counts), and a reader adds both tables in one statement, which sees one
// snapshot: the sum is what count(*) would return in it, folded or not.
//
// Every sum is kept for each month, day, hour and minute (UTC) of the time that the list is ordered by. A period is made of a few whole
// months, days, hours and minutes, and the page at an offset is found by descending from months to a minute, so both cost the same for a
// thousand rows as for a hundred million.
//
// A list in which no pages are found may be counted down to the hour only (finest); then its periods are whole hours.
//
// A service that uses it has these tables in its schema, with the type of merchant_id that its other tables have, and triggers for each list
// as in testdata/migrations. The migration that adds triggers also counts the rows that are there, under a lock that stops the writers.
//
//	create table row_counts (
//	    list        text        not null,
//	    merchant_id uuid        not null,
//	    livemode    boolean     not null,
//	    level       smallint    not null check (level between 0 and 3), -- 0 month, 1 day, 2 hour, 3 minute
//	    bucket      timestamptz not null, -- when the month, day, hour or minute begins, UTC
//	    grp         text        not null,
//	    n           bigint      not null,
//	    cents       bigint      not null,
//	    primary key (list, merchant_id, livemode, level, bucket, grp) include (n, cents)
//	) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
//	create table row_count_deltas (
//	    id          bigint      generated always as identity,
//	    list        text        not null,
//	    merchant_id uuid        not null,
//	    livemode    boolean     not null,
//	    grp         text        not null,
//	    bucket      timestamptz not null, -- the minute
//	    finest      smallint    not null default 3 check (finest between 0 and 3), -- the level down to which the list is counted
//	    n           bigint      not null,
//	    cents       bigint      not null,
//	    written_at  timestamptz not null default now(),
//	    primary key (list, merchant_id, livemode, id)
//	) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
package tally

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
)

// Filter chooses rows of a list. Zero fields do not filter, but List and MerchantID are required.
type Filter struct {
	// List is the name that the triggers of the list write.
	List       string
	MerchantID string
	Livemode   bool
	// Groups are those that count; nil: all.
	Groups []string
	// From is inclusive, To is exclusive.
	From, To time.Time
	// Edge counts the rows of less than a minute, which no counter knows: the beginning or the end of a period that is not made of whole
	// minutes. Nil: From and To are whole minutes.
	Edge func(ctx context.Context, from, to time.Time) (int64, error)
}

// Count is a number of rows and the sum of their amounts.
type Count struct {
	Rows, Cents int64
}

// Part is what a group has in a part of a period.
type Part struct {
	// Part is the index of the period.
	Part  int
	Group string
	Count
}

// Period is a time in whole minutes. From is inclusive, To is exclusive; zero: unbounded.
type Period struct {
	From, To time.Time
}

// sumSQL adds up counters and changes by period and group. $1 to $4 choose the rows, the rest are the segments of the periods.
const sumSQL = `with s as (select * from unnest($5::int[], $6::smallint[], $7::timestamptz[], $8::timestamptz[]) as s(part, level, lo, hi))
	select part, grp, sum(n)::bigint, sum(cents)::bigint from (
		select s.part, c.grp, c.n, c.cents from s join row_counts c on c.list = $1 and c.merchant_id = $2 and c.livemode = $3 and c.level = s.level
			and c.bucket >= s.lo and c.bucket < s.hi and ($4::text[] is null or c.grp = any($4))
		union all
		select s.part, d.grp, d.n, d.cents from row_count_deltas d join s on d.bucket >= s.lo and d.bucket < s.hi
			where d.list = $1 and d.merchant_id = $2 and d.livemode = $3 and ($4::text[] is null or d.grp = any($4))
	) x group by part, grp having sum(n) <> 0 or sum(cents) <> 0 order by part, grp`

// ByGroup counts the rows of each period by group. From, To and Edge of the filter do not count; a group without rows is left out.
func ByGroup(ctx context.Context, db pg.Reader, f Filter, periods ...Period) ([]Part, error) {
	var parts []int
	var all segments
	for i, p := range periods {
		of := cover(p.From, p.To)
		for range of.level {
			parts = append(parts, i)
		}
		all = all.append(of)
	}
	rows, err := db.Query(ctx, sumSQL, f.List, f.MerchantID, f.Livemode, f.Groups, parts, all.level, all.lo, all.hi)
	if err != nil {
		return nil, fmt.Errorf("add up the counters of %s: %w", f.List, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Part, err error) {
		return p, row.Scan(&p.Part, &p.Group, &p.Rows, &p.Cents)
	})
	if err != nil {
		return nil, fmt.Errorf("add up the counters of %s: %w", f.List, err)
	}
	return found, nil
}

// Place is where a page begins.
type Place struct {
	// Total is how many rows the filter has.
	Total int64
	// Before is an exclusive upper bound of the time of the page's rows, Skip is how many of the newest rows before it come before the page.
	// Skip is small, whatever the offset.
	Before time.Time
	Skip   int64
	// Beyond says that the list ends before the page.
	Beyond bool
}

// fewRows may be skipped one by one: that costs less than to descend further, which is two or three pages of memory a level.
const fewRows = 40

// findSQL descends from the months, days, hours and minutes that the period is made of to the one that has the row at offset $8, newest first.
const findSQL = `with recursive d as materialized (
		select bucket, n from row_count_deltas where list = $1 and merchant_id = $2 and livemode = $3 and ($4::text[] is null or grp = any($4))
	), top as materialized (
		select level, bucket, sum(n) as n from (
			select s.level, c.bucket, c.n from unnest($5::smallint[], $6::timestamptz[], $7::timestamptz[]) as s(level, lo, hi)
				join row_counts c on c.list = $1 and c.merchant_id = $2 and c.livemode = $3 and c.level = s.level and c.bucket >= s.lo and c.bucket < s.hi
				and ($4::text[] is null or c.grp = any($4))
			union all
			select s.level, date_trunc((array['month', 'day', 'hour', 'minute'])[s.level + 1], d.bucket, 'UTC'), d.n
				from unnest($5::smallint[], $6::timestamptz[], $7::timestamptz[]) as s(level, lo, hi) join d on d.bucket >= s.lo and d.bucket < s.hi
		) x group by level, bucket
	), down as (
		select level, bucket, $8::bigint - before as skip from (select level, bucket, n, sum(n) over (order by bucket desc) - n as before from top) x
			where before <= $8 and $8 < before + n
		union all
		select x.level, x.bucket, down.skip - x.before from down, lateral (
			select (down.level + 1)::smallint as level, bucket, n, sum(n) over (order by bucket desc) - n as before from (
				select bucket, sum(n) as n from (
					select c.bucket, c.n from row_counts c where c.list = $1 and c.merchant_id = $2 and c.livemode = $3 and c.level = down.level + 1
						and c.bucket >= down.bucket and c.bucket < ` + bucketEnd + ` and ($4::text[] is null or c.grp = any($4))
					union all
					select date_trunc((array['month', 'day', 'hour', 'minute'])[down.level + 2], d.bucket, 'UTC'), d.n
						from d where d.bucket >= down.bucket and d.bucket < ` + bucketEnd + `
				) x group by bucket
			) x
		) x where down.level < 3 and down.skip >= $9 and x.before <= down.skip and down.skip < x.before + x.n
	)
	select (select coalesce(sum(n), 0)::bigint from top), found.ends, found.skip::bigint
	from (values (1)) one left join lateral (select ` + bucketEnd + ` as ends, skip from down order by level desc limit 1) found on true`

// bucketEnd is when the month, day, hour or minute of a row of down ends.
const bucketEnd = `((down.bucket at time zone 'UTC' + (array['1 month', '1 day', '1 hour', '1 minute']::interval[])[down.level + 1]) at time zone 'UTC')`

// Find counts the rows of the filter and finds where the page at the offset begins, with the newest rows first.
func Find(ctx context.Context, db pg.Reader, f Filter, offset int64) (Place, error) {
	head, tail, err := f.edges(ctx)
	if err != nil {
		return Place{}, err
	}
	s := cover(f.whole())
	var p Place
	var before *time.Time
	var skip *int64
	if err := db.QueryRow(ctx, findSQL, f.List, f.MerchantID, f.Livemode, f.Groups, s.level, s.lo, s.hi, offset-head, fewRows).Scan(&p.Total, &before, &skip); err != nil {
		return Place{}, fmt.Errorf("find a page of %s: %w", f.List, err)
	}
	inside := head + p.Total
	p.Total = inside + tail
	switch {
	case before != nil:
		p.Before, p.Skip = *before, *skip
	case offset < head:
		p.Before, p.Skip = end(f.To), offset
	case offset < p.Total:
		p.Before, p.Skip = ceil(minute, f.From), offset-inside
	default:
		p.Beyond = true
	}
	return p, nil
}

// errNotWhole is a mistake of the caller.
var errNotWhole = errors.New("the period is not made of whole minutes, and nothing counts its edges")

// edges counts the rows before and after the whole minutes of the period: head is at its newer end, tail at its older one.
func (f Filter) edges(ctx context.Context) (head, tail int64, err error) {
	from, to := f.whole()
	begins, ends := !f.From.Equal(from), !f.To.Equal(to)
	if !begins && !ends {
		return 0, 0, nil
	}
	if f.Edge == nil {
		return 0, 0, errNotWhole
	}
	if !to.IsZero() && from.After(to) { // within one minute
		head, err = f.Edge(ctx, f.From, f.To)
		return head, 0, err
	}
	if ends {
		if head, err = f.Edge(ctx, to, f.To); err != nil {
			return 0, 0, err
		}
	}
	if begins {
		tail, err = f.Edge(ctx, f.From, from)
	}
	return head, tail, err
}

// whole returns the whole minutes of the period.
func (f Filter) whole() (from, to time.Time) {
	if !f.From.IsZero() {
		from = ceil(minute, f.From)
	}
	if !f.To.IsZero() {
		to = floor(minute, f.To)
	}
	return from, to
}

// Most is how many rows are counted where no counter knows how many match.
const Most = 10_000

// Total is how many rows a list has.
type Total struct {
	Rows int64
	// Minimum says that there are more than Rows, which is Most then. The API says so as total_is_minimum.
	Minimum bool
}

// AtMost counts the rows of a query, which starts at "from", one by one, and stops at Most.
func AtMost(ctx context.Context, db pg.Reader, query string, args ...any) (Total, error) {
	var n int64
	if err := db.QueryRow(ctx, fmt.Sprintf(`select count(*) from (select %s limit %d) x`, query, Most+1), args...).Scan(&n); err != nil {
		return Total{}, fmt.Errorf("count at most %d rows: %w", Most, err)
	}
	return Total{Rows: min(n, Most), Minimum: n > Most}, nil
}
