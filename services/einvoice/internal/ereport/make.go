package ereport

import (
	"context"
	"encoding/json"
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
	// quietTime is how long a reported period must have been without changes before it is reported again, so that many
	// corrections make one replacement.
	quietTime = time.Hour
	// batch is how many periods are read at a time.
	batch = 100
	// platformName is the name of the platform that transmits the reports.
	platformName = "SEQINO"
)

// duePeriod is a period that must be reported.
type duePeriod struct {
	id         uuid.UUID
	merchantID string
	livemode   bool
	kind       Kind
	start, end invoice.Date
	version    int64
	// number of the last report, 0 if there is none; sent means that the platform has a report of the period.
	number int
	sent   bool
}

// makeDueReports makes the reports that are due. A failure does not prevent the others; it is retried in the next round.
func (r *Reporter) makeDueReports(ctx context.Context) error {
	last := duePeriod{end: "2000-01-01"}
	for {
		list, err := r.duePeriods(ctx, last)
		if err != nil {
			return err
		}
		for _, d := range list {
			if err := r.makeReport(ctx, d.id); err != nil {
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

// makeReport makes the report of a period. Its version and sums come from one snapshot, so a concurrent change is left for the
// next report. It does not block sales.
func (r *Reporter) makeReport(ctx context.Context, periodID uuid.UUID) error {
	made, livemode := false, false
	err := pgx.BeginTxFunc(ctx, r.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		d, due, err := r.duePeriod(ctx, tx, periodID)
		if err != nil || !due {
			return err
		}
		livemode = d.livemode
		// An operator may resend a refused report concurrently, which makes the next one a replacement. Then this fails, and the
		// next round sees it.
		if err := lockReports(ctx, tx, d.id); err != nil {
			return err
		}
		made, err = r.recordReport(ctx, tx, d)
		return err
	})
	if err == nil && made {
		r.wake(livemode)
	}
	return err
}

// recordReport records a report and its transmission. It returns false if there is nothing to report.
func (r *Reporter) recordReport(ctx context.Context, tx pgx.Tx, d duePeriod) (bool, error) {
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
		// There is nothing to report, and nothing reported that must be withdrawn.
		return false, setReportedVersion(ctx, tx, d.id, d.version)
	}
	if err := insertReport(ctx, tx, d, id, xml, data, now); err != nil {
		return false, err
	}
	t := transmit.Transmission{
		ID: uuid.Must(uuid.NewV7()), Kind: transmit.Report, Subject: id, MerchantID: d.merchantID, Livemode: d.livemode,
	}
	if err := transmit.Add(ctx, tx, t, now, 0); err != nil {
		return false, fmt.Errorf("record transmission of report: %w", err)
	}
	return true, nil
}

// content calculates a report: its stored data, its XML, and whether it is empty. The schema allows a report without entries: as
// a replacement it withdraws everything that was reported for the period.
func content(ctx context.Context, tx pgx.Tx, d duePeriod, head platform.ReportHead, from flux10.Head) (data, xml []byte, empty bool, err error) {
	if d.kind == Sales {
		report := platform.SalesReport{ReportHead: head}
		if report.Days, err = salesOf(ctx, tx, d); err != nil {
			return nil, nil, false, err
		}
		documents, err := documentsAbroad(ctx, tx, d)
		if err != nil {
			return nil, nil, false, err
		}
		report.Invoices = listed(documents)
		data, err = json.Marshal(report)
		return data, flux10.Sales(from, report, documents...), len(report.Days)+len(documents) == 0, err
	}
	report := platform.PaymentsReport{ReportHead: head}
	if report.Days, err = paymentsOf(ctx, tx, d); err != nil {
		return nil, nil, false, err
	}
	if report.Invoices, err = paymentsAbroad(ctx, tx, d); err != nil {
		return nil, nil, false, err
	}
	data, err = json.Marshal(report)
	return data, flux10.Payments(from, report), len(report.Days)+len(report.Invoices) == 0, err
}
