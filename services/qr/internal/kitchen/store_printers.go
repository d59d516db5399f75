package kitchen

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/pg"
)

const printerColumns = `p.id::text, p.merchant_id::text, p.name, p.stations::text[], p.language, p.width, p.is_active, p.mac, p.status_code, p.last_seen_at,
	p.offline_at, (select count(*) from kitchen_print_jobs j where j.printer_id = p.id and j.state in ('queued', 'sent')), p.created_at, p.updated_at`

func scanPrinter(row pgx.CollectableRow) (*printer, error) {
	p := &printer{}
	err := row.Scan(&p.ID, &p.Merchant, &p.Name, &p.Stations, &p.Language, &p.Width, &p.Active, &p.MAC, &p.StatusCode, &p.LastSeenAt,
		&p.OfflineAt, &p.Waiting, &p.CreatedAt, &p.UpdatedAt)
	return p, err
}

func findPrinters(ctx context.Context, db pg.DB, sql string, args ...any) ([]*printer, error) {
	rows, err := db.Query(ctx, `select `+printerColumns+` from kitchen_printers p where `+sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read printers: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanPrinter)
	if err != nil {
		return nil, fmt.Errorf("read printers: %w", err)
	}
	return list, nil
}

func printersOf(ctx context.Context, db pg.DB, merchantID string) ([]*printer, error) {
	return findPrinters(ctx, db, `p.merchant_id = $1 order by p.created_at, p.id`, merchantID)
}

func readPrinter(ctx context.Context, db pg.DB, merchantID, id string) (*printer, error) {
	return one(findPrinters(ctx, db, `p.merchant_id = $1 and p.id = $2`, merchantID, id))
}

// printerBehind returns the active printer of an address.
func printerBehind(ctx context.Context, db pg.DB, token string) (*printer, error) {
	return one(findPrinters(ctx, db, `p.token_hash = $1 and p.is_active`, tokenHash(token)))
}

func one(list []*printer, err error) (*printer, error) {
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errs.NotFound(printerNoun)
	}
	return list[0], nil
}

func countPrinters(ctx context.Context, tx pgx.Tx, merchantID string) (n int, err error) {
	if err := tx.QueryRow(ctx, `select count(*) from kitchen_printers where merchant_id = $1`, merchantID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count printers: %w", err)
	}
	return n, nil
}

// checkStations refuses stations that are not the merchant's. The caller holds them.
func checkStations(ctx context.Context, tx pgx.Tx, p *printer) error {
	var known int
	err := tx.QueryRow(ctx, `select count(*) from kitchen_stations where merchant_id = $1 and id = any($2::text[]::uuid[])`, p.Merchant, p.Stations).Scan(&known)
	if err != nil {
		return fmt.Errorf("find the stations of a printer: %w", err)
	}
	if known != len(p.Stations) {
		return errs.Invalid(errs.Field{Field: "stations", Message: "stations must be the ids of your stations."})
	}
	return nil
}

func insertPrinter(ctx context.Context, tx pgx.Tx, p *printer, hash []byte) error {
	if err := checkStations(ctx, tx, p); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into kitchen_printers (id, merchant_id, name, stations, language, width, is_active, token_hash, created_at, updated_at)
		values ($1, $2, $3, $4::text[]::uuid[], $5, $6, $7, $8, $9, $9)`,
		p.ID, p.Merchant, p.Name, p.Stations, p.Language, p.Width, p.Active, hash, p.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert printer: %w", err)
	}
	return nil
}

func updatePrinter(ctx context.Context, tx pgx.Tx, p *printer) error {
	if err := checkStations(ctx, tx, p); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `update kitchen_printers set name = $3, stations = $4::text[]::uuid[], language = $5, width = $6, is_active = $7, updated_at = $8
		where merchant_id = $1 and id = $2`, p.Merchant, p.ID, p.Name, p.Stations, p.Language, p.Width, p.Active, p.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update printer: %w", err)
	}
	return nil
}

func deletePrinter(ctx context.Context, tx pgx.Tx, merchantID, id string) error {
	tag, err := tx.Exec(ctx, `delete from kitchen_printers where merchant_id = $1 and id = $2`, merchantID, id)
	if err != nil {
		return fmt.Errorf("delete printer: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.NotFound(printerNoun)
	}
	return nil
}

func setToken(ctx context.Context, db pg.DB, merchantID, id string, hash []byte, now time.Time) error {
	tag, err := db.Exec(ctx, `update kitchen_printers set token_hash = $3, updated_at = $4 where merchant_id = $1 and id = $2`, merchantID, id, hash, now)
	if err != nil {
		return fmt.Errorf("renew the address of a printer: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errs.NotFound(printerNoun)
	}
	return nil
}

// hear notes that a printer asked, and what it says. It writes at most every ten seconds, unless something is new.
func hear(ctx context.Context, db pg.DB, p *printer, now time.Time) error {
	_, err := db.Exec(ctx, `update kitchen_printers set last_seen_at = $2, status_code = $3, mac = $4, offline_at = null where id = $1
		and (last_seen_at is null or last_seen_at < $2::timestamptz - interval '10 seconds' or offline_at is not null or status_code <> $3 or mac <> $4)`,
		p.ID, now, p.StatusCode, p.MAC)
	if err != nil {
		return fmt.Errorf("hear a printer: %w", err)
	}
	return nil
}

// silence marks at most limit printers that have been silent since then as offline, and returns them with their sequences. The mode is that of their
// merchants' last orders: a printer has none.
func silence(ctx context.Context, tx pgx.Tx, since, now time.Time, limit int) ([]silent, error) {
	rows, err := tx.Query(ctx, `with gone as (
			select id from kitchen_printers where offline_at is null and is_active and last_seen_at < $1 order by last_seen_at limit $3 for no key update skip locked)
		update kitchen_printers p set offline_at = $2, sequence = p.sequence + 1 from gone where p.id = gone.id
		returning p.id::text, p.merchant_id::text, p.name, p.last_seen_at, p.sequence,
			(select count(*) from kitchen_print_jobs j where j.printer_id = p.id and j.state in ('queued', 'sent')),
			coalesce((select o.livemode from orders o where o.merchant_id = p.merchant_id order by o.created_at desc, o.id desc limit 1), false)`, since, now, limit)
	if err != nil {
		return nil, fmt.Errorf("find silent printers: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (silent, error) {
		var p silent
		err := row.Scan(&p.ID, &p.Merchant, &p.Name, &p.LastSeenAt, &p.Sequence, &p.Waiting, &p.Livemode)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("find silent printers: %w", err)
	}
	return list, nil
}

// silent is a printer that asks no more.
type silent struct {
	ID, Merchant, Name string
	LastSeenAt         time.Time
	Sequence, Waiting  int64
	Livemode           bool
}
