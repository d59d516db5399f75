package archive

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/leader"
)

// months returns those from the oldest with rows to the last that is wholly before a time.
func (a *Archiver) months(ctx context.Context, kind string, before time.Time) (list []month, err error) {
	var oldest *string
	err = a.pool.QueryRow(ctx, `select min(reference) from payment_history where reference >= $1 and reference < $2`, kind+"-0", kind+"-9").Scan(&oldest)
	if err != nil {
		return nil, fmt.Errorf("look for the oldest history: %w", err)
	}
	if oldest == nil {
		return nil, nil
	}
	day, err := time.Parse("20060102", (*oldest)[len(kind)+1:len(kind)+9])
	if err != nil {
		return nil, fmt.Errorf("read the day of %s: %w", *oldest, err)
	}
	first := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	for ; !first.AddDate(0, 1, 0).After(before); first = first.AddDate(0, 1, 0) {
		list = append(list, month{kind, first})
	}
	return list, nil
}

// references returns those of the next payments of a month whose history is in the database, apart from what somebody noted.
func (a *Archiver) references(ctx context.Context, m month, after string) ([]string, error) {
	rows, err := a.pool.Query(ctx, `select reference from payment_history where reference > $1 and reference < $2 and actor = '' and note = ''
		group by reference order by reference limit $3`, after, m.high(), partSize)
	if err != nil {
		return nil, fmt.Errorf("look for old history: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// entries returns the rows of those payments that have ended and were not changed since before. What ended never begins again; a row that comes all the
// same, for a late receipt or a refund, stays in the database until it is old.
func (a *Archiver) entries(ctx context.Context, references []string, before time.Time) ([]Entry, error) {
	rows, err := a.pool.Query(ctx, `select h.reference, p.merchant_id::text, p.livemode, h.sequence, h.from_status, h.to_status, h.status_detail, h.failure_code,
			h.cause, h.provider_state, h.occurred_at, h.trace_id
		from payments p join payment_history h using (reference)
		where p.reference = any($1) and p.due_at is null and p.updated_at < $2 and h.actor = '' and h.note = ''
		order by h.reference, h.sequence`, references, before)
	if err != nil {
		return nil, fmt.Errorf("read old history: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
}

// verified is an object that was read back, with its entries as they were read.
type verified struct {
	Manifest
	entries []Entry
}

// write stores the entries and their manifest, and reads both back.
func (a *Archiver) write(ctx context.Context, m month, entries []Entry) (verified, error) {
	v := verified{Manifest: Manifest{Month: m.first.Format("2006-01"), MadeAt: a.now().UTC().Truncate(time.Microsecond)}}
	object, err := encode(entries, &v.Manifest)
	if err != nil {
		return v, fmt.Errorf("write old history: %w", err)
	}
	// Never the name of an earlier object, which would be replaced.
	v.Object = "payment_history/" + v.Month + "/" + m.kind + "-" + events.NewID() + ".csv.gz"
	if err := a.objects.Put(ctx, v.Object, "application/gzip", object); err != nil {
		return v, err
	}
	if err := a.objects.Put(ctx, v.Object+".json", "application/json", v.json()); err != nil {
		return v, err
	}
	v.entries, err = read(ctx, a.objects, v.Manifest)
	return v, err
}

// read returns the entries of an object in the store.
func read(ctx context.Context, objects Objects, m Manifest) ([]Entry, error) {
	object, err := objects.Get(ctx, m.Object)
	if err != nil {
		return nil, err
	}
	entries, err := decode(object, m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Object, err)
	}
	return entries, nil
}

// replace deletes exactly the rows that were read back, and records where they are.
func (a *Archiver) replace(ctx context.Context, lease *leader.Lease, v verified) error {
	sum, err := hex.DecodeString(v.SHA256)
	if err != nil {
		return err
	}
	references, sequences := make([]string, len(v.entries)), make([]int64, len(v.entries))
	for i, e := range v.entries {
		references[i], sequences[i] = e.Reference, e.Sequence
	}
	return pgx.BeginFunc(ctx, a.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from payment_history h using unnest($1::text[], $2::bigint[]) as old (reference, sequence)
			where h.reference = old.reference and h.sequence = old.sequence`, references, sequences)
		if err != nil {
			return fmt.Errorf("delete archived history: %w", err)
		}
		if tag.RowsAffected() != int64(len(v.entries)) {
			return fmt.Errorf("%d of the %d rows of %s are in the database: another replica has archived them", tag.RowsAffected(), len(v.entries), v.Object)
		}
		b := &pgx.Batch{}
		b.Queue(`insert into archives (object, month, first_reference, last_reference, payments, rows, bytes, sha256, schema_version, made_at)
			values ($1, to_date($2, 'YYYY-MM'), $3, $4, $5, $6, $7, $8, $9, $10)`,
			v.Object, v.Month, v.First, v.Last, v.Payments, v.Rows, v.Bytes, sum, v.SchemaVersion, v.MadeAt)
		if lease != nil {
			lease.QueueFence(b)
		}
		return tx.SendBatch(ctx, b).Close()
	})
}

const manifestColumns = `object, to_char(month, 'YYYY-MM') as month, first_reference as first, last_reference as last, payments, rows, bytes,
	encode(sha256, 'hex') as sha256, schema_version, made_at`

// manifests returns those that a condition selects, in the order in which they are read.
func (r Reader) manifests(ctx context.Context, where string, args ...any) ([]Manifest, error) {
	rows, err := r.DB.Query(ctx, `select `+manifestColumns+` from archives where `+where+` order by month, first_reference, made_at`, args...)
	if err != nil {
		return nil, fmt.Errorf("list the archive: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Manifest])
	if err != nil {
		return nil, fmt.Errorf("read the list of the archive: %w", err)
	}
	return list, nil
}
