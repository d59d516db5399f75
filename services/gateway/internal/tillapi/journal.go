package tillapi

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// journal answers with the records of a time in parts, as lines of JSON or as CSV. The body of a record is the text that was hashed.
func (a *API) journal(c echo.Context) error {
	of, f := caller.AccountOf(c), web.FiltersOf(c)
	format := f.OneOf("format", []string{"jsonl", "csv"})
	req := &qrv1.ReadJournalRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, From: f.Instant("from"), To: f.Instant("to")}
	if err := f.Err(); err != nil {
		return err
	}
	if req.GetFrom() == nil || req.GetTo() == nil || !req.GetFrom().AsTime().Before(req.GetTo().AsTime()) {
		return errs.Invalid(errs.Field{Field: "to", Message: "from and to are required, and to must be after from."})
	}
	if err := web.Limited(c, a.Limiter, "journal:"+of.Merchant.ID, exportsPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.UntilStop(c.Request())
	defer cancel()
	parts, err := a.Till.ReadJournal(ctx, req)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	part, err := parts.Recv() // errors before the first part have their status
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the journal: %w", err)
	}
	write, contentType := jsonLines, "application/jsonl"
	if format == "csv" {
		write, contentType = csvLines, "text/csv; charset=utf-8"
	} else {
		format = "jsonl"
	}
	file, downErr := web.NewDownload(c, contentType, "journal."+format)
	if downErr != nil {
		return downErr
	}
	for ; err == nil; part, err = parts.Recv() {
		if err := write(file, part.GetRecords()); err != nil {
			file.Cut(err)
		}
	}
	if !errors.Is(err, io.EOF) {
		file.Cut(err)
	}
	return nil
}

func jsonLines(w io.Writer, list []*qrv1.JournalRecord) error {
	var text []byte
	for _, r := range list {
		line, err := json.Marshal(struct {
			Sequence int64  `json:"sequence"`
			Body     string `json:"body"`
			Previous string `json:"previous"`
			Hash     string `json:"hash"`
		}{r.GetSequence(), r.GetBody(), r.GetPrevious(), r.GetHash()})
		if err != nil {
			return fmt.Errorf("encode a record: %w", err)
		}
		text = append(append(text, line...), '\n')
	}
	_, err := w.Write(text)
	return err
}

func csvLines(w io.Writer, list []*qrv1.JournalRecord) error {
	rows := csv.NewWriter(w)
	for _, r := range list {
		if err := rows.Write([]string{number(r.GetSequence()), r.GetBody(), r.GetPrevious(), r.GetHash()}); err != nil {
			return fmt.Errorf("write a record: %w", err)
		}
	}
	rows.Flush()
	return rows.Error()
}
