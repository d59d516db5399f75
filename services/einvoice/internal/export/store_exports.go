package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/claim"
	"european-pay.eu/eupay/internal/errs"
	rowcount "european-pay.eu/eupay/internal/tally"
)

const (
	// claimKind is that of the keys of exports among those of the service.
	claimKind = "export"
	claimFor  = 24 * time.Hour
	// maxPending bounds what one merchant has waiting.
	maxPending = 20
)

const columns = `id, merchant_id, livemode, kind, format, separator, from_day::text, to_day::text, accounts, company_name, siren, status, problem, size, rows,
	sha256, totals, created_at, finished_at, expires_at, coalesce(attempt, '00000000-0000-0000-0000-000000000000'), attempts`

func scan(row pgx.CollectableRow) (Export, error) {
	var x Export
	var accounts, totals []byte
	err := row.Scan(&x.ID, &x.MerchantID, &x.Livemode, &x.Kind, &x.Format, &x.Separator, &x.From, &x.To, &accounts, &x.Company.Name, &x.Company.SIREN, &x.Status,
		&x.Problem, &x.Size, &x.Rows, &x.SHA256, &totals, &x.CreatedAt, &x.FinishedAt, &x.ExpiresAt, &x.attempt, &x.attempts)
	return x, errors.Join(err, json.Unmarshal(accounts, &x.Accounts), json.Unmarshal(totals, &x.Totals))
}

// record inserts the export, or returns the one that the key refers to.
func (e *Exports) record(ctx context.Context, x Export, key string, fingerprint []byte) (id uuid.UUID, err error) {
	accounts, err := json.Marshal(x.Accounts)
	if err != nil {
		return uuid.Nil, fmt.Errorf("encode accounts: %w", err)
	}
	err = pgx.BeginFunc(ctx, e.Pool, func(tx pgx.Tx) error {
		if id, err = e.take(ctx, tx, x, key, fingerprint); err != nil || id != x.ID {
			return err
		}
		var pending int
		if err := tx.QueryRow(ctx, `select count(*) from exports where merchant_id = $1 and status = 'pending'`, x.MerchantID).Scan(&pending); err != nil {
			return err
		}
		if pending >= maxPending {
			full := errs.New(errs.RateLimitExceeded, "%d of your exports are being made. Wait until some of them are ready.", pending)
			full.RetryAfter = time.Minute
			return full
		}
		_, err := tx.Exec(ctx, `insert into exports (id, merchant_id, livemode, kind, format, separator, from_day, to_day, accounts, company_name, siren, due_at,
			created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)`,
			x.ID, x.MerchantID, x.Livemode, string(x.Kind), string(x.Format), x.Separator, string(x.From), string(x.To), accounts, x.Company.Name, x.Company.SIREN,
			x.CreatedAt, x.ExpiresAt)
		return err
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("record the export: %w", err)
	}
	return id, nil
}

// take claims the key for an export, and returns whose it is.
func (e *Exports) take(ctx context.Context, tx pgx.Tx, x Export, key string, fingerprint []byte) (uuid.UUID, error) {
	if key == "" {
		return x.ID, nil
	}
	held, err := claim.Take(ctx, tx, claim.Key{MerchantID: x.MerchantID, Livemode: x.Livemode, Kind: claimKind, Key: key},
		claim.Claim{Reference: x.ID.String(), Fingerprint: fingerprint, ExpiresAt: x.CreatedAt.Add(claimFor)}, x.CreatedAt)
	if err != nil {
		return uuid.Nil, err
	}
	if !held.Same(fingerprint) {
		return uuid.Nil, errs.New(errs.IdempotencyConflict, "This Idempotency-Key was used with another request. Send a new key for a new request.")
	}
	return uuid.Parse(held.Reference)
}

// Get returns an export of a merchant, or NOT_FOUND.
func (e *Exports) Get(ctx context.Context, who Who, id string) (Export, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return Export{}, errs.NotFound("Export")
	}
	rows, err := e.Pool.Query(ctx, `select `+columns+` from exports where id = $1 and merchant_id = $2 and livemode = $3 and expires_at > $4`,
		parsed, who.MerchantID, who.Livemode, e.instant())
	if err != nil {
		return Export{}, fmt.Errorf("read export: %w", err)
	}
	x, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Export{}, errs.NotFound("Export")
	}
	if err != nil {
		return Export{}, fmt.Errorf("read export: %w", err)
	}
	return x, nil
}

// List returns a page of a merchant's exports, the newest first, and their number. Empty texts choose all. They end after a month, which no counter
// knows: they are counted one by one.
func (e *Exports) List(ctx context.Context, who Who, kind, status string, page, limit int) ([]Export, rowcount.Total, error) {
	const where = ` from exports where merchant_id = $1 and livemode = $2 and expires_at > $3 and ($4 = '' or kind = $4) and ($5 = '' or status = $5)`
	args := []any{who.MerchantID, who.Livemode, e.instant(), kind, status}
	total, err := rowcount.AtMost(ctx, e.Pool, where, args...)
	if err != nil {
		return nil, rowcount.Total{}, fmt.Errorf("count exports: %w", err)
	}
	rows, err := e.Pool.Query(ctx, `select `+columns+where+` order by created_at desc, id desc limit $6 offset $7`, append(args, limit, (page-1)*limit)...)
	if err != nil {
		return nil, rowcount.Total{}, fmt.Errorf("list exports: %w", err)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, rowcount.Total{}, fmt.Errorf("list exports: %w", err)
	}
	return all, total, nil
}

