package ereport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/ereport/flux10"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

const (
	// calm is how long nothing must have changed in a period that was reported before: ten corrections make one replacement.
	calm = time.Hour
	// batch is how many periods are read at a time.
	batch = 100
	// platformName is who passes reports on to the administration.
	platformName = "SEQINO"
)

// due is a period of which a report has to be made.
type due struct {
	id         uuid.UUID
	merchantID string
	livemode   bool
	kind       Kind
	start, end invoice.Date
	version    int64
	// number of the last report, 0 when there is none; sent: the platform has one of the period.
	number int
	sent   bool
}

// dueSQL reads periods that are over and have changes that no report has. What the platform refused is not sent again as it was.
const dueSQL = `select p.id, p.merchant_id, p.livemode, p.kind, p.start_on::text, p.end_on::text, p.version, r.number, r.sent
	from report_periods p
	cross join lateral (select coalesce(max(number), 0) as number, coalesce(max(version), 0) as version,
		coalesce(bool_or(status = 'sent'), false) as sent, coalesce(bool_or(status = 'waiting'), false) as waiting
		from reports where period_id = p.id) r
	where p.version > p.sent_version and p.version > r.version and not r.waiting
		and p.end_on <= $1 and (r.number = 0 or p.updated_at <= $2)`

func scanDue(row pgx.CollectableRow) (d due, err error) {
	err = row.Scan(&d.id, &d.merchantID, &d.livemode, &d.kind, &d.start, &d.end, &d.version, &d.number, &d.sent)
	return d, err
}

// makeDue makes the reports that are due. One that cannot be made keeps no other from being made; it is tried again in the next round.
func (r *Reporter) makeDue(ctx context.Context) error {
	last := due{end: "2000-01-01"}
	for {
		rows, err := r.Pool.Query(ctx, dueSQL+` and (p.end_on, p.id) > ($3, $4) order by p.end_on, p.id limit $5`,
			string(r.over()), r.instant().Add(-calm), string(last.end), last.id, batch)
		if err != nil {
			return fmt.Errorf("look for periods to report: %w", err)
		}
		list, err := pgx.CollectRows(rows, scanDue)
		if err != nil {
			return fmt.Errorf("look for periods to report: %w", err)
		}
		for _, d := range list {
			if err := r.make(ctx, d.id); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				r.Log.Warn("make e-report", "period", d.id, "merchant", d.merchantID, "kind", d.kind, "error", err)
			}
			last = d
		}
		if len(list) < batch {
			return nil
		}
	}
}

// make makes the report of a period, with what was recorded at one moment: version and sums are of one snapshot, so a change that
// comes meanwhile is left for the next report. No sale waits for it.
func (r *Reporter) make(ctx context.Context, periodID uuid.UUID) error {
	made, livemode := false, false
	err := pgx.BeginTxFunc(ctx, r.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, dueSQL+` and p.id = $3`, string(r.over()), r.instant().Add(-calm), periodID)
		if err != nil {
			return fmt.Errorf("read period: %w", err)
		}
		d, err := pgx.CollectExactlyOneRow(rows, scanDue)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // not any more
		}
		if err != nil {
			return fmt.Errorf("read period: %w", err)
		}
		livemode = d.livemode
		// A refused report that an operator sends again at this moment would make the next one a replacement: then this fails, and
		// the next round sees it.
		if _, err := tx.Exec(ctx, `select from reports where period_id = $1 for share`, d.id); err != nil {
			return fmt.Errorf("keep the reports of the period: %w", err)
		}
		made, err = r.write(ctx, tx, d)
		return err
	})
	if err == nil && made {
		r.wake(livemode)
	}
	return err
}

// write records a report and its transmission; false when there is nothing to say.
func (r *Reporter) write(ctx context.Context, tx pgx.Tx, d due) (bool, error) {
	e, err := enrol.Read(ctx, tx, d.merchantID, d.livemode)
	if err != nil {
		return false, err
	}
	now, id := r.instant(), uuid.Must(uuid.NewV7())
	head := platform.ReportHead{
		Ref: id.String(), SIREN: e.Settings.SIREN(), Period: platform.Period{Start: d.start, End: d.end}, Replace: d.sent,
	}
	from := flux10.Head{Issued: now.In(r.Zone), PlatformID: r.Matricule, PlatformName: platformName, Name: e.Settings.LegalName}
	data, xml, empty, err := content(ctx, tx, d, head, from)
	if err != nil {
		return false, err
	}
	if empty && !d.sent {
		// Nothing to say, and nothing was said that would have to be taken back.
		return false, reported(ctx, tx, d.id, d.version)
	}
	_, err = tx.Exec(ctx, `insert into reports (id, period_id, merchant_id, livemode, number, version, xml, data, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, d.id, d.merchantID, d.livemode, d.number+1, d.version, xml, data, now)
	if err != nil {
		return false, fmt.Errorf("record report: %w", err)
	}
	t := transmit.Transmission{
		ID: uuid.Must(uuid.NewV7()), Kind: transmit.Report, Subject: id, MerchantID: d.merchantID, Livemode: d.livemode,
	}
	if err := transmit.Add(ctx, tx, t, now, 0); err != nil {
		return false, fmt.Errorf("record transmission of report: %w", err)
	}
	return true, nil
}

// content computes a report: its data as it is kept, its XML, and whether it says nothing. A report that says nothing has no
// entries, which the schema allows: as a replacement it takes back all that the period had.
func content(ctx context.Context, tx pgx.Tx, d due, head platform.ReportHead, from flux10.Head) (data, xml []byte, empty bool, err error) {
	if d.kind == Sales {
		report := platform.SalesReport{ReportHead: head}
		if report.Days, err = salesOf(ctx, tx, d); err != nil {
			return nil, nil, false, err
		}
		data, err = json.Marshal(report)
		return data, flux10.Sales(from, report), len(report.Days) == 0, err
	}
	report := platform.PaymentsReport{ReportHead: head}
	if report.Days, err = paymentsOf(ctx, tx, d); err != nil {
		return nil, nil, false, err
	}
	data, err = json.Marshal(report)
	return data, flux10.Payments(from, report), len(report.Days) == 0, err
}
