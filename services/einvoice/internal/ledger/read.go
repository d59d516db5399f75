package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// Filter selects invoices.
type Filter struct {
	// Status: empty means all. From is inclusive, To exclusive; zero means unlimited.
	Status      Status
	From, To    time.Time
	Page, Limit int
}

// where returns the condition of a list. Corrections are never listed.
func (f Filter) where(who Who) (where string, args []any) {
	where = `where i.merchant_id = $1 and i.livemode = $2 and i.created_at >= $3 and i.type_code = '380'`
	args = []any{who.MerchantID, who.Livemode, f.From}
	if f.Status != "" {
		args = append(args, string(f.Status))
		where += fmt.Sprintf(` and i.status = $%d`, len(args))
	}
	if !f.To.IsZero() {
		args = append(args, f.To)
		where += fmt.Sprintf(` and i.created_at < $%d`, len(args))
	}
	return where, args
}

// ListAfter returns the invoices that follow one of the merchant's in the order of List, and whether there are more. Invoices
// created in the meantime come before it, so none is returned twice.
func (l *Ledger) ListAfter(ctx context.Context, who Who, f Filter, idOrNumber string) (list []Record, more bool, err error) {
	last, err := find(ctx, l.Pool, who, idOrNumber)
	if err != nil {
		if errs.From(err).Code == errs.NotFoundCode {
			err = errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after must be the id or the number of one of your invoices."})
		}
		return nil, false, err
	}
	where, args := f.where(who)
	args = append(args, last.CreatedAt, last.ID)
	page := fmt.Sprintf(` and (i.created_at, i.id) < ($%d, $%d) order by i.created_at desc, i.id desc limit %d`, len(args)-1, len(args), f.Limit+1)
	list, err = collect(ctx, l.Pool, listColumns, where+page, args...)
	if more = len(list) > f.Limit; more {
		list = list[:f.Limit]
	}
	return list, more, err
}

// List returns one page of invoices without corrections, newest first, and the total.
func (l *Ledger) List(ctx context.Context, who Who, f Filter) ([]Record, int64, error) {
	where, args := f.where(who)
	var total int64
	if err := l.Pool.QueryRow(ctx, `select count(*) from invoices i `+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count invoices: %w", err)
	}
	page := fmt.Sprintf(` order by i.created_at desc, i.id desc limit %d offset %d`, f.Limit, (f.Page-1)*f.Limit)
	list, err := collect(ctx, l.Pool, listColumns, where+page, args...)
	return list, total, err
}

// Get returns a document with its payments, its life cycle and its corrections. If the platform has it, its state is refreshed
// first; if the platform does not answer, the stored state is returned.
func (l *Ledger) Get(ctx context.Context, who Who, idOrNumber string) (*einvoicev1.Invoice, error) {
	r, err := find(ctx, l.Pool, who, idOrNumber)
	if err != nil {
		return nil, err
	}
	l.refreshForReader(ctx, r)
	if r, err = readOne(ctx, l.Pool, `where i.id = $1`, r.ID); err != nil {
		return nil, err
	}
	return l.WithDetails(ctx, r)
}

// WithDetails returns the record with everything that belongs to it.
func (l *Ledger) WithDetails(ctx context.Context, r Record) (*einvoicev1.Invoice, error) {
	v := r.Proto()
	var err error
	if v.Payments, err = l.payments(ctx, r.ID); err != nil {
		return nil, err
	}
	if v.Lifecycle, err = l.life(ctx, r.ID); err != nil {
		return nil, err
	}
	by, err := readAll(ctx, l.Pool, `where i.corrects = $1 order by i.created_at, i.id`, r.ID)
	if err != nil {
		return nil, err
	}
	for i := range by {
		c := by[i].Proto()
		c.Lines, c.Vat = nil, nil
		v.Corrections = append(v.Corrections, c)
	}
	return v, nil
}

func (l *Ledger) payments(ctx context.Context, id uuid.UUID) ([]*einvoicev1.InvoicePayment, error) {
	rows, err := l.Pool.Query(ctx, `select id::text, amount_cents, paid_on::text, method, payment_reference
		from invoice_payments where invoice_id = $1 order by created_at, id`, id)
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*einvoicev1.InvoicePayment, error) {
		var p einvoicev1.InvoicePayment
		err := row.Scan(&p.Id, &p.AmountCents, &p.PaidOn, &p.Method, &p.PaymentReference)
		return &p, err
	})
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	return list, nil
}

