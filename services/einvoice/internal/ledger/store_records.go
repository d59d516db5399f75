// Package ledger stores invoices and their corrections: it numbers them, records payments, cancellations and credit notes,
// submits them to the platform and follows them there. Every change of a document is one transaction with its history and its
// event.
package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Status is the commercial status of an invoice.
type Status string

const (
	// StatusDraft waits for the mandate. It is nevertheless a valid invoice.
	StatusDraft Status = "draft"
	// StatusPending waits for payment.
	StatusPending Status = "pending"
	// StatusPaid is fully paid.
	StatusPaid Status = "paid"
	// StatusRefunded was paid and fully credited. A credit note has it from the start.
	StatusRefunded Status = "refunded"
	// StatusCancelled is no longer owed.
	StatusCancelled Status = "cancelled"
	// StatusFailed was rejected by a platform (213) or refused by the buyer (210).
	StatusFailed Status = "failed"
)

// SeqinoStatus is the state of the submission to the platform.
type SeqinoStatus string

// The states of the submission.
const (
	SeqinoNone             SeqinoStatus = "none"
	SeqinoMandatePending   SeqinoStatus = "mandate_pending"
	SeqinoSubmitting       SeqinoStatus = "submitting"
	SeqinoSubmitted        SeqinoStatus = "submitted"
	SeqinoSubmissionFailed SeqinoStatus = "submission_failed"
)

// Record is an invoice or a document that corrects one.
type Record struct {
	ID         uuid.UUID
	MerchantID string
	Livemode   bool
	Number     string
	Type       invoice.TypeCode
	// Corrects and CorrectsNumber identify the invoice that a 381 or 384 corrects.
	Corrects         *uuid.UUID
	CorrectsNumber   string
	Status           Status
	Audience         invoice.Audience
	Reference        string
	PaymentReference string
	Issued, Due      invoice.Date
	// Total including VAT, and the parts of it that were paid and credited.
	Total, Paid, Credited money.Cents
	// Credit is the amount that a 381 or 384 deducts from its invoice.
	Credit        money.Cents
	Document      invoice.Document
	Reason        string
	Seqino        SeqinoStatus
	DraftID       string
	PlatformID    string
	LifecycleCode int
	SubmittedAt   *time.Time
	Problem       string
	PollAt        *time.Time
	Polls         int
	PolledAt      *time.Time
	MaybeSent     bool
	Sequence      int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
	// soldOn is the day on which a new document to a private customer is reported as sold. Default: Issued.
	soldOn invoice.Date
}

// saleDay is the day on which a new document is reported as sold.
func (r *Record) saleDay() invoice.Date { return cmp.Or(r.soldOn, r.Issued) }

// Owed returns the amount still to be paid; never negative.
func (r *Record) Owed() money.Cents { return max(0, r.Total-r.Paid-r.Credited) }

const columns = `i.id, i.merchant_id, i.livemode, i.number, i.type_code, i.corrects, coalesce(o.number, ''), i.status, i.audience, i.reference,
	i.payment_reference, i.issued_on::text, i.due_on::text, i.total_cents, i.paid_cents, i.credited_cents, i.credit_cents, i.document, i.reason,
	i.seqino_status, i.draft_id, i.platform_invoice_id, i.lifecycle_code, i.submitted_at, i.problem, i.poll_at, i.polls, i.polled_at, i.maybe_sent,
	i.sequence, i.created_at, i.updated_at`

// listColumns are columns without the lines of the document, of which there may be a thousand.
var listColumns = strings.Replace(columns, "i.document,", "i.document - 'lines',", 1)

const from = ` from invoices i left join invoices o on o.id = i.corrects `

func scan(row pgx.CollectableRow) (Record, error) {
	var r Record
	var document []byte
	err := row.Scan(&r.ID, &r.MerchantID, &r.Livemode, &r.Number, &r.Type, &r.Corrects, &r.CorrectsNumber, &r.Status, &r.Audience, &r.Reference,
		&r.PaymentReference, &r.Issued, &r.Due, &r.Total, &r.Paid, &r.Credited, &r.Credit, &document, &r.Reason,
		&r.Seqino, &r.DraftID, &r.PlatformID, &r.LifecycleCode, &r.SubmittedAt, &r.Problem, &r.PollAt, &r.Polls, &r.PolledAt, &r.MaybeSent,
		&r.Sequence, &r.CreatedAt, &r.UpdatedAt)
	if err != nil {
		return Record{}, err
	}
	if err := json.Unmarshal(document, &r.Document); err != nil {
		return Record{}, fmt.Errorf("document of %s: %w", r.Number, err)
	}
	return r, nil
}

// readOne reads the record that matches where, or returns NOT_FOUND.
func readOne(ctx context.Context, db pg.DB, where string, args ...any) (Record, error) {
	rows, err := db.Query(ctx, `select `+columns+from+where, args...)
	if err != nil {
		return Record{}, fmt.Errorf("read invoice: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, errs.NotFound("Invoice")
	}
	if err != nil {
		return Record{}, fmt.Errorf("read invoice: %w", err)
	}
	return r, nil
}

// readAll reads the records that match.
func readAll(ctx context.Context, db pg.DB, where string, args ...any) ([]Record, error) {
	return collect(ctx, db, columns, where, args...)
}

func collect(ctx context.Context, db pg.Reader, columns, where string, args ...any) ([]Record, error) {
	rows, err := db.Query(ctx, `select `+columns+from+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read invoices: %w", err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read invoices: %w", err)
	}
	return list, nil
}

// Who is a merchant in one mode.
type Who struct {
	MerchantID string
	Livemode   bool
}

// find reads a document of the merchant by id or number.
func find(ctx context.Context, db pg.DB, who Who, idOrNumber string) (Record, error) {
	if id, err := uuid.Parse(idOrNumber); err == nil && len(idOrNumber) == 36 {
		return readOne(ctx, db, `where i.id = $1 and i.merchant_id = $2 and i.livemode = $3`, id, who.MerchantID, who.Livemode)
	}
	if !utf8.ValidString(idOrNumber) || strings.Contains(idOrNumber, "\x00") { // PostgreSQL would refuse it
		return Record{}, errs.NotFound("Invoice")
	}
	return readOne(ctx, db, `where i.number = $1 and i.merchant_id = $2 and i.livemode = $3`, idOrNumber, who.MerchantID, who.Livemode)
}

// lock reads and locks it until the end of the transaction.
func lock(ctx context.Context, tx pgx.Tx, who Who, idOrNumber string) (Record, error) {
	r, err := find(ctx, tx, who, idOrNumber)
	if err != nil {
		return Record{}, err
	}
	return lockID(ctx, tx, r.ID)
}

func lockID(ctx context.Context, tx pgx.Tx, id uuid.UUID) (Record, error) {
	return readOne(ctx, tx, `where i.id = $1 for update of i`, id)
}