// claimSQL takes one due export of a merchant for whom none is being made: a merchant with many of them does not keep others waiting.
const claimSQL = `update exports set due_at = $2, attempt = $3, attempts = attempts + 1 where id = (
	select id from exports x where status = 'pending' and due_at <= $1 and not exists (
		select from exports o where o.merchant_id = x.merchant_id and o.status = 'pending' and o.attempt is not null and o.due_at > $1)
	order by due_at limit 1 for update skip locked) returning ` + columns

// firstDue is when the next export is due.
const firstDue = `select min(due_at) from exports where status = 'pending'`

// claim takes due exports. The claim moves the due time ahead, which makes it a lease that each part of the file renews.
func (e *Exports) claim(ctx context.Context, limit int) (all []Export, err error) {
	for range limit {
		now := e.instant()
		rows, err := e.Pool.Query(ctx, claimSQL, now, now.Add(e.lease), uuid.New())
		if err != nil {
			return all, fmt.Errorf("claim exports: %w", err)
		}
		x, err := pgx.CollectExactlyOneRow(rows, scan)
		if errors.Is(err, pgx.ErrNoRows) {
			return all, nil
		}
		if err != nil {
			return all, fmt.Errorf("claim exports: %w", err)
		}
		all = append(all, x)
	}
	return all, nil
}

// errOvertaken means that another attempt has the export: its lease had ended.
var errOvertaken = errors.New("another attempt makes the export")

// renew prolongs the lease.
func (e *Exports) renew(ctx context.Context, x Export) error {
	return e.mine(ctx, `update exports set due_at = $3 where id = $1 and attempt = $2 and status = 'pending'`, x.ID, x.attempt, e.instant().Add(e.lease))
}

// addPart stores a part of the file, which prolongs the lease.
func (e *Exports) addPart(ctx context.Context, x Export, number int, data []byte) error {
	return e.mine(ctx, `with mine as (update exports set due_at = $3 where id = $1 and attempt = $2 and status = 'pending' returning id)
		insert into export_parts (export_id, attempt, number, data) select id, $2, $4, $5 from mine`, x.ID, x.attempt, e.instant().Add(e.lease), number, data)
}

func (e *Exports) mine(ctx context.Context, sql string, args ...any) error {
	tag, err := e.Pool.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		err = errOvertaken
	}
	if err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	return nil
}

// finish records that the file is ready.
func (e *Exports) finish(ctx context.Context, x Export) error {
	totals, err := json.Marshal(x.Totals)
	if err != nil {
		return fmt.Errorf("encode totals: %w", err)
	}
	return e.conclude(ctx, x, `delete from export_parts where export_id = $1 and attempt <> $2`,
		`update exports set status = 'ready', due_at = null, finished_at = $3, size = $4, rows = $5, sha256 = $6, totals = $7,
			bundled = format = 'zip'
		where id = $1 and attempt = $2 and status = 'pending'`, x.ID, x.attempt, e.instant(), x.Size, x.Rows, x.SHA256, totals)
}

// abandon records that the file cannot be made.
func (e *Exports) abandon(ctx context.Context, x Export, problem string) error {
	return e.conclude(ctx, x, `delete from export_parts where export_id = $1 and $2::uuid is not null`,
		`update exports set status = 'failed', due_at = null, finished_at = $3, problem = $4 where id = $1 and attempt = $2 and status = 'pending'`,
		x.ID, x.attempt, e.instant(), problem)
}

// conclude updates the export in one transaction with the deletion of parts that are not its file.
func (e *Exports) conclude(ctx context.Context, x Export, parts, update string, args ...any) error {
	err := pgx.BeginFunc(ctx, e.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, update, args...)
		if err == nil && tag.RowsAffected() == 0 {
			err = errOvertaken
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, parts, x.ID, x.attempt)
		return err
	})
	if err != nil {
		return fmt.Errorf("end the export: %w", err)
	}
	return nil
}

// postpone gives the export back; it is due again then.
func (e *Exports) postpone(ctx context.Context, x Export, until time.Time) error {
	_, err := e.Pool.Exec(ctx, `update exports set due_at = $3, attempt = null where id = $1 and attempt = $2 and status = 'pending'`, x.ID, x.attempt, until)
	if err != nil {
		return fmt.Errorf("postpone the export: %w", err)
	}
	return nil
}

// part returns a part of the file that an attempt wrote; nil after the last one.
func (e *Exports) part(ctx context.Context, x Export, number int) (data []byte, err error) {
	err = e.Pool.QueryRow(ctx, `select data from export_parts where export_id = $1 and attempt = $2 and number = $3`, x.ID, x.attempt, number).Scan(&data)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return data, nil
}

func (e *Exports) purge(ctx context.Context) error {
	if _, err := e.Pool.Exec(ctx, `delete from exports where expires_at <= $1`, e.instant()); err != nil {
		return fmt.Errorf("delete expired exports: %w", err)
	}
	return nil
}