func (l *Ledger) life(ctx context.Context, id uuid.UUID) ([]*einvoicev1.LifecycleEvent, error) {
	rows, err := l.Pool.Query(ctx, `select event_id, code, emitter, reason_code, reason, occurred_at
		from lifecycle_events where invoice_id = $1 order by occurred_at, code`, id)
	if err != nil {
		return nil, fmt.Errorf("read lifecycle: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*einvoicev1.LifecycleEvent, error) {
		var s platform.Event
		err := row.Scan(&s.ID, &s.Code, &s.Emitter, &s.ReasonCode, &s.Reason, &s.At)
		return step(s), err
	})
	if err != nil {
		return nil, fmt.Errorf("read lifecycle: %w", err)
	}
	return list, nil
}

// PDF returns the Factur-X of a submitted document: the platform's if it provides one, otherwise ours, which is what it received.
func (l *Ledger) PDF(ctx context.Context, who Who, idOrNumber string) (pdf []byte, number string, err error) {
	r, err := find(ctx, l.Pool, who, idOrNumber)
	if err != nil {
		return nil, "", err
	}
	if r.Seqino != SeqinoSubmitted {
		return nil, "", errs.New(errs.InvalidState,
			"The PDF of %s is available once seqino_status is submitted; it is %s. Submit the invoice first.", r.Number, r.Seqino)
	}
	var theirs []byte
	if err := l.Pool.QueryRow(ctx, `select pdf, platform_pdf from documents where invoice_id = $1`, r.ID).Scan(&pdf, &theirs); err != nil {
		return nil, "", fmt.Errorf("read document of %s: %w", r.Number, err)
	}
	if theirs == nil {
		theirs = l.fetch(ctx, r)
	}
	if theirs != nil {
		pdf = theirs
	}
	return pdf, r.Number, nil
}

// fileRetry is the interval at which the platform is asked again for a file that it did not return.
const fileRetry = time.Minute

const claimFileSQL = `update documents set asked_at = $2 where invoice_id = $1 and (asked_at is null or asked_at <= $3)`

// fetch reads the Factur-X from the platform and stores it; nil if it returns none, or another reader is reading it or has just
// done so.
func (l *Ledger) fetch(ctx context.Context, r Record) []byte {
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return nil
	}
	account, err := l.platform(r.Livemode)
	if err != nil {
		return nil
	}
	now := l.instant()
	tag, err := l.Pool.Exec(ctx, claimFileSQL, r.ID, now, now.Add(-fileRetry))
	if err != nil || tag.RowsAffected() == 0 {
		return nil
	}
	ask, cancel := context.WithTimeout(ctx, l.timeouts.read)
	defer cancel()
	file, err := account.File(ask, e.ClientID, r.PlatformID)
	if err != nil {
		l.Log.Info("platform returned no PDF, using ours", "invoice", r.ID, "error", err)
		return nil
	}
	// All readers get the same file: the first one stays.
	err = l.Pool.QueryRow(ctx, `update documents set platform_pdf = coalesce(platform_pdf, $2) where invoice_id = $1 returning platform_pdf`, r.ID, file).Scan(&file)
	if err != nil {
		l.Log.Warn("store the platform's PDF", "invoice", r.ID, "error", err)
		return nil
	}
	return file
}

// Submit tries at once to send a document that waits or was refused. A document that the platform has is returned unchanged.
func (l *Ledger) Submit(ctx context.Context, who Who, idOrNumber string) (Record, error) {
	r, err := find(ctx, l.Pool, who, idOrNumber)
	if err != nil {
		return Record{}, err
	}
	if r.Seqino == SeqinoSubmitted {
		return r, nil
	}
	if r.Seqino == SeqinoNone {
		return Record{}, errs.New(errs.InvalidState, "Invoice %s is %s and can no longer be submitted.", r.Number, r.Status)
	}
	if _, err := transmit.Restart(ctx, l.Pool, transmit.Document, r.ID, l.instant()); err != nil {
		return Record{}, err
	}
	l.submitNow(ctx, r.ID, r.Livemode)
	return readOne(ctx, l.Pool, `where i.id = $1`, r.ID)
}
