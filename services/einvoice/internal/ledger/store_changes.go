package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/run/outbox"
)

// queueInsert adds the statements that record a new document to a batch.
func queueInsert(ctx context.Context, b *pgx.Batch, r *Record, c change) error {
	document, err := json.Marshal(r.Document)
	if err != nil {
		return fmt.Errorf("encode document: %w", err)
	}
	r.Sequence = 1
	b.Queue(`insert into invoices (id, merchant_id, livemode, number, type_code, corrects, status, audience, customer_name, reference,
		payment_reference, issued_on, due_on, total_cents, credit_cents, document, reason, seqino_status, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)`,
		r.ID, r.MerchantID, r.Livemode, r.Number, string(r.Type), r.Corrects, string(r.Status), string(r.Audience), r.Document.Buyer.Name, r.Reference,
		r.PaymentReference, string(r.Issued), string(r.Due), int64(r.Total), int64(r.Credit), document, r.Reason, string(r.Seqino), r.CreatedAt)
	return queueNote(ctx, b, r, "", c)
}

// errChanged means that the record was changed concurrently, that is, its row was not locked.
var errChanged = errors.New("it was changed concurrently")

// save writes the mutable fields of a record that the transaction has locked, with its history and event.
func save(ctx context.Context, tx pgx.Tx, r *Record, before Status, now time.Time, c change) error {
	r.Sequence, r.UpdatedAt = r.Sequence+1, now
	b := &pgx.Batch{}
	b.Queue(`update invoices set status = $3, paid_cents = $4, credited_cents = $5, seqino_status = $6, draft_id = $7,
		platform_invoice_id = $8, lifecycle_code = $9, submitted_at = $10, problem = $11, poll_at = $12, polls = $13, maybe_sent = $14,
		sequence = $15, updated_at = $16, polled_at = $17 where id = $1 and sequence = $2`,
		r.ID, r.Sequence-1, string(r.Status), int64(r.Paid), int64(r.Credited), string(r.Seqino), r.DraftID,
		r.PlatformID, r.LifecycleCode, r.SubmittedAt, r.Problem, r.PollAt, r.Polls, r.MaybeSent, r.Sequence, now, r.PolledAt).
		Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() != 1 {
				return errChanged
			}
			return nil
		})
	if err := queueNote(ctx, b, r, before, c); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("update invoice %s: %w", r.Number, err)
	}
	return nil
}

// queueNote adds the history and event of a change of r to a batch.
func queueNote(ctx context.Context, b *pgx.Batch, r *Record, before Status, c change) error {
	b.Queue(`insert into invoice_history (invoice_id, sequence, what, status, seqino_status, detail, occurred_at)
		values ($1, $2, $3, $4, $5, $6, $7)`, r.ID, r.Sequence, c.what, string(r.Status), string(r.Seqino), c.detail, r.UpdatedAt)
	if c.quiet {
		return nil
	}
	data, err := proto.Marshal(r.announcement(before, c))
	if err != nil {
		return fmt.Errorf("encode invoice.%s: %w", c.what, err)
	}
	outbox.Queue(ctx, b, events.Event{
		ID: events.NewID(), Type: "invoice." + c.what, Source: "einvoice", Merchant: r.MerchantID, Livemode: r.Livemode, Time: r.UpdatedAt, Data: data,
	})
	return nil
}
