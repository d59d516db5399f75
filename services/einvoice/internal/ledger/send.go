package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/facturx"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// How long a document waits for a dependency before it is checked again. It is also woken when the dependency changes.
const (
	mandateRetry  = 5 * time.Minute
	originalRetry = time.Minute
	firstPoll     = 2 * time.Second
)

// DocumentSender submits documents to the platform.
type DocumentSender struct{ l *Ledger }

// DocumentSender returns the sender of invoices and their corrections.
func (l *Ledger) DocumentSender() DocumentSender { return DocumentSender{l} }

// Send implements transmit.Sender. A document that the platform has is not sent again: one that an earlier attempt delivered is
// found by our reference.
func (s DocumentSender) Send(ctx context.Context, t transmit.Transmission) error {
	l := s.l
	r, err := readOne(ctx, l.Pool, `where i.id = $1`, t.Subject)
	if err != nil {
		return err
	}
	if r.PlatformID != "" || r.Seqino == SeqinoNone {
		return nil
	}
	account, err := l.platform(r.Livemode)
	if err != nil {
		return transmit.Wait{Reason: err.Error(), RetryAfter: mandateRetry}
	}
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return err
	}
	if !e.Ready() {
		return errors.Join(l.waitForMandate(ctx, r.ID, r.MaybeSent), transmit.Wait{Reason: "the mandate is not active", RetryAfter: mandateRetry})
	}
	if needed, err := l.awaitOriginal(ctx, r); err != nil || !needed {
		return err
	}
	if err := l.awaitBuyer(ctx, r); err != nil {
		return err
	}
	xml, pdf, err := l.documents(ctx, r, e)
	if err != nil {
		return err
	}
	if wanted, err := l.markMaybeSent(ctx, r.ID); err != nil || !wanted {
		return err
	}
	receipt, failure := account.Submit(ctx, e.ClientID, platform.Submission{
		Ref: r.ID.String(), Document: r.Document, XML: xml, PDF: pdf, DraftID: r.DraftID,
	})
	record, cancel := recording(ctx)
	defer cancel()
	return l.recordSubmission(record, r, receipt, failure)
}

// awaitOriginal makes a correction wait until the platform has the document that it corrects. needed is false if the platform
// refused the original after its cancellation, or the original was refused or rejected before the correction was sent.
func (l *Ledger) awaitOriginal(ctx context.Context, r Record) (needed bool, err error) {
	if r.Corrects == nil {
		return true, l.awaitDeposits(ctx, r)
	}
	o, err := readOne(ctx, l.Pool, `where i.id = $1`, *r.Corrects)
	if err != nil {
		return false, err
	}
	refused, err := wasRefused(ctx, l.Pool, o.ID)
	switch {
	case err != nil:
		return false, err
	case refused && !r.MaybeSent:
		return false, l.neverSend(ctx, r.ID, "The invoice was refused or rejected, so this document stays in your own books.")
	case o.PlatformID != "":
		return true, nil
	case o.Status == StatusCancelled && o.Seqino == SeqinoNone:
		return false, l.neverSend(ctx, r.ID, "The platform does not have the invoice.")
	}
	return false, transmit.Wait{Reason: "the platform does not have " + o.Number + " yet", RetryAfter: originalRetry}
}

// neverSend records that a correction is not sent, and why.
func (l *Ledger) neverSend(ctx context.Context, id uuid.UUID, why string) error {
	return l.change(ctx, id, func(tx pgx.Tx, r *Record) error {
		r.Seqino, r.Problem = SeqinoNone, why
		return save(ctx, tx, r, r.Status, l.instant(), change{what: "not_needed", quiet: true})
	})
}

// awaitDeposits makes a final invoice wait until the platform has the deposits that it names.
func (l *Ledger) awaitDeposits(ctx context.Context, r Record) error {
	if len(r.Document.Deductions) == 0 {
		return nil
	}
	number, err := l.missingDeposit(ctx, r.ID)
	if err != nil || number == "" {
		return err
	}
	return transmit.Wait{Reason: "the platform does not have " + number + " yet", RetryAfter: originalRetry}
}

// documents returns the XML and PDF of a record, which are rendered once and stored byte for byte.
func (l *Ledger) documents(ctx context.Context, r Record, e enrol.Enrolment) (xml, pdf []byte, err error) {
	xml, pdf, err = l.readDocuments(ctx, r)
	if !errors.Is(err, pgx.ErrNoRows) {
		return xml, pdf, err
	}
	if xml, pdf, err = l.render(ctx, r, e); err != nil {
		return nil, nil, err
	}
	stored, err := l.insertDocuments(ctx, r, xml, pdf)
	if err != nil || stored {
		return xml, pdf, err
	}
	return l.readDocuments(ctx, r) // another replica stored them first
}

