package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sheet"
	"european-pay.eu/eupay/services/einvoice/internal/fec"
)

const (
	// maxAttempts is after how many attempts an export fails: with the waits between them that is most of an hour.
	maxAttempts = 15
	firstWait   = time.Second
	longestWait = 5 * time.Minute
	recordLimit = 10 * time.Second
)

// refusal is why a file cannot be made, however often it is tried, in words for the merchant.
type refusal string

// Error implements error.
func (r refusal) Error() string { return string(r) }

const (
	tooLong  = refusal("A sheet of XLSX has at most 1,048,576 rows. Request a shorter period, or the format csv.")
	gaveUp   = refusal("The file could not be made. Request it again, and contact EU Pay if it fails again.")
	notSound = "The entries did not pass our check, so that no file was made: %s. Contact EU Pay with the id of this export."
)

// make makes the file of a claimed export and records what came of it.
func (e *Exports) make(ctx context.Context, x Export) {
	defer e.end(x.ID)
	begun := e.Now()
	err := e.write(ctx, &x)
	// What came of it is recorded even if the process is told to stop.
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	var refused refusal
	switch {
	case err == nil:
		err = e.finish(record, x)
		e.Log.InfoContext(ctx, "an export is ready", "export", x.ID, "kind", x.Kind, "rows", x.Rows, "bytes", x.Size, "took", e.Now().Sub(begun))
	case errors.Is(err, errOvertaken):
	case errors.As(err, &refused):
		err = e.abandon(record, x, string(refused))
	case x.attempts >= maxAttempts:
		e.Log.ErrorContext(ctx, "an export was given up", "export", x.ID, "kind", x.Kind, "error", err)
		err = e.abandon(record, x, string(gaveUp))
	default:
		e.Log.WarnContext(ctx, "make an export", "export", x.ID, "kind", x.Kind, "attempt", x.attempts, "error", err)
		err = e.postpone(record, x, e.instant().Add(wait(x.attempts)))
	}
	if err != nil {
		e.Log.WarnContext(ctx, "record an export", "export", x.ID, "error", err)
	}
}

// wait is the pause after an attempt that failed.
func wait(attempts int) time.Duration {
	return due.Backoff(firstWait, longestWait, attempts+1)
}

// write writes the file and what is known of it into x.
func (e *Exports) write(ctx context.Context, x *Export) error {
	f := e.newFile(ctx, *x)
	t := &tally{totals: &x.Totals, rows: &x.Rows}
	x.Totals = Totals{}
	if err := e.content(ctx, *x, f, t); err != nil {
		if errors.Is(err, sheet.ErrTooLong) {
			return tooLong
		}
		return fmt.Errorf("write %s: %w", x.Kind, err)
	}
	if err := f.flush(); err != nil {
		return err
	}
	x.Size, x.SHA256 = f.size, f.sum.Sum(nil)
	if x.Kind != FEC {
		return nil
	}
	return e.verify(ctx, *x)
}

// verify reads a FEC as its receiver would, before anybody gets it.
func (e *Exports) verify(ctx context.Context, x Export) error {
	r := &reader{ctx: ctx, e: e, x: x}
	report, err := fec.Check(r)
	if r.err != nil {
		return r.err
	}
	if err == nil && (report.Entries != x.Rows || report.Debit != *x.Totals.Debit || report.Credit != *x.Totals.Credit || report.Debit != report.Credit) {
		err = errors.New("its sums are not those of what was written")
	}
	if err != nil {
		return e.unsound(x, err)
	}
	return nil
}

// unsound refuses a file with entries that break a rule.
func (e *Exports) unsound(x Export, err error) error {
	e.Log.Error("a FEC is not sound", "export", x.ID, "error", err)
	return refusal(fmt.Sprintf(notSound, err))
}

func (e *Exports) content(ctx context.Context, x Export, f *file, t *tally) error {
	switch x.Kind {
	case FEC:
		return e.books(ctx, x, f, t)
	case Statement:
		return e.statement(ctx, x, f, t)
	}
	if x.Format == FormatZIP {
		return e.bundle(ctx, x, f, t)
	}
	w, err := x.table(f)
	if err != nil {
		return err
	}
	tables := map[Kind]func(context.Context, Export, sheet.Writer, *tally) error{
		Payments: e.payments, Refunds: e.refunds, Invoices: e.invoices, Sales: e.sales, Receipts: e.receipts,
	}
	if err := tables[x.Kind](ctx, x, w, t); err != nil {
		return err
	}
	return w.Close()
}

func (x Export) table(f *file) (sheet.Writer, error) {
	switch {
	case x.Format == XLSX:
		return sheet.NewXLSX(f, string(x.Kind))
	case x.Separator == separatorSemicolon:
		return sheet.NewCSV(f, sheet.Semicolon), nil
	default:
		return sheet.NewCSV(f, sheet.Comma), nil
	}
}

// tally adds up what is written.
type tally struct {
	totals *Totals
	rows   *int64
}

// sum starts a sum at zero, so that it is there for a period in which nothing was.
func sum(of ...**money.Cents) {
	for _, p := range of {
		*p = new(money.Cents)
	}
}
