package received

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/google/uuid"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

// list records the documents of a merchant that are new at the platform, page by page. The cursor moves with each page, in its
// transaction.
func (b *Inbox) list(ctx context.Context, of inbox) {
	for {
		page, err := b.Platforms[of.livemode].ListReceived(ctx, of.clientID, of.cursor)
		record, cancel := recording(ctx)
		switch {
		case err != nil:
			b.Log.Info("list received documents", "merchant", of.merchantID, "error", err)
			err = b.scheduleList(record, of, listRetry)
		case len(page) == 0:
			err = b.scheduleList(record, of, listEvery)
		default:
			err = b.recordPage(record, &of, page)
		}
		cancel()
		if err != nil {
			b.Log.Warn("record the list of received documents", "merchant", of.merchantID, "error", err)
			return
		}
		if len(page) == 0 {
			return
		}
		b.fetches[of.livemode].Nudge()
	}
}

// document is a fetched document with everything that is known of it alone.
type document struct {
	format        string
	original, xml []byte
	sum           [sha256.Size]byte
	read          *reading.Invoice
	findings      []reading.Finding
	problem       string
}

// fetch fetches a document, reads it and records it with its event.
func (b *Inbox) fetch(ctx context.Context, id uuid.UUID) {
	err := b.fetchOne(ctx, id)
	if err == nil {
		b.Wake()
		return
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return // a shutdown: it is due again when the lease ends
	}
	b.Log.Info("fetch a received document", "received", id, "error", err)
	record, cancel := recording(ctx)
	defer cancel()
	if err := b.postpone(record, id); err != nil {
		b.Log.Warn("postpone a received document", "received", id, "error", err)
	}
}

func (b *Inbox) fetchOne(ctx context.Context, id uuid.UUID) error {
	r, err := b.readUnfetched(ctx, id)
	if err != nil {
		return err
	}
	e, err := enrol.Read(ctx, b.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return err
	}
	file, failure := b.Platforms[r.Livemode].ReceivedFile(ctx, e.ClientID, r.PlatformID)
	var refused *platform.Refused
	d := document{}
	switch {
	case failure == nil:
		d = examine(file, e.Settings.SIREN())
	case errors.Is(failure, platform.ErrNotFound):
		d.problem = "The platform has no document for this invoice."
	case errors.As(failure, &refused):
		d.problem = strings.Join(refused.Problems, " ")
	default:
		return failure
	}
	record, cancel := recording(ctx)
	defer cancel()
	return b.recordDocument(record, id, d)
}

// examine reads a document, whatever the platform said that it is.
func examine(file []byte, buyerSIREN string) document {
	d := document{original: file, sum: sha256.Sum256(file)}
	xml := file
	var err error
	if reading.IsPDF(file) {
		d.format = FormatFacturX
		if xml, err = reading.Attached(file); err == nil {
			d.xml = xml
		}
	}
	if err == nil {
		d.read, err = reading.Read(xml)
	}
	if err != nil {
		d.problem = err.Error()
		return d
	}
	if d.format == "" {
		d.format = string(d.read.Syntax)
	}
	d.findings = d.read.Check()
	if !isFor(&d.read.Buyer, buyerSIREN) {
		d.findings = append(d.findings, reading.Finding{
			Code: "other_buyer", Message: "The invoice names another company as its buyer. Refuse it with DEST_ERR unless it is yours.",
		})
	}
	return d
}

// isFor reports whether a buyer is the company with that SIREN. A buyer without one cannot be told apart.
func isFor(buyer *reading.Party, siren string) bool {
	named := buyer.SIREN
	if named == "" && len(buyer.SIRET) == 14 {
		named = buyer.SIRET[:9]
	}
	return named == "" || siren == "" || named == siren
}

// FormatFacturX is the format of a PDF; the others are those of package reading.
const FormatFacturX = "factur-x"