// Files returns the XML and PDF of a document, which are rendered and stored if they are not yet.
func (l *Ledger) Files(ctx context.Context, id uuid.UUID) (xml, pdf []byte, err error) {
	r, err := readOne(ctx, l.Pool, `where i.id = $1`, id)
	if err != nil {
		return nil, nil, err
	}
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return nil, nil, err
	}
	return l.documents(ctx, r, e)
}

func (l *Ledger) render(ctx context.Context, r Record, e enrol.Enrolment) (xml, pdf []byte, err error) {
	logo, err := enrol.Logo(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return nil, nil, err
	}
	xml = cii.Write(r.Document)
	if pdf, err = facturx.Render(r.Document, xml, facturx.Look{Logo: logo, Footer: e.Settings.Footer}); err != nil {
		return nil, nil, fmt.Errorf("render %s: %w", r.Number, err)
	}
	return xml, pdf, nil
}

// change runs do on the locked record.
func (l *Ledger) change(ctx context.Context, id uuid.UUID, do func(tx pgx.Tx, r *Record) error) error {
	return l.begin(ctx, func(tx pgx.Tx) error {
		r, err := lockID(ctx, tx, id)
		if err != nil {
			return err
		}
		return do(tx, &r)
	})
}

// waitForMandate records that a document cannot be sent yet. maybeSent is whether an earlier attempt may have reached the
// platform.
func (l *Ledger) waitForMandate(ctx context.Context, id uuid.UUID, maybeSent bool) error {
	return l.change(ctx, id, func(tx pgx.Tx, r *Record) error {
		if r.PlatformID != "" || r.Seqino == SeqinoNone || r.Seqino == SeqinoMandatePending && r.MaybeSent == maybeSent {
			return nil
		}
		before := r.Status
		r.Seqino, r.MaybeSent, r.Problem = SeqinoMandatePending, maybeSent, ""
		if r.Status == StatusPending && r.Type.IsInvoice() {
			r.Status = StatusDraft
		}
		return save(ctx, tx, r, before, l.instant(), change{what: "mandate_pending", quiet: true})
	})
}

// recordSubmission records the platform's answer and returns the result of the transmission.
func (l *Ledger) recordSubmission(ctx context.Context, r Record, receipt platform.Receipt, failure error) error {
	var refused *platform.Refused
	switch {
	case failure == nil:
		return l.recordAcceptance(ctx, r.ID, receipt)
	case errors.Is(failure, platform.ErrNoMandate):
		if err := l.recordDraft(ctx, r.ID, receipt); err != nil {
			return err
		}
		return errors.Join(l.waitForMandate(ctx, r.ID, r.MaybeSent), transmit.Wait{Reason: "the platform knows no active mandate", RetryAfter: mandateRetry})
	case errors.As(failure, &refused):
		problem := cmp.Or(strings.Join(refused.Problems, " · "), refused.Code, "The platform refused the document.")
		if err := l.recordFailure(ctx, r.ID, receipt, problem, true); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", transmit.ErrStop, failure)
	default:
		const problem = "The platform did not respond. EU Pay retries automatically."
		return errors.Join(l.recordFailure(ctx, r.ID, receipt, problem, false), failure)
	}
}

func (l *Ledger) recordAcceptance(ctx context.Context, id uuid.UUID, receipt platform.Receipt) error {
	return l.change(ctx, id, func(tx pgx.Tx, r *Record) error {
		if r.PlatformID != "" {
			return nil
		}
		now, before := l.instant(), r.Status
		poll := now.Add(firstPoll)
		r.Seqino, r.DraftID, r.PlatformID, r.SubmittedAt, r.Problem = SeqinoSubmitted, receipt.DraftID, receipt.InvoiceID, &now, ""
		r.PollAt, r.MaybeSent = &poll, true
		if r.Status == StatusDraft {
			r.Status = StatusPending
		}
		if err := wakeDependents(ctx, tx, r, now); err != nil {
			return err
		}
		return save(ctx, tx, r, before, now, change{what: "submitted"})
	})
}

// recordFailure records a failed attempt. Only the first of consecutive failures has an event. clear means that the platform
// certainly does not have the document.
func (l *Ledger) recordFailure(ctx context.Context, id uuid.UUID, receipt platform.Receipt, problem string, clear bool) error {
	return l.change(ctx, id, func(tx pgx.Tx, r *Record) error {
		if r.PlatformID != "" {
			return nil
		}
		c := change{what: "submission_failed", detail: problem, quiet: r.Seqino == SeqinoSubmissionFailed && r.Problem == problem}
		r.Seqino, r.Problem, r.MaybeSent = SeqinoSubmissionFailed, problem, !clear
		if receipt.DraftID != "" {
			r.DraftID = receipt.DraftID
		}
		now := l.instant()
		if clear && r.Type.IsInvoice() && r.Status == StatusCancelled {
			// Nobody may send it any more, and its correction is not needed.
			r.Seqino, c.quiet = SeqinoNone, true
			if err := wakeDependents(ctx, tx, r, now); err != nil {
				return err
			}
		}
		return save(ctx, tx, r, r.Status, now, c)
	})
}
