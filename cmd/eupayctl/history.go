package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/payments"
)

const archiveSettings = "It needs the settings of the payments service for its database and for the store (EUPAY_ARCHIVE_S3_ENDPOINT and so on)."

// archive opens the archive of the payments' history.
func (t *tool) archive() (payments.ArchiveReader, func(), error) {
	var cfg payments.ArchiveConfig
	if err := config.Load(&cfg); err != nil {
		return payments.ArchiveReader{}, nil, operate.Invalid("the settings of the payments service are needed, as it has them: " + err.Error())
	}
	return payments.OpenArchive(t.ctx, cfg)
}

type archiveListCommand struct{}

// Help is shown under the summary.
func (*archiveListCommand) Help() string {
	return "Lists the objects to which the history of old payments was moved, the oldest month first. It needs the settings of the payments service for its database."
}

// Run lists the objects of the archive.
func (c *archiveListCommand) Run(t *tool) error {
	r, done, err := t.archive()
	if err != nil {
		return err
	}
	defer done()
	list, err := r.List(t.ctx)
	if err != nil {
		return err
	}
	w := t.list("MONTH", "PAYMENTS", "ROWS", "BYTES", "OBJECT")
	for _, m := range list {
		if t.json() {
			if err := t.object(m); err != nil {
				return err
			}
			continue
		}
		row(w, line(m.Month), strconv.Itoa(m.Payments), strconv.Itoa(m.Rows), strconv.FormatInt(m.Bytes, 10), line(m.Object))
	}
	return w.Flush()
}

type archiveShowCommand struct {
	Object string `arg:"" help:"The object, as archive list names it."`
}

// Help is shown under the summary.
func (*archiveShowCommand) Help() string {
	return "Shows the manifest of an object: what it holds and what it must hash to. It needs the settings of the payments service for its database."
}

// Run shows a manifest.
func (c *archiveShowCommand) Run(t *tool) error {
	r, done, err := t.archive()
	if err != nil {
		return err
	}
	defer done()
	m, err := r.Show(t.ctx, c.Object)
	if errors.Is(err, payments.ErrNotArchived) {
		return operate.Invalid(err.Error() + "; `eupayctl archive list` has them all")
	}
	if err != nil {
		return err
	}
	if t.json() {
		return t.object(m)
	}
	w := t.table("FIELD", "VALUE")
	for _, f := range [][2]string{
		{"object", m.Object},
		{"month", m.Month},
		{"first reference", m.First},
		{"last reference", m.Last},
		{"payments", strconv.Itoa(m.Payments)},
		{"rows", strconv.Itoa(m.Rows)},
		{"bytes", strconv.FormatInt(m.Bytes, 10)},
		{"sha256", m.SHA256},
		{"schema version", strconv.Itoa(m.SchemaVersion)},
		{"made at", clock(m.MadeAt)},
	} {
		row(w, f[0], line(f[1]))
	}
	return w.Flush()
}

type archiveVerifyCommand struct {
	Object string `arg:"" optional:"" help:"The object. Without it all are verified."`
}

// Help is shown under the summary.
func (*archiveVerifyCommand) Help() string {
	return "Reads each object and compares it with what was recorded when its rows were deleted: its hash, its columns and the number of its rows. The exit code is 1 " +
		"if one is missing or was changed. " + archiveSettings
}

type archiveVerifyView struct {
	Object  string `json:"object"`
	Rows    int    `json:"rows"`
	Problem string `json:"problem,omitempty"`
}

// Run verifies one object, or all.
func (c *archiveVerifyCommand) Run(t *tool) error {
	r, done, err := t.archive()
	if err != nil {
		return err
	}
	defer done()
	list, err := r.List(t.ctx)
	if c.Object != "" && err == nil {
		list = make([]payments.ArchiveManifest, 1)
		list[0], err = r.Show(t.ctx, c.Object)
	}
	if err != nil {
		return err
	}
	broken := 0
	for _, m := range list {
		v := archiveVerifyView{Object: m.Object, Rows: m.Rows}
		if err := r.Verify(t.ctx, m); err != nil {
			broken++
			v.Problem = err.Error()
			t.say("%s", v.Problem)
		}
		if t.json() {
			if err := t.object(v); err != nil {
				return err
			}
		}
	}
	if !t.json() {
		fmt.Fprintf(t.out, "%d of %d objects are as they were archived\n", len(list)-broken, len(list))
	}
	if broken > 0 {
		return fmt.Errorf("%w: %d of %d objects", errBroken, broken, len(list))
	}
	return nil
}

type archiveReadCommand struct {
	Reference string `placeholder:"PAYMENT" help:"Of this payment alone."`
	Merchant  string `placeholder:"ID" help:"Of this merchant's payments alone."`
	Day       string `placeholder:"DAY" help:"Of payments of this day alone, which is in their references: 2025-01-31."`
}

// Help is shown under the summary.
func (*archiveReadCommand) Help() string {
	return "Shows what happened to old payments, as payments history does for others. At least one filter is needed: by payment or by day few objects are read, by " +
		"merchant alone all of them. Each object is verified while it is read. " + archiveSettings
}

// Run reads rows of the archive.
func (c *archiveReadCommand) Run(t *tool) error {
	f := payments.ArchiveFilter{Reference: c.Reference, MerchantID: c.Merchant}
	if c.Day != "" {
		var err error
		if f.Day, err = time.Parse(time.DateOnly, c.Day); err != nil {
			return operate.Invalid("--day must be a day such as 2025-01-31, not " + strconv.Quote(c.Day))
		}
	}
	if c.Reference == "" && c.Merchant == "" && c.Day == "" {
		return operate.Invalid("which payments? Add --reference, --merchant or --day")
	}
	r, done, err := t.archive()
	if err != nil {
		return err
	}
	defer done()
	w := t.list("REFERENCE", "SEQUENCE", "TIME", "FROM", "TO", "DETAIL", "FAILURE", "CAUSE", "PROVIDER")
	err = r.Read(t.ctx, f, func(e payments.Archived) error {
		if t.json() {
			return t.object(e)
		}
		row(w, line(e.Reference), strconv.FormatInt(e.Sequence, 10), clock(e.At), orDash(line(e.From)), line(e.To), orDash(line(e.Detail)), orDash(line(e.Failure)),
			line(e.Cause), orDash(line(e.ProviderState)))
		return nil
	})
	return errors.Join(err, w.Flush())
}
