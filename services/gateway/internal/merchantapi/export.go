package merchantapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/sheet"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// exportsPerMinute limits a merchant's downloads of its complete log.
const exportsPerMinute = 3

// exportFormat is a file format: its first line, and the encoding of a part of the log.
type exportFormat struct {
	contentType string
	head        []string
	encode      func(*bytes.Buffer, []audit.Entry) error
}

var exportFormats = map[string]exportFormat{
	"csv": {
		contentType: sheet.ContentType, encode: encodeCSV,
		head: []string{"id", "created_at", "actor", "actor_email", "action", "target", "outcome", "detail"},
	},
	"ndjson": {contentType: "application/x-ndjson", encode: encodeNDJSON},
}

// exportAudit answers with the complete audit log as a file, newest entry first.
func (a *API) exportAudit(c echo.Context) error {
	name := c.QueryParam("format")
	format, ok := exportFormats[name]
	if !ok {
		return errs.Invalid(errs.Field{Field: "format", Message: "format must be csv or ndjson."})
	}
	who := caller.Of(c).Login
	if err := web.Limited(c, a.limiter, "export:"+who.MerchantID, exportsPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.UntilStop(c.Request())
	defer cancel()
	var file *web.Download
	err := a.accounts.Audit.Export(ctx, who.ID, who.MerchantID, name, caller.DeviceOf(c), func(part []audit.Entry) error {
		var err error
		if file == nil {
			if file, err = beginExport(c, format, name); err != nil {
				return err
			}
		}
		return writeExport(ctx, file, format, part)
	})
	if err != nil && file != nil {
		file.Cut(err)
		return nil
	}
	return err
}

func beginExport(c echo.Context, f exportFormat, extension string) (*web.Download, error) {
	file, err := web.NewDownload(c, f.contentType, "audit."+extension)
	if err != nil || f.head == nil {
		return file, err
	}
	var b bytes.Buffer
	if err := sheet.Write(&b, [][]string{f.head}); err != nil {
		return file, err
	}
	_, err = file.Write(b.Bytes())
	return file, err
}

func writeExport(ctx context.Context, file *web.Download, f exportFormat, part []audit.Entry) error {
	var b bytes.Buffer
	if err := f.encode(&b, part); err != nil {
		return fmt.Errorf("encode audit log: %w", err)
	}
	if _, err := file.Write(b.Bytes()); err != nil {
		return err
	}
	return ctx.Err()
}

func encodeNDJSON(b *bytes.Buffer, part []audit.Entry) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for _, e := range part {
		if err := enc.Encode(shape.AuditEntryOf(e)); err != nil {
			return err
		}
	}
	return nil
}

func encodeCSV(b *bytes.Buffer, part []audit.Entry) error {
	rows := make([][]string, len(part))
	for i, e := range part {
		v := shape.AuditEntryOf(e)
		detail, err := json.Marshal(v.Detail)
		if err != nil {
			return err
		}
		rows[i] = []string{v.ID, v.CreatedAt, v.Actor, e.ActorEmail, v.Action, v.Target, v.Outcome, string(detail)}
	}
	return sheet.Write(b, rows)
}
