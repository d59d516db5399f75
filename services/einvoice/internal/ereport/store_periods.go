package ereport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Declarant is the merchant whose period it is.
type Declarant struct {
	MerchantID string
	Livemode   bool
	Regime     invoice.Regime
}

// MarkChanged records in db, which must be the transaction of the change, that something of that day changed, so that its period
// is reported or reported again. A day stays in its period even if the merchant has changed its regime since: a reported period
// can only be replaced as a whole, and no day may belong to two periods. A new period takes the days that belong to no other.
func MarkChanged(ctx context.Context, db pg.DB, who Declarant, kind Kind, day invoice.Date, now time.Time) (Period, error) {
	p, err := countChange(ctx, db, who, kind, day, now)
	if errors.Is(err, pgx.ErrNoRows) {
		p, err = createPeriod(ctx, db, who, kind, day, now)
	}
	if err != nil {
		return Period{}, fmt.Errorf("mark the period of %s: %w", day, err)
	}
	return p, nil
}

const countSQL = `update report_periods set version = version + 1, updated_at = $5
	where merchant_id = $1 and livemode = $2 and kind = $3 and start_on <= $4 and end_on >= $4
	returning start_on::text, end_on::text, due_on::text`

// countChange counts a change in the period that contains the day; it returns pgx.ErrNoRows if there is none.
func countChange(ctx context.Context, db pg.DB, who Declarant, kind Kind, day invoice.Date, now time.Time) (Period, error) {
	var p Period
	err := db.QueryRow(ctx, countSQL, who.MerchantID, who.Livemode, string(kind), string(day), now).Scan(&p.Start, &p.End, &p.Due)
	return p, err
}

const (
	lockSQL = `select pg_advisory_xact_lock(hashtextextended('report period ' || $1 || ' ' || $2 || ' ' || $3, 0))`
	// Periods of every regime begin on the 1st, 11th or 21st, so the days between existing periods are never a single day, which
	// the administration would refuse (G6.25).
	beginSQL = `insert into report_periods (id, merchant_id, livemode, kind, start_on, end_on, due_on, created_at, updated_at)
		select $1, $2, $3, $4,
			greatest($6::date, (select max(end_on) + 1 from report_periods where merchant_id = $2 and livemode = $3 and kind = $4 and end_on < $5)),
			least($7::date, (select min(start_on) - 1 from report_periods where merchant_id = $2 and livemode = $3 and kind = $4 and start_on > $5)),
			$8, $9, $9
		returning start_on::text, end_on::text, due_on::text`
)

// createPeriod creates the period of a day that belongs to none. It is serialised per merchant, because concurrent transactions
// could create overlapping periods.
func createPeriod(ctx context.Context, db pg.DB, who Declarant, kind Kind, day invoice.Date, now time.Time) (Period, error) {
	mode := "test"
	if who.Livemode {
		mode = "live"
	}
	if _, err := db.Exec(ctx, lockSQL, who.MerchantID, mode, string(kind)); err != nil {
		return Period{}, err
	}
	p, err := countChange(ctx, db, who, kind, day, now)
	if !errors.Is(err, pgx.ErrNoRows) {
		return p, err
	}
	p = PeriodOf(kind, who.Regime, day)
	err = db.QueryRow(ctx, beginSQL, uuid.Must(uuid.NewV7()), who.MerchantID, who.Livemode, string(kind), string(day),
		string(p.Start), string(p.End), string(p.Due), now).Scan(&p.Start, &p.End, &p.Due)
	return p, err
}

// latePeriods returns the periods with unreported changes that were due before today.
func (r *Reporter) latePeriods(ctx context.Context, today invoice.Date) ([]latePeriod, error) {
	rows, err := r.Pool.Query(ctx, `select id, merchant_id, livemode, kind, start_on::text, end_on::text, due_on::text
		from report_periods where version > sent_version and due_on < $1 and (sent_version = 0 or updated_at < $2) order by due_on`,
		string(today), r.instant().Add(-lateAfter))
	if err != nil {
		return nil, fmt.Errorf("find late periods: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanLate)
	if err != nil {
		return nil, fmt.Errorf("find late periods: %w", err)
	}
	return list, nil
}

// setReportedVersion records up to which version a period is reported; it never decreases.
func setReportedVersion(ctx context.Context, db pg.DB, periodID uuid.UUID, version int64) error {
	_, err := db.Exec(ctx, `update report_periods set sent_version = $2 where id = $1 and sent_version < $2`, periodID, version)
	if err != nil {
		return fmt.Errorf("record how far a period is reported: %w", err)
	}
	return nil
}

// latePeriod is a period that was not reported in time.
type latePeriod struct {
	Period
	id         uuid.UUID
	merchantID string
	livemode   bool
	kind       Kind
}

func scanLate(row pgx.CollectableRow) (p latePeriod, err error) {
	err = row.Scan(&p.id, &p.merchantID, &p.livemode, &p.kind, &p.Start, &p.End, &p.Due)
	return p, err
}
