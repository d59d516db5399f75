package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// markMaybeSent records that the platform may have the document from now on, whatever the result of the attempt. wanted is false
// if the document was cancelled in the meantime; the row lock decides which came first.
func (l *Ledger) markMaybeSent(ctx context.Context, id uuid.UUID) (wanted bool, err error) {
	tag, err := l.Pool.Exec(ctx, `update invoices set maybe_sent = true where id = $1 and seqino_status <> 'none'`, id)
	if err != nil {
		return false, fmt.Errorf("record the attempt: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

const wakeDependentsSQL = `update transmissions set resumed = lease is not null, due_at = case when lease is null then $2 else due_at end
	where state = 'waiting' and (lease is not null or due_at > $2) and (kind, subject) in (
		select 'collection', id from invoice_payments where invoice_id = $1 union all
		select unnest(array['document', 'collection']), id from invoices where corrects = $1 union all
		select 'document', deducted_by from invoices where id = $1 and deducted_by is not null)`

// wakeDependents makes due what waits for a document: the collections of its payments, its corrections with
// what they gave back, and the final invoice that deducts it. An attempt in progress
// is repeated if it has to wait.
func wakeDependents(ctx context.Context, tx pgx.Tx, r *Record, now time.Time) error {
	_, err := tx.Exec(ctx, wakeDependentsSQL, r.ID, now)
	if err != nil {
		return fmt.Errorf("wake the dependents of %s: %w", r.Number, err)
	}
	return nil
}

func (l *Ledger) recordDraft(ctx context.Context, id uuid.UUID, receipt platform.Receipt) error {
	if receipt.DraftID == "" {
		return nil
	}
	_, err := l.Pool.Exec(ctx, `update invoices set draft_id = $2 where id = $1`, id, receipt.DraftID)
	if err != nil {
		return fmt.Errorf("store the draft: %w", err)
	}
	return nil
}

// wakeRefunds makes due the refunds of an invoice, which wait until what was collected before them is accepted.
func (l *Ledger) wakeRefunds(ctx context.Context, invoiceID uuid.UUID) error {
	_, err := l.Pool.Exec(ctx, `update transmissions set resumed = lease is not null, due_at = case when lease is null then $2 else due_at end
		where state = 'waiting' and kind = 'collection' and subject in (select id from invoices where corrects = $1)`, invoiceID, l.instant())
	if err != nil {
		return fmt.Errorf("wake the refunds of an invoice: %w", err)
	}
	return nil
}
