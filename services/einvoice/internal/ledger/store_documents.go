package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// readDocuments returns the stored XML and PDF of a record. The error wraps pgx.ErrNoRows if there are none.
func (l *Ledger) readDocuments(ctx context.Context, r Record) (xml, pdf []byte, err error) {
	if err := l.Pool.QueryRow(ctx, `select xml, pdf from documents where invoice_id = $1`, r.ID).Scan(&xml, &pdf); err != nil {
		return nil, nil, fmt.Errorf("read documents of %s: %w", r.Number, err)
	}
	return xml, pdf, nil
}

// insertDocuments stores the XML and PDF of a record. It returns false if there are some already.
func (l *Ledger) insertDocuments(ctx context.Context, r Record, xml, pdf []byte) (bool, error) {
	tag, err := l.Pool.Exec(ctx, `insert into documents (invoice_id, xml, pdf, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
		r.ID, xml, pdf, l.instant())
	if err != nil {
		return false, fmt.Errorf("store documents of %s: %w", r.Number, err)
	}
	return tag.RowsAffected() == 1, nil
}

// readPDFs returns our PDF and the platform's, which is nil until it was read.
func (l *Ledger) readPDFs(ctx context.Context, r Record) (ours, theirs []byte, err error) {
	if err := l.Pool.QueryRow(ctx, `select pdf, platform_pdf from documents where invoice_id = $1`, r.ID).Scan(&ours, &theirs); err != nil {
		return nil, nil, fmt.Errorf("read document of %s: %w", r.Number, err)
	}
	return ours, theirs, nil
}

// claimFile reports whether this reader may ask the platform for its PDF now.
func (l *Ledger) claimFile(ctx context.Context, id uuid.UUID) bool {
	now := l.instant()
	tag, err := l.Pool.Exec(ctx, claimFileSQL, id, now, now.Add(-fileRetry))
	return err == nil && tag.RowsAffected() == 1
}

// storePlatformPDF stores the platform's PDF and returns the stored one. All readers get the same file: the first one stays.
func (l *Ledger) storePlatformPDF(ctx context.Context, id uuid.UUID, file []byte) ([]byte, error) {
	err := l.Pool.QueryRow(ctx, `update documents set platform_pdf = coalesce(platform_pdf, $2) where invoice_id = $1 returning platform_pdf`, id, file).Scan(&file)
	return file, err
}

const claimFileSQL = `update documents set asked_at = $2 where invoice_id = $1 and (asked_at is null or asked_at <= $3)`
