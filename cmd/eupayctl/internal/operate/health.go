package operate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/internal/run/pg"
)

// Lease is one row of a service's table leadership.
type Lease struct {
	Service, Job, Holder string
	Epoch                int64
	// Left is how long the lease is still valid; negative: since when nobody leads.
	Left time.Duration
}

// Leases returns who leads which job, in all schemas that the user may read.
func Leases(ctx context.Context, db pg.DB) (all []Lease, err error) {
	schemas, err := schemasWith(ctx, db, "leadership")
	if err != nil {
		return nil, err
	}
	for _, schema := range schemas {
		rows, err := db.Query(ctx, `select $1::text, job, holder, epoch, extract(epoch from expires_at - clock_timestamp())::float8
			from `+pgx.Identifier{schema, "leadership"}.Sanitize()+` order by job`, schema)
		if err != nil {
			return nil, fmt.Errorf("read the leaders of %s: %w", schema, err)
		}
		of, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Lease, err error) {
			var seconds float64
			err = row.Scan(&l.Service, &l.Job, &l.Holder, &l.Epoch, &seconds)
			l.Left = time.Duration(seconds * float64(time.Second))
			return l, err
		})
		if err != nil {
			return nil, fmt.Errorf("read the leaders of %s: %w", schema, err)
		}
		holders := make(map[string]string, len(of))
		for _, l := range of {
			holders[l.Job] = l.Holder
		}
		all = append(all, slices.DeleteFunc(of, func(l Lease) bool { return !leader.IsJob(l.Job, holders) })...)
	}
	return all, nil
}

// schemasWith returns the schemas that have the table, of those that the user may read.
func schemasWith(ctx context.Context, db pg.DB, table string) ([]string, error) {
	rows, err := db.Query(ctx, `select n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relname = $1 and c.relkind = 'r' and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') order by 1`, table)
	if err != nil {
		return nil, fmt.Errorf("look for the table %s: %w", table, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Version is the newest migration that was applied to a schema.
type Version struct {
	Service string
	Applied int64
}

// Versions returns those of all schemas that the user may read.
func Versions(ctx context.Context, db pg.DB) (all []Version, err error) {
	schemas, err := schemasWith(ctx, db, "goose_db_version")
	if err != nil {
		return nil, err
	}
	for _, schema := range schemas {
		v := Version{Service: schema}
		err := db.QueryRow(ctx, `select coalesce(max(version_id), 0) from `+pgx.Identifier{schema, "goose_db_version"}.Sanitize()+` where is_applied`).Scan(&v.Applied)
		if err != nil {
			return nil, fmt.Errorf("read the version of %s: %w", schema, err)
		}
		all = append(all, v)
	}
	return all, nil
}

// Server is what the database says of itself.
type Server struct {
	// Ahead is how far its clock is ahead of ours.
	Ahead time.Duration
	// Used and Most are its connections and their limit.
	Used, Most int
}

// AskServer returns what the database says of itself. now is our clock.
func AskServer(ctx context.Context, db pg.DB, now func() time.Time) (s Server, err error) {
	var theirs time.Time
	before := now()
	if err := db.QueryRow(ctx, `select clock_timestamp()`).Scan(&theirs); err != nil {
		return s, fmt.Errorf("read the database's clock: %w", err)
	}
	s.Ahead = theirs.Sub(before.Add(now().Sub(before) / 2))
	err = db.QueryRow(ctx, `select (select count(*) from pg_stat_activity where backend_type = 'client backend'),
		current_setting('max_connections')::int`).Scan(&s.Used, &s.Most)
	if err != nil {
		return s, fmt.Errorf("count the database's connections: %w", err)
	}
	return s, nil
}

// Overdue is a number of rows that should have been worked on, and how long the oldest has waited.
type Overdue struct {
	Service, What string
	Rows          int64
	Oldest        time.Duration
}

// Waiting returns what has been waiting for longer than the limit: events that are not published, and rows with a due time.
func Waiting(ctx context.Context, db pg.DB, limit time.Duration) (all []Overdue, err error) {
	rows, err := db.Query(ctx, `select n.nspname::text, c.relname::text, a.attname::text from pg_attribute a join pg_class c on c.oid = a.attrelid
		join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and (a.attname = 'due_at' and not a.attisdropped or c.relname = 'outbox' and a.attname = 'occurred_at')
			and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') order by 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("look for tables with due rows: %w", err)
	}
	type table struct{ Schema, Name, Column string }
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	if err != nil {
		return nil, fmt.Errorf("look for tables with due rows: %w", err)
	}
	for _, t := range tables {
		condition := ""
		if t.Name == "outbox" {
			condition = " and published_at is null"
		}
		o, column, seconds := Overdue{Service: t.Schema, What: t.Name}, pgx.Identifier{t.Column}.Sanitize(), 0.0
		err := db.QueryRow(ctx, `select count(*), coalesce(extract(epoch from now() - min(`+column+`)), 0)::float8 from `+
			pgx.Identifier{t.Schema, t.Name}.Sanitize()+` where `+column+` < now() - $1::interval`+condition, limit).Scan(&o.Rows, &seconds)
		if err != nil {
			return nil, fmt.Errorf("look for rows that wait in %s.%s: %w", t.Schema, t.Name, err)
		}
		if o.Oldest = time.Duration(seconds * float64(time.Second)); o.Rows > 0 {
			all = append(all, o)
		}
	}
	return all, nil
}
