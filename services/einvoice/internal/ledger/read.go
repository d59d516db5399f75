package ledger

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// Filter selects invoices.
type Filter struct {
	// Status: empty means all. From is inclusive, To exclusive; zero means unlimited.
	Status   Status
	From, To time.Time
	// Payment is the reference of the payment that the invoice was made for or paid by. With it corrections are listed too.
	Payment     string
	Page, Limit int
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

// PDF returns the Factur-X of a submitted document: the platform's if it provides one, otherwise ours, which is what it received. A
// correction that is never sent has ours too, for the seller's own books.
func (l *Ledger) PDF(ctx context.Context, who Who, idOrNumber string) (pdf []byte, number string, err error) {
	r, err := find(ctx, l.Pool, who, idOrNumber)
	if err != nil {
		return nil, "", err
	}
	if r.Seqino == SeqinoNone && r.Corrects != nil {
		return l.ownPDF(ctx, r)
	}
	if r.Seqino != SeqinoSubmitted {
		if pdf, err := l.keptPDF(ctx, r); err != nil || pdf != nil {
			return pdf, r.Number, err
		}
		return nil, "", errs.New(errs.InvalidState,
			"The PDF of %s is available once seqino_status is submitted; it is %s. Submit the invoice first.", r.Number, r.Seqino)
	}
	pdf, theirs, err := l.readPDFs(ctx, r)
	if err != nil {
		return nil, "", err
	}
	if theirs == nil {
		theirs = l.fetch(ctx, r)
	}
	if theirs != nil {
		pdf = theirs
	}
	return pdf, r.Number, nil
}

// ownPDF renders a document that is never sent.
func (l *Ledger) ownPDF(ctx context.Context, r Record) (pdf []byte, number string, err error) {
	e, err := enrol.Read(ctx, l.Pool, r.MerchantID, r.Livemode)
	if err != nil {
		return nil, "", err
	}
	_, pdf, err = l.documents(ctx, r, e)
	return pdf, r.Number, err
}

// fileRetry is the interval at which the platform is asked again for a file that it did not return.
const fileRetry = time.Minute

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
	if !l.claimFile(ctx, r.ID) {
		return nil
	}
	ask, cancel := context.WithTimeout(ctx, l.timeouts.read)
	defer cancel()
	file, err := account.File(ask, e.ClientID, r.PlatformID)
	if err != nil {
		l.Log.InfoContext(ctx, "platform returned no PDF, using ours", "invoice", r.ID, "error", err)
		return nil
	}
	if file, err = l.storePlatformPDF(ctx, r.ID, file); err != nil {
		l.Log.WarnContext(ctx, "store the platform's PDF", "invoice", r.ID, "error", err)
		return nil
	}
	return file
}

// Submit tries at once to send a document that waits or was refused, or waits for the attempt that is in progress. If that one began too
// early, for example before the mandate was active, another follows. A document that the platform has is returned unchanged.
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
	wait, cancel := l.patience(ctx)
	defer cancel()
	for range 2 {
		restarted, err := transmit.Restart(ctx, l.Pool, transmit.Document, r.ID, l.instant())
		if err != nil {
			return Record{}, err
		}
		l.submitWithin(wait, r.ID, r.Livemode)
		if r, err = readOne(ctx, l.Pool, `where i.id = $1`, r.ID); err != nil || restarted || r.Seqino == SeqinoSubmitted {
			return r, err
		}
	}
	return r, nil
}
